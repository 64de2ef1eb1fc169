"""`/v1/rules`: what watches, and where it fired."""
