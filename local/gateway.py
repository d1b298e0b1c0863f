"""The suite's web functions over HTTP on loopback, in this process, by the platform's contract for callers."""

import asyncio
import hmac
import json
import os
import shlex
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.embedded.http import LOOPBACK, allowed_host
from local.functions import ROOT
from local.host.activation import Activation
from local.host.web import raw_event, web_response
from local.naming import web_with_ids
from local.secrets import kept
from local.stores import HOME
from local.world import LocalWorld
from ops.packaging.project import FILE_NAME, FunctionSpec, read_project
from raceday.call import Http
from raceday.catalogue.functions import POLLER, SCHEDULER
from raceday.catalogue.platform import MAX_PAYLOAD_BYTES
from raceday.errors import BadRequest
from raceday.ids import SystemRandomSource
from raceday.runtime.answer import failure

SECRET_FILE = HOME / "up.secret"
HEADER = "X-Require-Whisk-Auth"
PREFIX = "/api/v1/web/fn-local/raceday"
SYNC_SECS = 30.0
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


def web_functions() -> dict[str, FunctionSpec]:
    """Return the functions that project.yml puts on the web, by name."""
    project = read_project(ROOT / FILE_NAME, ROOT / "functions")
    return {name: spec for name in project.names if (spec := project.function(name)).web is not False}


def kept_secret() -> str:
    """Return the secret that callers send: of RACEDAY_WEB_SECRET, else the one in its file, made at the first start."""
    given = os.environ.get("RACEDAY_WEB_SECRET", "")
    return kept(SECRET_FILE, given or SystemRandomSource().token(), replace=bool(given))


class Gateway:
    """Answers calls of web functions: the raw request in, the function's response out, 202 after 30 s."""

    def __init__(self, world: LocalWorld, secret: str) -> None:
        self._world, self._secret = world, secret
        self._functions = web_functions()
        self._described: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))

    async def call(self, request: Request) -> Response:
        """Run one function for a caller."""
        if not allowed_host(request.headers.get("host", "")):
            return JSONResponse({"error": "this server answers on loopback only"}, 421)
        name = request.path_params["function"]
        spec = self._functions.get(name)
        if spec is None:
            return JSONResponse({"error": "The requested resource does not exist."}, 404)
        given = request.headers.get(HEADER, "").encode()
        if spec.web_secure is not False and not hmac.compare_digest(given, self._secret.encode()):
            return JSONResponse({"error": f"send the secret of {SECRET_FILE} as {HEADER}"}, 401)
        body = await request.body()
        if len(body) > MAX_PAYLOAD_BYTES:
            return JSONResponse({"error": f"Request larger than allowed: {len(body)} > {MAX_PAYLOAD_BYTES}"}, 413)
        try:
            event = await web_with_ids(self._world.container(SCHEDULER.name).store, name, raw_event(request, body))
        except BadRequest as error:
            return web_response(Activation("", name, "fn-local", 0, result=failure(error, Http(), "")))
        return await self._answer(name, event)

    async def _answer(self, name: str, event: dict[str, Any]) -> Response:
        activation = SystemRandomSource().token()
        task = asyncio.create_task(self._world.invoke(name, event, activation=activation))
        self._world.tasks.add(task)
        task.add_done_callback(self._world.tasks.discard)
        done, _ = await asyncio.wait([task], timeout=SYNC_SECS)
        if not done:
            return JSONResponse({"error": "Response not yet ready.", "activationId": activation}, 202)
        result = task.result()
        status = Activation.APPLICATION_ERROR if "error" in result else Activation.SUCCESS
        return web_response(Activation(activation, name, "fn-local", 0, status=status, result=result))

    async def openapi(self, request: Request) -> Response:
        """Return the description of what is served, with this address as its server."""
        if not allowed_host(request.headers.get("host", "")):
            return JSONResponse({"error": "this server answers on loopback only"}, 421)
        described = dict(self._described)
        described["servers"] = [{"url": f"http://{request.headers['host']}{PREFIX}"}]
        return JSONResponse(described)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/openapi.json", self.openapi),
                Route(PREFIX + "/{function}", self.call, methods=METHODS),
                Route(PREFIX + "/{function}/{path:path}", self.call, methods=METHODS),
            ]
        )


def make_gateway_server(gateway: Gateway, port: int) -> uvicorn.Server:
    """Return a server of the functions on loopback; port 0 takes any free one."""
    return uvicorn.Server(
        uvicorn.Config(gateway.app(), host=LOOPBACK, port=port, lifespan="off", log_level="warning", ws="none")
    )


def told(race: str = "") -> str:
    """Return what `up` prints of the functions, with `{url}` where they are served; `race` can be polled."""
    curl = f'curl -H "{HEADER}: $(cat {SECRET_FILE})"'
    given = shlex.quote(f"raceId={race or 'RACE'}").replace("{", "{{").replace("}", "}}")
    return (
        f"functions {{url}}{PREFIX}/FUNCTION  header {HEADER} with the secret in {SECRET_FILE}; "
        f"`./raceday functions` lists them\n"
        f"openapi  {{url}}/openapi.json\n"
        f"try      {curl} {{url}}{PREFIX}/{SCHEDULER.name}\n"
        f"poll     {curl} -G --data-urlencode {given} {{url}}{PREFIX}/{POLLER.name}"
    )
