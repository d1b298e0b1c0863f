"""`parse`: a recorded-size event to its snapshot, against `json.loads` of the same bytes."""

import json
from datetime import timedelta

from local.bench.kit import DATE
from local.bench.measure import Measure, in_turn, timed_ms
from local.feedsim import FeedSim, generate_day
from raceday.clock import to_instant
from raceday.feed import mapping
from raceday.feed.models import Event
from raceday.racing.snapshot import Snapshot

SIZE_BYTES = 200_000
_HEADERS = {"from": "bench@localhost", "x-partner": "bench", "x-partner-id": "bench"}


def body() -> tuple[str, bytes]:
    """Return the id and the answer of the race whose event comes nearest to 200 kB."""
    day = generate_day(1, DATE, 24, form="full")
    feed = FeedSim(day, compress=False)
    answers = []
    for race in day.core_races:
        at, path = race.advertised - timedelta(minutes=4), f"/affiliates/v1/racing/events/{race.race_id}"
        status, _, content = feed.respond(path, "with_money_tracker=true", _HEADERS, at)
        if status == 200:
            answers.append((race.race_id, content))
    return min(answers, key=lambda answer: abs(len(answer[1]) - SIZE_BYTES))


def snapshot(race_id: str, content: bytes) -> Snapshot:
    """Read an event as the feed client does."""
    event = Event.model_validate_json(content)
    return mapping.snapshot_of(event.header, event.data, race_id, to_instant(0))


def measure(quick: bool) -> Measure:
    """Read the same bytes both ways, in turn."""
    race_id, content = body()
    works = {
        "snapshot": lambda: timed_ms(lambda: snapshot(race_id, content), 5),
        "json_loads": lambda: timed_ms(lambda: json.loads(content), 5),
    }
    found = in_turn(works, 20 if quick else 100)
    return Measure(
        "parse",
        found["snapshot"].median / found["json_loads"].median,
        1.0,
        "event bytes to domain snapshot / json.loads of the same bytes",
        {**found, "body_bytes": len(content), "runners": len(snapshot(race_id, content).runners)},
    )
