"""Whether a slot without a row could have been had: what was tried for this race is followed, the rest played out.

A slot is LOST where one of those who could fill it would have, under the faults of the day, before it expired:

* a poller that was handed it, lived, and did not ask; asked, failed and did not ask again though the documented retries
  had time to; or asked, wrote, and left no row;
* a poller that a scheduler activation had to start: one that read the races while the slot lay ahead of it within its
  reach, or looked back (once the minute's slots have settled, and half a minute on where those of then would be over by
  the next minute) when it was past and still good for 2 s; and that was not started;
* the watchdog of a minute without a tick, for a slot that no later tick could have handed out in time.

It is also lost where nothing stood in the way of anybody. Else it is excused, by the fault that stood nearest to it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.simulate.faults.base import Chooser
from local.simulate.faults.script import ActivationRun, Deed, Handing
from local.simulate.faults.store import WRITE
from local.simulate.replay import ANSWER_SECS, POLLER, REFUSED, AttemptReplay, Wanted
from local.simulate.starts import Starts

SCHEDULER = "master-race-scheduler"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
REACH = timedelta(seconds=80)
SETTLED = timedelta(seconds=3)
LOOK = timedelta(seconds=3.4)
HALF_MINUTE = timedelta(seconds=30)
WORTH = timedelta(seconds=2.5)
# Handed out sooner than this by a clock that was off, a slot is as good as never handed out.
AHEAD = timedelta(seconds=120)
# A clock this far off shows in who does what when; the suite puts right what is more than its tolerance.
TRUE_SECS = 1.0
READ_RACES, READ_LEDGER, INVOKE, KEEP = "GET races", "GET race-polls", "invoke", "PUT suite-state"
ROLLBACK = "PATCH transactions"
NOT_THERE = "store answered 404"
# A watchdog that begins later than this has hardly time to look, to stand in and to start a poller.
LATEST_WATCH = timedelta(seconds=20)
# What the platform refuses is asked for again this long after it was, and after an answer that was lost.
AGAIN, UNANSWERED = timedelta(seconds=5), timedelta(seconds=5.5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a slot is lost, and why: by whose omission, or excused by which kind of fault."""

    lost: bool
    why: str


def lost(why: str) -> Verdict:
    """Return the verdict that a slot is lost."""
    return Verdict(True, why)


def excused(kind: str) -> Verdict:
    """Return the verdict that a fault of a kind stood before a slot."""
    return Verdict(False, kind)


class Decider:
    """Judges slots without a row by the day's script."""

    def __init__(self, faults: Chooser) -> None:
        self._replay = AttemptReplay(faults)
        self._limit = timedelta(seconds=faults.world.platform.limits[POLLER].timeout_secs)
        self._missed = {minute.replace(second=0, microsecond=0) for minute in faults.script.ticks_missed}
        self._handings: dict[tuple[str, datetime], list[Handing]] = defaultdict(list)
        for handing in faults.script.handings:
            if handing.function == POLLER:
                for slot in handing.event.get("slots", ()):
                    self._handings[slot["raceId"], datetime.fromisoformat(slot["slot"])].append(handing)
        self._starts = Starts(faults)
        self._ticks: dict[datetime, list[ActivationRun]] = defaultdict(list)
        self._watches: dict[datetime, list[ActivationRun]] = defaultdict(list)
        for run in faults.script.runs:
            watch = bool(run.event.get("watchdog"))
            if watch:
                self._watches[_minute(run.began)].append(run)
            if run.function == SCHEDULER or (watch and any(d.what == READ_RACES for d in run.deeds)):
                self._ticks[_minute(run.began)].append(run)

    def verdict(self, wanted: Wanted) -> Verdict:
        """Judge one slot."""
        found = [*self._by_pollers(wanted), *self._by_ticks(wanted), *self._by_watchdog(wanted)]
        certain = next((v for v in found if v.lost), None)
        if certain is not None:
            return certain
        if found:
            return found[0]
        minutes = {_minute(wanted.at) - k * MINUTE for k in (-1, 0, 1, 2)}
        if minutes & self._missed:
            return excused("tick.missed")
        if wanted.known_at > wanted.at - MINUTE:
            return excused("known_too_late")
        return lost("nobody tried, and nothing stood in the way")

    # Those who were handed it

    def _by_pollers(self, wanted: Wanted) -> Iterator[Verdict]:
        for handing in self._handings.get((wanted.race_id, wanted.at), ()):
            if handing.at < wanted.at - AHEAD:
                continue
            if not handing.runs:
                yield excused(handing.kind or "never_begun")
            for run in handing.runs:
                yield self._run(run, handing, wanted)

    def _run(self, run: ActivationRun, handing: Handing, wanted: Wanted) -> Verdict:
        until = run.began + self._limit - 3 * SECOND
        if run.died and run.ended is not None:
            until = min(until, run.ended)
        # The end of a transaction that was not wanted tells nothing of the poll.
        tried = [d for d in run.deeds if d.about == wanted.race_id and d.what != ROLLBACK
                 and wanted.at - 2 * SECOND <= d.at <= wanted.expires + 5 * SECOND]  # fmt: skip
        begin = max(wanted.at, run.began)
        if begin > wanted.expires - SECOND:
            return excused(handing.kind or "begun_too_late")
        if tried:
            return self._tried(run, tried, until, wanted)
        if until < begin + 2 * SECOND:
            return excused(run.died or handing.kind or "time_limit")
        if abs(run.skew_secs) > TRUE_SECS:
            return excused("clock.off")
        if wanted.known_at > begin:
            return excused("known_too_late")
        if kinds := [d.kind for d in run.deeds if _stopped_all(d) and d.about != wanted.race_id]:
            return excused(kinds[-1])
        played = self._replay.poll(wanted, begin)
        if played.done is None or played.done > until:
            return excused(played.why or "time_limit")
        return lost(f"the poller begun at {run.began:%H:%M:%S} did not ask")

    def _tried(self, run: ActivationRun, tried: Sequence[Deed], until: datetime, wanted: Wanted) -> Verdict:
        if any(d.what == WRITE and d.fine for d in tried):
            return lost(f"the poller begun at {run.began:%H:%M:%S} wrote it, and it is not there")
        while tried[-1].what == READ_LEDGER and tried[-1].fine and tried[-1].at > wanted.expires and len(tried) > 1:
            # An answer that came when the slot was over stopped the poll rightly: what failed before is judged.
            tried = tried[:-1]
        last = tried[-1]
        delays = [d.delay for d in tried if d.delay]
        if run.died and run.ended is not None and run.ended <= last.at + 10 * SECOND:
            return excused(run.died)
        if wanted.known_at > last.at:
            return excused("known_too_late")
        if not last.kind:
            if last.done is None or delays:
                # Still under way when the slot's time was over, or an answer that was too old to be kept.
                return excused(delays[-1] if delays else "time_limit")
            if abs(run.skew_secs) > TRUE_SECS:
                return excused("clock.off")
            return lost(f"the poller begun at {run.began:%H:%M:%S} was answered and stopped")
        return self._again(run, tried, until, wanted)

    def _again(self, run: ActivationRun, tried: Sequence[Deed], until: datetime, wanted: Wanted) -> Verdict:
        """Judge a poll whose last request failed: whether the retry that was due would have ended well."""
        last = tried[-1]
        if last.kind in REFUSED or last.kind.startswith("store answered 4"):
            return excused(last.kind)
        failures = sum(1 for d in tried if d.what == last.what and d.kind)
        pause = min(8.0, 0.5 * 2 ** (failures - 1)) if last.what == "feed" else min(5.0, 0.2 * 2**failures)
        if last.kind == "feed.429_wait":
            pause = 30.0
        ended = last.done or last.at + timedelta(seconds=ANSWER_SECS if "timeout" in last.kind else 1.0)
        due = ended + timedelta(seconds=pause)
        if last.what != WRITE and due > wanted.expires - 0.5 * SECOND:
            return excused(last.kind)
        read, ask = last.what not in ("feed", WRITE), last.what != WRITE and not any(d.what == WRITE for d in tried)
        for begin in (due, ended + timedelta(seconds=pause / 2)):
            played = self._replay.poll(wanted, begin, read=read, ask=ask)
            if played.done is None or played.done > until:
                return excused(last.kind)
        return lost(f"the poller begun at {run.began:%H:%M:%S} gave up after {last.kind} with time left")

    # Those who had to hand it out

    def _by_ticks(self, wanted: Wanted) -> Iterator[Verdict]:
        handings = [h for h in self._handings.get((wanted.race_id, wanted.at), ()) if h.at >= wanted.at - AHEAD]
        minute = _minute(wanted.at)
        for k in (-2, -1, 0, 1):
            for tick in self._ticks.get(minute + k * MINUTE, ()):
                if not any(h.by is tick for h in handings):
                    yield from self._tick(tick, bool(handings), wanted)
                elif abs(tick.skew_secs) <= TRUE_SECS:
                    yield from self._not_looked_again(tick, minute + k * MINUTE, wanted)

    def _tick(self, tick: ActivationRun, handed: bool, wanted: Wanted) -> Iterator[Verdict]:
        minute = _minute(tick.began)
        read = next((d for d in tick.deeds if d.what == READ_RACES and d.fine), None)
        ahead = minute + REACH > wanted.at
        behind = any(
            look + WORTH < wanted.expires and look - SETTLED > wanted.at
            for look in (minute + LOOK, minute + LOOK + HALF_MINUTE)
        )
        if not (ahead and not handed and wanted.at > tick.began - SETTLED) and not behind:
            return
        if abs(tick.skew_secs) > TRUE_SECS:
            yield excused("clock.off")
        elif read is None or read.done is None:
            yield excused(_why(tick))
        elif wanted.known_at > read.at:
            yield excused("known_too_late")
        elif ahead and not handed and (twin := self._claimed_by(tick, read.at, wanted)):
            yield excused(twin.died)
        elif ahead and not handed and wanted.at > read.done + SECOND - SETTLED:
            yield self._not_started(
                tick, wanted, read.done, f"the tick of {minute:%H:%M} handed it to nobody", looked=False
            )
        else:
            found = list(self._looked_back(tick, minute, wanted)) if behind else []
            yield from found
            if not found and not handed and tick.began - SETTLED < wanted.at <= read.done - SETTLED:
                yield from _read_too_late(tick, read)

    def _claimed_by(self, tick: ActivationRun, read_at: datetime, wanted: Wanted) -> ActivationRun | None:
        """Return the other tick of the minute that had kept a slot as its own before `read_at`, and died before it."""
        for twin in self._ticks.get(_minute(tick.began), ()):
            kept = [d.done for d in twin.deeds if d.what == KEEP and d.fine and wanted.known_at <= d.at]
            before = any(done is not None and done < read_at for done in kept)
            if twin is not tick and before and twin.died and twin.ended is not None and twin.ended < wanted.at:
                return twin
        return None

    def _looked_back(self, tick: ActivationRun, minute: datetime, wanted: Wanted) -> Iterator[Verdict]:
        """Judge a tick by the reading of the ledger that came when a slot was past and still good."""
        looks = [d for d in tick.deeds if d.what == READ_LEDGER and d.at >= minute + LOOK]
        due = [d for d in looks if wanted.at < d.at - SETTLED - SECOND and (d.done or d.at) < wanted.expires - WORTH]
        fine = [d.done for d in due if d.fine and d.done is not None]
        if fine:
            yield self._not_started(
                tick, wanted, fine[-1], f"the tick of {minute:%H:%M} looked back and left it", looked=True
            )
        elif due or not looks:
            yield excused(_why(tick))
        else:
            yield from self._not_looked_again(tick, minute, wanted)

    def _not_looked_again(self, tick: ActivationRun, minute: datetime, wanted: Wanted) -> Iterator[Verdict]:
        """Judge a tick that looked back once, for a slot past half a minute on, and over by the next minute."""
        again, next_look = minute + LOOK + HALF_MINUTE, minute + LOOK + MINUTE
        looks = [d.at for d in tick.deeds if d.what == READ_LEDGER and d.at >= minute + LOOK]
        past = minute < wanted.at < again - SETTLED
        due = past and again + WORTH < wanted.expires < next_look + WORTH
        if not due or not looks or looks[-1] >= minute + HALF_MINUTE:
            return
        if tick.died or tick.began > minute + LOOK or any(d.kind or d.delay for d in tick.deeds):
            yield excused(_why(tick))
        else:
            why = f"the tick of {minute:%H:%M} did not look back again"
            yield self._not_started(tick, wanted, again, why, looked=True)

    def _not_started(self, tick: ActivationRun, wanted: Wanted, at: datetime, why: str, *, looked: bool) -> Verdict:
        """Judge a tick that did not start a poller for a slot: whether it could, and what would have come of it.

        `looked` tells that it looked back at `at`; else it read the races then, and starts pollers at their times.
        """
        start = at if looked else self._starts.at(wanted, at)
        # A poller is started shortly before its slot: a tick that died by then had it still to start.
        if tick.died and tick.ended is not None and tick.ended < max(at + 5 * SECOND, wanted.at):
            return excused(tick.died)
        refused = [d for d in tick.deeds if d.what == INVOKE and d.about == POLLER and d.kind
                   and start - 2 * SECOND <= d.at <= wanted.expires]  # fmt: skip
        if refused:
            last = refused[-1]
            due = last.at + UNANSWERED if last.done is None else last.done + AGAIN
            if tick.died and tick.ended is not None and tick.ended < due:
                return excused(tick.died)
            again = self._replay.handing(wanted, due)
            return lost(why) if again.done else excused(last.kind)
        known_by = at if looked else at + SECOND
        if kinds := [d.delay for d in tick.deeds if d.delay == "store.stale_read" and d.at <= known_by]:
            return excused(kinds[-1])
        beside = [] if looked else self._starts.beside(tick, wanted)
        if beside:
            # It would have gone to the poller that was started for other races of the same instant.
            found = [self._run(run, handing, wanted) for handing in beside for run in handing.runs]
            found += [excused(handing.kind or "never_begun") for handing in beside if not handing.runs]
            return next((verdict for verdict in found if verdict.lost), found[0])
        played = [self._replay.handing(wanted, start, secs) for secs in self._starts.takes(start, exact=not looked)]
        return lost(why) if any(each.done for each in played) else excused(played[0].why)

    # Who had to stand in

    def _by_watchdog(self, wanted: Wanted) -> Iterator[Verdict]:
        """Judge the watchdog of the minute whose tick alone could hand out a slot, where that minute kept no tick.

        It knows of such slots by the tick that any of the last minutes kept, so of a change it learns a tick later.
        """
        minute = _minute(wanted.at - (REACH - MINUTE))
        if wanted.expires - wanted.at >= HALF_MINUTE or wanted.known_at > minute - MINUTE or self._kept(minute):
            return
        if not any(self._kept(minute - k * MINUTE) for k in (1, 2)):
            return
        for watch in self._watches[minute]:
            if any(d.what == READ_RACES for d in watch.deeds):
                continue
            kinds = [d.kind or d.delay for d in watch.deeds if d.kind or d.delay]
            if watch.died or kinds:
                yield excused(watch.died or kinds[-1])
            elif abs(watch.skew_secs) > TRUE_SECS or watch.began > minute + LATEST_WATCH:
                yield excused("clock.off" if abs(watch.skew_secs) > TRUE_SECS else "begun_too_late")
            else:
                yield lost(f"the watchdog of {minute:%H:%M} left the work of a minute without a tick undone")

    def _kept(self, minute: datetime) -> bool:
        """Tell whether a tick of a minute kept what it handed out."""
        return any(d.what == KEEP and d.fine for tick in self._ticks[minute] for d in tick.deeds)


def _stopped_all(deed: Deed) -> bool:
    """Tell whether what struck a request that is no single race's may have kept a poller from all of them.

    That a row is not there is an answer, and none that stops anybody.
    """
    return bool(deed.kind) and deed.about.count("-") != 4 and deed.kind != NOT_THERE


def _read_too_late(tick: ActivationRun, read: Deed) -> Iterator[Verdict]:
    """Excuse a tick that faults kept from reading the races until a slot that came meanwhile was past."""
    kinds = [d.kind or d.delay for d in tick.deeds if (d.kind or d.delay) and d.at <= read.at]
    if kinds:
        yield excused(kinds[-1])


def _why(run: ActivationRun) -> str:
    """Name what kept a run from what it had to read."""
    kinds = [d.kind or d.delay for d in run.deeds if d.kind or d.delay]
    return run.died or (kinds[-1] if kinds else "not_reached")


def _minute(at: datetime) -> datetime:
    return (at + timedelta(seconds=0)).replace(second=0, microsecond=0)
