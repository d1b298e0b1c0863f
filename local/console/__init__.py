"""A read-only page of the suite at work, served on loopback."""
