"""Plays the polls of one race through the real client, poller, aggregator, tracker and evaluator, one after another."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from local.functions import function
from ops.schema import BANDS, DEFAULT_USER, band_row
from raceday.feed.client import make_feed
from raceday.ids import row_key
from raceday.ledger.codec import from_row
from raceday.polling.orders import request
from raceday.polling.outcome import Outcome
from raceday.polling.poll import poll
from raceday.racing.records import LedgerRow
from raceday.tables import (
    ALERT_CONFIGS,
    ENTRANTS,
    MONEY_FLOW,
    NOTIFICATIONS,
    QUARANTINE,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULTS,
    RACES,
)
from tests.poll_kit import Kit, make_kit

START = datetime(2026, 5, 2, 3, 0, tzinfo=UTC)
PROJECTIONS = ("race-pools-aggregator", "money-flow-tracker", "alert-evaluator")


@dataclass(frozen=True)
class Step:
    """What stands in the tables after one poll."""

    outcome: Outcome
    row: LedgerRow
    entrants: Mapping[str, Mapping[str, Any]]
    pools: Mapping[str, Any]
    race: Mapping[str, Any]
    results: Mapping[str, Any]
    labels: Mapping[int, Mapping[str, Mapping[str, Any]]]
    notifications: Sequence[Mapping[str, Any]]
    quarantined: Sequence[Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def by_number(self, number: int) -> Mapping[str, Any]:
        """Return the entrant of one number that runs, or the scratched one."""
        rows = [row for row in self.entrants.values() if row["runnerNumber"] == number]
        return sorted(rows, key=lambda row: bool(row["isScratched"]))[0]

    def growth(self, label: int, product: str) -> dict[int, int]:
        """Return a label's increments by runner number."""
        column = "incrementalWinAmount" if product == "win" else "incrementalPlaceAmount"
        return {self.entrants[i]["runnerNumber"]: row[column] for i, row in self.labels[label].items()}


def play(polls: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Play the polls: each is `poll_at_secs_from_start` and the `answer` that the feed gives then."""
    race_id = next(str(p["answer"]["data"]["race"]["event_id"]) for p in polls)
    return asyncio.run(_play(polls, race_id))


async def _play(polls: Sequence[Mapping[str, Any]], race_id: str) -> list[Step]:
    answers = iter(polls)
    now = START + timedelta(seconds=float(polls[0]["poll_at_secs_from_start"]))
    kit = _kit(now, lambda: json.dumps(next(answers)["answer"]).encode())
    row = {"raceId": race_id, "name": "?", "raceNumber": 1, "status": "Open", "startTime": START.isoformat()}
    kit.store.put(RACES, race_id, row)
    for order, (low, high, color) in enumerate(BANDS):
        key = row_key("band", DEFAULT_USER, order)
        kit.store.put(ALERT_CONFIGS, key, band_row(order, low, high, color))
    steps = []
    for each in polls:
        at = START + timedelta(seconds=float(each["poll_at_secs_from_start"]))
        kit.clock.advance(max(0.0, (at - kit.clock.now()).total_seconds()))
        outcome = await poll(kit.container, request(race_id, kit.clock.now()), kit.container.log)
        for name in PROJECTIONS:
            await function(name).handler(kit.container, kit.call(raceId=race_id))
        steps.append(_step(kit, race_id, outcome))
    await kit.container.feed.aclose()  # type: ignore[attr-defined]
    return steps


def _kit(now: datetime, body: Any) -> Kit:
    kit = make_kit(now, feed_from="me@example.org", feed_partner="p", feed_partner_id="i", feed_attempts=1)
    parts = kit.container
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body()))
    parts.feed = make_feed(parts.settings, parts.clock, parts.chance, parts.log, transport)
    return kit


def _step(kit: Kit, race_id: str, outcome: Outcome) -> Step:
    tables = {name: dict(rows) for name, rows in kit.store.tables.items()}

    def of_race(table: str) -> list[dict[str, Any]]:
        return [dict(row) for row in tables.get(table, {}).values() if row.get("raceId") == race_id]

    rows = sorted((from_row(row) for row in of_race(RACE_POLLS)), key=lambda row: row.n)
    labels: dict[int, dict[str, dict[str, Any]]] = {}
    for flow in of_race(MONEY_FLOW):
        if flow["timeInterval"] is not None:
            labels.setdefault(int(flow["timeInterval"]), {})[flow["entrantId"]] = flow
    return Step(
        outcome,
        rows[-1],
        {row["entrantId"]: row for row in of_race(ENTRANTS)},
        next(iter(of_race(RACE_POOLS)), {}),
        dict(tables[RACES][race_id]),
        next(iter(of_race(RACE_RESULTS)), {}),
        labels,
        of_race(NOTIFICATIONS),
        of_race(QUARANTINE),
        {name: {row_id: dict(row) for row_id, row in rows.items()} for name, rows in tables.items()},
    )


def parts(step: Step, product: str) -> int:
    """Return what all parts of a pool come to: runners, unrefunded and unattributed money."""
    pools = step.row.pools
    assert pools is not None
    cents = (line.win_cents if product == "win" else line.place_cents for line in step.row.runners)
    return sum(each or 0 for each in cents) + pools.beside_cents(product)
