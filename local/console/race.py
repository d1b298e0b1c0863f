"""One race as the page shows it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.console.charts import Chart, Series, chart
from local.console.grid import MoneyGrid, make_grid
from local.console.source import Source
from local.console.today import ListedRace, listed
from local.console.words import at, dollars, odds
from raceday.ledger.codec import from_row
from raceday.racing.buckets import label_of, secs_to_start
from raceday.racing.records import Check, LedgerRow
from raceday.racing.schedule import Intervals, slots_between
from raceday.racing.snapshot import Status
from raceday.store.port import Row

LATE_MS = 5000
_POOLS = (
    ("Win", "winPoolTotal"), ("Place", "placePoolTotal"), ("Quinella", "quinellaPoolTotal"),
    ("Trifecta", "trifectaPoolTotal"), ("Exacta", "exactaPoolTotal"), ("First 4", "first4PoolTotal"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SlotShown:
    """One slot: `state` is on time, late, gap or planned; `note` says more."""

    at: datetime
    minutes: float
    kind: str
    state: str
    status: str = ""
    late_ms: int | None = None
    feed_ms: int | None = None
    store_ms: int | None = None
    score: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """One placed runner."""

    position: Any
    number: Any
    name: str
    win: str
    place: str


@dataclass(frozen=True, slots=True)
class RacePage:
    """Everything the race's page shows."""

    id: str
    number: int
    name: str
    meeting: str
    judged: ListedRace
    facts: tuple[str, ...]
    grid: MoneyGrid
    odds: Chart
    growth: Chart
    footer: tuple[tuple[str, str], ...]
    pools_at: datetime | None
    result_status: str = ""
    placed: tuple[Placed, ...] = ()
    dividends: tuple[tuple[str, str], ...] = ()
    score: int | None = None
    checks: tuple[Check, ...] = ()
    slots: tuple[SlotShown, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    silks: dict[str, str] = field(default_factory=dict)
    now: datetime | None = None


async def read_race(source: Source, race_id: str, view: str = "win") -> RacePage | None:
    """Read one race; None where the store has no such race."""
    row = await source.race(race_id)
    if row is None:
        return None
    meeting = await source.meeting(row.get("meetingId") or "") if row.get("meetingId") else None
    entrants, flow, polls = await source.entrants(race_id), await source.flow(race_id), await source.polls(race_id)
    pools, results, bands = await source.pools(race_id), await source.results(race_id), await source.bands()
    now, intervals = source.now(), Intervals.of(source.settings)
    ledger = [from_row(poll) for poll in polls]
    judged = listed(row, meeting, polls[-1] if polls else None, now, intervals)
    label = label_of(secs_to_start(judged.start, now)) if not judged.over else None
    slots = shown_slots(ledger, judged, now, intervals)
    silks = {silk: f"/silk/{silk}.svg" for silk in await source.drawn([e.get("silkId") or "" for e in entrants])}
    return RacePage(
        id=race_id,
        number=row["raceNumber"],
        name=row["name"],
        meeting=judged.meeting,
        judged=judged,
        facts=_facts(row),
        grid=make_grid(view, entrants, flow, pools, bands, label),
        odds=odds_chart(ledger),
        growth=growth_chart(ledger),
        footer=_footer(pools),
        pools_at=at(pools["$updatedAt"]) if pools else None,
        **_results(results),
        score=ledger[-1].score if ledger else None,
        checks=ledger[-1].checks if ledger else (),
        slots=slots,
        counts={state: sum(s.state == state for s in slots) for state in ("on time", "late", "gap", "planned")},
        silks=silks,
        now=now,
    )


def _facts(row: Row) -> tuple[str, ...]:
    distance = f"{row['distance']} m" if row.get("distance") else ""
    words = (distance, row.get("trackCondition"), row.get("weather"), row.get("railPosition"), row.get("country"))
    return tuple(str(word) for word in words if word)


def _footer(pools: Row | None) -> tuple[tuple[str, str], ...]:
    if pools is None:
        return ()
    return (*((name, dollars(pools.get(key))) for name, key in _POOLS), ("Total", dollars(pools.get("totalRacePool"))))


def _results(row: Row | None) -> dict[str, Any]:
    """Read results, dividends and fixed odds; texts that are not JSON count as missing."""
    if row is None or not row.get("resultsAvailable"):
        return {}
    runners, dividends, fixed = (_json(row.get(k)) for k in ("resultsData", "dividendsData", "fixedOddsData"))
    prices = fixed if isinstance(fixed, dict) else {}
    placed = []
    for runner in runners if isinstance(runners, list) else []:
        price = prices.get(str(runner.get("runner_number"))) or {}
        placed.append(
            Placed(
                runner.get("position"),
                runner.get("runner_number"),
                runner.get("name") or "",
                odds(price.get("fixed_win")),
                odds(price.get("fixed_place")),
            )
        )
    paid = [
        (str(d.get("product_name") or ""), f"${float(d['dividend']):.2f}")
        for d in (dividends if isinstance(dividends, list) else [])
        if isinstance(d.get("dividend"), (int, float))
    ]
    return {"result_status": row.get("resultStatus") or "", "placed": tuple(placed), "dividends": tuple(paid)}


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def odds_chart(ledger: Sequence[LedgerRow]) -> Chart:
    """Draw every runner's fixed Win odds over time; a price that did not change is drawn once at each end."""
    points: dict[str, list[tuple[float, float]]] = {}
    lines = {runner.entrant_id: runner for row in ledger for runner in row.runners}
    for row in ledger:
        minutes = (row.start - row.slot).total_seconds() / 60
        for runner in row.runners:
            if runner.fixed_win and not runner.scratched and minutes <= 65:
                points.setdefault(runner.entrant_id, []).append((minutes, float(runner.fixed_win)))
    series = [
        Series(key, f"{r.number} {r.name}", (r.number - 1) % 24, tuple(points.get(key, ())), r.scratched)
        for key, r in sorted(lines.items(), key=lambda item: item[1].number)
    ]
    return chart("Fixed Win odds", "fixed Win odds by minutes to the start, on a log scale", series, log=True)


def growth_chart(ledger: Sequence[LedgerRow]) -> Chart:
    """Draw how the pools grew."""
    series = []
    for style, product in enumerate(("win", "place", "quinella", "trifecta", "exacta", "first4")):
        points = [
            ((row.start - row.slot).total_seconds() / 60, cents / 100)
            for row in ledger
            if row.pools is not None
            and (cents := row.pools.cents(product)) is not None
            and (row.start - row.slot) <= timedelta(minutes=65)
        ]
        series.append(Series(product, product.capitalize(), style, tuple(points)))
    return chart("Pool growth", "pool totals in dollars by minutes to the start", series, money=True)


def shown_slots(
    ledger: Sequence[LedgerRow], judged: ListedRace, now: datetime, intervals: Intervals
) -> tuple[SlotShown, ...]:
    """Return committed slots, gaps with their causes, and what is planned for the next ten minutes."""
    found: list[SlotShown] = []

    def minutes(instant: datetime) -> float:
        return round((judged.start - instant).total_seconds() / 60, 2)

    for row in ledger:
        found += [SlotShown(g.slot, minutes(g.slot), "slot", "gap", note=g.cause.replace("_", " ")) for g in row.gaps]
        state = "late" if row.kind in ("slot", "recheck") and row.late_ms > LATE_MS else "on time"
        note = f"late by {row.late_ms / 1000:.1f} s" if state == "late" else ""
        found.append(
            SlotShown(
                row.slot,
                minutes(row.slot),
                row.kind,
                state,
                row.status.value,
                row.late_ms,
                row.feed_ms,
                row.store_ms,
                row.score,
                note,
            )
        )
    if not judged.over:
        last = ledger[-1].slot if ledger else now - timedelta(minutes=5)
        status = Status(judged.status) if judged.status in Status._value2member_map_ else None
        for slot in slots_between(
            judged.start, status, intervals, max(last, now - timedelta(hours=1)), now + timedelta(minutes=10)
        ):
            gone = slot.expires_at + timedelta(seconds=5) < now
            found.append(
                SlotShown(
                    slot.at,
                    minutes(slot.at),
                    slot.kind,
                    "gap" if gone else "planned",
                    note="not committed" if gone else "",
                )
            )
    return tuple(sorted(found, key=lambda s: s.at))
