"""One sample event per function, as the platform hands it over; tests, docs and the command line use the same."""

import json
from typing import Any

RACE = "5f1a2b3c-0d4e-4f60-8a71-92b3c4d5e6f7"
_ROW = {"$id": "3f0c", "$tableId": "race-polls", "raceId": RACE, "n": 1}


def _web(method: str, query: str = "", body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    text = "" if body is None else json.dumps(body)
    return {"http": {"method": method, "path": "", "queryString": query, "headers": headers or {}, "body": text}}


_WEBHOOK = _web("POST", body=_ROW, headers={
    "content-type": "application/json",
    "x-appwrite-webhook-events": "databases.raceday-db.tables.race-polls.rows.3f0c.create",
    "x-appwrite-webhook-project-id": "PROJECT",
    "x-appwrite-webhook-signature": "SIGNATURE",
})  # fmt: skip

EVENTS: dict[str, dict[str, Any]] = {
    "daily-meetings": {"date": "2026-02-14"},
    "daily-races": {"date": "2026-02-14"},
    "daily-entrants": {"date": "2026-02-14"},
    "master-race-scheduler": {},
    "enhanced-race-poller": _web("GET", query=f"raceId={RACE}"),
    "race-data-poller": {},
    "single-race-poller": _web("GET", query=f"raceId={RACE}"),
    "batch-race-poller": {"raceIds": [RACE]},
    "money-flow-tracker": _WEBHOOK,
    "race-pools-aggregator": _WEBHOOK,
    "alert-evaluator": _WEBHOOK,
    "jockey-silks-enricher": _web("POST", body={"raceId": RACE}),
}
