"""Every error the suite raises on purpose.

RaceDayError
├── SettingsError            settings missing or malformed; lists every problem at once
├── BadRequest               a caller's input is wrong: 400, names the field
├── InvokeFailed             the platform did not take an invocation (raceday.runtime.invoke)
├── DeadlineReached          no time is left before the platform's limit
├── FeedError                the NZ TAB feed did not give what was asked
│   ├── FeedUnavailable      time-out, connection, 429 or 5xx: may be tried again
│   ├── FeedRefused          400, 401, 403: trying again is useless
│   ├── FeedNotFound         404
│   └── PayloadError         the answer cannot be read: names race, field and value
├── FilteredOut              a race outside the configured countries and codes
└── StoreError               Appwrite did not do what was asked
    ├── StoreUnavailable     time-out, connection, 429 or 5xx: may be tried again
    ├── StoreRefused         401, 403: key or scope
    ├── StoreInvalid         400: structure, query or limit
    ├── StoreMissing         404: row, table, database or project
    ├── StoreConflict        409: the row exists, or changed meanwhile
    └── SchemaMismatch       the tables are of a version that these functions cannot use
"""

from collections.abc import Sequence


class RaceDayError(Exception):
    """Base of every error raised on purpose."""


class SettingsError(RaceDayError):
    """Settings that are missing or malformed; `problems` has one sentence per setting."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


class BadRequest(RaceDayError):
    """A caller's input is wrong; `field` names it and `expected` says what would do."""

    def __init__(self, field: str, expected: str, got: object = None) -> None:
        self.field, self.expected = field, expected
        seen = "" if got is None else f", got {str(got)[:80]!r}"
        super().__init__(f"{field}: expected {expected}{seen}")


class DeadlineReached(RaceDayError):
    """No time is left before the platform's limit."""


class FeedError(RaceDayError):
    """The feed did not give what was asked; `cause` is a short word kept with gaps and failures."""

    cause = "feed_error"


class FeedUnavailable(FeedError):
    """Time-out, connection failure, 429 or 5xx; `retry_after_secs` when the feed named a wait."""

    cause = "feed_unavailable"

    def __init__(self, message: str, *, cause: str = "feed_unavailable", retry_after_secs: float | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.retry_after_secs = retry_after_secs


class FeedRefused(FeedError):
    """The feed refuses the request itself: 400, 401 or 403."""

    cause = "feed_refused"


class FeedNotFound(FeedError):
    """The feed knows no such meeting or race: 404."""

    cause = "feed_not_found"


class PayloadError(FeedError):
    """An answer that cannot be read; `subject` names the race or list, `field` the member, `value` what was there.

    `payload` is the answer itself where the feed's client raised this.
    """

    cause = "payload"
    payload = ""

    def __init__(self, subject: str, field: str, value: object, expected: str) -> None:
        self.subject, self.field, self.value = subject, field, str(value)[:200]
        super().__init__(f"{subject}: {field}: expected {expected}, got {str(value)[:80]!r}")


class FilteredOut(RaceDayError):
    """A race outside the configured countries and codes; `rule` names the setting that excludes it."""

    def __init__(self, subject: str, rule: str) -> None:
        self.rule = rule
        super().__init__(f"{subject}: excluded by {rule}")


class StoreError(RaceDayError):
    """Appwrite did not do what was asked; `status` is HTTP's (0: no answer), `kind` Appwrite's error type."""

    def __init__(self, message: str, *, status: int = 0, kind: str = "") -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


class StoreUnavailable(StoreError):
    """No answer, 429 or 5xx; whether a write took effect is unknown when `status` is 0 or 5xx."""


class StoreRefused(StoreError):
    """401 or 403: the key is wrong or lacks a scope."""


class StoreInvalid(StoreError):
    """400 and its kin: structure, query, limit; repeating it is useless."""


class StoreMissing(StoreError):
    """404: row, table, database, transaction or project."""


class StoreConflict(StoreError):
    """409: the row exists already, or a touched row changed meanwhile."""


class SchemaMismatch(StoreError):
    """The tables are newer or older than these functions can use: nothing may be written."""
