"""Every declared column is written by somebody, and nothing is written that no table declares."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from local.feedsim.options import DayOptions
from local.simulate import port_store
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.testing.containers import make_container
from local.testing.memory_store import BULK, MemoryStore
from raceday.call import Call
from raceday.errors import PayloadError
from raceday.importing.quarantine import keep
from raceday.silks import enrich
from raceday.store.port import Op
from raceday.tables import ENTRANTS, TABLES
from raceday.tables.base import Table
from tests.poll_kit import StillClock
from tests.suite_kit import SETTINGS

DAY = date(2026, 2, 14)
EVENING = datetime(2026, 2, 14, 12, tzinfo=UTC)


class WritingStore(MemoryStore):
    """A store that writes down which columns each write named, by table."""

    written: dict[str, set[str]]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.written = defaultdict(set)

    def _apply(self, ops: Sequence[Op], *, fires: bool) -> int:
        for op in ops:
            rows: Sequence[Mapping[str, Any]] = op.rows if op.action in BULK else [op.data or {}]
            self.written[op.table].update(*rows)
        return super()._apply(ops, fires=fires)


@pytest.fixture(scope="module")
def written() -> dict[str, set[str]]:
    """Return the columns that a day with an abandoned race, silks and an answer that nobody can read wrote."""
    stores: list[WritingStore] = []

    class Kept(WritingStore):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            stores.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(port_store, "MemoryStore", Kept)
        simulate_day(DayPlan(seed=6, races=3, day=DAY, depth="port", options=DayOptions(abandoned_races=1)))
    (store,) = stores
    asyncio.run(_beside_the_day(store, StillClock(EVENING)))
    return store.written


async def _beside_the_day(store: WritingStore, clock: StillClock) -> None:
    """Do what no scheduled day does: draw the silks, and meet an answer that nobody can read."""
    container = make_container(SETTINGS, clock, store=store)
    race = next(iter(store.tables[ENTRANTS].values()))["raceId"]
    deadline = clock.now().timestamp() + 300
    call = Call("jockey-silks-enricher", {"raceId": race}, "silks", deadline, clock, container.log)
    await enrich.handle(container, call)
    await keep(container, PayloadError(race, "race", "?", "a race"), race)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_every_column_is_written_and_each_that_is_written_is_declared(
    table: Table, written: dict[str, set[str]]
) -> None:
    """A day's writes name each column that the table calls the suite's own, and no other."""
    named = {column for column in written[table.id] if not column.startswith("$")}
    ours = {column.key for column in table.columns if column.ours}
    assert (ours - named, named - ours) == (set(), set())
