"""The service: one FastAPI app over the one engine. `voxcor.server.app.create_app` makes it."""
