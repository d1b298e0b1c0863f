"""Pure rules of racing: no I/O, no clock, no randomness."""
