"""Room 4: something to show. One tree of blocks, one renderer per platform."""
