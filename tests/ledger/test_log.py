"""The ledger as it is written: a row has its number alone."""

import asyncio
from datetime import timedelta

import pytest

from raceday.errors import StoreConflict
from raceday.ledger import log as ledger
from raceday.store.port import Op
from raceday.tables import RACE_POLLS, RACES
from tests.ledgers import START, poll
from tests.poll_kit import make_kit


@pytest.mark.parametrize("beside", [True, False])
def test_a_number_is_taken_once(beside: bool) -> None:
    """A second row of one number conflicts, made later or with other writes beside it, and these are not made."""
    kit = make_kit(START)
    race = {"raceId": "race-1", "raceNumber": 1, "status": "Open", "startTime": START.isoformat(), "name": "first"}
    kit.store.put(RACES, "race-1", race)
    first = poll(1, 5, {"r1": 100})
    rival = first._replace(fetched_at=first.fetched_at + timedelta(milliseconds=1))
    ops = [Op("update", RACES, "race-1", {"name": "rival"})] if beside else []
    asyncio.run(ledger.append(kit.container.store, first))
    with pytest.raises(StoreConflict):
        asyncio.run(ledger.append(kit.container.store, rival, ops))
    assert len(kit.store.tables[RACE_POLLS]) == 1
    assert kit.store.tables[RACES]["race-1"]["name"] == "first"
