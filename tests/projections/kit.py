"""Ledgers written by hand, and the event functions woken over them."""

import json
from typing import Any

from appwrite.query import Query

from raceday.ids import row_key
from raceday.ledger.codec import to_row
from raceday.racing.records import Gap, LedgerRow
from raceday.racing.snapshot import Status
from raceday.runtime.webhook import sign
from raceday.tables import MONEY_FLOW, NOTIFICATIONS, RACE_POLLS, RACE_POOLS
from tests.ledgers import START, poll
from tests.suite_kit import Suite

EVENTS = {
    "money-flow-tracker": "money_flow_url",
    "race-pools-aggregator": "race_pools_url",
    "alert-evaluator": "alerts_url",
}
A, B = "r1", "r2"


def money(total: int) -> dict[str, int]:
    """Split a Win pool between two runners."""
    return {A: total // 3, B: total - total // 3}


LEDGER = [
    poll(1, 95, money(9_000)),
    poll(2, 60, money(10_000)),
    poll(3, 57.5, money(11_001)),
    poll(4, 55, money(12_345)),
    poll(5, 47.5, money(15_000), gaps=(Gap(START, "feed_500"),)),
    poll(6, 5, money(40_000)),
    poll(7, 4.5, money(41_000)),
    poll(8, 4, money(43_000)),
    poll(9, 0, money(90_000)),
    poll(10, -0.5, money(120_000), status=Status.CLOSED),
    poll(11, -1, money(130_001), status=Status.CLOSED),
    poll(12, -3.5, money(130_001), status=Status.FINAL),
]


class Reads:
    """A store that writes down which tables are read."""

    def __init__(self, inner: Any, read: list[str]) -> None:
        self._inner, self._read = inner, read

    def __getattr__(self, name: str) -> Any:
        """Pass every call on, and note the table of those that read."""
        call = getattr(self._inner, name)
        if name not in ("get", "find"):
            return call

        def noted(table: str, *args: Any, **options: Any) -> Any:
            self._read.append(table)
            return call(table, *args, **options)

        return noted


async def append(suite: Suite, *rows: LedgerRow) -> None:
    """Append rows to the ledger."""
    for row in rows:
        await suite.store.create(RACE_POLLS, row_key("race-poll", row.race_id, row.n), to_row(row))


def delivery(suite: Suite, name: str, row: dict[str, Any], **headers: str) -> dict[str, Any]:
    """Make the event of one signed webhook."""
    body = json.dumps(row)
    url = getattr(suite.settings, EVENTS[name])
    sent = {
        "x-appwrite-webhook-signature": sign(suite.settings.webhook_secret, url, body.encode()),
        "x-appwrite-webhook-project-id": "raceday",
        "x-appwrite-webhook-events": f"databases.raceday-db.tables.race-polls.rows.{row.get('$id', 'x')}.create",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return {"http": {"method": "POST", "path": "", "queryString": "", "headers": sent, "body": body}}


async def wake(suite: Suite, row: LedgerRow) -> None:
    """Deliver one ledger row to every event function."""
    stored = await suite.store.get(RACE_POLLS, row_key("race-poll", row.race_id, row.n))
    assert stored is not None
    for name in EVENTS:
        answer = await suite.run(name, delivery(suite, name, stored), secs=30)
        assert answer["statusCode"] == 200


async def label_rows(suite: Suite) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Return the timeline by runner and interval."""
    rows = await suite.rows(MONEY_FLOW, Query.equal("raceId", ["race-1"]))
    return {(r["entrantId"], r["timeInterval"]): r for r in rows}


def content(rows: list[dict[str, Any]]) -> list[str]:
    """Return rows as text without what the server adds."""
    return sorted(json.dumps({k: v for k, v in r.items() if k == "$id" or k[0] != "$"}, sort_keys=True) for r in rows)


async def everything(suite: Suite) -> list[str]:
    """Return all that the event functions wrote."""
    tables = (MONEY_FLOW, RACE_POOLS, NOTIFICATIONS)
    return [line for table in tables for line in content(await suite.rows(table))]


async def straight() -> Suite:
    """Return a suite whose functions were woken once for each row, in order."""
    suite = Suite(at=START)
    for row in LEDGER:
        await append(suite, row)
        await wake(suite, row)
    return suite
