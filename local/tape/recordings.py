"""A folder of recorded answers (lists/ and events/) as a tape, each answer at the instant that the feed made it."""

import atexit
import json
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from local.tape.scanning import TapeError
from local.tape.writer import TapeWriter
from raceday.clock import instant
from raceday.feed.taping import Answer

BASE = "https://feed.recorded"
ROOMS = ("lists", "events")
_JSON = {"content-type": "application/json"}


def is_recording(path: Path) -> bool:
    """Tell whether a path is a folder of recorded answers."""
    return path.is_dir() and any((path / room).is_dir() for room in ROOMS)


def tape_of(folder: Path) -> Path:
    """Write a recording to a tape that is gone when the process ends; raises TapeError naming a file that is none."""
    found = [_answer(path) for room in ROOMS for path in sorted((folder / room).glob("*.json"))]
    if not found:
        raise TapeError(f"tape: {folder} has no recorded answers in {' or '.join(ROOMS)}")
    place = tempfile.mkdtemp(prefix="raceday-recorded-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    made = Path(place) / "recorded.tape"
    writer = TapeWriter.create(made, source="recorded folder")
    for answer in sorted(found, key=lambda each: (each.received, each.url)):
        writer.answer(answer, "recorded")
    writer.close()
    return made


def _answer(path: Path) -> Answer:
    body = path.read_bytes()
    try:
        payload: dict[str, Any] = json.loads(body)
        header = payload["header"]
        made = instant(header["generated_time"])
        url = f"{BASE}{header['url'].partition('?')[0]}{_query(payload)}"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TapeError(f"tape: {path} is no recorded answer of the feed: {error!r}") from error
    return Answer(url, made - timedelta(milliseconds=100), made, 200, _JSON, body)


def _query(payload: dict[str, Any]) -> str:
    """Return the query that the imports ask a list by, "" for what is asked for by its id."""
    if "meetings" not in payload["data"] or "id" in payload["params"]:
        return ""
    days = {str(row["date"])[:10] for row in payload["data"]["meetings"]}
    day = days.pop() if len(days) == 1 else _day(payload["params"]["date_from"])
    return f"?{httpx.QueryParams({'date_from': day, 'date_to': day, 'limit': 100, 'offset': 0})}"


def _day(text: str) -> str:
    return datetime.fromisoformat(text).date().isoformat()
