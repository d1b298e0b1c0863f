"""Appwrite's webhooks: size, signature, origin and row; nothing is parsed before the signature holds."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from raceday.call import Call, Http
from raceday.container import Container
from raceday.errors import BadRequest, RaceDayError
from raceday.patience import within
from raceday.runtime.answer import place_of
from raceday.settings import Settings

MAX_BODY_BYTES = 256_000
BUDGET_SECS = 2.0
RESERVE_SECS = 1.0
Handler = Callable[[Container, Call], Awaitable[dict[str, Any]]]
_ROW_EVENT = re.compile(
    r"databases\.(?P<db>[^.*]+)\.(?:tables|collections)\.(?P<table>[^.*]+)\.(?:rows|documents)\.(?P<row>[^.*]+)"
    r"\.(?:create|update|upsert|delete)"
)


class WebhookRefused(RaceDayError):
    """A delivery that is not Appwrite's own; `status` is the HTTP answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def sign(secret: str, url: str, body: bytes) -> str:
    """Return the signature Appwrite puts on a delivery: base64 of HMAC-SHA1 over URL and raw body."""
    return base64.b64encode(hmac.new(secret.encode(), url.encode() + body, hashlib.sha1).digest()).decode()


def verify(secret: str, url: str, body: bytes, signature: str) -> bool:
    """Tell whether a signature is Appwrite's: releases up to 1.9.6 sign the decoded URL, later ones the raw one."""
    given = signature.encode()
    decoded = hmac.compare_digest(sign(secret, unquote(url), body).encode(), given)
    raw = hmac.compare_digest(sign(secret, url, body).encode(), given)
    return decoded or raw


async def serve_webhook(container: Container, call: Call, url: str, handler: Handler) -> dict[str, Any]:
    """Let a delivery in and hand its race to `handler`; a call by name has no signature to check.

    Once the signature holds the answer is 2xx whatever comes of it: ten failures in a row switch a webhook off,
    and what was not done is found again in the ledger by the next wake.
    """
    if call.http is None:
        return await handler(container, call._replace(params={"raceId": race_id_of(call.params)}))
    try:
        check_delivery(call.http, container.settings, url)
    except WebhookRefused as refused:
        call.log.warning("webhook.refused", status=refused.status, reason=str(refused))
        return {"statusCode": refused.status, "error": str(refused)}
    try:
        table, row = read_row(call.http, container.settings.store_database)
        race_id = race_id_of(row)
    except BadRequest as error:
        call.log.warning("webhook.unread", reason=str(error))
        return {"ok": True, "ignored": str(error)}
    return await _within_budget(container, call._replace(params={"raceId": race_id}, row=row, table=table), handler)


async def _within_budget(container: Container, call: Call, handler: Handler) -> dict[str, Any]:
    race_id = call.params["raceId"]
    try:
        secs = max(0.0, min(BUDGET_SECS, call.remaining_secs() - RESERVE_SECS))
        async with asyncio.timeout(secs):
            with within(container.clock, secs):
                return await handler(container, call)
    except TimeoutError:
        call.log.warning("projection.unfinished", raceId=race_id)
        return {"ok": True, "raceId": race_id, "unfinished": True}
    except RaceDayError as error:
        call.log.warning("projection.failed", raceId=race_id, error=type(error).__name__, message=str(error))
    except Exception as error:
        told = {"error": type(error).__name__, "message": str(error), "where": place_of(error)}
        call.log.error("projection.crashed", raceId=race_id, **told)
    return {"ok": True, "raceId": race_id, "failed": True}


def check_delivery(http: Http, settings: Settings, url: str) -> None:
    """Raise WebhookRefused unless the delivery is small enough, signed with our secret, and of our project."""
    if len(http.body) > MAX_BODY_BYTES:
        raise WebhookRefused(413, f"a body of at most {MAX_BODY_BYTES} bytes was expected")
    signature = http.headers.get("x-appwrite-webhook-signature", "")
    if not url or not settings.webhook_secret or not verify(settings.webhook_secret, url, http.body, signature):
        raise WebhookRefused(401, "the signature does not hold")
    if http.headers.get("x-appwrite-webhook-project-id", "") != settings.store_project:
        raise WebhookRefused(401, "the delivery is of another project")


def read_row(http: Http, database: str) -> tuple[str, dict[str, Any]]:
    """Return the table and the row of a delivery, in `tables/rows` and `collections/documents` form alike."""
    found = _ROW_EVENT.search(http.headers.get("x-appwrite-webhook-events", ""))
    if found is None or found["db"] != database:
        raise BadRequest("x-appwrite-webhook-events", f"an event of a row in {database}")
    try:
        row = json.loads(http.body)
    except (ValueError, RecursionError):
        raise BadRequest("body", "a row as JSON") from None
    if not isinstance(row, dict):
        raise BadRequest("body", "a row as a JSON object")
    return found["table"], row


def race_id_of(source: Mapping[str, Any]) -> str:
    """Return the race a row or a call is about; BadRequest where it names none."""
    race_id = source.get("raceId")
    if not isinstance(race_id, str) or not 1 <= len(race_id) <= 36:
        raise BadRequest("raceId", "a race id of 1 to 36 characters", race_id)
    return race_id
