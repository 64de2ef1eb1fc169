"""Many recordings into one folder, in a run that a kill at any moment does not undo."""
