"""One poll of one race at one slot, and the four ways into it."""
