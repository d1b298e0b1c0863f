"""What an operator must know on every page: the scheduler, what is paused, and which troubles there are."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from local.console.health import troubles
from local.console.source import Source
from local.console.suite import read_suite
from local.console.today import read_day

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
    """Reads the headline, and keeps it for a few seconds: every open page asks for it every two."""

    source: Source
    kept_secs: float = KEPT_SECS
    _known: Headline | None = None
    _until: float = field(default=0.0)

    async def read(self) -> Headline:
        """Return the present headline; raises StoreError where the store cannot be read."""
        if self._known is None or time.monotonic() >= self._until:
            self._known = await read_headline(self.source)
            self._until = time.monotonic() + self.kept_secs
        return self._known

    def forget(self) -> None:
        """Read anew the next time: something was switched."""
        self._known = None


async def read_headline(source: Source) -> Headline:
    """Read the headline of today, whatever day a page shows."""
    day = await read_day(source, source.today())
    suite = await read_suite(source, day)
    # A store without races of today is one that is looked at afterwards; its pages say so themselves.
    found = troubles(day, suite, live=True) if day.races else []
    return Headline(source.name, suite.ticked, suite.silent, suite.paused, tuple(found), not day.races)
