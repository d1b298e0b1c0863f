"""The records of one committed poll of a race: facts, runners, pools, checks, gaps."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from raceday.racing.snapshot import Status

# `book`: what the others' odds leave of the book; `before`: as at the poll before, grown as the others have.
Source = Literal["pool_odds", "hold", "book", "before", "none"]
# `backfill`: an answer fetched long after the race, which is no moment of its timeline.
Kind = Literal["slot", "request", "recheck", "closing", "backfill"]
_NONE: Mapping[str, Any] = MappingProxyType({})
ODDS_TYPES = ("fixed_win", "fixed_place", "pool_win", "pool_place")


class RaceFacts(NamedTuple):
    """What the event functions need to know of the race beside its figures."""

    name: str
    number: int
    meeting_name: str
    country: str
    code: str
    actual_start: datetime | None = None
    positions_paid: int | None = None


class RunnerLine(NamedTuple):
    """One runner: exact decimal odds, `hold` and `bet` as normalised percentages, amounts in cents and their source."""

    entrant_id: str
    number: int
    name: str
    scratched: bool = False
    fixed_win: Decimal | None = None
    fixed_place: Decimal | None = None
    pool_win: Decimal | None = None
    pool_place: Decimal | None = None
    hold: Decimal | None = None
    bet: Decimal | None = None
    win_cents: int | None = None
    place_cents: int | None = None
    win_source: Source = "none"
    place_source: Source = "none"

    def odds(self, kind: str) -> Decimal | None:
        """Return the odds of one kind of ODDS_TYPES."""
        value: Decimal | None = getattr(self, kind)
        return value


class Settlement(NamedTuple):
    """What of one pool stands on no runner, in cents: by scratched entrant, and of nobody known; and the decision.

    `last` is what each runner held when it was last known, of whom nobody can tell it now.
    """

    unrefunded: Mapping[str, int] = _NONE
    unattributed_cents: int = 0
    word: str = ""
    why: str = ""
    last: Mapping[str, int] = _NONE


class PoolTotals(NamedTuple):
    """Pool totals in cents; a product that was never listed is absent, `multi` holds the multi-leg ones.

    `dead` names pools that were called off: their money is to be refunded and counts nowhere. `kept` says where a
    total comes from that the answer itself lacks: `dividends`, or the poll `before`. `unlikely` names pools whose total
    cannot be, with the last one that could. `lived` has the last total that each of the dead was seen to live with:
    it is the race's own if that turns Abandoned, and a refund if it runs.
    """

    single: Mapping[str, int] = _NONE
    multi: Mapping[str, int] = _NONE
    dead: tuple[str, ...] = ()
    kept: Mapping[str, str] = _NONE
    settled: Mapping[str, Settlement] = _NONE
    unlikely: Mapping[str, int] = _NONE
    lived: Mapping[str, int] = _NONE

    def cents(self, product: str) -> int | None:
        """Return one single-race product's total, None where it is absent."""
        return self.single.get(product)

    def beside_cents(self, product: str) -> int:
        """Return what of one pool stands on no runner: unrefunded and unattributed money."""
        settled = self.settled.get(product)
        return sum(settled.unrefunded.values()) + settled.unattributed_cents if settled else 0

    def as_abandoned(self) -> "PoolTotals":
        """Return the totals as they stand once no answer but the meeting's list says that the race is off.

        Of pools that come back nobody tells any more whose they were.
        """
        nobodys = {p: Settlement(unattributed_cents=cents) for p, cents in self.lived.items() if p in self.settled}
        return self._replace(
            single={**self.single, **self.lived},
            dead=tuple(product for product in self.dead if product not in self.lived),
            kept={**self.kept, **dict.fromkeys(self.lived, "before")},
            settled={**self.settled, **nobodys},
            lived={},
        )


class Check(NamedTuple):
    """One named check: `score` from 0 to 1, `weight` its share of 100 before redistribution."""

    name: str
    applies: bool
    ok: bool
    weight: float
    score: float
    value: str | float | None = None
    expected: str = ""


class Gap(NamedTuple):
    """A slot of the plan that nobody committed, and the word for why."""

    slot: datetime
    cause: str


class Digests(NamedTuple):
    """Fingerprints of what a poll wrote, to know what changed without reading the tables."""

    race: str = ""
    results: str = ""
    entrants: Mapping[str, str] = _NONE


class LedgerRow(NamedTuple):
    """One committed poll; instants are aware UTC, durations milliseconds, `dividends` pool cents by product.

    `finished_at` is the slot that first saw the race over; a race that was taken back finishes anew.
    `held`: the answer was an older picture of a finished race, and the row repeats the figures of the one before.
    """

    race_id: str
    meeting_id: str
    n: int
    slot: datetime
    kind: str
    fetched_at: datetime
    generated_at: datetime
    start: datetime
    status: Status
    race: RaceFacts
    pools: PoolTotals | None = None
    runners: tuple[RunnerLine, ...] = ()
    checks: tuple[Check, ...] = ()
    gaps: tuple[Gap, ...] = ()
    digests: Digests = Digests()
    dividends: Mapping[str, int] | None = None
    score: int | None = None
    feed_calls: int = 1
    feed_ms: int = 0
    store_ms: int = 0
    late_ms: int = 0
    held: bool = False
    finished_at: datetime | None = None

    def runner(self, entrant_id: str) -> RunnerLine | None:
        """Return one runner's line, None where the race had no such entrant."""
        return next((r for r in self.runners if r.entrant_id == entrant_id), None)


class LedgerHead(NamedTuple):
    """One row of the ledger, as much of it as the scheduler's plan needs."""

    race_id: str
    n: int
    slot: datetime
    kind: str
    status: Status
    start: datetime
    gaps: tuple[datetime, ...] = ()
    has_pools: bool = True
    finished_at: datetime | None = None


def carried(row: LedgerRow, before: LedgerRow) -> LedgerRow:
    """Return a row that knows no pools with the pools and the money of the newest earlier row that does."""
    runners = tuple(
        r._replace(
            win_cents=b.win_cents, place_cents=b.place_cents, win_source=b.win_source, place_source=b.place_source
        )
        if (b := before.runner(r.entrant_id))
        else r
        for r in row.runners
    )
    return row._replace(pools=before.pools, runners=runners or before.runners)


def as_last_known(row: LedgerRow) -> LedgerRow:
    """Return a row in which each runner of whom it cannot tell has what it was last known to hold."""
    settled = row.pools.settled if row.pools else {}
    win, place = (settled[p].last if p in settled else {} for p in ("win", "place"))
    if not win and not place:
        return row
    runners = (
        r._replace(
            win_cents=win.get(r.entrant_id) if r.win_cents is None else r.win_cents,
            place_cents=place.get(r.entrant_id) if r.place_cents is None else r.place_cents,
        )
        for r in row.runners
    )
    return row._replace(runners=tuple(runners))
