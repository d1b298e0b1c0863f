"""One race as the page shows it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from local.console.charts import Chart, Mark, Series, chart
from local.console.grid import Moment, MoneyGrid, make_grid, moves_of
from local.console.missing import COMMITTED_WITHIN, MissedSlot
from local.console.race_rows import RaceRows, asked_instant, rows_at, rows_now
from local.console.source import Source
from local.console.today import ListedRace, listed
from local.console.words import at, dollars, odds
from local.tape.capped import cap_of
from raceday.catalogue.products import POOL_COLUMNS, PRODUCTS, canonical, is_single_race
from raceday.errors import BadRequest
from raceday.ledger.codec import from_row
from raceday.racing.buckets import label_of, secs_to_start
from raceday.racing.records import Check, LedgerRow
from raceday.racing.schedule import LONGEST_LIFE_SECS, Intervals, slots_between
from raceday.racing.snapshot import Status
from raceday.store.port import Row

LATE_MS = 5000
# No slot before this may still be polled.
LONGEST_LIFE = timedelta(seconds=LONGEST_LIFE_SECS) + COMMITTED_WITHIN
_TITLES = {"first4": "First 4", "pick6": "Pick 6", "place6": "Place 6"}


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
class PaidPool:
    """One pool's dividends: each with its runners, by number and name, and what it pays."""

    name: str
    status: str
    paid: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RacePage:
    """Everything the race's page shows; `steps` are the instants at which what it shows became another."""

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
    dividends: tuple[PaidPool, ...] = ()
    alerts: tuple[Row, ...] = ()
    score: int | None = None
    cap: str = ""
    checks: tuple[Check, ...] = ()
    slots: tuple[SlotShown, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    silks: dict[str, str] = field(default_factory=dict)
    now: datetime | None = None
    asof: datetime | None = None
    ends: tuple[datetime, datetime] | None = None
    steps: tuple[datetime, ...] = ()


async def read_race(source: Source, race_id: str, view: str = "win", asked: str = "") -> RacePage | None:
    """Read one race, as it stood at the `asked` instant where one is given; None where the store has no such race.

    Raises BadRequest for what is no instant.
    """
    rows = await rows_now(source, race_id)
    if rows is None:
        return None
    ends, steps = rows.ends, tuple(instant for row in rows.polls if (instant := at(row["fetchedAt"])))
    if asked:
        instant = asked_instant(asked, rows.race)
        if instant is None:
            raise BadRequest("at", "HH:MM:SS of the race day in New Zealand, or an instant with its offset", asked)
        rows = await rows_at(source, rows, instant)
    return replace(await _page(source, rows, view), ends=ends, steps=steps)


async def _page(source: Source, rows: RaceRows, view: str) -> RacePage:
    row, entrants, polls = rows.race, rows.entrants, rows.polls
    now, intervals = rows.asof or source.now(), Intervals.of(source.settings)
    ledger = [from_row(poll) for poll in polls]
    newest = polls[-1] if polls else None
    told = await source.told()
    judged = listed(row, rows.meeting, newest, now, intervals, told=told)
    ended = _results(rows.results, entrants)
    positions = {p.number: p.position for p in ended.get("placed", ()) if p.position}
    lost = [MissedSlot(g.slot, row["$id"], g.cause) for poll in ledger for g in poll.gaps]
    lost = [gap._replace(cause=told.cause(gap.race, gap.slot, gap.cause)) for gap in lost]
    slots = shown_slots(ledger, lost, judged, now, intervals)
    silks = {silk: f"/silk/{silk}.svg" for silk in await source.drawn([e.get("silkId") or "" for e in entrants])}
    return RacePage(
        id=row["$id"],
        number=row["raceNumber"],
        name=row["name"],
        meeting=judged.meeting,
        judged=judged,
        facts=_facts(row),
        grid=make_grid(
            view,
            entrants,
            rows.flow,
            rows.pools,
            rows.bands,
            _moment(judged, ledger, lost, now, at(row.get("$createdAt"))),
            moves_of(ledger),
            positions,
        ),
        odds=odds_chart(ledger, judged.start, rows.alerts),
        growth=growth_chart(ledger, judged.start),
        footer=_footer(rows.pools),
        pools_at=at(rows.pools["$updatedAt"]) if rows.pools else None,
        **ended,
        alerts=tuple(rows.alerts),
        score=ledger[-1].score if ledger else None,
        cap=cap_of(ledger[-1]) if ledger else "",
        checks=ledger[-1].checks if ledger else (),
        slots=slots,
        counts={state: sum(s.state == state for s in slots) for state in ("on time", "late", "gap", "planned")},
        silks=silks,
        now=now,
        asof=rows.asof,
    )


def _facts(row: Row) -> tuple[str, ...]:
    distance = f"{row['distance']} m" if row.get("distance") else ""
    words = (distance, row.get("trackCondition"), row.get("weather"), row.get("railPosition"), row.get("country"))
    return tuple(str(word) for word in words if word)


def _footer(pools: Row | None) -> tuple[tuple[str, str], ...]:
    if pools is None:
        return ()
    return (
        *((_title(name), dollars(pools.get(column))) for name, column in POOL_COLUMNS.items()),
        ("Total", dollars(pools.get("totalRacePool"))),
    )


def _moment(
    judged: ListedRace,
    ledger: Sequence[LedgerRow],
    lost: Sequence[MissedSlot],
    now: datetime,
    imported: datetime | None,
) -> Moment:
    """Return where the grid's present column is, and which labels lost slots for which causes."""
    known = min((instant for instant in (imported, *(row.slot for row in ledger[:1])) if instant), default=None)
    since = secs_to_start(judged.start, known) if known else None
    secs = secs_to_start(judged.start, now)
    causes: dict[int, dict[str, None]] = {}
    for gap in lost:
        label = label_of(secs_to_start(judged.start, gap.slot))
        if label is not None:
            causes.setdefault(label, {})[gap.why] = None
    gaps = {label: ", ".join(words) for label, words in causes.items()}
    return Moment(None, None, gaps, since) if judged.over else Moment(label_of(secs), secs, gaps, since)


def _results(row: Row | None, entrants: Sequence[Row]) -> dict[str, Any]:
    """Read results, dividends and fixed odds; texts that are not JSON count as missing."""
    if row is None or not row.get("resultsAvailable"):
        return {}
    runners, dividends, fixed = (_json(row.get(k)) for k in ("resultsData", "dividendsData", "fixedOddsData"))
    prices = fixed if isinstance(fixed, dict) else {}
    names = {entrant["runnerNumber"]: str(entrant["name"]) for entrant in entrants}
    placed = []
    for runner in runners if isinstance(runners, list) else []:
        number = runner.get("runner_number")
        price = prices.get(str(number)) or {}
        win, place = odds(price.get("fixed_win")), odds(price.get("fixed_place"))
        placed.append(Placed(runner.get("position"), number, runner.get("name") or "", win, place))
        names.setdefault(number, runner.get("name") or "")
    places = {p.number: p.position for p in placed if isinstance(p.position, int)}
    told = [d for d in (dividends if isinstance(dividends, list) else []) if isinstance(d, dict)]
    pools = paid_pools(told, names, places)
    return {"result_status": row.get("resultStatus") or "", "placed": tuple(placed), "dividends": pools}


def paid_pools(
    dividends: Sequence[Mapping[str, Any]], names: Mapping[Any, str], places: Mapping[Any, int] | None = None
) -> tuple[PaidPool, ...]:
    """Group dividends by pool in the order of the products; `places` order what one runner pays in each of several.

    Runners are named in the order that was bet on, but for pools over several races: their other legs' runners have
    the same numbers as some of this race, and the feed does not tell which leg this race is.
    """
    by_pool: dict[str, list[Mapping[str, Any]]] = {}
    for dividend in dividends:
        if isinstance(dividend.get("dividend"), (int, float)):
            spelling = str(dividend.get("product_name") or "")
            by_pool.setdefault(canonical(spelling) or spelling, []).append(dividend)
    order = {product.name: i for i, product in enumerate(PRODUCTS)}
    found = []
    for pool in sorted(by_pool, key=lambda name: (order.get(name, len(order)), name)):
        rows = sorted(by_pool[pool], key=lambda d: _placing(d, places or {}))
        told = [_runners(d, names) if is_single_race(pool) else _legs(d) for d in rows]
        paid = tuple((text, f"${float(d['dividend']):,.2f}") for text, d in zip(told, rows, strict=True))
        statuses = sorted({str(d.get("status") or "") for d in rows} - {""})
        found.append(PaidPool(_title(pool), ", ".join(statuses), paid))
    return tuple(found)


def _placing(dividend: Mapping[str, Any], places: Mapping[Any, int]) -> int:
    """Return the place of a dividend's only runner, nought for one of several runners: those keep their order."""
    known = _positions(dividend)
    return places.get(known[0].get("runner_number"), len(places) + 1) if len(known) == 1 else 0


def _positions(dividend: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    positions = dividend.get("positions")
    return [p for p in positions if isinstance(p, dict)] if isinstance(positions, list) else []


def _runners(dividend: Mapping[str, Any], names: Mapping[Any, str]) -> str:
    numbers = [p.get("runner_number") for p in sorted(_positions(dividend), key=lambda p: p.get("position") or 0)]
    return ", ".join(f"{number} {names.get(number, '')}".strip() for number in numbers) or str(
        dividend.get("description") or "—"
    )


def _legs(dividend: Mapping[str, Any]) -> str:
    """Return the winners' numbers leg by leg, as the feed tells them."""
    numbers = " / ".join(str(p.get("runner_number")) for p in _positions(dividend))
    return str(dividend.get("description") or numbers or "—")


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def odds_chart(ledger: Sequence[LedgerRow], start: datetime, alerts: Sequence[Row] = ()) -> Chart:
    """Draw every runner's fixed Win odds over time, with what users were told of and the change from the open.

    Polls stand by their instants before the present `start`, whichever start they were made for.
    """
    points: dict[str, list[tuple[float, float]]] = {}
    opened: dict[str, float] = {}
    lines = {runner.entrant_id: runner for row in ledger for runner in row.runners}
    for row in sorted(ledger, key=lambda row: row.slot):
        minutes = (start - row.slot).total_seconds() / 60
        for runner in row.runners:
            if runner.fixed_win and not runner.scratched:
                opened.setdefault(runner.entrant_id, float(runner.fixed_win))
                if minutes <= 65:
                    points.setdefault(runner.entrant_id, []).append((minutes, float(runner.fixed_win)))
    series = [
        Series(
            key, f"{r.number} {r.name}", (r.number - 1) % 24, tuple(points.get(key, ())), r.scratched, opened.get(key)
        )
        for key, r in sorted(lines.items(), key=lambda item: item[1].number)
    ]
    told = {(str(row["entrantId"]), int(row["timeInterval"])): str(row["title"]) for row in alerts if _at_label(row)}
    marks = [Mark(key, float(label), text) for (key, label), text in sorted(told.items())]
    return chart("Fixed Win odds", "fixed Win odds by minutes to the start, on a log scale", series, marks, log=True)


def _title(product: str) -> str:
    return _TITLES.get(product, product.replace("_", " ").capitalize())


def _at_label(row: Row) -> bool:
    return bool(row.get("entrantId")) and row.get("timeInterval") is not None


def growth_chart(ledger: Sequence[LedgerRow], start: datetime) -> Chart:
    """Draw how the pools grew, by instants before the present start."""
    series = []
    for style, product in enumerate(POOL_COLUMNS):
        points = [
            ((start - row.slot).total_seconds() / 60, cents / 100)
            for row in sorted(ledger, key=lambda row: row.slot)
            if row.pools is not None
            and (cents := row.pools.cents(product)) is not None
            and (start - row.slot) <= timedelta(minutes=65)
        ]
        series.append(Series(product, _title(product), style, tuple(points)))
    return chart("Pool growth", "pool totals in dollars by minutes to the start", series, money=True)


def shown_slots(
    ledger: Sequence[LedgerRow],
    lost: Sequence[MissedSlot],
    judged: ListedRace,
    now: datetime,
    intervals: Intervals,
) -> tuple[SlotShown, ...]:
    """Return committed slots, gaps with their causes, and what is planned for the next ten minutes."""

    def minutes(instant: datetime) -> float:
        return round((judged.start - instant).total_seconds() / 60, 2)

    found = [SlotShown(gap.slot, minutes(gap.slot), "slot", "gap", note=gap.why) for gap in lost]
    for row in ledger:
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
        found += [SlotShown(m.slot, minutes(m.slot), "slot", "gap", note=m.why) for m in judged.missing]
        passed = max([now - LONGEST_LIFE, *(row.slot for row in ledger[-1:]), *(m.slot for m in judged.missing)])
        status = Status(judged.status) if judged.status in Status._value2member_map_ else None
        for slot in slots_between(judged.start, status, intervals, passed, now + timedelta(minutes=10)):
            found.append(SlotShown(slot.at, minutes(slot.at), slot.kind, "planned"))
    return tuple(sorted(found, key=lambda s: s.at))
