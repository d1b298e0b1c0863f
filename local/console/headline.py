"""What an operator must know on every page: the scheduler, what is paused, and which troubles there are."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from local.console.health import troubles
from local.console.source import Source
from local.console.suite import Suite, read_suite
from local.console.today import DayList, read_day

KEPT_SECS = 4.0


@dataclass(frozen=True, slots=True)
class Headline:
    """The state of the suite in one line; `ticked` is when the scheduler last did, `idle` a day without races."""

    store: str
    ticked: datetime | None
    silent: bool
    paused: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    idle: bool = False


@dataclass(slots=True)
class Headlines:
    """Reads the headline, and keeps it for a few seconds of its clock: every open page asks for it every two."""

    source: Source
    kept_secs: float = KEPT_SECS
    _known: Headline | None = None
    _until: float = field(default=0.0)

    async def read(self) -> Headline:
        """Return the present headline; raises StoreError where the store cannot be read."""
        if self._known is None or time.monotonic() >= self._until:
            return self._keep(await read_headline(self.source))
        return self._known

    def told_by(self, day: DayList, suite: Suite) -> Headline:
        """Return the headline of what a page has read by itself: both tell the same age of the scheduler."""
        return self._keep(headline_of(self.source, day, suite))

    def _keep(self, found: Headline) -> Headline:
        # A clock ten times as fast makes what is kept ten times as old.
        self._known, self._until = found, time.monotonic() + self.kept_secs / max(1.0, self.source.clock.speed)
        return found

    def forget(self) -> None:
        """Read anew the next time: something was switched."""
        self._known = None


async def read_headline(source: Source) -> Headline:
    """Read the headline of today, whatever day a page shows."""
    day = await read_day(source, source.today())
    return headline_of(source, day, await read_suite(source, day))


def headline_of(source: Source, day: DayList, suite: Suite) -> Headline:
    """Return the headline of today's races and the suite's state."""
    # A store without races of today is one that is looked at afterwards; its pages say so themselves.
    found = troubles(day, suite, live=True) if day.races else []
    return Headline(source.name, suite.ticked, suite.silent, suite.paused, tuple(found), not day.races)
