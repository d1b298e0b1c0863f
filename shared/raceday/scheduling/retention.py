"""Retention: deletes rows that are older than the settings keep them."""

from datetime import timedelta
from typing import Any

from appwrite.query import Query

from raceday.clock import iso
from raceday.container import Container
from raceday.settings import Settings
from raceday.tables import (
    CLOSING_PRICES,
    NOTIFICATIONS,
    ODDS_HISTORY,
    RACE_POLLS,
    RACE_RESULT_VERSIONS,
    SUITE_STATE,
)

# Appwrite ends a statement after 15 s, so that a backlog goes in bites.
BITE = 500
BITES = 200
# Switches and health stay: only what belongs to past races and runs grows old.
PASSING_KINDS = ["alert-cursor", "import", "run"]


def limits(settings: Settings) -> list[tuple[str, str, int]]:
    """Return (table, column of time, days kept) of everything that is pruned."""
    return [
        (RACE_POLLS, "slot", settings.ledger_days),
        (ODDS_HISTORY, "eventTimestamp", settings.odds_days),
        (NOTIFICATIONS, "eventTimestamp", settings.notification_days),
        # Results are looked at again for a week, and their versions with them.
        (RACE_RESULT_VERSIONS, "seenAt", settings.results_days),
        (CLOSING_PRICES, "lastUpdated", settings.results_days),
        (SUITE_STATE, "at", settings.ledger_days),
    ]


def _past(container: Container) -> list[tuple[str, list[str]]]:
    """Return the tables with the queries of what is past its time there."""
    now = container.clock.now()
    found = []
    for table, column, days in limits(container.settings):
        queries = [Query.less_than(column, iso(now - timedelta(days=days)))]
        if table == SUITE_STATE:
            queries.append(Query.equal("kind", PASSING_KINDS))
        found.append((table, queries))
    return found


async def overdue(container: Container) -> dict[str, int]:
    """Return how many rows of each table are past their time; deletes none."""
    return {
        table: len(await container.store.find(table, queries, select=("$id",))) for table, queries in _past(container)
    }


async def prune(container: Container) -> dict[str, Any]:
    """Delete what is past its time; gives the number of rows deleted per table."""
    deleted = {table: await _delete_in_bites(container, table, queries) for table, queries in _past(container)}
    return {"deleted": deleted}


async def _delete_in_bites(container: Container, table: str, queries: list[str]) -> int:
    total = 0
    for _ in range(BITES):
        gone = await container.store.delete_where(table, [*queries, Query.limit(BITE)])
        total += gone
        if gone < BITE:
            break
    return total
