"""The page, `/docs` and `/licences`: what people look at."""
