"""People by name: how each sounds to a model when they speak as usual, and scores beside that."""
