"""Makes an activation's call from the platform's event."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from raceday.call import Call as Call
from raceday.call import Http as Http
from raceday.errors import BadRequest

DEFAULT_BUDGET_SECS = 55.0


def read_http(event: Mapping[str, Any]) -> Http | None:
    """Take the HTTP part out of an event, None for a trigger or an asynchronous invocation."""
    raw = event.get("http")
    if not isinstance(raw, Mapping):
        return None
    body = raw.get("body") or ""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if raw.get("isBase64Encoded"):
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error:
            raise BadRequest("body", "valid base64") from None
    headers = {str(k).lower(): str(v) for k, v in dict(raw.get("headers") or {}).items()}
    return Http(
        str(raw.get("method", "POST")).upper(), str(raw.get("path", "")), str(raw.get("queryString", "")), headers, data
    )


def read_params(event: Mapping[str, Any], http: Http | None) -> dict[str, Any]:
    """Return an activation's parameters: query and JSON body of a web call, the event's own members otherwise."""
    if http is None:
        return {key: value for key, value in event.items() if not key.startswith("__ow")}
    params: dict[str, Any] = dict(parse_qsl(http.query, keep_blank_values=True))
    if http.body.strip():
        try:
            body = json.loads(http.body)
        except (ValueError, RecursionError):
            raise BadRequest("body", "a JSON object") from None
        if not isinstance(body, dict):
            raise BadRequest("body", "a JSON object", type(body).__name__)
        params.update(body)
    return params
