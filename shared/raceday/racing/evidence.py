"""What the checks of an answer look at, and how a count or a sum is judged."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from raceday.racing.records import LedgerRow, PoolTotals, RunnerLine, Settlement
from raceday.racing.snapshot import Runner, Snapshot

MAIN = ("win", "place")
# Pools of a bet or two have odds for those alone.
TINY_CENTS = 1_000
THIN_CENTS = 100_000
SMALL_CENTS = 500_000
# A runner that makes less than this of the book, a place paid (odds of about 20), hardly matters.
HARDLY = 0.05
INSIDE, OUTSIDE = 0.9, 0.5


class Evidence(NamedTuple):
    """What the checks look at: the answer, the lines made of it, the poll before, and when the answer came."""

    snapshot: Snapshot
    lines: tuple[RunnerLine, ...]
    base: LedgerRow | None
    fetched_at: datetime
    pools: PoolTotals | None = None

    def dead(self, product: str) -> bool:
        """Tell whether betting on a product was called off."""
        return self.pools is not None and product in self.pools.dead

    def settled(self, product: str) -> Settlement:
        """Return what of a pool stands on no runner."""
        return self.pools.settled.get(product, Settlement()) if self.pools else Settlement()

    @property
    def running(self) -> list[Runner]:
        """Return the unscratched runners."""
        return [r for r in self.snapshot.runners if not r.scratched]

    def cents(self, product: str) -> int:
        """Return one pool's total, 0 where it is absent, negative or called off."""
        return 0 if self.dead(product) else max(0, self.snapshot.pool_cents(product) or 0)


class Finding(NamedTuple):
    """What one check found; `score` is from 0 to 1."""

    ok: bool
    score: float
    value: str | float | None
    expected: str


def counted(ok: int, of: int, value: str, expected: str) -> Finding:
    """Judge a count of figures: all right, or at most half a score by the share that is."""
    if ok == of:
        return Finding(True, 1.0, value, expected)
    return Finding(False, OUTSIDE * ok / of, value, expected)


def summed(value: float, centre: float, tolerance: float) -> Finding:
    """Judge a sum: 1 at the centre, 0.9 at the tolerance, then from 0.5 down to 0 at four tolerances."""
    off = abs(value - centre) / tolerance
    expected = f"{centre - tolerance:.2f}..{centre + tolerance:.2f}"
    if off <= 1:
        return Finding(True, 1 - (1 - INSIDE) * off, value, expected)
    return Finding(False, OUTSIDE * max(0.0, 1 - (off - 1) / 3), value, expected)


def names(words: Iterable[object]) -> str:
    """Join words by commas, at most 200 characters; none where there are none."""
    return ",".join(str(word) for word in words)[:200] or "none"


def leniency(cents: int) -> float:
    """Return the factor on a tolerance for a pool of so many cents: thin pools move in coarse steps."""
    return 1.0 if cents >= SMALL_CENTS else 2.0 if cents >= THIN_CENTS else 5.0
