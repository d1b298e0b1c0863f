"""Answers in the platform's form: a web response for web calls, a plain dict otherwise."""

import json
from typing import Any

from raceday.call import Http
from raceday.errors import (
    BadRequest,
    DeadlineReached,
    FeedError,
    FeedNotFound,
    FilteredOut,
    RaceDayError,
    SchemaMismatch,
    SettingsError,
    StoreError,
)

_JSON = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}


def success(result: dict[str, Any], http: Http | None) -> dict[str, Any]:
    """Wrap a handler's result; one that carries its own `statusCode` keeps it."""
    plain: dict[str, Any] = json.loads(json.dumps(result, default=str, allow_nan=False))
    if http is None:
        return plain
    status = plain.pop("statusCode", 200)
    return {"statusCode": status, "headers": dict(_JSON), "body": plain}


def failure(error: Exception, http: Http | None, activation: str) -> dict[str, Any]:
    """Turn an error into an answer: what a caller can act on is told, the inside is not."""
    status, kind = classify(error)
    told = str(error) if isinstance(error, RaceDayError) and status != 500 else "internal error"
    body: dict[str, Any] = {"kind": kind, "message": told, "activation": activation}
    if isinstance(error, BadRequest):
        body |= {"field": error.field, "expected": error.expected}
    if isinstance(error, SettingsError):
        body |= {"problems": list(error.problems)}
    if http is None:
        return {"error": body}
    if isinstance(error, SettingsError):
        # A caller of the web learns that the function is not set up, not which of its settings are wrong.
        body = {"kind": kind, "message": "this function is not configured", "activation": activation}
    return {"statusCode": status, "headers": dict(_JSON), "body": {"error": body}}


def classify(error: Exception) -> tuple[int, str]:
    """Return an error's HTTP status and its kind in one word."""
    if isinstance(error, BadRequest):
        return 400, "bad_request"
    if isinstance(error, FilteredOut):
        return 422, "filtered_out"
    if isinstance(error, FeedNotFound):
        return 404, "not_found"
    if isinstance(error, SettingsError):
        return 503, "settings"
    if isinstance(error, DeadlineReached):
        return 503, "deadline"
    if isinstance(error, FeedError):
        return 502, "feed"
    if isinstance(error, SchemaMismatch):
        return 503, "schema"
    if isinstance(error, StoreError):
        return 503, "store"
    return 500, "internal"


def place_of(error: BaseException) -> str:
    """Return file and line where an error was raised, for the log."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else ""
