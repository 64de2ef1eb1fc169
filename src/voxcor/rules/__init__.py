"""Rules on emotions: their grammar, who watches them, the saved book, webhooks."""
