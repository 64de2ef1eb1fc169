"""`/v1/models`: what is installed, and what is on its way in."""
