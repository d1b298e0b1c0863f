"""What an import that is run again is answered, and by which clock it writes."""

import asyncio
from datetime import datetime
from pathlib import Path

import httpx

from local.tape.reader import Tape
from local.tape.script import ScriptedFeed, SetClock
from raceday.feed.taping import taped
from tests.tape.kit import START, answers, write


def test_what_is_asked_at_once_is_written_at_its_own_answers_instant(tmp_path: Path) -> None:
    """Three races asked for together, the last to come first: each task's clock is its own answer's, none another's."""
    tape = Tape.open(write(tmp_path / "a.tape", answers(3)))
    clock = SetClock(START)
    feed = ScriptedFeed(tape, clock)
    feed.give(tape.entries)

    async def one(url: str) -> datetime:
        request = httpx.Request("GET", url)
        # The suite's connections send from a task of their own.
        await taped(feed.heard, clock, request, lambda: asyncio.create_task(feed.handle_async_request(request)))
        for _ in range(5):
            await asyncio.sleep(0)
        return clock.now()

    async def all_at_once() -> list[datetime]:
        return await asyncio.gather(*(one(entry.url) for entry in reversed(tape.entries)))

    received = [entry.received for entry in tape.entries]
    assert asyncio.run(all_at_once()) == received[::-1]
    assert clock.now() == max(received)
