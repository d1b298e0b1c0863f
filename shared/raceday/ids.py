"""The port of chance and identifiers, and the row keys derived from domain keys."""

import hashlib
import random
import secrets
from typing import Protocol


class Chance(Protocol):
    """Random numbers as a stage sees them."""

    def uniform(self, low: float, high: float) -> float: ...

    def token(self) -> str: ...


class SystemChance:
    """Chance from the machine's own generator."""

    def uniform(self, low: float, high: float) -> float:
        """Give a number between `low` and `high`."""
        return random.uniform(low, high)

    def token(self) -> str:
        """Give 16 random hex digits."""
        return secrets.token_hex(8)


class SeededChance:
    """Chance that repeats itself for one seed; for tests and simulated days."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def uniform(self, low: float, high: float) -> float:
        """Give a number between `low` and `high`."""
        return self._random.uniform(low, high)

    def token(self) -> str:
        """Give 16 hex digits."""
        return f"{self._random.getrandbits(64):016x}"


def row_key(kind: str, *parts: str | int) -> str:
    """Give a composite row id: 32 hex digits of a SHA-256 over the typed key, so that 1 and "1" differ."""
    typed = [kind, *(f"{'i' if isinstance(part, int) else 's'}{len(str(part))}:{part}" for part in parts)]
    return hashlib.sha256("\x1f".join(typed).encode()).hexdigest()[:32]
