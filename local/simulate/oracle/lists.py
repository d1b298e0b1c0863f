"""What the meeting lists of a day said, page by page."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.simulate.oracle.reading import STATUSES, instant, stamp, text, whole
from local.simulate.served import ServedAnswer

COUNTRIES, CODES = ("AUS", "NZ"), ("T", "H")
# What the list may still say of a race whose own event has described it.
LIST_DECIDES = ("startTime", "toteStartTime", "meeting", "meetingId", "raceDateNz")


@dataclass(frozen=True, slots=True)
class ListMeeting:
    """One meeting of interest as one page showed it: its columns, and those of each of its races by id."""

    at: datetime
    made: datetime | None
    meeting: dict[str, Any]
    races: dict[str, dict[str, Any]]


def listed(answers: Sequence[ServedAnswer]) -> Iterator[ListMeeting]:
    """Return the wanted meetings of every page, in order of time."""
    for answer in answers:
        for raw in _meetings(answer.body):
            if text(raw.get("country")).upper() in COUNTRIES and text(raw.get("category")).upper() in CODES:
                yield _listed(answer, raw)


def _meetings(body: bytes) -> list[dict[str, Any]]:
    """Return what a page lists, nothing where it is cut off or no page at all."""
    try:
        return list(json.loads(body)["data"]["meetings"] or ())
    except (ValueError, KeyError, TypeError):
        return []


def _listed(answer: ServedAnswer, raw: dict[str, Any]) -> ListMeeting:
    races = {row["id"]: _race(row, raw) for row in raw["races"] if row.get("race_number")}
    weather = next((race["weather"] for race in races.values() if race["weather"]), "")
    for race in races.values():
        race["weather"] = race["weather"] or weather
        race["trackCondition"] = race["trackCondition"] or text(raw.get("track_condition"))
    statuses = [race["status"] for race in races.values()]
    done = bool(statuses) and all(status in ("Final", "Abandoned") for status in statuses)
    off = bool(statuses) and all(status == "Abandoned" for status in statuses)
    meeting = {
        "meetingId": raw["meeting"],
        "meetingName": text(raw["name"]),
        "country": text(raw.get("country")).upper(),
        "state": text(raw.get("state")),
        "raceType": text(raw.get("category_name")),
        "category": text(raw.get("category")).upper(),
        "categoryName": text(raw.get("category_name")),
        "date": f"{raw['date'][:10]}T00:00:00.000+00:00",
        "trackCondition": text(raw.get("track_condition")),
        "weather": weather,
        "status": "abandoned" if off else "completed" if done else "active",
        "dataSource": "NZTAB",
    }
    return ListMeeting(answer.at, answer.made, meeting, races)


def _race(row: dict[str, Any], meeting: dict[str, Any]) -> dict[str, Any]:
    start = instant(row["start_time"])
    return {
        "raceId": row["id"],
        "meetingId": meeting["meeting"],
        "meeting": meeting["meeting"],
        "name": text(row.get("name")) or f"Race {row['race_number']}",
        "raceNumber": whole(row["race_number"]),
        "startTime": stamp(start) if start else None,
        "status": next((s for s in STATUSES if s.lower() == text(row.get("status")).lower()), "Open"),
        "toteStartTime": text(row.get("tote_start_time")),
        "raceDateNz": meeting["date"][:10],
        "distance": whole(row.get("distance")),
        "weather": text(row.get("weather")),
        "trackCondition": text(row.get("track_condition")),
        "type": text(meeting.get("category")).upper(),
        "country": text(row.get("country") or meeting.get("country")).upper(),
        "protestReason": text(row.get("protest_reason")),
    }
