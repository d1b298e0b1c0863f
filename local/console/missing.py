"""Slots that passed without a poll, and why, from one place for all pages."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from raceday.catalogue.functions import POLLER
from raceday.racing.schedule import Intervals, slots_between
from raceday.racing.snapshot import Status

BACK = timedelta(hours=2)
# A poll that began at its slot's last moment is committed within this.
COMMITTED_WITHIN = timedelta(seconds=5)
UNTOLD = "not told yet"
PAUSED = "paused"
# The ledger cannot tell more of a slot that nobody came to.
_VAGUE = ("", "no_attempt")
# The scheduler obeys at its next tick.
_OBEYED = timedelta(minutes=1)
_STOPPING = ("all", POLLER.name)
Stretch = tuple[datetime, datetime | None]


class MissedSlot(NamedTuple):
    """One slot without a poll; `cause` is a word of the table of causes, empty where nothing tells it yet."""

    slot: datetime
    race: str
    cause: str = ""

    @property
    def why(self) -> str:
        """Return the cause for people."""
        return self.cause.replace("_", " ") or UNTOLD


class Switched(NamedTuple):
    """One act on a switch of the scheduler."""

    at: datetime
    name: str
    paused: bool


class KnownCauses(NamedTuple):
    """What is known of missed slots beside the ledger: polls that the log tells as failed, and pauses of the poller."""

    failed: Mapping[tuple[str, datetime], str] = MappingProxyType({})
    pauses: tuple[Stretch, ...] = ()

    @property
    def halted(self) -> bool:
        """Return whether pollers are paused now, so that no slot to come is polled."""
        return bool(self.pauses) and self.pauses[-1][1] is None

    def cause(self, race: str, slot: datetime, word: str = "") -> str:
        """Return the cause of a missed slot; `word` is the ledger's."""
        if word in _VAGUE:
            word = self.failed.get((race, slot), word)
        paused = any(since <= slot and (until is None or slot < until) for since, until in self.pauses)
        return PAUSED if paused and word in _VAGUE else word


NOTHING_TOLD = KnownCauses()


def pauses_of(acts: Iterable[Switched]) -> tuple[Stretch, ...]:
    """Return the stretches in which no poller was started, the last without an end where it goes on."""
    found: list[Stretch] = []
    paused: set[str] = set()
    since: datetime | None = None
    for act in sorted(act for act in acts if act.name in _STOPPING):
        (paused.add if act.paused else paused.discard)(act.name)
        if paused and since is None:
            since = act.at
        elif not paused and since is not None:
            found.append((since, act.at + _OBEYED))
            since = None
    return (*found, (since, None)) if since is not None else tuple(found)


def missing_slots(
    race: str,
    start: datetime,
    status: Status | None,
    intervals: Intervals,
    since: datetime,
    now: datetime,
    told: KnownCauses,
) -> tuple[MissedSlot, ...]:
    """Return the slots after `since` whose time is over and that no row tells of yet."""
    passed = slots_between(start, status, intervals, max(since, now - BACK), now)
    gone = [slot.at for slot in passed if slot.expires_at + COMMITTED_WITHIN < now]
    return tuple(MissedSlot(slot, race, told.cause(race, slot)) for slot in gone)


def causes_of(missing: Sequence[MissedSlot]) -> str:
    """Name the causes that are known, each once; nothing where none is."""
    return ", ".join(dict.fromkeys(each.why for each in missing if each.cause))
