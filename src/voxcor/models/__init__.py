"""Models: which exist, how they are fetched, read, converted and kept."""
