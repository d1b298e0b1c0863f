"""Projections made anew from the ledger, compared with what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appwrite.query import Query

from raceday.container import Container
from raceday.errors import StoreMissing
from raceday.ledger import log as ledger
from raceday.ledger.timeline import Timeline
from raceday.projections import closing_prices
from raceday.projections.money_flow import entry_rows
from raceday.projections.race_pools import pools_row
from raceday.racing.records import LedgerRow
from raceday.store.port import Op
from raceday.tables import MONEY_FLOW, RACE_POOLS, RACES

MOST_OPS = 100


@dataclass(slots=True)
class RaceDifference:
    """What one race's stored projections lack, have too much, or have otherwise than its ledger says."""

    race_id: str
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    other: dict[str, dict[str, Any]] = field(default_factory=dict)
    pools: dict[str, Any] = field(default_factory=dict)
    closing: list[str] = field(default_factory=list)
    made: int = 0

    @property
    def none(self) -> bool:
        """Tell whether everything is as the ledger says."""
        return not (self.missing or self.extra or self.other or self.pools or self.closing)


async def races_of(container: Container, subject: str) -> list[str]:
    """Return the races of a date (YYYY-MM-DD), or the one race that is named."""
    if len(subject) == 10 and subject[4] == subject[7] == "-":
        rows = await container.store.find(RACES, [Query.equal("raceDateNz", [subject])], select=("raceId",))
        return [row["raceId"] for row in rows]
    return [subject]


async def compare(container: Container, race_id: str, *, write: bool) -> RaceDifference:
    """Compare one race's projections with its ledger, and with `write` put right what differs."""
    history = await ledger.whole(container.store, race_id)
    found = RaceDifference(race_id)
    expected = timeline_rows(history)
    stored = await container.store.find(MONEY_FLOW, [Query.equal("raceId", [race_id])])
    _compare_timeline(found, expected, {row["$id"]: row for row in stored})
    pools = next((pools_row(row) for row in reversed(history) if row.pools is not None), None)
    there = await container.store.get(RACE_POOLS, race_id)
    if pools is not None:
        found.pools = {k: v for k, v in pools.items() if k != "lastUpdated" and (there or {}).get(k) != v}
    found.closing = sorted(row["entrantId"] for row in await closing_prices.differing(container, race_id))
    if write and not found.none:
        await _write(container, found, expected, pools)
    return found


def timeline_rows(history: Sequence[LedgerRow]) -> dict[str, dict[str, Any]]:
    """Return every timeline row that a whole history owes, by row id."""
    return {row["$id"]: row for entry in Timeline().walk(history) for row in entry_rows(entry)}


def _compare_timeline(
    found: RaceDifference, expected: Mapping[str, dict[str, Any]], stored: Mapping[str, dict[str, Any]]
) -> None:
    found.missing = sorted(expected.keys() - stored.keys())
    found.extra = sorted(stored.keys() - expected.keys())
    for key in expected.keys() & stored.keys():
        other = {c: stored[key].get(c) for c, value in expected[key].items() if not _same(stored[key].get(c), value)}
        if other:
            found.other[key] = other


def _same(stored: Any, expected: Any) -> bool:
    if isinstance(stored, str) and isinstance(expected, str) and "T" in expected[10:11]:
        return stored[:19] == expected[:19]
    if isinstance(stored, float) or isinstance(expected, float):
        return stored is not None and expected is not None and abs(float(stored) - float(expected)) < 1e-9
    return bool(stored == expected)


async def _write(
    container: Container, found: RaceDifference, expected: Mapping[str, dict[str, Any]], pools: dict[str, Any] | None
) -> None:
    await container.store.create_many(MONEY_FLOW, [expected[key] for key in found.missing])
    # Patches, not upserts: those take a null for a zero, and leave what differs only so.
    patches = [
        Op("update", MONEY_FLOW, key, {c: expected[key][c] for c in other}) for key, other in found.other.items()
    ]
    for at in range(0, len(patches), MOST_OPS):
        await container.store.commit(patches[at : at + MOST_OPS])
    for key in found.extra:
        await container.store.delete(MONEY_FLOW, key)
    if found.pools and pools is not None:
        await _write_pools(container, found.race_id, pools)
    if found.closing:
        await closing_prices.catch_up(container, found.race_id)
    written = len(found.missing) + len(patches) + len(found.extra)
    found.made = written + bool(found.pools) + len(found.closing)


async def _write_pools(container: Container, race_id: str, pools: dict[str, Any]) -> None:
    try:
        await container.store.update(RACE_POOLS, race_id, pools)
    except StoreMissing:
        await container.store.create(RACE_POOLS, race_id, pools)
