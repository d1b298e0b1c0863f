"""How the suite is, for a watcher that asks over HTTP."""

import json
from datetime import timedelta
from typing import Any

from appwrite.query import Query

from raceday.call import Http
from raceday.clock import instant, iso
from raceday.container import Container
from raceday.errors import BadRequest
from raceday.scheduling.alarms import FAILING
from raceday.scheduling.health import STILL, troubles_of
from raceday.scheduling.state import HEALTH, SCHEDULER, TICK
from raceday.tables import SUITE_STATE

LATE = STILL + timedelta(seconds=30)


async def answer_health(container: Container, http: Http) -> dict[str, Any]:
    """Return status, last tick and troubles, with 200, or 503 where the scheduler stands still or trouble is failing.

    Raises BadRequest for any method but GET: a tick is never started over HTTP.
    """
    if http.method != "GET":
        raise BadRequest("method", "GET", http.method)
    queries = [Query.equal("kind", [TICK, HEALTH])]
    rows = await container.store.find(SUITE_STATE, queries, select=("$id", "kind", "name", "status", "at", "data"))
    own = (row for row in rows if row["kind"] == TICK and row["name"] == SCHEDULER)
    ticks = [instant(str(row["at"])) for row in own if row.get("at")]
    last, now = max(ticks, default=None), container.clock.now()
    late = last is None or now - last > LATE
    health = next((row for row in rows if row["kind"] == HEALTH), None)
    troubles = list(troubles_of(json.loads(health["data"]))) if health else []
    told = [{"kind": t.key, "level": t.level, "text": t.text} for t in troubles]
    failing = late or any(trouble.level == FAILING for trouble in troubles)
    return {
        "statusCode": 503 if failing else 200,
        "ok": not failing,
        "status": "standstill" if late else health["status"] if health else "ok",
        "at": iso(now),
        "lastTick": iso(last) if last else None,
        "troubles": told,
    }
