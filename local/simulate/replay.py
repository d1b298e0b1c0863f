"""Attempts that nobody made, played out under a day's faults by the documented retries and the longest of their pauses.

Documented (README, polling): a poll reads the ledger, asks the feed until its slot expires, pausing half a second and
twice as long each time up to 8 s, or as long as the feed asks for; and commits in up to five tries. A call of the store
that may be repeated is, pausing from 0.4 s up to 5 s. An answer is waited for 8 s. Refusals (401, 403, 413) are not
tried again.
"""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.simulate.faults.base import Chooser
from local.simulate.faults.bodies import UNREADABLE
from local.simulate.faults.engine import DIES_AT, dies_after_secs, dispatch_secs
from local.simulate.faults.fates import Fate
from local.simulate.faults.feed import slow_secs, stale_by
from local.simulate.faults.store import WRITES_ALONE
from local.simulate.port_store import PortBackend

POLLER = "enhanced-race-poller"
REFUSED = frozenset({"store.401", "store.403", "store.413"})
ANSWER_SECS = 8.0
FEED_SECS, STORE_SECS, COMMIT_SECS = 0.3, 0.05, 0.1
# From an invocation to the first line of a cold container, nearly always.
START_SECS = 2.5
COMMIT_TRIES = 5
# Of a cold container's poll of one race, to the end of its commit.
MOST_REQUESTS = 8
LOST_AGAIN = ("feed.cut", "feed.gzip", "feed.other_race", *UNREADABLE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A slot that has no row: until when it may be polled, since when the suite could know of it, and how old an answer
    may be at the most.
    """

    race_id: str
    at: datetime
    expires: datetime
    known_at: datetime
    newest_content: datetime | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """How an attempt would have ended: done at an instant, or not, for a named reason."""

    done: datetime | None
    why: str = ""


class AttemptReplay:
    """Plays attempts out; those of the day itself come first in each second."""

    def __init__(self, faults: Chooser) -> None:
        self._faults = faults
        # At the port a commit is struck as one call, as HTTP as three.
        self._commit_calls = 1 if isinstance(faults.world.backend, PortBackend) else 3
        self._mine: Counter[tuple[str, str, int]] = Counter()

    def handing(self, wanted: Wanted, at: datetime, start_secs: float = START_SECS) -> Played:
        """Play out a poller started at an instant, from the invocation to the commit, begun `start_secs` later."""
        self._mine.clear()
        fate = self._fate("activation", POLLER, at)
        delays = dispatch_secs(fate)
        if not delays:
            return Played(None, fate.kind)
        begins = at + timedelta(seconds=delays[0] + start_secs)
        if begins > wanted.expires - timedelta(seconds=1):
            return Played(None, fate.kind or "too_late_to_start")
        killed = self._fate("run", POLLER, begins)
        if killed.kind and killed.choice(DIES_AT) < MOST_REQUESTS:
            return Played(None, killed.kind)
        dies = self._fate("run_time", POLLER, begins)
        until = begins + timedelta(seconds=dies_after_secs(dies)) if dies.kind else None
        played = self.poll(wanted, max(begins, wanted.at))
        if until is not None and (played.done is None or played.done > until):
            return Played(None, dies.kind)
        return played

    def poll(self, wanted: Wanted, begin: datetime, *, read: bool = True, ask: bool = True) -> Played:
        """Play out a poll from an instant on; without `read` the ledger is known, without `ask` the answer as well."""
        self._mine.clear()
        at, why = begin, ""
        if read:
            at, why = self._read(wanted, at)
        if ask and not why:
            at, why = self._asked(wanted, at)
        return Played(None, why) if why else self._committed(wanted, at)

    def _read(self, wanted: Wanted, at: datetime) -> tuple[datetime, str]:
        tries = 0
        while True:
            at, why = self._call(wanted.race_id, at, without=WRITES_ALONE)
            if not why or why in REFUSED:
                return at, why
            tries += 1
            at += timedelta(seconds=min(5.0, 0.2 * 2**tries))
            if at > wanted.expires:
                return at, why

    def _asked(self, wanted: Wanted, at: datetime) -> tuple[datetime, str]:
        tries, why = 0, "expired"
        while at <= wanted.expires:
            took, why, pause = self._feed(wanted, at)
            at += timedelta(seconds=took)
            if not why:
                return at, ""
            tries += 1
            at += timedelta(seconds=pause if pause else min(8.0, 0.5 * 2 ** (tries - 1)))
        return at, why

    def _feed(self, wanted: Wanted, at: datetime) -> tuple[float, str, float]:
        """Return the seconds that one request takes, what is wrong with its answer, and the pause that it asks for."""
        if self._out("outage.feed", at):
            return FEED_SECS, "outage.feed", 0.0
        second = self._nth("feed", wanted.race_id, at)
        fate = self._of("feed", wanted.race_id, at, second)
        if fate.kind == "feed.stale":
            old = wanted.newest_content is not None and at - stale_by(fate) < wanted.newest_content
            return FEED_SECS, "feed.stale" if old else "", 0.0
        if fate.kind:
            asked = float(min(30, fate.choice((1, 2, 5, 40)))) if fate.kind == "feed.429_wait" else 0.0
            return ANSWER_SECS if fate.kind == "feed.timeout" else FEED_SECS, fate.kind, asked
        answer = self._of("feed_answer", wanted.race_id, at, second)
        if answer.kind == "feed.slow":
            secs = FEED_SECS + slow_secs(answer)
            late = at + timedelta(seconds=secs) > max(wanted.expires, at + timedelta(seconds=3))
            return secs, "feed.slow" if late else "", 0.0
        return FEED_SECS, answer.kind if answer.kind in LOST_AGAIN else "", 0.0

    def _committed(self, wanted: Wanted, at: datetime) -> Played:
        why = ""
        for tries in range(1, COMMIT_TRIES + 1):
            for _ in range(self._commit_calls):
                at, why = self._call(wanted.race_id, at)
                if why:
                    break
            else:
                return Played(at + timedelta(seconds=COMMIT_SECS))
            if why in REFUSED:
                break
            at += timedelta(seconds=0.1 * tries)
        return Played(None, why)

    def _call(self, race_id: str, at: datetime, without: Container[str] = ()) -> tuple[datetime, str]:
        """Return when one call of the store has ended, and what is wrong with its answer."""
        if self._out("outage.store", at):
            return at + timedelta(seconds=STORE_SECS), "outage.store"
        nth = self._nth("store", race_id, at)
        fate = self._of("store", race_id, at, nth, without)
        if fate.kind in ("", "store.stale_read", "store.slow"):
            at += timedelta(seconds=4.0 if fate.kind == "store.slow" else STORE_SECS)
            fate = self._of("store_answer", race_id, at, nth)
        secs = ANSWER_SECS if "timeout" in fate.kind else STORE_SECS
        return at + timedelta(seconds=secs), fate.kind

    def _out(self, kind: str, at: datetime) -> bool:
        return self._faults.strikes(at) and self._faults.windows.out(kind, at)

    def _fate(self, room: str, about: str, at: datetime) -> Fate:
        return self._of(room, about, at, self._nth(room, about, at))

    def _nth(self, room: str, about: str, at: datetime) -> int:
        key = (room, about, self._second(at))
        self._mine[key] += 1
        return self._faults.script.attempts[key] + self._mine[key] - 1

    def _of(self, room: str, about: str, at: datetime, nth: int, without: Container[str] = ()) -> Fate:
        if not self._faults.strikes(at):
            return Fate("", 0)
        return self._faults.fates.of(room, about, self._second(at), nth, without)

    def _second(self, at: datetime) -> int:
        return int((at - self._faults.world.loop.start).total_seconds())
