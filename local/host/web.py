"""Web functions: an HTTP request as the raw event, and a function's result as an HTTP response."""

import base64
import binascii
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.host.activation import Activation

_TEXT = ("text/", "application/json", "application/x-www-form-urlencoded", "application/xml")
# JSON is no text to the platform's controller: a raw body of it arrives in base64.
_PLAIN = ("text/", "application/x-www-form-urlencoded", "application/xml")


def raw_event(request: Request, body: bytes) -> dict[str, Any]:
    """Return the event of a `web: raw` function: `http` alone, nothing of the request merged into the top level."""
    headers = {name.lower(): value for name, value in request.headers.items() if name != "x-require-whisk-auth"}
    kind = headers.get("content-type", "application/json")
    text, encoded = _text(body) if kind.startswith(_PLAIN) else (base64.b64encode(body).decode(), bool(body))
    path = request.path_params.get("path", "")
    return {
        "http": {
            "headers": headers,
            "method": request.method,
            "path": f"/{path}" if path else "",
            "queryString": request.url.query,
            "body": text,
            "isBase64Encoded": encoded,
        }
    }


def web_response(activation: Activation) -> Response:
    """Turn an activation's result into the response that its caller sees."""
    if activation.status == Activation.DEVELOPER_ERROR:
        return JSONResponse({"error": "There was an error processing your request."}, 400)
    result = activation.result
    if activation.status == Activation.APPLICATION_ERROR:
        inner = result.get("error")
        if not isinstance(inner, dict) or "statusCode" not in inner:
            # An error without a status is an answer without one: nothing of it reaches the caller.
            return Response(status_code=204)
        result = inner
    return _response(result)


def _response(result: dict[str, Any]) -> Response:
    headers = {str(key): str(value) for key, value in (result.get("headers") or {}).items()}
    body = result.get("body")
    status = int(result.get("statusCode", 204 if body in (None, "") else 200))
    if body is None or body == "":
        return Response(status_code=status, headers=headers)
    if not isinstance(body, str):
        return Response(json.dumps(body), status, {"content-type": "application/json", **_lower(headers)})
    kind = _lower(headers).get("content-type", "text/html; charset=utf-8")
    return Response(_content(body, kind), status, {**_lower(headers), "content-type": kind})


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in headers.items()}


def _text(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _content(body: str, kind: str) -> bytes:
    if not kind.startswith((*_TEXT, "image/svg")):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return body.encode()
    return body.encode()
