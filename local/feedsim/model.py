"""The facts of a generated day: meetings, races and runners as they stand, and the state of a market at an instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

MULTI_LEG_PRODUCTS = ("early_quadrella", "quadrella", "running_double", "treble")


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    """What never changes about one runner; `form` holds the static members of its feed object."""

    entrant_id: str
    number: int
    name: str
    barrier: int
    barrier_position: str | None
    horse_id: int
    form: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scratching:
    """Runner `index` is out from `at` on; `late` when its pool money has to be refunded on the day.

    Until `refunded` (None: at once) totals and odds still hold its money. One that `leaves` is listed no more from
    `at` on; a vacant box may stand in its place, under an id of its own.
    """

    index: int
    at: datetime
    late: bool
    refunded: datetime | None = None
    leaves: bool = False
    vacant: bool = False


@dataclass(frozen=True, slots=True)
class Suspension:
    """From `since` until `until` one runner's prices are missing, or everybody's where `index` is None.

    `kind` is fixed, or pool for the odds of both pools.
    """

    since: datetime
    until: datetime
    kind: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class DroppedPools:
    """From `since` on the feed tells no totals any more: `how` is null, empty or zero."""

    since: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Leap:
    """From `since` until `until` the totals of `products` are served as `factor` times what they are; odds stand."""

    since: datetime
    until: datetime
    products: tuple[str, ...]
    factor: Fraction


@dataclass(frozen=True, slots=True)
class RaceScript:
    """What happens to one race and when; every instant from which something is served lies on a 15 s mark."""

    jump: datetime
    closed: datetime
    interim: datetime
    final: datetime
    settled: datetime
    moved_at: datetime | None = None
    moved_from: datetime | None = None
    scratchings: tuple[Scratching, ...] = ()
    abandoned_list: datetime | None = None
    abandoned_event: datetime | None = None
    gone: datetime | None = None
    stuck_open: bool = False
    protest: str = ""
    protest_upheld: bool = False
    dead_heat_at: int = 0
    corrected: datetime | None = None
    correction: str = ""
    visible: datetime | None = None
    place_off: datetime | None = None
    odds_left: bool = False
    dropped: tuple[DroppedPools, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    leaps: tuple[Leap, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """The weather turns over a meeting: what its races show from `at` on."""

    at: datetime
    weather: str
    track_condition: str


@dataclass(slots=True)
class FeedRace:
    """One race: served facts, its runners and its script. `advertised` is the start first published."""

    race_id: str
    meeting_id: str
    number: int
    name: str
    country: str
    category: str
    state: str
    advertised: datetime
    distance: int
    weather: str
    track_condition: str
    positions_paid: int
    runners: tuple[RunnerFacts, ...]
    script: RaceScript
    details: dict[str, Any] = field(default_factory=dict)
    turn: Turn | None = None

    def conditions_at(self, at: datetime) -> tuple[str, str]:
        """Weather and track condition as served at an instant."""
        if self.turn is not None and at >= self.turn.at:
            return self.turn.weather, self.turn.track_condition
        return self.weather, self.track_condition

    def advertised_at(self, at: datetime) -> datetime:
        """The advertised start as served at an instant: it moves when the race's start is moved."""
        script = self.script
        if script.moved_at is not None and script.moved_from is not None and at < script.moved_at:
            return script.moved_from
        return self.advertised


@dataclass(slots=True)
class MeetingFacts:
    """One meeting with its races in order of number."""

    meeting_id: str
    name: str
    date: date
    country: str
    state: str
    category: str
    track_condition: str
    tote_number: int | None
    races: list[FeedRace]
    details: dict[str, Any] = field(default_factory=dict)
    visible: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunnerState:
    """One runner as served at an instant; odds are None where the member is absent, amounts are the true money.

    What a pool still holds of a scratched runner stands apart, as `held_*`. One that is not `listed` is not served.
    """

    entrant_id: str
    number: int
    scratched: bool
    scratched_at: datetime | None
    fixed_win: float
    fixed_place: float
    pool_win: float | None
    pool_place: float | None
    win_cents: int
    place_cents: int
    hold_points: int
    bet_points: int
    favourite: bool
    mover: bool
    held_win_cents: int = 0
    held_place_cents: int = 0
    listed: bool = True


@dataclass(frozen=True, slots=True)
class FeedPlacing:
    """One line of the results."""

    position: int
    number: int
    entrant_id: str


@dataclass(frozen=True, slots=True)
class FeedDividend:
    """One dividend: `product` is canonical, `dividend` dollars per dollar, `numbers` the runners in order."""

    product: str
    status: str
    dividend: float
    pool_cents: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MarketState:
    """All that a correct poll at this mark could know about a race.

    `http_status` is 404 once the event is gone. `status` is the event's word and `list_status` the one in /meetings.
    `actual_start` is None until the feed knows it. `pools` and `multi_leg` map canonical products to integer cents;
    products that are not offered are missing. Hold and bet points of a runner are the sums of its tracker pieces;
    `unknown_*` belong to ids that are no runners of the race. `dead` holds what is served as the total of pools that
    were called off: it is to be refunded, and `pools` has 0 there. `told` is how totals are served: "" as they are,
    or null, empty or zero. `leapt` holds the factor of totals that are served as what they are not.
    """

    race_id: str
    mark: datetime
    http_status: int
    status: str
    list_status: str
    advertised_start: datetime
    actual_start: datetime | None
    pools: dict[str, int]
    multi_leg: dict[str, int]
    runners: tuple[RunnerState, ...]
    unknown_hold_points: int
    unknown_bet_points: int
    placings: tuple[FeedPlacing, ...]
    dividends: tuple[FeedDividend, ...]
    protest: str
    field_size: int
    weather: str
    track_condition: str
    dead: dict[str, int] = field(default_factory=dict)
    told: str = ""
    leapt: dict[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayEvent:
    """Something that changes at `at`: kind is one of visible, status, list_status, gone, moved_start, scratched,
    refunded, place_off, dropped, suspended, leapt, settled, corrected, turned; `detail` is the new status, the runner's
    entrant id, the new start as ISO text, or what kind of it."""

    at: datetime
    race_id: str
    kind: str
    detail: str
