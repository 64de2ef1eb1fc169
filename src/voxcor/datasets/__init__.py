"""Labelled recordings: lists of them, annotations that come back, splits, cut clips."""
