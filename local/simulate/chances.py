"""How long things take on the simulated platform, drawn from a seed."""

import random
from dataclasses import dataclass

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Delays:
    """Spans in seconds that delays are drawn from; `recycle` is how long a container idles before it goes."""

    trigger: Span = (0.0, 3.0)
    dispatch: Span = (0.1, 0.5)
    cold: Span = (0.8, 2.0)
    recycle: Span = (300.0, 600.0)
    feed: Span = (0.05, 0.3)
    store: Span = (0.005, 0.03)
    commit: Span = (0.02, 0.06)
    webhook: Span = (0.05, 0.3)


class Chances:
    """One stream of chance per purpose, so that one more draw for one purpose moves no other."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, purpose: str) -> random.Random:
        """Return the stream of a purpose."""
        if purpose not in self._streams:
            self._streams[purpose] = random.Random(f"{self._seed}/{purpose}")
        return self._streams[purpose]

    def span(self, purpose: str, span: Span) -> float:
        """Draw from a span for a purpose."""
        return self.stream(purpose).uniform(*span)

    def token(self, purpose: str) -> str:
        """Draw 16 hex digits for a purpose."""
        return f"{self.stream(purpose).getrandbits(64):016x}"
