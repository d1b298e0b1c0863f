"""A functions host that keeps the platform's contract on one machine."""
