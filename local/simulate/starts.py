"""When a poller that nobody started would have been, and how long it would have taken to begin."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from local.simulate.chances import drawn
from local.simulate.faults.base import Chooser
from local.simulate.faults.script import ActivationRun, Handing
from local.simulate.replay import POLLER, Wanted

SECOND = timedelta(seconds=1)
# Documented (README, scheduling): a poller is started so long before its slot, where a warm one is known of.
LEAD, FAR_LEAD = timedelta(seconds=1.5), timedelta(seconds=0.2)
COLD_LEAD, FAR_COLD_LEAD = timedelta(seconds=9), timedelta(seconds=6)
WARM = timedelta(minutes=4)
BRIEF = timedelta(seconds=30)
# Of a start whose instant is not known to the microsecond: a quick one, one in ten, and a cold one.
LIKELY_SECS = (0.15, 0.45, 2.2)


class Starts:
    """The starts of a day's pollers, made or not."""

    def __init__(self, faults: Chooser) -> None:
        self._world = faults.world
        self._ahead = faults.world.settings.hand_out == "ahead"
        self._ended = sorted(run.ended for run in faults.script.runs if run.function == POLLER and run.ended)
        self._made: dict[tuple[int, datetime], list[Handing]] = defaultdict(list)
        for handing in faults.script.handings:
            if handing.function == POLLER and handing.by is not None:
                for at in {slot["slot"] for slot in handing.event.get("slots", ())}:
                    self._made[id(handing.by), datetime.fromisoformat(at)].append(handing)

    def at(self, wanted: Wanted, known: datetime) -> datetime:
        """Return when a tick that knew of a slot since an instant starts the poller for it."""
        if self._ahead:
            return known
        lead, cold = (LEAD, COLD_LEAD) if wanted.expires - wanted.at < BRIEF else (FAR_LEAD, FAR_COLD_LEAD)
        return max(known, wanted.at - (lead if self._warm(wanted.at - lead) else cold))

    def beside(self, tick: ActivationRun, wanted: Wanted) -> Sequence[Handing]:
        """Return what a tick handed out for other races of the same instant, in time for it."""
        return [handing for handing in self._made.get((id(tick), wanted.at), ()) if handing.at <= wanted.at]

    def takes(self, start: datetime, *, exact: bool) -> Sequence[float]:
        """Return the seconds that a start may take to the first line, one value where its instant is known."""
        if not exact or self._ahead:
            return LIKELY_SECS
        delays, micros = self._world.delays, round((start - self._world.loop.start).total_seconds() * 1e6)
        secs = drawn(self._world.seed, "dispatch", micros, 0, delays.dispatch)
        if not self._warm(start):
            secs += drawn(self._world.seed, "cold", micros + round(secs * 1e6), 0, delays.cold)
        return (secs,)

    def _warm(self, at: datetime) -> bool:
        """Tell whether a poller has ended within the last minutes."""
        return any(at - WARM < ended <= at for ended in self._ended)
