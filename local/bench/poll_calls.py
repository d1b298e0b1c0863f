"""`poll_calls`: requests of one poll of a 12-runner race, against a read and a write for every row."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

from local.bench.kit import Bench, Sent
from local.bench.measure import Measure, Part
from local.feedsim.model import FeedRace

RUNNERS = 12


async def counted() -> dict[str, int]:
    """Poll a race at slots in a row; give the calls of a changed and an unchanged poll, and of the peer's writes."""
    bench = await Bench().imported()
    race = next(race for race in bench.plain_races() if len(race.runners) == RUNNERS)
    for before in (270, 240):
        await polled(bench, race, before)
    changed = await polled(bench, race, 210)
    rows = list(written(bench.sent))
    peer = await _row_by_row(bench, rows)
    unchanged = await polled(bench, race, 180, still=True)
    return {
        "changed_feed": changed[0],
        "changed_store": changed[1],
        "unchanged_feed": unchanged[0],
        "unchanged_store": unchanged[1],
        "rows_written": len(rows),
        "peer_store": peer,
    }


async def polled(bench: Bench, race: FeedRace, before_secs: int, *, still: bool = False) -> tuple[int, int]:
    """Poll a race for the slot so long before its start; give the feed's and the store's calls.

    A feed that stands `still` gives the same answer as last time, which makes an unchanged poll.
    """
    at = bench.runs_at(race, before_secs)
    bench.clock.move_to(at)
    bench.feed_at = bench.feed_at if still else at
    bench.sent.clear()
    feed, store = bench.calls
    await bench.poll([(race, at)])
    return bench.calls[0] - feed, bench.calls[1] - store


def written(sent: Sequence[Sent]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return table and row of everything that a transaction staged."""
    for one in sent:
        if one.url.endswith("/operations"):
            for op in json.loads(one.content)["operations"]:
                rows = op["data"] if isinstance(op["data"], list) else [{"$id": op.get("rowId"), **op["data"]}]
                yield from ((op["tableId"], row) for row in rows)


async def _row_by_row(bench: Bench, rows: Sequence[tuple[str, dict[str, Any]]]) -> int:
    """Write the same rows as the predecessor did, each read and then written by itself; gives the calls."""
    before = bench.store.calls
    for table, row in rows:
        there = await bench.store.get(table, row["$id"])
        data = {key: value for key, value in row.items() if not key.startswith("$")}
        if there is None:
            await bench.store.create(table, row["$id"], data)
        else:
            await bench.store.update(table, row["$id"], data)
    return bench.store.calls - before


def measure(quick: bool) -> Measure:
    """Count; nothing here is timed."""
    found = asyncio.run(counted())
    return Measure(
        "poll_calls",
        found["changed_feed"] + found["changed_store"],
        5,
        "calls of a changed poll of 12 runners; peer: each row read and written by itself",
        dict(found),
        {
            "changed_feed": Part(found["changed_feed"], 1),
            "changed_store": Part(found["changed_store"], 4),
            "unchanged_feed": Part(found["unchanged_feed"], 1),
            "unchanged_store": Part(found["unchanged_store"], 2),
        },
    )
