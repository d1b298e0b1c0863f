"""The schedule as a poll sees it: whether a slot is on the race's present plan, and which slots were skipped."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from raceday.racing.records import Gap, LedgerRow
from raceday.racing.schedule import Intervals, Slot, slot_at, slots_between
from raceday.racing.snapshot import Status

# A gap list is evidence, not a log: a race that nobody polled for days keeps the newest ones.
_MOST_GAPS = 200
_NOTICED = timedelta(seconds=90)
_COMMIT_TIME = timedelta(seconds=3)


def start_in_force(base: LedgerRow | None, start: datetime | None, issued_at: datetime | None) -> datetime | None:
    """Return the advertised start that counts: the ledger's, unless the caller read the races table after that poll."""
    if base is None or start is None:
        return base.start if base else start
    # A caller that read while that poll was being committed may have read the row from before it.
    return start if issued_at is not None and issued_at > base.fetched_at + _COMMIT_TIME else base.start


def find(intervals: Intervals, start: datetime, base: LedgerRow | None, at: datetime) -> Slot | None:
    """Return the slot of the present plan at an instant, None where it has none there.

    A race without a ledger may have been listed with betting shut: there a closed race's closer grid counts too.
    """
    if base is not None:
        return slot_at(start, base.status, intervals, at)
    return slot_at(start, None, intervals, at) or slot_at(start, Status.CLOSED, intervals, at)


def gaps(
    intervals: Intervals,
    base: LedgerRow | None,
    start: datetime | None,
    slot: datetime,
    failures: Mapping[datetime, str],
    stored_at: datetime | None = None,
) -> tuple[Gap, ...]:
    """Return the slots between the newest row and this one, oldest first, each with the cause that is known.

    `start` is the start in force: where it is not the ledger's own, the old grid was left because the start moved.
    Before the first row slots count from when the race was stored, `stored_at`, and a tick could know of it.
    """
    skipped = {at: cause for at, cause in failures.items() if at < slot and (base is None or at > base.slot)}
    if base is not None:
        cause = "no_attempt" if start in (None, base.start) else "start_moved"
        for each in slots_between(base.start, base.status, intervals, base.slot, slot, base.finished_at):
            skipped.setdefault(each.at, cause)
    elif stored_at is not None and start is not None:
        for each in slots_between(start, None, intervals, stored_at + _NOTICED, slot):
            skipped.setdefault(each.at, "no_attempt")
    return tuple(Gap(at, skipped[at]) for at in sorted(skipped)[-_MOST_GAPS:])
