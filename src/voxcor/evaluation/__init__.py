"""A model against labelled recordings, and against the clock: measures, calibration, reports."""
