"""A recorded event as a whole race: its pools and its tracker grow up to the figures that were recorded."""

import copy
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from raceday.feed.taping import Answer
from tests.tape.kit import BASE

BEGIN, END, EVERY = timedelta(minutes=75), timedelta(minutes=9), timedelta(seconds=15)
CLOSED, INTERIM, FINAL = timedelta(seconds=40), timedelta(minutes=4), timedelta(minutes=7)
_AFTER = ("results", "dividends")


def growing(path: Path) -> Iterator[Answer]:
    """Yield an event's answers each quarter of a minute, from 75 minutes before its start to its end."""
    recorded: dict[str, Any] = json.loads(path.read_text())
    race = recorded["data"]["race"]
    start = datetime.fromtimestamp(race["advertised_start"], UTC)
    url = f"{BASE}/events/{race['event_id']}?with_money_tracker=true"
    for step in range(int((BEGIN + END) / EVERY) + 1):
        at = start - BEGIN + step * EVERY
        body = json.dumps(_answer(recorded, at, start, step)).encode()
        yield Answer(url, at, at + timedelta(milliseconds=90), 200, {}, body)


def _answer(recorded: dict[str, Any], at: datetime, start: datetime, step: int) -> dict[str, Any]:
    made = copy.deepcopy(recorded)
    made["header"]["generated_time"] = at.isoformat().replace("+00:00", "Z")
    data, since = made["data"], at - start
    share = math.exp(min(0.0, (at - start - CLOSED) / timedelta(minutes=25)))
    status = "Final" if since >= FINAL else "Interim" if since >= INTERIM else "Closed" if since >= CLOSED else "Open"
    data["race"]["status"] = status
    if status == "Open":
        data["race"]["actual_start"] = 0
    if status in ("Open", "Closed"):
        data |= dict.fromkeys(_AFTER)
    for pool in data["tote_pools"]:
        pool["total"] = round(pool["total"] * share, 2)
    pieces = data["money_tracker"]["entrants"]
    data["money_tracker"]["entrants"] = pieces[: max(8, math.ceil(len(pieces) * share))]
    for i, runner in enumerate(data["runners"]):
        swing = 1 + 0.4 * (1 - share) * math.sin(step / 9 + i)
        for kind, odds in runner["odds"].items():
            if isinstance(odds, int | float) and odds and share < 1:
                runner["odds"][kind] = max(1.04, round(odds * swing, 2))
    return made
