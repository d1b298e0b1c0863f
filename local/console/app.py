"""The pages over HTTP: loopback only, with a strict content security policy; what acts is confirmed and has a token."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from hashlib import blake2s
from hmac import compare_digest
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.console.actions import Actions, can_replay, check_switch
from local.console.headline import KEPT_SECS, Headlines
from local.console.health import as_health
from local.console.lag import read_lags
from local.console.metrics import METRICS_TYPE, as_metrics
from local.console.pages import make_pages
from local.console.race import read_race
from local.console.race_rows import rows_now
from local.console.source import Source
from local.console.suite import read_suite
from local.console.today import read_day
from local.console.trace import read_trace
from local.console.words import at
from local.embedded.http import allowed_host
from local.nz_times import day_given
from local.tape.shown import explained, race_rows
from raceday.errors import BadRequest, RaceDayError

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
_COUNTDOWN = re.compile(r'data-at="(\d+)">[^<]*')
ACTS = (("POST", "/switch"), ("POST", "/replay"))
# Open pages whose rows are known; one that was forgotten gets whole rows again.
MOST_SENT = 32
Known = Mapping[str, str] | str | None
VIEWS = ("win", "place", "odds")


class Guard:
    """Answers this machine only, to be read only, and sends every answer with the safe headers."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept = {k.decode().lower() for k, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k not in kept]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        host = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), "")
        if not allowed_host(host):
            await PlainTextResponse("this page answers on loopback only", 421)(scope, receive, guarded)
        elif scope["method"] not in ("GET", "HEAD") and (scope["method"], scope["path"]) not in ACTS:
            await PlainTextResponse("this page only reads", 405, {"allow": "GET, HEAD"})(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)


def make_app(source: Source, kept_secs: float = KEPT_SECS) -> Starlette:
    """Return the console as an ASGI application over `source`, whose headline is read every `kept_secs`."""
    pages, headlines = make_pages(source), Headlines(source, kept_secs)
    sent: dict[str, Mapping[str, str]] = {}

    def page(
        read: Callable[[Request], Awaitable[tuple[str, dict[str, Any]]]],
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            status, head = 200, None
            try:
                head = await headlines.read()
                template, values = await read(request)
                head = values.pop("head", head)
            except BadRequest as wrong:
                template, values, status = "missing.html", {"what": str(wrong), "title": "Not possible"}, 400
            except _NotFound as missing:
                template, values, status = "missing.html", {"what": str(missing), "title": "Not found"}, 404
            except RaceDayError as error:
                template, values, status = "failing.html", {"error": str(error), "title": "Store unreachable"}, 503
            fragment = request.headers.get("x-fragment") == "1"

            def made(known: Known = None) -> str:
                named = {**values, "known": known, "head": head}
                return pages.render(template, fragment=fragment, path=request.url.path, **named)

            # Countdowns, which an open page keeps by itself, are no news; nor is a row whose version it has.
            shape = made("all")
            digest = blake2s(_COUNTDOWN.sub(r"\1", shape).encode(), digest_size=12).hexdigest()
            headers = {"etag": f'"{digest}"', "x-now": str(round(source.now().timestamp() * 1000))}
            asked = request.headers.get("if-none-match") or ""
            if fragment and asked == headers["etag"]:
                return Response(status_code=304, headers=headers)
            there = values["day"].versions if "day" in values else {}
            body = made(sent.get(asked) if fragment and there else None) if there else shape
            _remember(sent, headers["etag"], there)
            return Response(body, status, headers, "text/html; charset=utf-8")

        return answer

    async def today(request: Request) -> tuple[str, dict[str, Any]]:
        asked = request.query_params.get("date")
        day = _date(asked)
        if asked and day is None:
            raise _NotFound(f"day {asked}: expected a date as 2026-02-14")
        found = await read_day(source, day)
        return "today.html", {"title": "Today", "day": found, "asked": day}

    async def race(request: Request) -> tuple[str, dict[str, Any]]:
        view = request.query_params.get("view", "win")
        race_id, asked = request.path_params["race_id"], request.query_params.get("at", "")
        found = await read_race(source, race_id, view if view in VIEWS else "win", asked)
        if found is None:
            raise _NotFound(f"race {race_id}")
        return "race.html", {"title": f"{found.meeting} R{found.number}", "race": found}

    async def explain(request: Request) -> tuple[str, dict[str, Any]]:
        race_id = request.path_params["race_id"]
        found = await rows_now(source, race_id)
        if found is None:
            raise _NotFound(f"race {race_id}")
        number, label = (_whole(request.query_params.get(key, ""), key) for key in ("runner", "label"))
        try:
            tape = source.tape.now() if source.tape else None
            told = explained(await race_rows(source.store, race_id), race_id, number, label, tape)
        except LookupError as missing:
            raise _NotFound(f"figures to explain: {missing}") from None
        runner = next((row for row in found.entrants if row["runnerNumber"] == number), {})
        course = (found.meeting or {}).get("meetingName") or ""
        title = f"{course} R{found.race['raceNumber']}: {number} {runner.get('name', '')} at {label}"
        return "explain.html", {"title": title, "told": told, "race_id": race_id, "start": at(found.race["startTime"])}

    async def suite(request: Request) -> tuple[str, dict[str, Any]]:
        day = await read_day(source, source.today())
        state = await read_suite(source, day, whole=True)
        head = headlines.told_by(day, state)
        values = {"title": "Suite", "suite": state, "acts": source.actions, "can_replay": can_replay}
        return "suite.html", {**values, "head": head}

    async def activation(request: Request) -> tuple[str, dict[str, Any]]:
        found = await read_trace(source, request.path_params["activation"])
        if found is None:
            raise _NotFound(f"activation {request.path_params['activation']}")
        values = {"trace": found, "replayable": can_replay(source.actions, found.asked)}
        return "activation.html", {"title": f"{found.asked.function} {found.asked.activation}", **values}

    async def ask_switch(request: Request) -> tuple[str, dict[str, Any]]:
        name, state = (request.query_params.get(key, "") for key in ("function", "to"))
        check_switch(name, state)
        acts = _acting(source)
        return "confirm.html", {"title": "Confirm", "act": "switch", "token": acts.token,
                                "fields": {"function": name, "to": state}}  # fmt: skip

    async def ask_replay(request: Request) -> tuple[str, dict[str, Any]]:
        asked = request.query_params.get("activation", "")
        run = source.activity.one(asked)
        acts = _acting(source)
        if run is None or not can_replay(acts, run):
            raise _NotFound(f"activation {asked} with an event to start again from")
        return "confirm.html", {"title": "Confirm", "act": "replay", "token": acts.token,
                                "fields": {"activation": asked}, "run": run}  # fmt: skip

    async def act(request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        try:
            acts = _acting(source)
            if not compare_digest(given.get("token", "").encode(), acts.token.encode()):
                return PlainTextResponse("send the form of this console's own page", 403)
            if request.url.path == "/replay":
                new = await acts.replay(source.activity, given.get("activation", ""))
                return RedirectResponse(f"/activation/{new}", 303)
            await acts.switch(given.get("function", ""), given.get("to", ""))
        except _NotFound as missing:
            return PlainTextResponse(str(missing), 403)
        except RaceDayError as error:
            return PlainTextResponse(str(error), 400)
        headlines.forget()
        return RedirectResponse("/suite", 303)

    async def health(_: Request) -> Response:
        try:
            day = await read_day(source)
            state = await read_suite(source, day)
        except RaceDayError as error:
            return JSONResponse({"ok": False, "troubles": [str(error)]}, 503)
        found = as_health(day, state, live=day.day == source.today())
        return JSONResponse(found, 200 if found["ok"] else 503)

    async def metrics(_: Request) -> Response:
        try:
            day = await read_day(source)
            text = as_metrics(day, await read_suite(source, day), await read_lags(source))
            return Response(text, media_type=METRICS_TYPE)
        except RaceDayError as error:
            return PlainTextResponse(str(error), 503)

    async def silk(request: Request) -> Response:
        row = await source.silk(request.path_params["silk_id"])
        if row is None or not row.get("svgData"):
            return PlainTextResponse("no such silk", 404)
        # A drawing is opened as a picture only, and could run nothing if it were opened by itself.
        return Response(
            row["svgData"],
            media_type="image/svg+xml",
            headers={"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"},
        )

    async def bands(_: Request) -> Response:
        return Response(pages.band_colours(await source.bands()), media_type="text/css")

    async def nowhere(request: Request, _: Exception) -> Response:
        return await page(_nowhere)(request)

    app = Starlette(
        routes=[
            Route("/", page(today)),
            Route("/race/{race_id}", page(race)),
            Route("/race/{race_id}/explain", page(explain)),
            Route("/suite", page(suite)),
            Route("/activation/{activation}", page(activation)),
            Route("/switch", page(ask_switch), methods=["GET"]),
            Route("/replay", page(ask_replay), methods=["GET"]),
            Route("/switch", act, methods=["POST"]),
            Route("/replay", act, methods=["POST"]),
            Route("/health", health),
            Route("/metrics", metrics),
            Route("/silk/{silk_id}.svg", silk),
            Route("/bands.css", bands),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={404: nowhere},
    )
    app.add_middleware(Guard)
    return app


class _NotFound(Exception):
    """What was asked for is not in the store."""


def _remember(sent: dict[str, Mapping[str, str]], tag: str, versions: Mapping[str, str]) -> None:
    """Keep which rows an open page has by its tag; the oldest tag goes."""
    if versions:
        sent.pop(tag, None)
        sent[tag] = versions
        while len(sent) > MOST_SENT:
            sent.pop(next(iter(sent)))


def _whole(text: str, name: str) -> int:
    """Read a whole number of an address; raises BadRequest."""
    try:
        return int(text)
    except ValueError:
        raise BadRequest(name, "a whole number", text) from None


def _acting(source: Source) -> Actions:
    if source.actions is None:
        raise _NotFound("no switch: this console only reads (`./raceday up`, or `./raceday console --allow-writes`)")
    return source.actions


async def _nowhere(request: Request) -> tuple[str, dict[str, Any]]:
    raise _NotFound(f"page {request.url.path}")


def _date(text: str | None) -> date | None:
    try:
        return day_given(text) if text else None
    except ValueError:
        return None
