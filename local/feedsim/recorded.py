"""Recorded responses served by the same rules: lists/ and events/ of a folder, values untouched."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from local.feedsim.serve import AnyFeed, FeedRefusal, date_range, paging


class RecordedFeed(AnyFeed):
    """A folder of recordings: the meetings list for its date, events by the id inside, 404 for the rest."""

    def __init__(self, folder: Path | str, *, compress: bool = True) -> None:
        super().__init__(compress=compress)
        root = Path(folder)
        listing = root / "lists" / "meetings_list.json"
        if not listing.is_file():
            raise ValueError(f"recorded feed: expected {listing}, which is no file")
        self._listing = _read(listing)
        self._meetings: list[dict[str, Any]] = self._listing["data"]["meetings"]
        self.date = date.fromisoformat(self._meetings[0]["date"][:10])
        self._races = root / "lists" / "races_list.json"
        self._single = {
            _read(path)["data"]["meetings"][0]["meeting"]: path
            for path in sorted((root / "lists").glob("meeting_*.json"))
        }
        self._events = {
            _read(path)["data"]["race"]["event_id"]: path for path in sorted((root / "events").glob("*.json"))
        }

    @property
    def event_ids(self) -> list[str]:
        """Ids of the events that were recorded."""
        return list(self._events)

    def meetings(self, path: str, params: dict[str, str], at: datetime) -> bytes:
        """The recorded meetings when their date is asked for, filtered and in pages; none on other dates."""
        first, last = date_range(params, at)
        country, category = params.get("country", "").strip(), params.get("category", "").strip()
        limit, offset = paging(params)
        rows = [
            row
            for row in self._meetings
            if first <= self.date <= last and country in {"", row["country"]} and category in {"", row["category"]}
        ]
        page = rows[offset : offset + limit]
        echo = {**self._listing["params"], "limit": limit, "offset": offset}
        return json.dumps({"header": self._listing["header"], "params": echo, "data": {"meetings": page}}).encode()

    def meeting(self, path: str, key: str, params: dict[str, str], at: datetime) -> bytes:
        """A meeting recorded by id, else its row of the list."""
        if key in self._single:
            return self._single[key].read_bytes()
        rows = [row for row in self._meetings if row["meeting"] == key]
        if not rows:
            raise FeedRefusal(404, "NOT_FOUND", f"no meeting {key}")
        return self.envelope("Get meeting by id", path, params, at, {"enc": "json", "id": key}, {"meetings": rows})

    def races(self, path: str, params: dict[str, str], at: datetime) -> bytes:
        """The one recorded page of the races list."""
        if not self._races.is_file() or params.get("page_token"):
            raise FeedRefusal(404, "NOT_FOUND", "no such page was recorded")
        return self._races.read_bytes()

    def event(self, path: str, key: str, params: dict[str, str], at: datetime) -> bytes:
        """A recorded event as it is, whatever flags are asked for."""
        if key not in self._events:
            raise FeedRefusal(404, "NOT_FOUND", f"no event {key} was recorded")
        return self._events[key].read_bytes()


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"recorded feed: {path} is no JSON: {error}") from error
    return loaded
