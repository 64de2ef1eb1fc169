"""A description in Chinese or English becomes a mixture of the nine emotions and dimensions."""
