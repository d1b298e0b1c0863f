"""`./raceday bench`: ratios of the suite's costs to peers that are run beside it, one module per key."""
