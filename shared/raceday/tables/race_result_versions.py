"""Table `race-result-versions`: every version of a race's results, the first and each one that differed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from raceday.tables.base import Table, flag, index, long_text, moment, varchar, whole

ID = "race-result-versions"
_SAME = ("resultStatus", "protestLodged", "protestReason", "resultsData", "dividendsData")

TABLE = Table(
    ID,
    (
        varchar(50, "raceId", "Id of the race.", required=True),
        whole("version", "Number of the version, from 1 for the first results.", required=True),
        moment("seenAt", "When it was first seen.", required=True),
        varchar(10, "seenBy", "poll, watch for a look hours and days after Final, or backfill.", required=True),
        varchar(20, "resultStatus", "interim or final."),
        flag("protestLodged", "Whether a protest stands."),
        varchar(500, "protestReason", "The feed's text about protests and inquiries."),
        long_text("resultsData", "Placings by position, a JSON list."),
        long_text("dividendsData", "Dividends, Final ones alone once there are any, a JSON list."),
        long_text("changed", "What differs from the version before, a JSON list of sentences; empty for the first."),
    ),
    (index("raceId", "version"),),
    "One version of what a race ended in; the newest is the row in `race-results`.",
)


def version_row(
    results: Mapping[str, Any], *, version: int, seen_at: str, seen_by: str, changed: Sequence[str]
) -> dict[str, Any]:
    """Return the row that keeps one version of a race's results."""
    same = {column: results.get(column) for column in _SAME}
    said = json.dumps(list(changed), ensure_ascii=False)
    head = {"raceId": results["raceId"], "version": version, "seenAt": seen_at, "seenBy": seen_by}
    return TABLE.fitted({**head, **same, "changed": said})
