"""What is derived from the ledger alone: timeline, pool totals, notifications."""
