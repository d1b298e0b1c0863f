"""What a command ends with in one line: the world outside is not as it needs it."""


class NoSuchRace(ValueError):
    """A text that names no race, or more than one; the message says which are near."""


class StoreHeld(Exception):
    """Another process works on the store; the text says which."""


class PortTaken(Exception):
    """A port that cannot be listened on; the text says why."""
