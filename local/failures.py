"""What a command ends with in one line: the world outside is not as it needs it."""

import sqlite3


class NoSuchRace(ValueError):
    """A text that names no race, or more than one; the message says which are near."""


class StoreHeld(Exception):
    """Another process works on the store; the text says which."""


class PortTaken(Exception):
    """A port that cannot be listened on; the text says why."""


def one_line(error: Exception) -> str:
    """Say what came of the world outside: a disk, a store, a port, a setting."""
    if isinstance(error, OSError) and error.strerror:
        named = f"{error.filename}: " if error.filename else ""
        return f"{named}{error.strerror.lower()}"
    if isinstance(error, sqlite3.Error):
        return f"the store's file cannot be used: {error}"
    return "; ".join(str(error).split("\n"))
