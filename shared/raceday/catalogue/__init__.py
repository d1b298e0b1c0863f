"""Facts that are declared once."""
