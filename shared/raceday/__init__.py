"""RaceDay's library: everything that a deployed function runs."""
