"""A container's clock put right by what servers tell."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local.testing.pace import PacedClock
from raceday.call import Call
from raceday.catalogue import functions
from raceday.clock import Clock, SyncedClock, hear
from raceday.container import Container
from raceday.errors import FeedUnavailable
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.patience import Patience
from raceday.runtime.function import Function, handle
from raceday.scheduling.handing import HandOut
from raceday.scheduling.tick import Tick
from raceday.settings import Settings
from tests.poll_kit import StillClock

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("off", [-300, 300, 3600])
def test_a_clock_minutes_off_follows_the_servers_date(off: int) -> None:
    """A clock minutes off is within a second of the server's after one answer."""
    clock = SyncedClock(StillClock(NOW + timedelta(seconds=off)))
    hear(clock, format_datetime(NOW, usegmt=True))
    assert abs(clock.now() - NOW) <= timedelta(seconds=1)


@pytest.mark.parametrize("date", [None, "", "soon", format_datetime(NOW - timedelta(seconds=4), usegmt=True)])
def test_a_right_clock_is_left_alone(date: str | None) -> None:
    """A Date as old as its answer took, one that cannot be read and none at all move nothing."""
    clock = SyncedClock(StillClock(NOW))
    hear(clock, date, took_secs=4.0)
    assert (clock.now(), clock.offset_secs) == (NOW, 0.0)


@pytest.mark.parametrize("off_secs", [-4, 4])
def test_a_clock_some_seconds_off_is_put_right(off_secs: int) -> None:
    """A clock that is seconds fast or slow would poll at other instants than it says: a prompt Date puts it right."""
    clock = SyncedClock(StillClock(NOW + timedelta(seconds=off_secs)))
    hear(clock, format_datetime(NOW, usegmt=True), took_secs=0.02)
    assert abs((clock.now() - NOW).total_seconds()) < 1


@pytest.mark.parametrize("off_secs", [-300, 0, 300])
def test_an_activation_tries_again_until_its_deadline_once_its_clock_is_right(off_secs: int) -> None:
    """A cold container minutes fast gave up its poll after one failure, as if its deadline were past; a slow one's
    tries end before the platform ends it."""
    machine, tried = StillClock(NOW + timedelta(seconds=off_secs)), []
    clock = SyncedClock(machine)

    async def fails() -> None:
        true = machine.now() - timedelta(seconds=off_secs)
        tried.append((true - NOW).total_seconds())
        hear(clock, format_datetime(true, usegmt=True))
        raise FeedUnavailable("503")

    async def asks(container: Container, _: Call) -> dict[str, Any]:
        patience = Patience(container.clock, container.chance, 3, most_secs=8.0, longest_secs=math.inf)
        await patience.keep_trying(fails, lambda error: isinstance(error, FeedUnavailable))
        return {}

    none = cast("Any", None)
    container = Container(
        Settings(), clock, SeededRandomSource(1), Log(lambda _: None), feed=none, store=none, invoker=none
    )
    function = Function(functions.POLLER._replace(needs=()), asks)
    context = SimpleNamespace(activation_id="a1", deadline=(NOW.timestamp() + 180) * 1000)
    asyncio.run(handle(container, function, {}, context))
    assert 168 < tried[-1] < 180


def test_the_hand_out_waits_by_the_pace_of_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty seconds of a clock that runs sixty times as fast are half a second of the event loop's."""
    waited: list[float | None] = []

    def timeout(secs: float | None) -> None:
        waited.append(secs)
        raise TimeoutError

    async def wait(clock: Clock) -> None:
        handing = HandOut(cast("Tick", SimpleNamespace(container=SimpleNamespace(clock=clock))))
        monkeypatch.setattr(handing, "_starts", lambda: {("race", NOW): NOW + timedelta(seconds=30)})
        await handing._wait(NOW)

    monkeypatch.setattr("raceday.scheduling.handing.asyncio.timeout", timeout)
    for clock in (PacedClock(60, NOW), StillClock(NOW)):
        asyncio.run(wait(SyncedClock(clock)))
    assert waited == [0.5, 30.0]
