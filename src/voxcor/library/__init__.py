"""Recordings kept as segments: put in, searched, grouped, followed, corrected."""
