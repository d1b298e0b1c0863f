"""How much of an answer with one thing wrong still counts: of sound runners' figures at least 99 in 100."""

import json
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

from pydantic import ValidationError

from raceday.errors import FeedUnavailable, PayloadError
from raceday.feed import mapping
from raceday.feed.client import read_event as read_event
from raceday.feed.models import Event
from raceday.polling.changes import StoredState
from raceday.racing.compose import PollContext, compose
from raceday.racing.records import LedgerRow, RunnerLine
from tests.feed.test_client import NOW, RACE, served
from tests.hostile.mutations import VALUES, paths, with_value

COLUMNS = ("fixed_win", "fixed_place", "pool_win", "pool_place", "win_cents", "place_cents")
TRIED = 400


def polled(event: Event, base: LedgerRow | None) -> LedgerRow:
    """Return the ledger row of an answer, read as a poll reads it."""
    known = StoredState(ledger=base).facts if base else None
    at = NOW + timedelta(seconds=60 if base else 0)
    snapshot = mapping.snapshot_of(event.header, event.data, RACE, at, known)
    return compose(snapshot, base, PollContext(at, "slot", at), snapshot.status)


def kept(sound: RunnerLine, found: RunnerLine | None) -> int:
    """Count the figures of one runner that stand as they do in the sound answer."""
    return sum(found is not None and getattr(found, c) == getattr(sound, c) for c in COLUMNS)


def figures(body: bytes, base: LedgerRow, hit: str) -> Mapping[str, int]:
    """Return the kept figures of each runner but the one that was hit."""
    try:
        row = polled(read_event(body), base)
    except (PayloadError, FeedUnavailable, ValidationError):
        return {line.entrant_id: 0 for line in base.runners if line.entrant_id != hit}
    return {i.entrant_id: kept(i, row.runner(i.entrant_id)) for i in base.runners if i.entrant_id != hit}


def test_nearly_all_figures_of_sound_runners_are_kept(record_property: Any) -> None:
    """Whatever member is wrong in whatever way, the runners that it is not part of keep their figures."""
    payload = json.loads(served())
    base = polled(read_event(served()), None)
    ids = [runner["entrant_id"] for runner in payload["data"]["runners"]]
    places = list(paths(payload))
    chance = Random(15)
    wanted = found = 0
    lost: dict[str, int] = {}
    for _ in range(TRIED):
        path, value = chance.choice(places), chance.choice(VALUES)
        hit = ids[int(path[2])] if path[:2] == ("data", "runners") and len(path) > 2 else ""
        each = figures(json.dumps(with_value(payload, path, value)).encode(), base, hit)
        wanted += len(COLUMNS) * len(each)
        found += sum(each.values())
        if gone := len(COLUMNS) * len(each) - sum(each.values()):
            lost[f"{'.'.join(map(str, path))} = {value!r:.20}"] = gone
    told = f"{found} of {wanted} figures kept, {found / wanted:.2%}"
    record_property("figures_kept", told)
    print(told)
    assert found >= 0.99 * wanted, (told, lost)
