"""From an upload, a stream or a Hugging Face client to an answer."""
