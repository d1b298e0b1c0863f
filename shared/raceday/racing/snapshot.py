"""What one answer of the feed says about one race, in domain terms: money in cents, instants in UTC, odds exact."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple


class Status(StrEnum):
    """A race's status, in the title case that the client compares with."""

    OPEN = "Open"
    CLOSED = "Closed"
    INTERIM = "Interim"
    FINAL = "Final"
    ABANDONED = "Abandoned"

    @property
    def over(self) -> bool:
        """Tell whether nothing more is expected of the race but corrections."""
        return self in (Status.FINAL, Status.ABANDONED)


_NONE: Mapping[str, Any] = MappingProxyType({})


class Odds(NamedTuple):
    """Decimal odds of one runner; None where the feed has none or a value that is not above 0."""

    fixed_win: Decimal | None = None
    fixed_place: Decimal | None = None
    pool_win: Decimal | None = None
    pool_place: Decimal | None = None


class Runner(NamedTuple):
    """One entrant as the feed shows it; percentages are points of 100, summed over the tracker's pieces."""

    entrant_id: str
    number: int
    name: str
    barrier: int | None = None
    barrier_text: str = ""
    scratched: bool = False
    late_scratched: bool = False
    scratch_time: int | None = None
    favourite: bool = False
    mover: bool = False
    jockey: str = ""
    trainer: str = ""
    silk_colours: str = ""
    silk_url_64: str = ""
    silk_url_128: str = ""
    runner_change: str = ""
    odds: Odds = Odds()
    hold_points: Decimal | None = None
    bet_points: Decimal | None = None


_POOL_WORDS = frozenset({"", *(status.value.upper() for status in Status)})


class Pool(NamedTuple):
    """One betting pool; `product` is canonical, `single_race` false for legs of doubles, trebles and quadrellas.

    A total that cannot be read is None.
    """

    product: str
    total_cents: int | None
    status: str = ""
    single_race: bool = True

    @property
    def dead(self) -> bool:
        """Tell whether betting was called off, so that the total is money to be refunded."""
        return self.status.upper() == "ABANDONED"

    @property
    def is_told(self) -> bool:
        """Tell whether the status is a word that is known; of any other nobody can say that betting was called off."""
        return self.status.upper() in _POOL_WORDS


class LeftOut(NamedTuple):
    """One member of an answer that could not be read: where it stood, what was there, and what was expected.

    `weight` is from 0 to 1, how much of the answer's worth it takes along.
    """

    field: str
    value: str
    expected: str
    weight: float = 0.1


class Tracker(NamedTuple):
    """What the money tracker said over all its pieces, before runners were picked out; points of 100."""

    hold_sum: Decimal
    bet_sum: Decimal
    unknown_hold: Decimal
    unknown_bet: Decimal
    pieces: int


class Dividend(NamedTuple):
    """One declared dividend: `amount` dollars for each dollar, `pool_cents` the pool it was paid from."""

    product: str
    product_name: str
    status: str
    amount: Decimal
    pool_cents: int | None
    positions: tuple[tuple[int, int], ...]
    raw: Mapping[str, Any] = _NONE


class Placing(NamedTuple):
    """One line of the results; dead heats repeat a position."""

    position: int
    number: int
    entrant_id: str
    name: str
    raw: Mapping[str, Any] = _NONE


class Snapshot(NamedTuple):
    """One race at one answer of the feed. `start` is the advertised start, `generated_at` the feed's own time.

    `unread` names which of the members `results` and `dividends` of a race that has run say nothing: null, absent, or
    nothing in them can be read. An empty list says that there are none. `odd_dividends` are the products of which some
    dividend cannot be read, an empty name where it may be any product's.
    """

    race_id: str
    meeting_id: str
    meeting_name: str
    name: str
    number: int
    status: Status
    start: datetime
    generated_at: datetime
    country: str
    code: str
    actual_start: datetime | None = None
    race_date_nz: date | None = None
    start_time_nz: str = ""
    state: str = ""
    distance: int | None = None
    weather: str = ""
    track_condition: str = ""
    track_surface: str = ""
    track_direction: str = ""
    rail_position: str = ""
    prize_dollars: int | None = None
    entrant_count: int | None = None
    field_size: int | None = None
    positions_paid: int | None = None
    silk_url: str = ""
    silk_base_url: str = ""
    video_channels: tuple[str, ...] = ()
    protest: bool = False
    protest_reason: str = ""
    runners: tuple[Runner, ...] = ()
    pools: tuple[Pool, ...] | None = None
    tracker: Tracker | None = None
    dividends: tuple[Dividend, ...] = ()
    placings: tuple[Placing, ...] = ()
    cut: int = 0
    unknown_products: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unknown_status: str = ""
    result_changed: bool = False
    unread: frozenset[str] = frozenset()
    odd_dividends: frozenset[str] = frozenset()

    def pool_cents(self, product: str) -> int | None:
        """Return one product's total in cents, None where the feed lists no such pool."""
        return next((p.total_cents for p in self.pools or () if p.product == product), None)


class FormerRace(NamedTuple):
    """What was known of a race before an answer: it stands in for what the answer lacks."""

    status: Status | None = None
    start: datetime | None = None
    number: int | None = None
    meeting_id: str = ""
    country: str = ""
    code: str = ""


class RaceEntry(NamedTuple):
    """One race as the meeting list shows it."""

    race_id: str
    meeting_id: str
    number: int
    name: str
    start: datetime
    status: Status | None
    country: str
    state: str = ""
    distance: int | None = None
    weather: str = ""
    track_condition: str = ""
    tote_start_time: str = ""
    protest: bool = False
    protest_reason: str = ""


class MeetingEntry(NamedTuple):
    """One meeting of the meeting list with its races; `day` is the NZ race day it belongs to."""

    meeting_id: str
    name: str
    day: date
    country: str
    code: str
    category_name: str
    state: str = ""
    track_condition: str = ""
    races: tuple[RaceEntry, ...] = ()
    generated_at: datetime | None = None
    cut: int = 0
    rejected: tuple[str, ...] = ()

    @property
    def weather(self) -> str:
        """Return the weather of the first race that has one: the feed tells it race by race, and of some not."""
        return next((race.weather for race in self.races if race.weather), "")


def as_float(value: Decimal | None) -> float | None:
    """Return odds as the store keeps them; None where there are none."""
    return None if value is None else float(value)
