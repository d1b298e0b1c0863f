"""The ledger of one race: one row per committed poll, typed, and the plain dict that the store keeps."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from raceday.clock import iso
from raceday.racing.snapshot import Status

Source = Literal["pool_odds", "hold", "none"]
Kind = Literal["slot", "request", "recheck", "closing"]
_NONE: Mapping[str, Any] = MappingProxyType({})
ODDS_TYPES = ("fixed_win", "fixed_place", "pool_win", "pool_place")
_ODDS_KEYS = {"fixed_win": "fixedWin", "fixed_place": "fixedPlace", "pool_win": "poolWin", "pool_place": "poolPlace"}


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
        """Give the odds of one kind of ODDS_TYPES."""
        value: Decimal | None = getattr(self, kind)
        return value


class PoolTotals(NamedTuple):
    """Pool totals in cents; a product that the feed does not list is absent, `multi` holds the multi-leg ones."""

    single: Mapping[str, int] = _NONE
    multi: Mapping[str, int] = _NONE

    def cents(self, product: str) -> int | None:
        """Give one single-race product's total, None where it is absent."""
        return self.single.get(product)


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
    """One committed poll; instants are aware UTC, durations milliseconds, `dividends` pool cents by product."""

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

    def runner(self, entrant_id: str) -> RunnerLine | None:
        """Give one runner's line, None where the race had no such entrant."""
        return next((r for r in self.runners if r.entrant_id == entrant_id), None)

    def to_row(self) -> dict[str, Any]:
        """Give the columns of table race-polls; structures become JSON text."""
        return {
            "raceId": self.race_id,
            "meetingId": self.meeting_id,
            "n": self.n,
            "slot": iso(self.slot),
            "kind": self.kind,
            "fetchedAt": iso(self.fetched_at),
            "generatedAt": iso(self.generated_at),
            "startTime": iso(self.start),
            "status": self.status.value,
            "score": self.score,
            "feedCalls": self.feed_calls,
            "feedMs": self.feed_ms,
            "storeMs": self.store_ms,
            "lateMs": self.late_ms,
            "race": _dump(_race_out(self.race)),
            "pools": _dump(_pools_out(self.pools)),
            "runners": _dump([_runner_out(r) for r in self.runners]),
            "checks": _dump([_check_out(c) for c in self.checks]),
            "gaps": _dump([{"slot": iso(g.slot), "cause": g.cause} for g in self.gaps]),
            "digests": _dump(
                {
                    "race": self.digests.race,
                    "results": self.digests.results,
                    "entrants": dict(self.digests.entrants),
                }
            ),
            "dividends": _dump(None if self.dividends is None else dict(self.dividends)),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "LedgerRow":
        """Read a row of table race-polls; columns that a select left out count as empty."""
        digests = _load(row.get("digests")) or {}
        return cls(
            race_id=row["raceId"],
            meeting_id=row["meetingId"],
            n=int(row["n"]),
            slot=instant(row["slot"]),
            kind=row["kind"],
            fetched_at=instant(row["fetchedAt"]),
            generated_at=instant(row["generatedAt"]),
            start=instant(row["startTime"]),
            status=Status(row["status"]),
            race=_race_in(_load(row.get("race")) or {}),
            pools=_pools_in(_load(row.get("pools"))),
            runners=tuple(_runner_in(r) for r in _load(row.get("runners")) or ()),
            checks=tuple(_check_in(c) for c in _load(row.get("checks")) or ()),
            gaps=tuple(Gap(instant(g["slot"]), g["cause"]) for g in _load(row.get("gaps")) or ()),
            digests=Digests(digests.get("race", ""), digests.get("results", ""), digests.get("entrants") or {}),
            dividends=_load(row.get("dividends")),
            score=row.get("score"),
            feed_calls=int(row.get("feedCalls") or 0),
            feed_ms=int(row.get("feedMs") or 0),
            store_ms=int(row.get("storeMs") or 0),
            late_ms=int(row.get("lateMs") or 0),
        )


def instant(text: str) -> datetime:
    """Read an instant as the store gives it, `+00:00` or `Z`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _dump(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _load(text: str | None) -> Any:
    # Floats become decimals, so that odds compare exactly with the feed's own.
    return None if text is None or text == "" else json.loads(text, parse_float=Decimal)


def _race_out(race: RaceFacts) -> dict[str, Any]:
    return {
        "name": race.name,
        "number": race.number,
        "meetingName": race.meeting_name,
        "country": race.country,
        "code": race.code,
        "actualStart": iso(race.actual_start) if race.actual_start else None,
        "positionsPaid": race.positions_paid,
    }


def _race_in(data: Mapping[str, Any]) -> RaceFacts:
    actual = data.get("actualStart")
    return RaceFacts(
        name=data.get("name", ""),
        number=data.get("number", 0),
        meeting_name=data.get("meetingName", ""),
        country=data.get("country", ""),
        code=data.get("code", ""),
        actual_start=instant(actual) if actual else None,
        positions_paid=data.get("positionsPaid"),
    )


def _pools_out(pools: PoolTotals | None) -> dict[str, Any] | None:
    return None if pools is None else {**pools.single, "multi": dict(pools.multi)}


def _pools_in(data: dict[str, Any] | None) -> PoolTotals | None:
    if data is None:
        return None
    return PoolTotals({k: v for k, v in data.items() if k != "multi"}, data.get("multi") or {})


def _runner_out(r: RunnerLine) -> dict[str, Any]:
    return {
        "id": r.entrant_id,
        "no": r.number,
        "name": r.name,
        "scratched": r.scratched,
        **{key: _number(r.odds(kind)) for kind, key in _ODDS_KEYS.items()},
        "hold": _number(r.hold),
        "bet": _number(r.bet),
        "win": r.win_cents,
        "place": r.place_cents,
        "winSource": r.win_source,
        "placeSource": r.place_source,
    }


def _runner_in(data: Mapping[str, Any]) -> RunnerLine:
    return RunnerLine(
        entrant_id=data["id"],
        number=data["no"],
        name=data["name"],
        scratched=data["scratched"],
        **{kind: _decimal(data.get(key)) for kind, key in _ODDS_KEYS.items()},
        hold=_decimal(data.get("hold")),
        bet=_decimal(data.get("bet")),
        win_cents=data.get("win"),
        place_cents=data.get("place"),
        win_source=data.get("winSource", "none"),
        place_source=data.get("placeSource", "none"),
    )


def _check_out(c: Check) -> dict[str, Any]:
    return {
        "name": c.name,
        "applies": c.applies,
        "ok": c.ok,
        "weight": c.weight,
        "score": c.score,
        "value": c.value,
        "expected": c.expected,
    }


def _check_in(data: Mapping[str, Any]) -> Check:
    value = data.get("value")
    return Check(
        name=data["name"],
        applies=data["applies"],
        ok=data["ok"],
        weight=float(data["weight"]),
        score=float(data["score"]),
        value=float(value) if isinstance(value, (int, Decimal)) else value,
        expected=data.get("expected", ""),
    )
