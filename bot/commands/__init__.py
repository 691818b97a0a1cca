"""What people can ask, once for every platform: the catalogue, the reading of a typed line, the answers."""
