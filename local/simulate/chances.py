"""How long things take on the simulated platform: a function of the seed, the purpose and the virtual instant."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

Span = tuple[float, float]
# Half of all delays lie in the lowest fifth of their span, one in ten beyond it, one in a thousand five times as far.
_TAIL, _SCALE, _MOST = 0.6, 0.35, 5.0
# What has no tail: a schedule's jitter, and how long a container idles.
EVEN = frozenset({"trigger", "recycle"})


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
    """Delays and names; what is drawn at one instant moves nothing that is drawn at another."""

    def __init__(self, seed: int | str, elapsed: Callable[[], float]) -> None:
        self._seed = seed
        self._elapsed = elapsed
        self._streams: dict[str, random.Random] = {}
        self._last: dict[str, tuple[int, int]] = {}

    def stream(self, purpose: str) -> random.Random:
        """Return the stream of a purpose."""
        if purpose not in self._streams:
            self._streams[purpose] = random.Random(f"{self._seed}/{purpose}")
        return self._streams[purpose]

    def span(self, purpose: str, span: Span) -> float:
        """Draw a delay for a purpose at this instant: mostly short, now and then far beyond the span."""
        micros = round(self._elapsed() * 1e6)
        last = self._last.get(purpose)
        nth = last[1] + 1 if last is not None and last[0] == micros else 0
        self._last[purpose] = (micros, nth)
        return drawn(self._seed, purpose, micros, nth, span)

    def token(self, purpose: str) -> str:
        """Draw 16 hex digits for a purpose."""
        return f"{self.stream(purpose).getrandbits(64):016x}"


def drawn(seed: int | str, purpose: str, micros: int, nth: int, span: Span) -> float:
    """Return the nth delay in seconds that is drawn for a purpose at a virtual microsecond."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{micros}/{nth}".encode(), digest_size=7).digest()
    share, (low, high) = int.from_bytes(digest) / 256**7, span
    if purpose not in EVEN:
        share = min(_MOST, _SCALE * ((1 - share) ** -_TAIL - 1))
    return low + (high - low) * share
