"""What `explain` and `asof` tell of one race as JSON can carry it, for the console and for scripts.

`race_rows` reads what both need of a store; `explained` and `stood` are made of that alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from appwrite.query import Query

from local.tape.asof import RaceHistory
from local.tape.explain import Step, check_lines, runner_steps
from local.tape.figure import Figure
from local.tape.reader import Tape
from local.tape.replay import Rows
from local.tape.story import RaceStory
from raceday.clock import iso
from raceday.store.port import Store
from raceday.tables import (
    ALERT_CONFIGS,
    ALERT_FILTERS,
    CLOSING_PRICES,
    ENTRANTS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
)

_OF_A_RACE = (RACE_POLLS, MONEY_FLOW, ODDS_HISTORY, NOTIFICATIONS, CLOSING_PRICES, RACE_RESULTS, RACE_RESULT_VERSIONS)
_OF_USERS = (ALERT_CONFIGS, ALERT_FILTERS)
_PLAIN = (str, int, float, bool, type(None))


async def race_rows(store: Store, race_id: str) -> Rows:
    """Return one race's rows of the tables that explain it; empty tables where the store does not know it."""
    race = await store.get(RACES, race_id)
    found = {RACES: {race_id: race} if race else {}}
    for table in _OF_A_RACE:
        rows = await store.find(table, [Query.equal("raceId", [race_id])])
        found[table] = {row["$id"]: row for row in rows}
    for table in _OF_USERS:
        found[table] = {row["$id"]: row for row in await store.find(table)}
    return found


def explained(rows: Rows, race_id: str, number: int, label: int, tape: Tape | None = None) -> dict[str, Any]:
    """Return how a runner's figures at a label came about, by parts; raises LookupError where there is none such.

    A step is {"text"}, or {"name", "made", "stored", "differs", "how"} of a figure that was made again.
    """
    steps = runner_steps(RaceStory(rows, tape, race_id), number, label)
    parts: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        parts.setdefault(step.part, []).append(_step(step))
    differ = sum(each.get("differs", False) for shown in parts.values() for each in shown)
    return {"raceId": race_id, "number": number, "label": label, "source": "tape" if tape else "ledger",
            "parts": parts, "differ": differ}  # fmt: skip


def labels(rows: Rows, race_id: str, tape: Tape | None = None) -> dict[str, Any]:
    """Return which labels and runners of a race can be explained, and its newest poll's checks as lines."""
    story = RaceStory(rows, tape, race_id)
    newest = story.told[-1] if story.told else None
    return {
        "raceId": race_id,
        "labels": [entry.label for entry in story.labels],
        "runners": [line.number for line in newest.stored.runners] if newest else [],
        "checks": check_lines(newest) if newest else [],
    }


def stood(rows: Rows, race_id: str, at: datetime) -> dict[str, Any]:
    """Return a race as it stood at an instant, by tables; `n` is 0 and the tables are empty before its first poll.

    `from` and `until` are the instants of its first and newest polls: where a slider begins and ends.
    """
    history = RaceHistory(rows)
    view, ledger = history.at(race_id, at), history.ledger(race_id)
    ends = (iso(ledger[0].fetched_at), iso(ledger[-1].fetched_at)) if ledger else (None, None)
    return {
        "raceId": race_id,
        "at": iso(at),
        "n": view.n,
        "from": ends[0],
        "until": ends[1],
        "race": dict(view.race),
        "entrants": _rows(view.rows[ENTRANTS]),
        "pools": dict(view.rows[RACE_POOLS].get(race_id, {})),
        "moneyFlow": _rows(view.rows[MONEY_FLOW]),
        "odds": _rows(view.rows[ODDS_HISTORY]),
        "notifications": _rows(view.rows[NOTIFICATIONS]),
    }


def _rows(rows: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "$id": row_id} for row_id, row in sorted(rows.items())]


def _step(step: Step) -> dict[str, Any]:
    if not isinstance(step.told, Figure):
        return {"text": step.told, "differs": "  != " in step.told}
    told = step.told
    return {"name": told.name, "made": _plain(told.made), "stored": _plain(told.stored),
            "differs": told.differs, "how": told.how}  # fmt: skip


def _plain(value: Any) -> Any:
    return value if isinstance(value, _PLAIN) else float(value) if hasattr(value, "as_tuple") else str(value)
