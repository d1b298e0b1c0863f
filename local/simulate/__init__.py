"""Whole race days on a virtual clock, through the real handlers."""
