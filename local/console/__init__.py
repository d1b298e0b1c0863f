"""A read-only page of the suite at work, served on loopback."""

from local.console.activity import Activity, Invocation
from local.console.app import make_app
from local.console.source import Source

__all__ = ["Activity", "Invocation", "Source", "make_app"]
