"""Everything that is written to a disk and must be there whole, or not at all."""
