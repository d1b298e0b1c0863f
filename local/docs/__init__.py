"""Pages of docs/ that are made from declarations: `python -m local.docs` writes them, a test compares them."""
