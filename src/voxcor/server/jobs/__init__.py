"""`/v1/jobs`: many recordings at once."""
