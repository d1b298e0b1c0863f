"""Clocks, stores and containers for tests, docs and the command line."""
