"""The client of the NZ TAB affiliates API."""

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import httpx
from pydantic import ValidationError

from raceday.clock import Clock
from raceday.connections import Connections, Transports
from raceday.errors import FeedError, FeedNotFound, FeedRefused, FeedUnavailable, PayloadError
from raceday.feed import mapping, values
from raceday.feed.filter import rule_against
from raceday.feed.limiter import Limiter
from raceday.feed.models import Event, Meeting, Meetings
from raceday.ids import RandomSource
from raceday.log import Log
from raceday.patience import Patience, attempt_secs
from raceday.racing.snapshot import FormerRace, MeetingEntry, Snapshot, Status
from raceday.settings import Settings

if TYPE_CHECKING:
    from raceday.feed.taping import Take

PAGE = 100
MAX_PAGES = 20
# What the quarantine keeps of an answer: enough for any recorded event whole.
MAX_KEPT_CHARS = 600_000
LONGEST_WAIT_SECS = 30.0
USER_AGENT = "raceday-functions/1.0"
T = TypeVar("T")
Answer = TypeVar("Answer", Event, Meetings)


class FeedClient:
    """Meetings and events over one kept set of connections; `calls` counts requests, retries included.

    `tape` is told of every answer where it is set; it must not raise.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        chance: RandomSource,
        log: Log,
        transport: httpx.AsyncBaseTransport | Transports | None = None,
    ) -> None:
        self._settings, self._clock, self._chance, self._log = settings, clock, chance, log
        self._headers = {
            "From": settings.feed_from,
            "X-Partner": settings.feed_partner,
            "X-Partner-ID": settings.feed_partner_id,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
        }
        self._connections = Connections(
            max(settings.feed_concurrency, settings.polls_at_once),
            transport,
            lambda failures: log.warning("connections.renewed", to="feed", failures=failures),
        )
        self._patience = Patience(clock, chance, settings.feed_attempts, first_secs=0.5, most_secs=8.0)
        # A poll's slot lasts seconds: it asks again soon, and until the slot is over, two minutes for a re-check.
        self._haste = Patience(
            clock, chance, settings.feed_attempts, first_secs=0.5, most_secs=2.0, longest_secs=math.inf
        )
        self._limiter = Limiter(clock, settings.feed_rate_per_sec, settings.feed_concurrency, settings.polls_at_once)
        self.calls = 0
        self.tape: Take | None = None

    async def meetings(self, day: date, unreadable: list[PayloadError] | None = None) -> list[MeetingEntry]:
        """Return every meeting of an NZ race day, page by page until a short one, but for those in `unreadable`."""
        found: dict[str, MeetingEntry] = {}
        for page in range(MAX_PAGES):
            params = {
                "date_from": day.isoformat(),
                "date_to": day.isoformat(),
                "limit": str(PAGE),
                "offset": str(page * PAGE),
            }
            size, entries, errors = await self._ask(f"meetings {day}", "/meetings", params, self._page)
            found |= {entry.meeting_id: entry for entry in entries}
            if unreadable is not None:
                unreadable += errors
            if size < PAGE:
                break
        return list(found.values())

    def _page(self, body: bytes, received: datetime) -> tuple[int, list[MeetingEntry], list[PayloadError]]:
        """Return how many meetings a page lists, those that can be read, and what is wrong with the wanted others."""
        answer = _meetings(body)
        entries, errors = [], []
        for raw in answer.data.meetings or ():
            try:
                entries.append(mapping.meeting_of(_meeting(raw), answer.header, received))
            except PayloadError as error:
                self._log.warning("feed.meeting_unreadable", message=str(error))
                if self._wanted(raw):
                    error.payload = str(raw)[:MAX_KEPT_CHARS]
                    errors.append(error)
        return len(answer.data.meetings or ()), entries, errors

    def _wanted(self, raw: Any) -> bool:
        """Tell whether an unreadable meeting matters: not where it names a country or code that is filtered out."""
        if not isinstance(raw, Meeting):
            return True
        country, code = values.text(raw.country), values.text(raw.category)
        return not (country and code) or rule_against(self._settings, country, code) is None

    async def meeting(self, meeting_id: str) -> MeetingEntry:
        """Return one meeting; FeedNotFound where the feed lists none."""

        def read(body: bytes, received: datetime) -> MeetingEntry:
            answer = _meetings(body)
            if not answer.data.meetings:
                raise FeedNotFound(f"meeting {meeting_id}: an empty list")
            return mapping.meeting_of(_meeting(answer.data.meetings[0]), answer.header, received)

        return await self._ask(f"meeting {meeting_id}", f"/meetings/{meeting_id}", {}, read)

    async def event(
        self, race_id: str, status: Status | None = None, *, urgent: bool = False, known: FormerRace | None = None
    ) -> Snapshot:
        """Return one race in full; a race that is over needs no money tracker. An `urgent` one has a slot to keep."""
        params = {} if status is not None and status.over else {"with_money_tracker": "true"}

        def read(body: bytes, received: datetime) -> Snapshot:
            answer = read_event(body)
            return mapping.snapshot_of(answer.header, answer.data, race_id, received, known or FormerRace(status))

        return await self._ask(race_id, f"/events/{race_id}", params, read, urgent=urgent)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()

    async def _ask(
        self,
        subject: str,
        path: str,
        params: dict[str, str],
        parse: Callable[[bytes, datetime], T],
        *,
        urgent: bool = False,
    ) -> T:
        async def once() -> T:
            answer = await self._once(subject, path, params, urgent=urgent)
            return _parsed(subject, answer, parse, self._clock.now())

        patience = self._haste if urgent else self._patience
        return await patience.keep_trying(once, _may_be_asked_again, counted=not urgent, asked_secs=_asked_secs)

    async def _once(self, subject: str, path: str, params: dict[str, str], *, urgent: bool) -> httpx.Response:
        async with self._limiter.turn(urgent=urgent):
            self.calls += 1
            request = self._request(path, params)
            if self.tape is None:
                answer = await self._exchange(subject, request)
            else:
                from raceday.feed.taping import taped

                answer = await taped(self.tape, self._clock, request, lambda: self._exchange(subject, request))
        if answer.status_code != 200:
            raise _refusal(subject, answer, self._clock.now())
        return answer

    async def _exchange(self, subject: str, request: httpx.Request) -> httpx.Response:
        try:
            return await self._connections.send(request, attempt_secs(self._clock, self._settings.feed_timeout_secs))
        except httpx.TimeoutException as error:
            raise FeedUnavailable(f"{subject}: no answer in time", cause="feed_timeout") from error
        except httpx.DecodingError as error:
            raise FeedUnavailable(f"{subject}: a body that cannot be unpacked", cause="payload") from error
        except httpx.HTTPError as error:
            raise FeedUnavailable(f"{subject}: {type(error).__name__}") from error

    def _request(self, path: str, params: dict[str, str]) -> httpx.Request:
        query = f"?{urlencode(params)}" if params else ""
        return httpx.Request("GET", f"{self._settings.feed_url}{path}{query}", headers=self._headers)


def _may_be_asked_again(error: BaseException) -> bool:
    return isinstance(error, FeedUnavailable)


def _asked_secs(error: BaseException) -> float | None:
    """Return the wait that the feed itself asked for, bounded."""
    asked = error.retry_after_secs if isinstance(error, FeedUnavailable) else None
    return None if asked is None else float(min(asked, LONGEST_WAIT_SECS))


def _read_json(model: type[Answer], body: bytes) -> Answer:
    """Parse an answer; a lone surrogate, which no text may hold, is replaced wherever it stands."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] != "json_invalid" or b"\\u" not in body:
            raise
        try:
            plain = json.dumps(json.loads(body), ensure_ascii=False)
        except (ValueError, RecursionError):
            raise error from None
        return model.model_validate_json(plain.encode("utf-8", "replace"))


def read_event(body: bytes) -> Event:
    """Return an answer about a race as the client reads it; raises ValidationError or FeedUnavailable."""
    answer = _read_json(Event, body)
    _refuse_told(answer.data.error)
    return answer


def _meetings(body: bytes) -> Meetings:
    answer = _read_json(Meetings, body)
    _refuse_told(answer.data.error)
    return answer


def _meeting(raw: Any) -> Meeting:
    if not isinstance(raw, Meeting):
        raise PayloadError("meeting", "meetings", raw, "a meeting")
    return raw


def _refuse_told(error: Any) -> None:
    # An answer of 200 may carry an error of the feed's own in its data.
    if told := values.text(error):
        raise FeedUnavailable(f"the feed says {told[:80]!r}", cause="feed_error")


def _parsed(subject: str, answer: httpx.Response, parse: Callable[[bytes, datetime], T], received: datetime) -> T:
    try:
        return parse(answer.content, received)
    except PayloadError as error:
        error.payload = answer.text[:MAX_KEPT_CHARS]
        raise
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            # HTML and cut-off bodies come from what stands before the feed; the next answer may be whole.
            raise FeedUnavailable(f"{subject}: a body that is no JSON", cause="payload") from error
        field = ".".join(str(part) for part in first["loc"])
        unreadable = PayloadError(subject, field, first.get("input", ""), first["msg"])
        unreadable.payload = answer.text[:MAX_KEPT_CHARS]
        raise unreadable from error


def _refusal(subject: str, answer: httpx.Response, now: datetime) -> FeedError:
    status = answer.status_code
    told = f"{subject}: the feed answered {status}"
    if status == 404:
        return FeedNotFound(told)
    if status == 429 or status >= 500 or status in (408, 425):
        return FeedUnavailable(told, cause=f"feed_{status}", retry_after_secs=retry_after(answer, now))
    if 300 <= status < 400:
        return FeedRefused(f"{told}, a redirect")
    return FeedRefused(told)


def retry_after(answer: httpx.Response, now: datetime) -> float | None:
    """Return the seconds that `Retry-After` asks for, as a number or as a date."""
    asked = answer.headers.get("retry-after", "").strip()
    if not asked:
        return None
    if asked.isdecimal():
        return float(min(int(asked[:9]), 86400))
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def make_feed(
    settings: Settings,
    clock: Clock,
    chance: RandomSource,
    log: Log,
    transport: httpx.AsyncBaseTransport | Transports | None = None,
) -> FeedClient:
    """Make the client of the configured feed."""
    return FeedClient(settings, clock, chance, log, transport)
