"""How long a call goes on trying."""

import asyncio
from datetime import UTC, datetime

import pytest

from raceday.errors import StoreUnavailable
from raceday.ids import SeededRandomSource
from raceday.patience import Patience, within
from raceday.racing.schedule import LONGEST_LIFE_SECS
from tests.poll_kit import StillClock


@pytest.mark.parametrize("seed", range(5))
def test_a_call_is_tried_as_long_as_the_slot_that_lives_longest(seed: int) -> None:
    """A store that comes back three seconds before a slot is over still answers the poll's read."""
    clock = StillClock(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    begun = clock.monotonic()

    async def read() -> str:
        if clock.monotonic() < begun + LONGEST_LIFE_SECS - 3:
            raise StoreUnavailable("503")
        return "row"

    async def poll() -> str:
        with within(clock, LONGEST_LIFE_SECS):
            patience = Patience(clock, SeededRandomSource(seed), 3)
            return await patience.keep_trying(read, lambda error: isinstance(error, StoreUnavailable))

    assert asyncio.run(poll()) == "row"
