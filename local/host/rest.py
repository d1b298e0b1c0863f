"""The namespace's REST paths: asynchronous and blocking invocation, activation records, web functions."""

import base64
import hmac
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.host.function import HostedFunction
from local.host.namespace import InvocationRefused, Namespace
from local.host.web import raw_event, web_response
from raceday.catalogue.platform import MAX_PAYLOAD_BYTES

CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH",
    "access-control-allow-headers": "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent",
}
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]


def make_app(namespace: Namespace, key: str) -> Starlette:
    """Return an ASGI application that answers for a namespace whose access key is `key` (`id:secret`)."""
    rest = _Rest(namespace, key)
    base = "/api/v1/namespaces/{namespace}"
    return Starlette(
        routes=[
            Route(base + "/actions", rest.list_functions),
            Route(base + "/actions/{package}/{function}", rest.invoke, methods=["POST"]),
            Route(base + "/actions/{package}/{function}", rest.describe),
            Route(base + "/activations", rest.list_activations),
            Route(base + "/activations/{activation}", rest.activation),
            Route(base + "/activations/{activation}/{part}", rest.activation),
            Route("/api/v1/web/{namespace}/{package}/{function}", rest.web, methods=METHODS),
            Route("/api/v1/web/{namespace}/{package}/{function}/{path:path}", rest.web, methods=METHODS),
        ]
    )


class _Rest:
    """The answers, in the platform's words and statuses."""

    def __init__(self, namespace: Namespace, key: str) -> None:
        self._namespace = namespace
        self._authorization = f"Basic {base64.b64encode(key.encode()).decode()}"

    async def list_functions(self, request: Request) -> Response:
        """List the functions, as `GET actions` does."""
        if refusal := self._refusal(request):
            return refusal
        return JSONResponse([self._described(function) for function in self._namespace.functions.values()])

    async def describe(self, request: Request) -> Response:
        """Return one function's limits and annotations."""
        if refusal := self._refusal(request):
            return refusal
        function = self._namespace.functions.get(_name(request))
        return self._not_found() if function is None else JSONResponse(self._described(function))

    async def invoke(self, request: Request) -> Response:
        """Start a function: at once 202 with its activation, or with `blocking=true` its record within 30 s."""
        if refusal := self._refusal(request):
            return refusal
        try:
            event = await _json_object(request)
            task = self._namespace.start(_name(request), event)
        except InvocationRefused as error:
            return _error(error.status, str(error))
        started = JSONResponse({"activationId": task.get_name()}, 202)
        if request.query_params.get("blocking", "false") != "true":
            return started
        activation = await self._namespace.within_sync_time(task)
        if activation is None:
            return started
        whole = request.query_params.get("result", "false") != "true"
        return JSONResponse(activation.record() if whole else activation.result, 200 if activation.ok else 502)

    async def list_activations(self, request: Request) -> Response:
        """List finished activations, newest first."""
        if refusal := self._refusal(request):
            return refusal
        limit = int(request.query_params.get("limit", "30"))
        found = self._namespace.activations(request.query_params.get("name", ""), limit)
        return JSONResponse([activation.record() for activation in found])

    async def activation(self, request: Request) -> Response:
        """Return one finished activation's record, or its `logs` or `result` alone."""
        if refusal := self._refusal(request):
            return refusal
        found = self._namespace.activation(request.path_params["activation"])
        if found is None:
            return self._not_found()
        part = request.path_params.get("part", "")
        if part == "logs":
            return JSONResponse({"logs": found.logs})
        return JSONResponse(found.record()["response"] if part == "result" else found.record())

    async def web(self, request: Request) -> Response:
        """Call a web function: its raw request in, its response out; 202 when it outlasts what a caller may wait."""
        function = self._namespace.functions.get(_name(request))
        if request.method == "OPTIONS":
            # The platform answers a browser's question itself; the function never sees it.
            return Response(status_code=200, headers=CORS)
        if request.path_params["namespace"] != self._namespace.name or function is None or function.web is False:
            return self._not_found()
        if not _may_call(function, request):
            return _error(401, "Authentication is possible but has failed or not yet been provided.")
        body = await request.body()
        if len(body) > MAX_PAYLOAD_BYTES:
            return _error(413, f"Request larger than allowed: {len(body)} > {MAX_PAYLOAD_BYTES} bytes.")
        try:
            task = self._namespace.start(function.full_name, raw_event(request, body), recorded=False)
        except InvocationRefused as error:
            return _error(error.status, str(error))
        activation = await self._namespace.within_sync_time(task)
        if activation is None:
            return _error(202, "Response not yet ready.", task.get_name())
        return web_response(activation)

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), self._authorization.encode()):
            return _error(401, "The supplied authentication is invalid.")
        if request.path_params["namespace"] not in (self._namespace.name, "_"):
            return _error(403, "The supplied authentication is not authorized to access this resource.")
        return None

    def _described(self, function: HostedFunction) -> dict[str, Any]:
        limits = function.limits
        return {
            "name": function.name,
            "namespace": f"{self._namespace.name}/{function.package}",
            "version": "0.0.1",
            "exec": {"kind": "python:3.11", "binary": True},
            "limits": {"timeout": limits.timeout_ms, "memory": limits.memory_mb, "logs": limits.logs_kb},
            "annotations": [{"key": "web-export", "value": function.web is not False}],
        }

    def _not_found(self) -> Response:
        return _error(404, "The requested resource does not exist.")


def _name(request: Request) -> str:
    return f"{request.path_params['package']}/{request.path_params['function']}"


async def _json_object(request: Request) -> dict[str, Any]:
    body = await request.body()
    if len(body) > MAX_PAYLOAD_BYTES:
        raise InvocationRefused(413, f"Request larger than allowed: {len(body)} > {MAX_PAYLOAD_BYTES} bytes.")
    try:
        event = json.loads(body) if body.strip() else {}
    except ValueError:
        raise InvocationRefused(400, "The request content was malformed: expected a JSON object") from None
    if not isinstance(event, dict):
        raise InvocationRefused(400, "The request content was malformed: expected a JSON object")
    return event


def _may_call(function: HostedFunction, request: Request) -> bool:
    if function.web_secure is False:
        return True
    given = request.headers.get("x-require-whisk-auth", "")
    return hmac.compare_digest(given.encode(), str(function.web_secure).encode())


def _error(status: int, message: str, activation: str = "") -> JSONResponse:
    return JSONResponse({"error": message, **({"activationId": activation} if activation else {})}, status)
