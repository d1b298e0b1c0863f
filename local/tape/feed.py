"""A tape as a feed: at any instant it answers what the recorded feed had said by then."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

import httpx

from local.feedsim.serve import IDENTIFICATION, PREFIX, AnyFeed, FeedRefusal
from local.feedsim.serve import Answer as Served
from local.tape.made_lists import MadeLists
from local.tape.reader import Tape
from local.tape.scanning import TapeEntry

# What the feed had, or had not; an answer that failed on the way is tried again by whoever asks a tape.
_SERVED = (200, 404)


class TapeFeed(AnyFeed):
    """Serves the newest answer received by an instant; before its first answer a place shows that one.

    A list is served for its exact query; a race whatever parts of it are asked for. A list of meetings that is not on
    the tape is made of the races that are.
    """

    def __init__(self, tape: Tape, *, compress: bool = True) -> None:
        super().__init__(compress=compress)
        self._tape = tape
        self._by_place: dict[str, list[TapeEntry]] = defaultdict(list)
        for entry in tape.entries:
            if entry.status in _SERVED:
                url = httpx.URL(entry.url)
                self._by_place[_place(url.path, url.query.decode())].append(entry)
        self._made: MadeLists | None = None

    @property
    def begin(self) -> datetime:
        """Return the instant of the first request; raises ValueError for a tape without answers."""
        if not self._tape.entries:
            raise ValueError("tape: there is no answer on it")
        return min(entry.sent for entry in self._tape.entries)

    @property
    def end(self) -> datetime:
        """Return the instant of the last answer."""
        return self._tape.entries[-1].received

    def respond(self, path: str, query: str | Mapping[str, str], headers: Mapping[str, str], at: datetime) -> Served:
        """Answer a GET as the feed did by `at`."""
        names = {name.lower(): value for name, value in headers.items()}
        text = query if isinstance(query, str) else str(httpx.QueryParams(dict(query)))
        place = _place(path, text)
        entry = self._newest(place, at)
        made = None if entry else self._list(place)
        accepts = names.get("accept-encoding", "")
        known = entry is not None or made is not None
        if not known or any(not names.get(name, "").strip() for name in IDENTIFICATION):
            status = 403 if known else 404
            refusal = FeedRefusal(status, "NOT_FOUND" if status == 404 else "FORBIDDEN", "nothing such is on the tape")
            return self._pack(
                status,
                self.envelope("Error", path, {}, at, None, None, error=refusal),
                accepts,
            )
        if entry is None:
            return self._pack(200, made or b"", accepts)
        return self._pack(entry.status, self._tape.body(entry), accepts)

    def _list(self, place: str) -> bytes | None:
        """Return a list of meetings, or one of them, made of the tape's races; None for what is no such list."""
        room, _, query = place.partition("?")
        if room != "meetings" and not room.startswith("meetings/"):
            return None
        self._made = self._made or MadeLists(self._tape)
        if room != "meetings":
            return self._made.meeting(room.partition("/")[2])
        asked = httpx.QueryParams(query)
        offset = asked.get("offset", "0")
        return self._made.meetings(asked.get("date_from", ""), int(offset) if offset.isdecimal() else 0)

    def _newest(self, place: str, at: datetime) -> TapeEntry | None:
        there = self._by_place.get(place, [])
        i = bisect_right(there, at, key=lambda entry: entry.received)
        return there[max(0, i - 1)] if there else None


def _place(path: str, query: str) -> str:
    """Return what is asked for: a race by its id, anything else with its query in order of names."""
    room = path.rstrip("/").rpartition("/racing/")[2] if PREFIX not in path else path.rstrip("/")[len(PREFIX) + 1 :]
    if room.startswith("events/"):
        return room
    return f"{room}?{httpx.QueryParams(sorted(httpx.QueryParams(query).multi_items()))}"
