"""Pages of docs/ that are made from declarations: `./raceday docs` writes them, a test compares them."""
