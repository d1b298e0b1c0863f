"""The port of chance and identifiers, and the row keys derived from domain keys."""

import hashlib
import random
import re
import secrets
from typing import Protocol

_ROW_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}")


class RandomSource(Protocol):
    """Random numbers as a stage sees them."""

    def uniform(self, low: float, high: float) -> float: ...

    def token(self) -> str: ...


class SystemRandomSource:
    """RandomSource from the machine's own generator."""

    def uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        return random.uniform(low, high)

    def token(self) -> str:
        """Return 16 random hex digits."""
        return secrets.token_hex(8)


class SeededRandomSource:
    """RandomSource that repeats itself for one seed; for tests and simulated days."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        return self._random.uniform(low, high)

    def token(self) -> str:
        """Return 16 hex digits."""
        return f"{self._random.getrandbits(64):016x}"


def row_key(kind: str, *parts: str | int) -> str:
    """Return a composite row id: 32 hex digits of a SHA-256 over the typed key, so that 1 and "1" differ."""
    typed = [kind, *(f"{'i' if isinstance(part, int) else 's'}{len(str(part))}:{part}" for part in parts)]
    return hashlib.sha256("\x1f".join(typed).encode()).hexdigest()[:32]


def is_id(text: object) -> bool:
    """Tell whether a row can have this id: 1 to 36 of A-Z a-z 0-9 . _ - and no mark in front."""
    return isinstance(text, str) and _ROW_ID.fullmatch(text) is not None
