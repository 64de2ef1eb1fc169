"""Live streams: a session, what it says, where its audio comes from."""
