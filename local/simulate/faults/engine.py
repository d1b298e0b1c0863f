"""The faults of a day: ticks, activations, clocks, the invoker and webhooks here, feed and store beside it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.simulate.faults.base import UUID
from local.simulate.faults.fates import Fate
from local.simulate.faults.feed import FeedFaults
from local.simulate.faults.script import ABOUT, CURRENT, ActivationRun, Handing
from local.simulate.faults.store import StoreFaults
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.container import Container
from raceday.runtime.invoke import InvokeFailed

# After these last minutes without faults nothing may be left in flight, and nothing behind.
# What a look amended is told again a quarter of an hour later, by a look that is handed out within six minutes.
QUIET = timedelta(minutes=24)
HANDING = "__ow_handing"
WATCHDOG = "watchdog"
WAKE = "wake.dropped"
HOUR_SECS, SENT_AT_SECS = 3600, 45 * 60
TRIGGERED = {"tick.missed": 0, "tick.doubled": 2}
INVOKER_STATUSES = {"invoker.429": 429, "invoker.5xx": 503}
SKEWS_SECS = {
    "clock.off": (-300.0, 300.0),
    "clock.far_off": (-86_400.0, -5400.0, 5400.0, 86_400.0),
    "clock.drift": (-8.0, -3.0, -1.0, -0.3, 0.3, 1.0, 3.0, 8.0),
}
DIES_AT = (0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 12, 20)
SPANS = {"webhook.delayed": (5.0, 200.0), "webhook.shuffled": (0.2, 2.0)}


class DayFaults(FeedFaults, StoreFaults):
    """Every seam of one day; `script` is the record of all that struck."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dies_at: int | None = None

    def last(self, end: datetime) -> datetime:
        """Let the faults cease at a day's end, and the day go on for the quiet minutes."""
        self.until = min(end, self._limit)
        return end + QUIET

    # Ticks and activations

    def triggers(self, minute: datetime) -> int:
        """Miss or double a minute's trigger."""
        fate = self.choose("tick", "")
        if fate.kind:
            self.struck(fate.kind)
        if fate.kind == "tick.missed":
            self.script.ticks_missed.append(minute)
        return TRIGGERED.get(fate.kind, 1)

    def watchdogs(self, minute: datetime) -> int:
        """Miss or double a minute's trigger of the watchdog."""
        fate = self.choose("tick", WATCHDOG)
        if fate.kind:
            self.struck(fate.kind)
        return TRIGGERED.get(fate.kind, 1)

    async def starts(self, function: str, payload: dict[str, Any]) -> None:
        """Refuse an invocation, or lose the answer of one that is taken."""
        fate = self.choose("invoker", function)
        deed = self.deed("invoke", function)
        if not fate.kind:
            deed.done = self.world.loop.now()
            return
        self.struck(fate.kind, deed)
        await asyncio.sleep(fate.uniform(0.05, 0.4))
        if fate.kind == "invoker.lost_answer":
            self.world.platform.start(function, payload)
            await asyncio.sleep(5.0)
            raise InvokeFailed(f"{function}: ReadTimeout from the platform")
        deed.done = self.world.loop.now()
        status = INVOKER_STATUSES.get(fate.kind, 0)
        raise InvokeFailed(f"{function}: the platform answered {status}", status)

    def dispatches(self, function: str, payload: dict[str, Any]) -> list[float]:
        """Drop, double or hold up what an invocation makes; an event function's may be lost by itself."""
        if WAKE in self.rates and function in EVENT_FUNCTIONS and self.choose("wake", function).kind:
            self.struck(WAKE)
            return []
        fate = self.choose("activation", function)
        handing = Handing(function, payload, self.world.loop.now(), CURRENT.get())
        if fate.kind:
            self.struck(fate.kind)
            handing.kind = fate.kind
        self.script.handings.append(handing)
        if handing.by is not None:
            handing.by.orders.append(handing)
        payload[HANDING] = len(self.script.handings) - 1
        return dispatch_secs(fate)

    def skew_secs(self, function: str, serial: int) -> float:
        """Set the clock of some containers wrong, by tenths of a second to a day."""
        fate = self.choose("container", function)
        if not fate.kind:
            return 0.0
        self.struck(fate.kind)
        return fate.choice(SKEWS_SECS[fate.kind])

    def kill_after(self, function: str, activation: str) -> int | None:
        """Let some activations die as they send a request."""
        fate = self.choose("run", function)
        self._dies_at = fate.choice(DIES_AT) if fate.kind else None
        if fate.kind:
            self.struck(fate.kind)
        return self._dies_at

    def began(self, function: str, event: dict[str, Any], container: Container, kill: Callable[[], None]) -> None:
        """Keep an activation, and perhaps set the moment at which it dies."""
        number = event.get(HANDING)
        handing = self.script.handings[number] if number is not None else None
        now = self.world.loop.now()
        run = ActivationRun(function, event, now, (container.clock.now() - now).total_seconds())
        run.dies_at, self._dies_at = self._dies_at, None
        if handing is not None:
            handing.runs.append(run)
        self.script.runs.append(run)
        CURRENT.set(run)
        ABOUT.set("")
        fate = self.choose("run_time", function)
        if fate.kind:
            self.world.loop.call_later(dies_after_secs(fate), self._kill, run, kill)

    def _kill(self, run: ActivationRun, kill: Callable[[], None]) -> None:
        if run.ended is None:
            self.struck("activation.killed_by_time")
            run.died = "activation.killed_by_time"
            kill()

    def ended(self, died: bool = False) -> None:
        """Note an activation's end, and whether it was ended from outside."""
        run = CURRENT.get()
        if run is not None and run.ended is None:
            run.ended = self.world.loop.now()
            if died and not run.died:
                run.died = "time_limit" if run.dies_at is None else "activation.killed_by_request"

    # Webhooks

    def webhooks(self, function: str, body: bytes) -> list[float]:
        """Drop, double, hold up or shuffle a delivery; a subscription that is off delivers nothing for a while."""
        if self.out(f"outage.webhooks.{function}"):
            self.script.operations["webhook"] += 1
            self.struck("outage.webhooks")
            return []
        found = UUID.search(body.decode(errors="replace"))
        fate = self.choose("webhook", f"{function} {found.group() if found else ''}")
        if not fate.kind:
            return [0.0]
        self.struck(fate.kind)
        if fate.kind == "webhook.doubled":
            return [0.0, fate.choice((0.01, 0.5, 30.0))]
        if fate.kind == "webhook.held":
            # A worker that was stuck sends all that it holds at once.
            return [HOUR_SECS - (self.world.loop.now().timestamp() - SENT_AT_SECS) % HOUR_SECS]
        return [fate.uniform(*SPANS[fate.kind])] if fate.kind in SPANS else []


def dispatch_secs(fate: Fate) -> list[float]:
    """Return the extra delay in seconds of each activation that an invocation makes."""
    if fate.kind == "activation.doubled":
        return [0.0, fate.choice((0.0, 0.2, 4.0, 20.0))]
    if fate.kind == "activation.late":
        return [fate.uniform(2, 70)]
    return [] if fate.kind == "activation.dropped" else [0.0]


def dies_after_secs(fate: Fate) -> float:
    """Return how long an activation lives that dies by the clock."""
    return fate.choice((0.05, 0.3, 1.0, 5.0, 30.0, 60.0)) * fate.uniform(0.2, 1.5)
