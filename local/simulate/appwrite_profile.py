"""The pace of a real Appwrite 1.9.6 on two cores: what each call costs, and how calls wait for one another.

Measured: a poll's transaction is opened in 6 ms, staged in 14 and committed in 52; 100 single creations commit in 1.8 s
and 1,000 rows of bulk operations in 0.2 s, for single operations fire events and staged bulk ones none. Poll commits
take 71 ms alone, 684 ms in the middle of 24 at once, and 1,522 ms of 60 (2,472 at most).
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import httpx

Costs = dict[str, float]
CORES = 2
# What work costs more while both cores are busy.
CONTENDED = 1.14
OPEN_SECS, READ_SECS, WRITE_SECS = 0.006, 0.0065, 0.010
STAGE_SECS, STAGED_OP_SECS = 0.008, 0.0012
COMMIT_SECS, SINGLE_OP_SECS, COMMITTED_ROW_SECS, ROW_SECS = 0.002, 0.015, 0.0002, 0.0011
BULK = ("bulkCreate", "bulkUpsert", "bulkUpdate", "bulkDelete")


class RealPace(httpx.AsyncBaseTransport):
    """Answers from `inner` as slowly as the real server: two requests at work, the others in order of their coming."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._cores = asyncio.Semaphore(CORES)
        self._staged: dict[str, Costs] = {}
        # Seconds of a core by what they went into.
        self.spent_secs: Costs = defaultdict(float)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve one request once a core is free."""
        async with self._cores:
            costs = self._costs(request)
            _add(self.spent_secs, costs)
            secs = sum(costs.values())
            await asyncio.sleep(secs * CONTENDED if self._cores.locked() else secs)
            return await self._inner.handle_async_request(request)

    def _costs(self, request: httpx.Request) -> Costs:
        """Return what one request costs alone, by what it is for; staging notes what the commit will."""
        if request.method == "GET":
            return {"reads": READ_SECS}
        path = request.url.path.split("/v1", 1)[-1].strip("/").split("/")
        if "transactions" not in path:
            return {"other_writes": WRITE_SECS + ROW_SECS * len(_body(request).get("rows") or ())}
        if path[-1] == "transactions":
            return {"opening": OPEN_SECS}
        if path[-1] == "operations":
            ops = _body(request).get("operations") or []
            self._staged[path[-2]] = _commit_costs(ops)
            return {"staging": STAGE_SECS + STAGED_OP_SECS * len(ops)}
        return {"committing": COMMIT_SECS, **self._staged.pop(path[-1], {})}


def _commit_costs(ops: Sequence[dict[str, Any]]) -> Costs:
    found: Costs = defaultdict(float)
    for op in ops:
        if op.get("action") in BULK:
            found["bulk_rows"] += COMMITTED_ROW_SECS * len(op.get("data") or ())
        else:
            found["single_rows_with_event"] += SINGLE_OP_SECS
    return found


def _add(total: Costs, more: Costs) -> None:
    for name, secs in more.items():
        total[name] = total.get(name, 0.0) + secs


def _body(request: httpx.Request) -> dict[str, Any]:
    try:
        found = json.loads(request.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
