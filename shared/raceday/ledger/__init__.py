"""Each race's append-only log of polls, and the timeline derived from it."""
