"""Chance from names: every draw of the simulated feed comes from a seed and a path of words, never from a clock."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence


def stream(*path: object) -> random.Random:
    """A random generator that depends on the path alone, so that adding a draw elsewhere moves nothing here."""
    return random.Random("/".join(str(part) for part in path))


def uuid_of(*path: object, version: int = 4) -> str:
    """A UUID-shaped id that depends on the path alone."""
    digits = hashlib.sha256("/".join(str(part) for part in path).encode()).hexdigest()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Split an integer total by weights with largest remainders; all zeros when the weights are."""
    whole = sum(weights)
    if whole <= 0 or total <= 0:
        return [0] * len(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(value) for value in exact]
    rest = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in rest[: total - sum(parts)]:
        parts[i] += 1
    return parts
