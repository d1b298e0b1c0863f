"""What one served event says, read anew: text by text, number by number."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

ODDS = ("fixed_win", "fixed_place", "pool_win", "pool_place")
STATUSES = ("Open", "Closed", "Interim", "Final", "Abandoned")
SINGLE = ("win", "place", "quinella", "trifecta", "exacta", "first4")
_SPELT = {
    "firstfour": "first4",
    "runningdouble": "double",
    "dailydouble": "double",
    "quaddie": "quadrella",
    "earlyquadrella": "early_quadrella",
    "earlyquaddie": "early_quadrella",
}
_KNOWN = {*SINGLE, "double", "treble", "quadrella", "early_quadrella", "pick6", "place6"}

_MADE = re.compile(rb'"generated_time": ?"[^"]+"')


class Unreadable(Exception):
    """An event that no poll can be made of; says which member is wrong."""


@dataclass(frozen=True, slots=True)
class RawRunner:
    """One runner as served; `hold` and `bet` are points summed over the tracker's pieces, None without a tracker."""

    id: str
    number: int
    columns: dict[str, Any]
    scratched: bool
    odds: dict[str, Fraction | None]
    hold: Fraction | None
    bet: Fraction | None

    @property
    def name(self) -> str:
        """Return the runner's name."""
        return str(self.columns["name"])


@dataclass(frozen=True, slots=True)
class TrackerSums:
    """The tracker's sums over ids that are no runners."""

    unknown_hold: Fraction
    unknown_bet: Fraction


@dataclass(frozen=True, slots=True)
class RawDividend:
    """One declared dividend; `cents` is the pool that it was paid from."""

    product: str
    status: str
    amount: Fraction
    cents: int | None
    shown: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One event: the race's columns as its table keeps them, runners by number, pools as (product, cents).

    `dead` names single-race pools that were called off, `unworded` pools with a status that nobody knows,
    `ruled` says that a ruling changed the placings, `unread_status` that the event had no status that anybody knows,
    and `unread_start` that it had no start. `unread` names `results` and `dividends` where a race that has run has
    none that can be read: not even an empty list. `odd_dividends` are products of dividends that cannot be, but for
    provisional ones beside Final ones, `left` the members that were left out by name.
    """

    status: str
    start: datetime
    actual: datetime | None
    columns: dict[str, Any]
    meeting_name: str
    places: int | None
    protest: bool
    runners: tuple[RawRunner, ...]
    pools: tuple[tuple[str, int], ...] | None
    tracker: TrackerSums | None
    placings: tuple[dict[str, Any], ...]
    dividends: tuple[RawDividend, ...]
    dead: frozenset[str] = frozenset()
    unworded: tuple[str, ...] = ()
    ruled: bool = False
    unread_status: bool = False
    unread_start: bool = False
    unread: frozenset[str] = frozenset()
    odd_dividends: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()

    def cents(self, product: str) -> int | None:
        """Return one pool's total in cents, None where it is not listed."""
        return next((cents for name, cents in self.pools or () if name == product), None)


def read_event(body: bytes, race_id: str, known: str = "Open", known_start: datetime | None = None) -> Reading:
    """Read an event; raises Unreadable where it lacks what a poll stands on.

    Without a status it keeps the `known` one, and without a start the `known_start` where there is one.
    """
    data, told, start = opened(body, race_id, known_start)
    race = data["race"]
    status = next((s for s in STATUSES if s.lower() == text(race.get("status")).lower()), None)
    unread, status = status is None, status or known
    sums, tracker = _tracked((data.get("money_tracker") or {}).get("entrants"), data["runners"])
    listed = data.get("tote_pools")
    paid = [(raw, _dividend(raw)) for raw in data.get("dividends") or ()]
    return Reading(
        status=status,
        start=start,
        actual=_actual(race, status, start),
        columns=_race_columns(race, start),
        meeting_name=text(race.get("meeting_name")),
        places=whole(race.get("positions_paid")),
        protest=_lodged(race.get("protest") is True, text(race.get("protest_reason")).lower()),
        runners=tuple(sorted((_runner(r, sums) for r in data["runners"]), key=lambda r: (r.number, r.id))),
        pools=None if listed is None else tuple((p, c) for row in listed for p, c in [_pool(row)] if p in _KNOWN),
        tracker=tracker,
        placings=tuple(sorted(data.get("results") or (), key=_place)),
        dividends=tuple(each for _, each in paid if each is not None),
        dead=_dead(listed or ()),
        unworded=tuple(product_of(row["product_type"]) for row in listed or () if not _is_word(row)),
        ruled=_ruled(text(race.get("protest_reason")).lower()),
        unread_status=unread,
        unread_start=told is None,
        unread=_unread(data, status, [each for _, each in paid]),
        odd_dividends=_odd_products(paid),
        left=(
            *(() if _MADE.search(body) else ("header.generated_time",)),
            *(f"dividends[{i}]" for i, (_, each) in enumerate(paid) if each is None),
            *(f"tote_pools[{text(row['product_type'])[:20]}].status" for row in listed or () if not _is_word(row)),
        ),
    )


def _ran(status: str) -> bool:
    return status in ("Interim", "Final")


def _odd_products(paid: Iterable[tuple[dict[str, Any], "RawDividend | None"]]) -> frozenset[str]:
    rows = list(paid)
    final = {each.product for _, each in rows if each is not None and each.status.lower() == "final"}
    odd = ((product_of(raw["product_name"]), raw["status"].lower()) for raw, each in rows if each is None)
    return frozenset(product for product, status in odd if status != "interim" or product not in final)


def opened(
    body: bytes, race_id: str, known_start: datetime | None = None
) -> tuple[dict[str, Any], datetime | None, datetime]:
    """Return an event's data, the start that it tells and the one that counts; raises Unreadable as reading does."""
    try:
        data = json.loads(body)["data"]
        race = data["race"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"no event: {type(error).__name__}") from error
    if text(data.get("error")):
        raise Unreadable("data.error")
    told = instant(race.get("advertised_start")) or instant(race.get("advertised_start_string"))
    start = told or known_start
    if start is None or race.get("event_id") != race_id:
        raise Unreadable("race.advertised_start" if start is None else "race.event_id")
    return data, told, start


def _unread(data: dict[str, Any], status: str, paid: Sequence["RawDividend | None"]) -> frozenset[str]:
    """Name the members that tell nothing of a race that has run: no list, or one of which nothing can be read."""
    silent = {member for member in ("results", "dividends") if not isinstance(data.get(member), list)}
    silent |= {"dividends"} if paid and not any(paid) else set()
    return frozenset(silent if _ran(status) else ())


def _place(placing: dict[str, Any]) -> tuple[bool, int, int]:
    """Sort by place; 0 is a runner that has none."""
    return placing["position"] <= 0, placing["position"], placing["runner_number"]


def _dead(listed: Iterable[dict[str, Any]]) -> frozenset[str]:
    """Return the single-race products that are called off and listed no second time."""
    words = [(product_of(row["product_type"]), text(row.get("status")).upper()) for row in listed]
    off = {product for product, word in words if word == "ABANDONED"}
    return frozenset(p for p in off if p in SINGLE and all(word == "ABANDONED" for q, word in words if q == p))


def _is_word(row: dict[str, Any]) -> bool:
    word = text(row.get("status")).lower()
    return product_of(row["product_type"]) not in _KNOWN or word in ("", *(status.lower() for status in STATUSES))


def _lodged(flag: bool, reason: str) -> bool:
    """Tell whether a protest is open: the flag says only that its reason has a text."""
    settled = ("dismiss", "withdrawn", "no protest", "upheld", "relegat")
    return "protest" in reason and not any(word in reason for word in settled) if reason else flag


def _ruled(reason: str) -> bool:
    if any(word in reason for word in ("dismiss", "not upheld", "not relegat")):
        return False
    return any(word in reason for word in ("upheld", "relegat", "disqualif"))


def _actual(race: dict[str, Any], status: str, start: datetime) -> datetime | None:
    """Before the jump the feed sends 0 or repeats the advertised start."""
    actual = instant(race.get("actual_start"))
    over = status in ("Final", "Abandoned")
    return None if status == "Open" or (actual == start and not over) else actual


def _race_columns(race: dict[str, Any], start: datetime) -> dict[str, Any]:
    """Return what an event says for the columns of table races; instants as the store writes them."""
    number = whole(race.get("race_number"))
    prizes = race.get("prize_monies")
    channels = race.get("video_channels")
    return {
        "raceId": race["event_id"],
        "meetingId": text(race.get("meeting_id")),
        "name": text(race.get("description")) or f"Race {number}",
        "raceNumber": number,
        "startTime": stamp(start),
        "startTimeNz": text(race.get("start_time_nz")),
        "distance": whole(race.get("distance")),
        "weather": text(race.get("weather"))[:50],
        "trackCondition": text(race.get("track_condition")),
        "trackSurface": text(race.get("track_surface")),
        "trackDirection": text(race.get("track_direction")),
        "railPosition": text(race.get("rail_position")),
        "type": text(race.get("type")).upper(),
        "country": text(race.get("country")).upper(),
        "totalPrizeMoney": whole(prizes.get("total_value")) if isinstance(prizes, dict) else None,
        "entrantCount": whole(race.get("entrant_count")),
        "fieldSize": whole(race.get("field_size")),
        "positionsPaid": whole(race.get("positions_paid")),
        "silkUrl": text(race.get("silk_url")),
        "silkBaseUrl": text(race.get("silk_base_url")),
        "videoChannels": compact([text(c) for c in channels] if isinstance(channels, list) else []),
        "protestReason": text(race.get("protest_reason")),
    }


def _runner(raw: dict[str, Any], sums: dict[str, tuple[Fraction, Fraction]] | None) -> RawRunner:
    place = text(raw.get("barrier_position")) or text(raw.get("barrier"))
    barrier, digits = whole(raw.get("barrier")), re.search(r"\d+", place)
    hold, bet = (None, None) if sums is None else sums.get(raw["entrant_id"], (Fraction(0), Fraction(0)))
    odds = raw.get("odds") or {}
    return RawRunner(
        id=raw["entrant_id"],
        number=int(raw["runner_number"]),
        columns={
            "entrantId": raw["entrant_id"],
            "name": text(raw["name"]),
            "runnerNumber": int(raw["runner_number"]),
            "barrier": barrier if barrier is not None else int(digits[0]) if digits else None,
            "barrierText": place[:20],
            "isScratched": raw.get("is_scratched") is True,
            "isLateScratched": raw.get("is_late_scratched") is True,
            "scratchTime": whole(raw.get("scratch_time")) or None,
            "favourite": raw.get("favourite") is True,
            "mover": raw.get("mover") is True,
            "jockey": text(raw.get("jockey"))[:255],
            "trainerName": text(raw.get("trainer_name"))[:255],
            "silkColours": text(raw.get("silk_colours"))[:255],
            "silkUrl64": text(raw.get("silk_url_64x64")),
            "silkUrl128": text(raw.get("silk_url_128x128")),
            "runnerChange": text(raw.get("runner_change"))[:500],
        },
        scratched=raw.get("is_scratched") is True,
        odds={kind: price(odds.get(kind)) for kind in ODDS},
        hold=hold,
        bet=bet,
    )


def _tracked(
    pieces: list[dict[str, Any]] | None, runners: list[dict[str, Any]]
) -> tuple[dict[str, tuple[Fraction, Fraction]] | None, TrackerSums | None]:
    """Sum the tracker's pieces by id, and those of ids that do not run."""
    if pieces is None:
        return None, None
    hold: dict[str, Fraction] = {}
    bet: dict[str, Fraction] = {}
    for piece in pieces:
        key = piece["entrant_id"]
        # Most pieces are empty.
        if held := piece.get("hold_percentage"):
            hold[key] = hold.get(key, 0) + exact(held)
        if backed := piece.get("bet_percentage"):
            bet[key] = bet.get(key, 0) + exact(backed)
    known = {raw["entrant_id"] for raw in runners}
    hold_left, bet_left = (sum((p[k] for k in p if k not in known), Fraction(0)) for p in (hold, bet))
    sums = {key: (hold.get(key, Fraction(0)), bet.get(key, Fraction(0))) for key in known}
    return sums, TrackerSums(hold_left, bet_left) if pieces else None


def _pool(raw: dict[str, Any]) -> tuple[str, int]:
    return product_of(raw["product_type"]), cents_of(raw["total"])


def product_of(spelling: str) -> str:
    """Return the one name of a product that the feed spells in several ways."""
    word = re.sub(r"[^a-z0-9]", "", spelling.lower()).removeprefix("pool")
    return _SPELT.get(word, word)


def _dividend(raw: dict[str, Any]) -> RawDividend | None:
    if isinstance(raw["dividend"], str):
        return None
    size = raw.get("pool_size")
    return RawDividend(
        product=product_of(raw["product_name"]),
        status=raw["status"],
        amount=exact(raw["dividend"]),
        cents=None if size is None else cents_of(size),
        shown=raw,
    )


def cents_of(dollars: float) -> int:
    """Return dollars as whole cents, halves up."""
    value = exact(dollars) * 100
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))


@lru_cache(maxsize=65_536)
def exact(value: float) -> Fraction:
    """Return a number of the feed as it was written, not as a binary fraction."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def price(value: Any) -> Fraction | None:
    """Return odds, None where there are none or a number that is no price."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return exact(value) if 0.01 <= value < 1e6 else None


def text(value: Any) -> str:
    """Return a member as text: empty for null, JSON for what is no plain value."""
    if value is None:
        return ""
    return (compact(value) if value else "") if isinstance(value, (dict, list)) else str(value).strip()


def whole(value: Any) -> int | None:
    """Return a whole number, also from a text of one."""
    try:
        return None if isinstance(value, (bool, dict, list)) else int(float(value))
    except (TypeError, ValueError):
        return None


def instant(value: Any) -> datetime | None:
    """Return an instant from epoch seconds, ISO text or the layout that Go prints."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC) if value > 0 else None
    shown = re.sub(r"(\.\d{6})\d+", r"\1", text(value).removesuffix(" UTC"))
    try:
        found = datetime.fromisoformat(re.sub(r" ([+-]\d{4})$", r"\1", shown))
    except ValueError:
        return None
    return None if found.year < 1900 else found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


def stamp(at: datetime) -> str:
    """Write an instant as the store keeps it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def compact(value: Any) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
