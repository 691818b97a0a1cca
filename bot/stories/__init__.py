"""Room 3: articles → stories. Pure functions from values to values; what they decide, someone else saves."""
