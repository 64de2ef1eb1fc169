"""`/v1/library`: many recordings, searched and seen together."""
