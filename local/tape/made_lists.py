"""The meeting lists that a tape without imports lacks, made of the first answer about each of its races."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from local.tape.reader import Tape

_CATEGORIES = {"T": "Thoroughbred Horse Racing", "H": "Harness Horse Racing", "G": "Greyhound Racing"}


@dataclass(slots=True)
class MadeLists:
    """Lists of meetings by the NZ race days that their races name; a meeting's day is that of its first race."""

    tape: Tape
    _meetings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the first whole answer about every race."""
        for race in sorted(_races(self.tape), key=lambda race: str(race.get("advertised_start"))):
            found = self._meetings.setdefault(race["meeting_id"], _meeting(race))
            found["races"].append(_entry(race))

    def days(self) -> list[date]:
        """Return the race days that have a meeting, in order."""
        return sorted({date.fromisoformat(str(each["date"])[:10]) for each in self._meetings.values()})

    def meetings(self, day: str, offset: int = 0) -> bytes:
        """Return the answer to a list of one race day's meetings; only its first page has any."""
        rows = [each for each in self._meetings.values() if str(each["date"])[:10] == day]
        return self._answer([] if offset else rows)

    def meeting(self, key: str) -> bytes | None:
        """Return the answer about one meeting, None where no race of it is on the tape."""
        return self._answer([self._meetings[key]]) if key in self._meetings else None

    def _answer(self, rows: list[dict[str, Any]]) -> bytes:
        header = {"title": "Race Meetings, made of recorded events"}
        return json.dumps({"header": header, "params": {}, "data": {"meetings": rows}}).encode()


def _races(tape: Tape) -> Iterator[dict[str, Any]]:
    for race_id in tape.race_ids:
        entry = next((each for each in tape.race(race_id) if each.status == 200), None)
        if entry is None:
            continue
        try:
            race = json.loads(tape.body(entry))["data"]["race"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(race, dict) and all(race.get(name) for name in ("event_id", "meeting_id", "race_date_nz")):
            yield race


def _meeting(race: dict[str, Any]) -> dict[str, Any]:
    code = race.get("type")
    return {
        "meeting": race["meeting_id"],
        "name": race.get("meeting_name"),
        "date": f"{str(race['race_date_nz'])[:10]}T00:00:00Z",
        "track_condition": race.get("track_condition"),
        "category": code,
        "category_name": _CATEGORIES.get(str(code)),
        "country": race.get("country"),
        "state": race.get("state"),
        "races": [],
    }


def _entry(race: dict[str, Any]) -> dict[str, Any]:
    start = race.get("advertised_start")
    at = datetime.fromtimestamp(start, UTC).isoformat() if isinstance(start, int | float) else None
    same = ("race_number", "track_condition", "distance", "weather", "country", "state")
    return {
        "id": race["event_id"],
        "name": race.get("description"),
        "start_time": at,
        # A race's own events tell how it stands; a list made before them knows of none that is over.
        "status": "Open",
        **{name: race.get(name) for name in same},
    }
