"""`growth`: the cost of a poll with ten times the races, users and history stored, against one time."""

import asyncio
import time
from datetime import timedelta
from typing import Any

from local.bench.kit import Bench
from local.bench.measure import Measure, Sample
from local.bench.race_fanout import asked_for
from ops.schema import BANDS, band_row
from raceday.ids import row_key
from raceday.store.client import MAX_OPERATIONS
from raceday.store.port import Op, Row
from raceday.tables import ALERT_CONFIGS, ENTRANTS, ODDS_HISTORY, RACE_POLLS, RACES

_COPIED = (RACES, ENTRANTS, RACE_POLLS, ODDS_HISTORY)
USERS = 10


async def _store(bench: Bench, times: int) -> dict[str, int]:
    """Return a bench some history, and then copies of it until everything is there so many times."""
    races = bench.plain_races()[:8]
    for _ in range(6):
        bench.clock.move_to(bench.clock.now() + timedelta(minutes=1))
        await asked_for(bench, races)
    rows = {table: await bench.store.find(table) for table in _COPIED}
    for copy in range(1, times):
        for table, found in rows.items():
            ops = [_copy(table, row, copy) for row in found]
            for at in range(0, len(ops), MAX_OPERATIONS):
                await bench.store.commit(ops[at : at + MAX_OPERATIONS])
    for user in range(USERS * times):
        for order, (low, high, color) in enumerate(BANDS, 1):
            row = {**band_row(order, low, high, color), "userId": f"user-{user}"}
            await bench.store.upsert(ALERT_CONFIGS, row_key("band", f"user-{user}", order), row)
    return {table: len(found) * times for table, found in rows.items()} | {"users": USERS * times}


def _copy(table: str, row: Row, copy: int) -> Op:
    """Make the write of a row under another id, about another race."""

    def other(value: str) -> str:
        return f"{copy:02d}{value[2:]}"

    kept = {key: value for key, value in row.items() if not key.startswith("$")}
    ids = {key: other(kept[key]) for key in ("raceId", "entrantId") if isinstance(kept.get(key), str)}
    return Op("upsert", table, other(row["$id"]), {**kept, **ids})


async def _costs(rounds: int) -> tuple[dict[str, list[float]], dict[str, Any]]:
    benches = {"1x": await Bench().imported(), "10x": await Bench().imported()}
    stored = {name: await _store(bench, int(name[:-1])) for name, bench in benches.items()}
    found: dict[str, list[float]] = {name: [] for name in benches}
    calls = {name: bench.calls for name, bench in benches.items()}
    for _ in range(rounds):
        for name, bench in benches.items():
            bench.clock.move_to(bench.clock.now() + timedelta(minutes=1))
            began = time.process_time()
            await asked_for(bench, bench.plain_races()[:1])
            found[name].append((time.process_time() - began) * 1000)
    made = {name: sum(bench.calls) - sum(calls[name]) for name, bench in benches.items()}
    return found, {"stored": stored, "calls": made}


def measure(quick: bool) -> Measure:
    """Poll in turn on both stores; the cost is CPU time, feed and store included."""
    found, told = asyncio.run(_costs(15 if quick else 60))
    samples = {name: Sample(tuple(values)) for name, values in found.items()}
    return Measure(
        "growth",
        samples["10x"].median / samples["1x"].median,
        1.2,
        "CPU of a poll, store included, with 10 times the rows stored / with one time",
        {**samples, **told},
    )
