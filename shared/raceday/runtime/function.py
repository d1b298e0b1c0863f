"""A deployed function: the platform's event and context in, a JSON-native dict out."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from raceday.call import Call, Http
from raceday.catalogue.functions import FunctionFacts
from raceday.container import Container, Kept
from raceday.errors import BadRequest, RaceDayError, SchemaMismatch, SettingsError, StoreUnavailable
from raceday.patience import while_left, within
from raceday.runtime.answer import classify, failure, place_of, success
from raceday.runtime.call import DEFAULT_BUDGET_SECS, read_http, read_params
from raceday.runtime.webhook import Handler, serve_webhook
from raceday.store.checks import unusable

# Nothing is tried again in an activation's last moments: what failed still has to be told.
RESERVE_SECS = 1.5
_WARM, _FITS = Kept(bool), Kept(bool)


async def handle(container: Container, function: "Function", event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Run one activation; every error becomes an answer, none escapes."""
    started = container.clock.monotonic()
    activation = str(getattr(context, "activation_id", "") or container.chance.token())
    log = container.log.bind(function=function.name, activation=activation)
    http: Http | None = None
    try:
        http = read_http(event)
        params = {} if function.facts.url_setting and http else read_params(event, http)
        call = Call(function.name, params, activation, _deadline(container, context), container.clock, log, http)
        with _tries(container, call, context):
            result = await _served(container, call, function)
        answer = success(result, http)
        status = answer.get("statusCode", 200)
    except RaceDayError as error:
        log.warning("activation.failed", error=type(error).__name__, message=str(error))
        answer, status = failure(error, http, activation), classify(error)[0]
    except Exception as error:
        # The caller learns the activation's id and nothing of the inside; the log has the rest.
        log.error("activation.crashed", error=type(error).__name__, message=str(error), where=place_of(error))
        answer, status = failure(error, http, activation), classify(error)[0]
    log.info(
        "activation.done",
        cold=not container.cache.of(_WARM),
        duration_ms=round((container.clock.monotonic() - started) * 1000),
        status=status,
        log_lines_cut=log.cut,
    )
    container.cache.keep(_WARM, True)
    return answer


async def _served(container: Container, call: Call, function: "Function") -> dict[str, Any]:
    if call.http is None and call.params.get("measure") is True:
        # Asked for by `./raceday measure` alone, with the namespace's key: no other activation loads it.
        from raceday.runtime import measuring

        return await measuring.handle(container, call)

    async def guarded(container: Container, call: Call) -> dict[str, Any]:
        await require_schema(container)
        if function.watchdog is not None and call.http is None and call.params.get("watchdog") is True:
            return await function.watchdog(container, call)
        return await function.handler(container, call)

    if not function.facts.url_setting:
        return await guarded(container, call)
    return await serve_webhook(container, call, getattr(container.settings, function.facts.url_setting), guarded)


async def require_schema(container: Container) -> None:
    """Raise SchemaMismatch where the tables are too new, too old or not there.

    A store that does not answer says nothing of its tables: the next activation asks again.
    """
    if not container.checks_schema or container.cache.of(_FITS):
        return
    try:
        trouble = await unusable(container.store)
    except StoreUnavailable as error:
        container.log.warning("schema.unread", message=str(error))
        return
    if trouble:
        raise SchemaMismatch(trouble)
    container.cache.keep(_FITS, True)


def _tries(container: Container, call: Call, context: Any) -> AbstractContextManager[None]:
    """Bound what is tried again: by the platform's deadline, whatever the clock was at first, or by the seconds run."""
    if _told_deadline(context) is None:
        return within(container.clock, DEFAULT_BUDGET_SECS - RESERVE_SECS)
    return while_left(lambda: call.remaining_secs() - RESERVE_SECS)


def _deadline(container: Container, context: Any) -> float:
    told = _told_deadline(context)
    return container.clock.now().timestamp() + DEFAULT_BUDGET_SECS if told is None else told


def _told_deadline(context: Any) -> float | None:
    """Return the epoch second at which the platform ends an activation, None where it names none."""
    deadline_ms = getattr(context, "deadline", None)
    if isinstance(deadline_ms, (int, float)) and deadline_ms > 0:
        return float(deadline_ms) / 1000
    return None


@dataclass(slots=True)
class Function:
    """One deployed function: its facts and its use case; one also carries the watchdog, started by a trigger."""

    facts: FunctionFacts
    handler: Handler
    watchdog: Handler | None = None
    _container: Container | None = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Return its name."""
        return self.facts.name

    @property
    def needs(self) -> frozenset[str]:
        """Return the groups of settings that it needs."""
        return frozenset(self.facts.needs)

    def run(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Serve one activation of the platform; the container is made once per process."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        if self._container is None:
            from raceday.runtime.build import build_container

            try:
                self._container = build_container(self.needs)
            except SettingsError as error:
                return failure(error, _http_or_none(event), "")
        return self._loop.run_until_complete(handle(self._container, self, event, context))


def _http_or_none(event: Mapping[str, Any]) -> Http | None:
    try:
        return read_http(event)
    except BadRequest:
        return Http()
