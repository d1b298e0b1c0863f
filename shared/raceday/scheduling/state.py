"""What the scheduler keeps between its ticks: slots handed out, runs started, and the switches an operator sets."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from appwrite.query import Query

from raceday.catalogue import functions
from raceday.clock import instant, iso, to_epoch_secs
from raceday.container import Container
from raceday.ids import row_key
from raceday.racing.planning import Key
from raceday.scheduling.following import follow
from raceday.scheduling.schedules import Run
from raceday.store.port import Row
from raceday.tables import SUITE_STATE

TICK, PAUSE, RUN, IMPORT, HEALTH = "tick", "pause", "run", "import", "health"
SCHEDULER = functions.SCHEDULER.name
# Who stands in for the scheduler keeps a row of its own, so that the scheduler's says when it ticked itself.
WATCHDOG = "watchdog"
PAUSED = "paused"
# The mark of the stretch in which slots lie that only the tick of their own minute can hand out.
BRIEF = "brief_slots"
_REMEMBERED = timedelta(minutes=3)
_AHEAD = timedelta(seconds=30)
_SILENCE = timedelta(seconds=90)


@dataclass(slots=True)
class State:
    """The scheduler's memory. `handed` holds (race, slot) of slots that pollers have been started for.

    `last` is when the tick before this one ran, `own_last` the scheduler's own one, `health` the suite's health row.
    """

    handed: frozenset[Key] = frozenset()
    pauses: frozenset[str] = frozenset()
    runs: dict[str, Run] = field(default_factory=dict)
    imports: dict[str, Row] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    last: datetime | None = None
    own_last: datetime | None = None
    health: Row | None = None

    def paused(self, function: str) -> bool:
        """Tell whether an operator has paused everything or this function."""
        return "all" in self.pauses or function in self.pauses


async def read_state(container: Container) -> State:
    """Read the scheduler's memory; what cannot be read counts as empty, for everything it saves is harmless twice."""
    rows = await follow(
        container,
        SUITE_STATE,
        [Query.equal("kind", [TICK, PAUSE, RUN, IMPORT, HEALTH])],
        ("$id", "kind", "name", "status", "at", "data"),
    )
    state = State()
    ahead = iso(container.clock.now() + _AHEAD)
    for row in sorted(rows, key=lambda row: (str(row.get("at") or ""), str(row["$id"]))):
        if row["kind"] == TICK and str(row.get("at") or "") > ahead:
            # A container whose clock is fast handed out slots to come too early: no poller waits for them so long.
            row = {**row, "data": json.dumps({"marks": _data(row).get("marks", {})})}
        _take(state, row)
    return state


def _take(state: State, row: Row) -> None:
    data = _data(row)
    if row["kind"] == TICK:
        _take_tick(state, row, data)
    elif row["kind"] == PAUSE and row.get("status") == PAUSED:
        state.pauses |= {row["name"]}
    elif row["kind"] == RUN and row.get("at"):
        state.runs[row["name"]] = Run(
            name=row["name"],
            due=instant(str(row["at"])),
            started_at=instant(str(data.get("started_at", row["at"]))),
            tries=int(data.get("tries", 1)),
            started=row.get("status") != "claimed",
            finished=row.get("status") == "finished",
        )
    elif row["kind"] == HEALTH:
        state.health = {**row, "data": data}
    elif row["kind"] == IMPORT:
        state.imports[row["name"]] = {**row, "data": data}


def _take_tick(state: State, row: Row, data: dict[str, Any]) -> None:
    """Add what one keeper's last tick left; of two the newer one's marks and instant count."""
    state.handed |= {(race, int(at)) for race, slots in data.get("handed", {}).items() for at in slots}
    state.last = instant(str(row["at"])) if row.get("at") else None
    state.marks |= {str(k): str(v) for k, v in data.get("marks", {}).items()}
    if row["name"] == SCHEDULER:
        state.own_last = state.last


def _data(row: Row) -> dict[str, Any]:
    try:
        data = json.loads(row.get("data") or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


class Ticked(NamedTuple):
    """When the scheduler itself last ticked, and from when until when its next minutes have slots that last seconds."""

    at: datetime
    brief: tuple[datetime, datetime] | None = None


async def own_tick(container: Container) -> Ticked | None:
    """Return the scheduler's own last tick, None where it never did."""
    row = await container.store.get(SUITE_STATE, row_key(TICK, SCHEDULER), select=("$id", "at", "data"))
    if row is None or not row.get("at"):
        return None
    since, _, until = str(_data(row).get("marks", {}).get(BRIEF, "")).partition("/")
    return Ticked(instant(str(row["at"])), (instant(since), instant(until)) if until else None)


async def write_state(
    container: Container, state: State, handed: Iterable[Key], at: datetime, keeper: str = SCHEDULER
) -> None:
    """Keep what was handed out in the keeper's row; slots that are long past are forgotten."""
    oldest = to_epoch_secs(at - _REMEMBERED)
    data = {"handed": _by_race({*state.handed, *handed}, oldest), "marks": dict(sorted(state.marks.items()))}
    await container.store.upsert(
        SUITE_STATE,
        row_key(TICK, keeper),
        {"kind": TICK, "name": keeper, "status": "done", "at": iso(at), "data": json.dumps(data)},
    )


def _by_race(keys: Collection[Key], oldest: int) -> dict[str, list[int]]:
    by_race: dict[str, list[int]] = {}
    for race_id, at in sorted(keys):
        if at >= oldest:
            by_race.setdefault(race_id, []).append(at)
    return by_race


def run_row(run: Run, status: str) -> Row:
    """Return the columns of a run's row; `status` is claimed, started or finished."""
    data = {"started_at": iso(run.started_at), "tries": run.tries}
    return {"kind": RUN, "name": run.name, "status": status, "at": iso(run.due), "data": json.dumps(data)}


def run_id(name: str, due: datetime) -> str:
    """Return the row id of a schedule's run for one minute: whoever creates it first has started it."""
    return row_key(RUN, name, to_epoch_secs(due))


def import_stalled(state: State, function: str, since: datetime, now: datetime) -> bool:
    """Tell whether an import noted that something is left to do, and has noted nothing for a while."""
    row = state.imports.get(function)
    at = row.get("at") if row is not None and row.get("status") == "open" else None
    return at is not None and since <= instant(at) <= now - _SILENCE


def import_done(state: State, function: str, since: datetime) -> bool:
    """Tell whether an import has finished after an instant, by the row that it keeps of itself."""
    row = state.imports.get(function)
    at = row.get("at") if row is not None and row.get("status") == "done" else None
    return at is not None and instant(at) >= since
