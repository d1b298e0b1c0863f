"""Results as they are written: the newest in `race-results`, each version in `race-result-versions`, in one commit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from appwrite.query import Query

from raceday.clock import instant, iso
from raceday.container import Container
from raceday.ids import row_key
from raceday.polling.changes import Changes
from raceday.racing.results_watch import next_look, what_changed
from raceday.store.port import Op, Row
from raceday.tables import RACE_RESULT_VERSIONS, RACE_RESULTS
from raceday.tables.race_result_versions import version_row

_STAYS = ("resultsData", "resultsAvailable", "dividendsData")


async def with_history(
    container: Container, change: Changes, seen_at: datetime, seen_by: str = "poll", over_by: datetime | None = None
) -> Changes:
    """Return a poll's changes with the version that its results are, where it has any; costs one read then.

    `over_by` is by when the race was over, where nobody saw it end.
    """
    ops: list[Op] = []
    for op in change.ops:
        if op.table == RACE_RESULTS:
            stored = await container.store.get(RACE_RESULTS, op.row_id)
            ops += result_ops(stored, op.data, seen_at, seen_by, over_by)
        else:
            ops.append(op)
    return change._replace(ops=tuple(ops))


async def versions_of(container: Container, race_id: str) -> list[Row]:
    """Return every version of a race's results that is kept."""
    return await container.store.find(RACE_RESULT_VERSIONS, [Query.equal("raceId", [race_id])])


def result_ops(
    stored: Mapping[str, Any] | None,
    results: Mapping[str, Any],
    seen_at: datetime,
    seen_by: str,
    over_by: datetime | None = None,
) -> list[Op]:
    """Return what writes new results and keeps them as the version that follows the stored one.

    Placings or dividends that new results leave out stay as they are stored.
    """
    race_id, before = str(results["raceId"]), stored or {}
    results = {**{column: before[column] for column in _STAYS if column in before}, **results}
    version = int(before.get("versions") or 0) + 1
    final_at = instant(before["finalAt"]) if before.get("finalAt") else None
    if results.get("resultStatus") == "final" and final_at is None:
        final_at = over_by or seen_at
    amended_at = seen_at if seen_by == "watch" else None
    look = next_look(final_at, seen_at, amended_at) if final_at is not None else None
    row = {
        **results,
        "versions": version,
        "finalAt": iso(final_at) if final_at else None,
        "nextLookAt": iso(look) if look else None,
    }
    changed = what_changed(before, results) if before else []
    kept = version_row(results, version=version, seen_at=iso(seen_at), seen_by=seen_by, changed=changed)
    return [
        Op("upsert", RACE_RESULTS, race_id, row),
        Op("create", RACE_RESULT_VERSIONS, row_key("result-version", race_id, version), kept),
    ]
