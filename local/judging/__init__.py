"""Judges of one function each, against a generated day that knows the truth."""
