"""What the library finds as pages to hand on: one file each, both languages, nothing fetched."""
