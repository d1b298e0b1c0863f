"""The feed's HTTP surface as a function: path, query, headers and instant in; status, headers and body out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zlib import crc32

from local.feedsim.day import FeedDay
from local.feedsim.event import FLAGS, event_data
from local.feedsim.lists import list_rows, meeting_row, utc_day, visible
from local.feedsim.marks import NZ, iso_z, nano_z

PREFIX = "/affiliates/v1/racing"
IDENTIFICATION = ("from", "x-partner", "x-partner-id")
Answer = tuple[int, dict[str, str], bytes]
_MAX_LIMIT = 200


class FeedRefusal(Exception):
    """An answer that is none of 200: HTTP status, the feed's error code and a text."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code


class AnyFeed:
    """What both feeds share: identification, routing, the envelope, errors and compression."""

    def __init__(self, *, compress: bool = True) -> None:
        self._compress = compress

    def respond(self, path: str, query: str | Mapping[str, str], headers: Mapping[str, str], at: datetime) -> Answer:
        """Answer a GET; header names in any case, `query` a raw string or a mapping, `at` an aware instant."""
        names = {name.lower(): value for name, value in headers.items()}
        params = dict(parse_qsl(query, keep_blank_values=True)) if isinstance(query, str) else dict(query)
        try:
            missing = [name for name in IDENTIFICATION if not names.get(name, "").strip()]
            if missing:
                raise FeedRefusal(403, "FORBIDDEN", f"identification headers missing: {', '.join(missing)}")
            body = self._route(path, params, at)
            status = 200
        except FeedRefusal as error:
            status = error.status
            body = self.envelope("Error", path, params, at, None, None, error=error)
        return self._pack(status, body, names.get("accept-encoding", ""))

    def _route(self, path: str, params: dict[str, str], at: datetime) -> bytes:
        if not path.startswith(f"{PREFIX}/"):
            raise FeedRefusal(404, "NOT_FOUND", "no such page")
        room, _, key = path[len(PREFIX) + 1 :].rstrip("/").partition("/")
        if room == "meetings" and not key:
            return self.meetings(path, params, at)
        if room == "meetings":
            return self.meeting(path, key, params, at)
        if room == "list" and not key:
            return self.races(path, params, at)
        if room == "events" and key:
            return self.event(path, key, params, at)
        raise FeedRefusal(404, "NOT_FOUND", "no such page")

    def meetings(self, path: str, params: dict[str, str], at: datetime) -> bytes:
        """The body of /meetings."""
        raise NotImplementedError

    def meeting(self, path: str, key: str, params: dict[str, str], at: datetime) -> bytes:
        """The body of /meetings/{id}."""
        raise NotImplementedError

    def races(self, path: str, params: dict[str, str], at: datetime) -> bytes:
        """The body of /list."""
        raise NotImplementedError

    def event(self, path: str, key: str, params: dict[str, str], at: datetime) -> bytes:
        """The body of /events/{id}."""
        raise NotImplementedError

    def envelope(
        self,
        title: str,
        path: str,
        query: Mapping[str, str],
        at: datetime,
        params: dict[str, Any] | None,
        data: dict[str, Any] | None,
        error: FeedRefusal | None = None,
    ) -> bytes:
        """header, params and data as compact JSON; an error has the header alone."""
        nanos = crc32(f"{path}{at.timestamp()}".encode()) % 1000
        suffix = "&".join(f"{name}={value}" for name, value in query.items())
        header: dict[str, Any] = {
            "title": title,
            "generated_time": nano_z(at, nanos),
            "url": f"{path}?{suffix}" if suffix else path,
        }
        if error is not None:
            header |= {"error": str(error), "error_code": error.code}
            return _encode({"header": header})
        return _encode({"header": header, "params": params, "data": data})

    def _pack(self, status: int, body: bytes, accepts: str) -> Answer:
        headers = {"content-type": "application/json; charset=utf-8"}
        if self._compress and "gzip" in accepts.lower():
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(body))
        return status, headers, body


class FeedSim(AnyFeed):
    """Generated days served as the feed serves them; stateless but for caches, so any instant may be asked for."""

    def __init__(self, days: FeedDay | Sequence[FeedDay], *, compress: bool = True) -> None:
        super().__init__(compress=compress)
        self.days = [days] if isinstance(days, FeedDay) else list(days)
        self._by_race = {
            race.race_id: (day, meeting) for day in self.days for meeting in day.meetings for race in meeting.races
        }

    def meetings(self, path: str, params: dict[str, str], at: datetime) -> bytes:
        """Meetings by meeting date, country and category, in pages of `limit` from `offset`."""
        limit, offset = paging(params)
        first, last = date_range(params, at)
        country, category = params.get("country", "").strip(), params.get("category", "").strip()
        ids = {key for key in params.get("ids", "").split(",") if key}
        rows = [
            (day, meeting)
            for day in self.days
            if first <= day.date <= last
            for meeting in visible(day, at)
            if country in {"", meeting.country}
            and category in {"", meeting.category}
            and (not ids or meeting.meeting_id in ids)
        ]
        minute = iso_z(at.replace(second=0, microsecond=0))
        echo = {
            "enc": "json",
            "ids": sorted(ids) or None,
            "date_from": _echo_date(params, "date_from", minute),
            "date_to": _echo_date(params, "date_to", minute),
            "type": category or " ",
            "country": country or " ",
            "limit": limit,
            "offset": offset,
            "futures": False,
            "meeting_numbers": None,
        }
        data = {"meetings": [meeting_row(day, meeting, at) for day, meeting in rows[offset : offset + limit]]}
        return self.envelope("Race Meetings", path, params, at, echo, data)

    def meeting(self, path: str, key: str, params: dict[str, str], at: datetime) -> bytes:
        """One meeting, as a list of one."""
        for day in self.days:
            for meeting in visible(day, at):
                if meeting.meeting_id == key:
                    data = {"meetings": [meeting_row(day, meeting, at, full=True)]}
                    return self.envelope("Get meeting by id", path, params, at, {"enc": "json", "id": key}, data)
        raise FeedRefusal(404, "NOT_FOUND", f"no meeting {key}")

    def races(self, path: str, params: dict[str, str], at: datetime) -> bytes:
        """Races by UTC day in pages named by a token."""
        limit = _count(params, "limit", 100, _MAX_LIMIT)
        token = params.get("page_token", "")
        page = token.removeprefix("page-")
        offset = int(page) if _is_number(page) else 0
        first, last = utc_day(at), utc_day(at)
        if params.get("date_from", "today") != "today":
            days = date_range(params, at)
            first, last = (datetime.combine(day, time(), UTC) for day in days)
        last += timedelta(days=1) - timedelta(microseconds=1)
        rows = list_rows(self.days, first, last, at)
        data: dict[str, Any] = {"races": rows[offset : offset + limit]}
        if offset + limit < len(rows):
            data["next_page_token"] = f"page-{offset + limit}"
        echo = {
            "enc": "json",
            "limit": limit,
            "countries": None,
            "meet_types": None,
            "date_from": iso_z(first),
            "date_to": iso_z(last).replace("Z", ".999999999Z"),
            "order_by": 1,
            "page_token": token,
        }
        return self.envelope("List Races", path, params, at, echo, data)

    def event(self, path: str, key: str, params: dict[str, str], at: datetime) -> bytes:
        """One race in full, with what its flags ask for."""
        found = self._by_race.get(key)
        if found is None:
            raise FeedRefusal(404, "NOT_FOUND", f"no event {key}")
        day, meeting = found
        state = day.truth(key, at)
        if state.http_status != 200:
            raise FeedRefusal(state.http_status, "NOT_FOUND", f"no event {key}")
        flags = {flag: params.get(flag, "").lower() in {"true", "1"} for flag in FLAGS}
        excluded = params.get("bet_type_filter", "")
        echo: dict[str, Any] = {"enc": "json", "id": key, **flags, "bet_type_filter": excluded, "bets_limit": 10}
        echo["will_pays"] = echo.pop("with_will_pays")
        data = event_data(day.books[key], meeting, state, flags, day.options, excluded)
        return self.envelope(f"Event Details: {key}", path, params, at, echo, data)


def paging(params: Mapping[str, str]) -> tuple[int, int]:
    """Limit and offset of a page; 400 when they are no numbers or the limit is over the feed's."""
    return _count(params, "limit", 100, _MAX_LIMIT), _count(params, "offset", 0, None)


def date_range(params: Mapping[str, str], at: datetime) -> tuple[date, date]:
    """The meeting dates that a request asks for; today is the NZ calendar day."""
    first = _day_of(params.get("date_from", "today"), at)
    return first, _day_of(params.get("date_to", first.isoformat()), at)


def _day_of(text: str, at: datetime) -> date:
    today = at.astimezone(NZ).date()
    words = {
        "today": today,
        "week": today + timedelta(days=6),
        "month": today + timedelta(days=30),
        "all": today + timedelta(days=365),
    }
    if text in words:
        return words[text]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2200:
        raise FeedRefusal(400, "BAD_REQUEST", f"date: expected YYYY-MM-DD, today, week, month or all, got {text!r}")
    return day


def _echo_date(params: Mapping[str, str], name: str, minute: str) -> str:
    text = params.get(name, "today")
    return minute if text == "today" else f"{text}T00:00:00Z"


def _count(params: Mapping[str, str], name: str, usual: int, most: int | None) -> int:
    text = params.get(name, str(usual))
    if not _is_number(text) or (most is not None and not 0 < int(text) <= most):
        raise FeedRefusal(
            400, "BAD_REQUEST", f"{name}: expected a number{f' from 1 to {most}' if most else ''}, got {text!r}"
        )
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _encode(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
