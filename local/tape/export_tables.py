"""The exported tables: every column with its type and a sentence, and how a race's stored rows become rows of them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from raceday.clock import instant
from raceday.ledger.codec import from_row
from raceday.racing.records import LedgerRow
from raceday.store.port import Row
from raceday.tables import CLOSING_PRICES, MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY, RACE_RESULTS
from raceday.tables.base import Table
from raceday.tables.closing_prices import TABLE as CLOSING

# One race's stored rows by table, its ledger in order, and the race's own row.
Stored = Mapping[str, Sequence[Row]]


class RaceData(NamedTuple):
    """One race as it is exported: its row, its ledger in order, and its rows of the other tables."""

    race: Row
    polls: Sequence[LedgerRow]
    stored: Stored


class Field(NamedTuple):
    """One column: its name, its type (text, int, float, bool or instant) and what it is."""

    name: str
    kind: str
    doc: str


class ExportTable(NamedTuple):
    """One exported table; `rows` makes its rows of a race."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    rows: Callable[[RaceData], Iterator[dict[str, Any]]]


def _f(text: str) -> tuple[Field, ...]:
    """Read columns from lines `name kind meaning`."""
    return tuple(Field(*line.split(None, 2)) for line in text.splitlines() if line)


_POLL = """
race_id text Id of the race
n int Number of the poll in its race's ledger, from 1
slot instant Instant that the poll was planned for
fetched_at instant When the answer came
"""
_RUNNER = """
entrant_id text Id of the runner
number int Its number
"""


def _poll(poll: LedgerRow) -> dict[str, Any]:
    return {"race_id": poll.race_id, "n": poll.n, "slot": poll.slot, "fetched_at": poll.fetched_at}


def _polls(data: RaceData) -> Iterator[dict[str, Any]]:
    for poll in data.polls:
        cents = poll.pools.single if poll.pools else {}
        yield {
            **_poll(poll),
            "meeting_id": poll.meeting_id,
            "meeting": poll.race.meeting_name,
            "country": poll.race.country,
            "code": poll.race.code,
            "race_number": poll.race.number,
            "kind": poll.kind,
            "status": poll.status.value,
            "start": poll.start,
            "generated_at": poll.generated_at,
            "secs_to_start": round((poll.start - poll.slot).total_seconds()),
            "score": poll.score,
            "win_cents": cents.get("win"),
            "place_cents": cents.get("place"),
            "all_single_cents": sum(cents.values()) if poll.pools else None,
            "feed_ms": poll.feed_ms,
            "store_ms": poll.store_ms,
            "late_ms": poll.late_ms,
        }


def _runners(data: RaceData) -> Iterator[dict[str, Any]]:
    for poll in data.polls:
        for line in poll.runners:
            yield {
                **_poll(poll),
                "entrant_id": line.entrant_id,
                "number": line.number,
                "name": line.name,
                "scratched": line.scratched,
                **{kind: _float(line.odds(kind)) for kind in ("fixed_win", "fixed_place", "pool_win", "pool_place")},
                "hold_percent": _float(line.hold),
                "bet_percent": _float(line.bet),
                "win_cents": line.win_cents,
                "place_cents": line.place_cents,
                "win_source": line.win_source,
                "place_source": line.place_source,
            }


def _labels(data: RaceData) -> Iterator[dict[str, Any]]:
    rows = [r for r in data.stored[MONEY_FLOW] if r["intervalType"] != "live"]
    for row in sorted(rows, key=lambda r: (-r["timeInterval"], r["entrantId"])):
        yield {
            "race_id": row["raceId"],
            "entrant_id": row["entrantId"],
            "label": row["timeInterval"],
            "n": row["n"],
            "at": instant(row["eventTimestamp"]),
            "win_cents": row["winPoolAmount"],
            "place_cents": row["placePoolAmount"],
            "win_growth_cents": row["incrementalWinAmount"],
            "place_growth_cents": row["incrementalPlaceAmount"],
            "win_percent": row["winPoolPercentage"],
            "place_percent": row["placePoolPercentage"],
            "fixed_win": row["fixedWinOdds"],
            "pool_win": row["poolWinOdds"],
            "is_baseline": row["isBaseline"],
        }


def _odds(data: RaceData) -> Iterator[dict[str, Any]]:
    rows = data.stored[ODDS_HISTORY]
    for row in sorted(rows, key=lambda r: (r["n"], r["entrantId"], r["type"])):
        yield {
            "race_id": row["raceId"],
            "entrant_id": row["entrantId"],
            "n": row["n"],
            "kind": row["type"],
            "at": instant(row["eventTimestamp"]),
            "odds": float(row["odds"]),
        }


def _results(data: RaceData) -> Iterator[dict[str, Any]]:
    for row in data.stored[RACE_RESULTS]:
        for placing in json.loads(row["resultsData"] or "[]"):
            yield {
                "race_id": row["raceId"],
                "status": row["resultStatus"],
                "position": placing.get("position"),
                "number": placing.get("runner_number"),
                "entrant_id": placing.get("entrant_id"),
                "name": placing.get("name"),
            }


def _dividends(data: RaceData) -> Iterator[dict[str, Any]]:
    for row in data.stored[RACE_RESULTS]:
        for at, dividend in enumerate(json.loads(row["dividendsData"] or "[]")):
            numbers = [str(p.get("runner_number")) for p in dividend.get("positions") or ()]
            yield {
                "race_id": row["raceId"],
                "line": at,
                "product": dividend.get("product_name"),
                "status": dividend.get("status"),
                "dividend_cents": _cents(dividend.get("dividend")),
                "pool_cents": _cents(dividend.get("pool_size")),
                "numbers": ":".join(numbers),
            }


def _closing(data: RaceData) -> Iterator[dict[str, Any]]:
    for row in sorted(data.stored[CLOSING_PRICES], key=lambda r: (r["runnerNumber"], r["entrantId"])):
        yield {_snake(c.key): _typed(c.kind, row.get(c.key)) for c in CLOSING.columns}


def _gaps(data: RaceData) -> Iterator[dict[str, Any]]:
    for poll in data.polls:
        for gap in poll.gaps:
            yield {"race_id": poll.race_id, "slot": gap.slot, "cause": gap.cause, "told_by_n": poll.n}


def _checks(data: RaceData) -> Iterator[dict[str, Any]]:
    for poll in data.polls:
        for check in poll.checks:
            yield {
                **_poll(poll),
                "name": check.name,
                "applies": check.applies,
                "ok": check.ok,
                "weight": check.weight,
                "score": check.score,
                "value": None if check.value is None else str(check.value),
                "expected": check.expected,
            }


def _notifications(data: RaceData) -> Iterator[dict[str, Any]]:
    for row in sorted(data.stored[NOTIFICATIONS], key=lambda r: str(r["$id"])):
        yield {
            "race_id": row["raceId"],
            "entrant_id": row.get("entrantId"),
            "user_id": row["userId"],
            "kind": row["type"],
            "label": row.get("timeInterval"),
            "at": instant(row["eventTimestamp"]),
            "value": row.get("value"),
            "title": row["title"],
        }


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _cents(value: Any) -> int | None:
    return None if value is None else round(float(value) * 100)


_KINDS = {"datetime": "instant", "integer": "int", "float": "float", "boolean": "bool"}


def _snake(key: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in key)


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    return instant(value) if kind == "datetime" else float(value) if kind == "float" else value


def _of_table(table: Table) -> tuple[Field, ...]:
    return tuple(Field(_snake(c.key), _KINDS.get(c.kind, "text"), c.about) for c in table.columns)


TABLES: tuple[ExportTable, ...] = (
    ExportTable("polls", "Every committed poll.", _f(_POLL + """
meeting_id text Id of the meeting
meeting text Name of the meeting
country text AUS or NZ
code text T gallops, H harness, G greyhounds
race_number int Number of the race in its meeting
kind text slot, request, recheck, closing or backfill
status text Open, Closed, Interim, Final or Abandoned
start instant Advertised start as of this poll
generated_at instant When the feed made the answer
secs_to_start int Seconds from the slot to the advertised start, negative after it
score int Quality of the answer, 0 to 100; null where nothing could be judged
win_cents int Win pool
place_cents int Place pool
all_single_cents int All pools of the race alone, legs of several races left out
feed_ms int Time that the feed took
store_ms int Time that reading the ledger took
late_ms int How long after its slot the feed was asked
"""), _polls),
    ExportTable("runners", "Every runner at every poll.", _f(_POLL + _RUNNER + """
name text Its name
scratched bool Whether it is out
fixed_win float Fixed Win odds
fixed_place float Fixed Place odds
pool_win float Tote Win odds
pool_place float Tote Place odds
hold_percent float Share of all money by the feed's tracker, scaled to 100
bet_percent float Share of all bets by the feed's tracker, scaled to 100
win_cents int Win money on the runner
place_cents int Place money on the runner
win_source text What the Win share was taken from
place_source text What the Place share was taken from
"""), _runners),
    ExportTable("labels", "The timeline: every runner at every label.", _f("""
race_id text Id of the race
entrant_id text Id of the runner
label int Minutes before the advertised start, negative after it
n int Poll that the label shows
at instant That poll's slot
win_cents int Win money on the runner
place_cents int Place money on the runner
win_growth_cents int Win money since the label before
place_growth_cents int Place money since the label before
win_percent float Share of the Win pool
place_percent float Share of the Place pool
fixed_win float Fixed Win odds
pool_win float Tote Win odds
is_baseline bool Whether it is the race's first label
"""), _labels),
    ExportTable("odds", "Every change of odds.", _f("""
race_id text Id of the race
entrant_id text Id of the runner
n int Poll that saw it; 0 is the import's first sighting
kind text fixed_win, fixed_place, pool_win or pool_place
at instant When the feed made the answer that showed it
odds float The new odds
"""), _odds),
    ExportTable("results", "Placings.", _f("""
race_id text Id of the race
status text interim or final
position int Place; 0 is one that did not finish or was disqualified; dead heats repeat it
number int Number of the runner
entrant_id text Id of the runner
name text Its name
"""), _results),
    ExportTable("dividends", "Dividends declared.", _f("""
race_id text Id of the race
line int Place in the feed's list, from 0
product text Name of the product as the feed writes it
status text Interim or Final
dividend_cents int Paid for each dollar
pool_cents int Pool that it was paid from
numbers text Runners' numbers in order, with colons between
"""), _dividends),
    ExportTable("closing_prices", "Each runner's prices when its race closed.", _of_table(CLOSING), _closing),
    ExportTable("gaps", "Slots that nobody committed.", _f("""
race_id text Id of the race
slot instant The slot
cause text Why, in the words of docs/operations.md
told_by_n int Poll that tells of it
"""), _gaps),
    ExportTable("checks", "Every check of every poll.", _f(_POLL + """
name text Name of the check
applies bool Whether there was something to judge
ok bool Whether it holds
weight float Its share of 100 where all checks apply
score float From 0 to 1
value text What was found
expected text What would have held
"""), _checks),
    ExportTable("notifications", "What users were told.", _f("""
race_id text Id of the race
entrant_id text Id of the runner; null for what concerns the race
user_id text Whom it was for
kind text money_win, money_place, odds or reminder
label int Label at which it was seen
at instant That label's slot
value float Size of the movement, in points or percent
title text One line
"""), _notifications),
)  # fmt: skip


def race_data(race: Row, polls: Sequence[Row], stored: Stored) -> RaceData:
    """Return one race ready to be exported; `polls` are its ledger's stored rows."""
    return RaceData(race, [from_row(row) for row in sorted(polls, key=lambda r: int(r["n"]))], stored)
