"""The race tape: what the feed said, kept as received, and everything that can be made of it again.

The format is described in docs/tape.md. A tape holds payloads of the feed: for personal use, never published.
"""
