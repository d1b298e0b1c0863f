"""What a tape's answers make at the slots of a ledger, in bounded memory: for an export, which asks race by race."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from appwrite.query import Query

from local.tape.pairing import answers_for
from local.tape.reader import Tape
from local.tape.replay import Rows, TapeReplay, tables_of
from local.tape.script import OBSERVED
from local.tape.spill import WHOLE, SpilledStore
from local.tape.steps import ReplayStep
from local.tape.stored import settings_of_replay
from raceday.store.port import Store
from raceday.tables import (
    ALERT_CONFIGS,
    ALERT_FILTERS,
    ENTRANTS,
    MEETINGS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_RESULT_VERSIONS,
    RACES,
)

# What of a ledger row tells which slot was polled when, and where its answer lies.
_SLIM = ("$id", "raceId", "meetingId", "n", "slot", "kind", "fetchedAt", "generatedAt", "startTime", "status",
         *OBSERVED)  # fmt: skip
_MOST_VALUES = 100
# How long before a day's first poll its card was imported at the earliest.
CARD_BEFORE = timedelta(hours=36)
# A race that is not polled for so long is put away until it is.
REST = timedelta(minutes=10)


async def read_ledger(store: Store, tape: Tape, day: date | None = None) -> Rows:
    """Return what a replay needs of a ledger: of each poll with one answer a few columns, of others whole rows.

    With a race day these are the rows of its races alone.
    """
    ids = tape.race_ids
    if day is not None:
        of_day = await store.find(RACES, [Query.equal("raceDateNz", [day.isoformat()])], select=("$id",))
        ids = sorted({row["$id"] for row in of_day}.intersection(ids))
    found: dict[str, list[dict[str, object]]] = {
        table: await store.find(table) for table in (ALERT_CONFIGS, ALERT_FILTERS, MEETINGS)
    }
    for table in (RACES, ENTRANTS, ODDS_HISTORY, RACE_POLLS, RACE_RESULT_VERSIONS):
        first = [Query.equal("n", [0])] if table == ODDS_HISTORY else []
        select = _SLIM if table == RACE_POLLS else ()
        found[table] = []
        for at in range(0, len(ids), _MOST_VALUES):
            asked = [Query.equal("raceId", ids[at : at + _MOST_VALUES]), *first]
            found[table] += await store.find(table, asked, select=select)
    polls = found[RACE_POLLS]
    for i, row in enumerate(polls):
        if row["kind"] == "closing" or len(answers_for(tape, row)) != 1:
            polls[i] = await store.get(RACE_POLLS, str(row["$id"])) or row
    return tables_of(found)


def _rests(steps: Sequence[ReplayStep]) -> set[str]:
    """Return the rows of polls and looks after which a race is let be or is over: its rows are put away there."""
    rests: set[str] = set()
    later: dict[str, datetime] = {}
    for step in reversed(steps):
        if row := step.row or step.version:
            following = later.get(step.race_id)
            if following is None or following - step.at > REST:
                rests.add(row["$id"])
            later[step.race_id] = step.at
    return rests


def replayed(tape: Tape, ledger: Rows) -> tuple[SpilledStore, list[str]]:
    """Replay a tape at the slots of a ledger; gives the store, and the polls that no answer was found of."""
    replay = TapeReplay(tape, ledger, settings_of_replay())
    made = SpilledStore(replay.store, WHOLE)
    steps = replay.steps()
    rests = _rests(steps)
    replay.store.bring = made.give
    polls = [step.at for step in steps if step.row is not None]

    async def run() -> None:
        for step in await replay.prepare():
            if step.what == "import" and not (polls and min(polls) - CARD_BEFORE <= step.at <= max(polls)):
                # Another day's import, on a tape of many.
                continue
            if step.version is not None:
                # Its function asks for the results alone at first.
                made.give(step.race_id)
            await replay.do(step)
            row = step.row or step.version
            if row and row["$id"] in rests:
                made.take(step.race_id)
                replay.forget()

    asyncio.run(run())
    replay.store.bring = None
    return made, replay.unknown
