"""What a tape's answers make at the slots of a ledger, in bounded memory: for an export, which asks race by race."""

import asyncio

from appwrite.query import Query

from local.tape.reader import Tape
from local.tape.replay import Rows, TapeReplay, answers_near, tables_of
from local.tape.script import OBSERVED
from local.tape.spill import SpilledStore
from local.tape.stored import settings_of_replay
from raceday.store.port import Store
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS, ENTRANTS, MEETINGS, ODDS_HISTORY, RACE_POLLS, RACES

# What of a ledger row tells which slot was polled when, and where its answer lies.
_SLIM = ("$id", "raceId", "meetingId", "n", "slot", "kind", "fetchedAt", "startTime", "status", *OBSERVED)
_MOST_VALUES = 100


async def read_ledger(store: Store, tape: Tape) -> Rows:
    """Return what a replay needs of a ledger: of each poll with one answer a few columns, of others whole rows."""
    ids = tape.race_ids
    found: dict[str, list[dict[str, object]]] = {
        table: await store.find(table) for table in (ALERT_CONFIGS, ALERT_FILTERS, MEETINGS)
    }
    for table in (RACES, ENTRANTS, ODDS_HISTORY, RACE_POLLS):
        first = [Query.equal("n", [0])] if table == ODDS_HISTORY else []
        select = _SLIM if table == RACE_POLLS else ()
        found[table] = []
        for at in range(0, len(ids), _MOST_VALUES):
            asked = [Query.equal("raceId", ids[at : at + _MOST_VALUES]), *first]
            found[table] += await store.find(table, asked, select=select)
    polls = found[RACE_POLLS]
    for i, row in enumerate(polls):
        if row["kind"] == "closing" or len(answers_near(tape, row)) != 1:
            polls[i] = await store.get(RACE_POLLS, str(row["$id"])) or row
    return tables_of(found)


def replayed(tape: Tape, ledger: Rows) -> tuple[SpilledStore, list[str]]:
    """Replay a tape at the slots of a ledger; gives the store, and the polls that no answer was found of."""
    replay = TapeReplay(tape, ledger, settings_of_replay())
    made = SpilledStore(replay.store)
    last = {step.row["raceId"]: step.row["$id"] for step in replay.steps() if step.row is not None}

    async def run() -> None:
        for step in await replay.prepare():
            await replay.do(step)
            if step.row is not None and last[step.row["raceId"]] == step.row["$id"]:
                made.take(step.row["raceId"])
                replay.forget()

    asyncio.run(run())
    return made, replay.unknown
