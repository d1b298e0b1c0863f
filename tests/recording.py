"""Recordings made of a generated day, in the layout of the real ones: what they test is tested in any clone."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from local.feedsim import DayOptions, FeedDay, FeedSim, generate_day
from tests.feedsim.asking import ask

DATE = date(2026, 3, 1)


def make_recording(folder: Path, races: int = 6) -> FeedDay:
    """Write lists and events of a generated day, some races before their start and some after; return the day."""
    # On a calm day list and events agree, though they are recorded at different instants.
    calm = replace(DayOptions.calm(), greyhound_meetings=1, foreign_meetings=2)
    day = generate_day(7, DATE, races=races, options=calm)
    feed = FeedSim(day)
    for room in ("lists", "events"):
        (folder / room).mkdir(parents=True)
    noon = day.core_races[0].advertised - timedelta(hours=2)
    _write(
        folder / "lists" / "meetings_list.json", feed, "meetings", noon, f"date_from={DATE}&date_to={DATE}&limit=200"
    )
    for i, race in enumerate(day.races):
        at = (race.advertised - timedelta(minutes=20), race.script.final + timedelta(minutes=2))[i % 2]
        if day.truth(race.race_id, at).http_status == 200:
            name = f"{race.country}_{race.category}_{race.race_id}.json"
            _write(folder / "events" / name, feed, f"events/{race.race_id}", at, "with_money_tracker=true")
    return day


def _write(path: Path, feed: FeedSim, asked: str, at: datetime, query: str) -> None:
    status, payload = ask(feed, asked, at, query)
    assert status == 200, (asked, payload)
    path.write_text(json.dumps(payload))
