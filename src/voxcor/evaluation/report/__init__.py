"""What `voxcor evaluate` shows and writes: tables, plots, files."""
