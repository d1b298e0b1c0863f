"""A tape as a feed: at any instant it answers what the recorded feed had said by then."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

import httpx

from local.feedsim.serve import IDENTIFICATION, PREFIX, AnyFeed, FeedRefusal
from local.feedsim.serve import Answer as Served
from local.tape.reader import Tape
from local.tape.scanning import TapeEntry

# What the feed had, or had not; an answer that failed on the way is tried again by whoever asks a tape.
_SERVED = (200, 404)


class TapeFeed(AnyFeed):
    """Serves the newest answer received by an instant; before its first answer a place shows that one.

    A list is served for its exact query; a race whatever parts of it are asked for.
    """

    def __init__(self, tape: Tape, *, compress: bool = True) -> None:
        super().__init__(compress=compress)
        self._tape = tape
        self._by_place: dict[str, list[TapeEntry]] = defaultdict(list)
        for entry in tape.entries:
            if entry.status in _SERVED:
                url = httpx.URL(entry.url)
                self._by_place[_place(url.path, url.query.decode())].append(entry)

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
        entry = self._newest(_place(path, text), at)
        if entry is None or any(not names.get(name, "").strip() for name in IDENTIFICATION):
            status = 403 if entry is not None else 404
            refusal = FeedRefusal(status, "NOT_FOUND" if status == 404 else "FORBIDDEN", "nothing such is on the tape")
            return self._pack(
                status,
                self.envelope("Error", path, {}, at, None, None, error=refusal),
                names.get("accept-encoding", ""),
            )
        return self._pack(entry.status, self._tape.body(entry), names.get("accept-encoding", ""))

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
