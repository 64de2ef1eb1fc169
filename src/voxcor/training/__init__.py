"""Training: a new head on cached embeddings, or the whole network."""
