"""Engines broken in one line each, and the test and the simulated day that must notice."""
