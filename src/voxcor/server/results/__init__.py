"""`/v1/results`: what was recognised, kept, exported and corrected."""
