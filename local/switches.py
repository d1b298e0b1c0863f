"""The switches that the scheduler obeys: one for all functions, and one for each."""

from appwrite.query import Query

from local.choices import ALL
from raceday.catalogue.functions import NAMES, SCHEDULER
from raceday.clock import Clock, iso
from raceday.ids import row_key
from raceday.scheduling.state import PAUSE, PAUSED
from raceday.store.port import Store
from raceday.tables import SUITE_STATE

RUNNING = "running"
SWITCHED = (ALL, *(name for name in NAMES if name != SCHEDULER.name))


async def switch(store: Store, clock: Clock, name: str, *, paused: bool) -> None:
    """Set one switch; `name` is a function, or all. A switch for all leaves those of single functions alone."""
    status = PAUSED if paused else RUNNING
    row = {"kind": PAUSE, "name": name, "status": status, "at": iso(clock.now())}
    await store.upsert(SUITE_STATE, row_key(PAUSE, name), row)


async def switch_all(store: Store, clock: Clock, name: str, *, paused: bool) -> list[str]:
    """Set a switch, and give the names that were set; to resume all resumes what was paused by its name too."""
    names = sorted({ALL, *await paused_names(store)}) if name == ALL and not paused else [name]
    for each in names:
        await switch(store, clock, each, paused=paused)
    return names


async def paused_names(store: Store) -> list[str]:
    """Return the names of the switches that are set."""
    rows = await store.find(SUITE_STATE, [Query.equal("kind", [PAUSE])], select=("name", "status"))
    return sorted(str(row["name"]) for row in rows if row.get("status") == PAUSED)
