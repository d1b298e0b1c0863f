"""Which status a race has after an answer of the feed, given the one already committed."""

from typing import NamedTuple

from raceday.racing.snapshot import Status


class Decision(NamedTuple):
    """The status to keep. `changed`: it differs from the known one; `correction`: a finished race was taken back;
    `held`: the feed showed a way back that was not followed."""

    status: Status
    changed: bool = False
    correction: bool = False
    held: bool = False


def decide(known: Status | None, served: Status, *, evidence: bool) -> Decision:
    """Follow any step between unfinished statuses (steps may be skipped, betting may reopen) and into a finished one.

    A finished race goes back only as a correction, with `evidence`: placings or a ruling that it never had before.
    Final turns Interim or Abandoned that way, Abandoned turns Interim or Final. A finished race never reopens: an event
    is known to stay Open after its card was abandoned, and caches may serve an old Open after Final.
    """
    if known is None:
        return Decision(served, changed=True)
    if served == known:
        return Decision(known)
    if not known.over:
        return Decision(served, changed=True)
    if evidence and served in (Status.INTERIM, Status.FINAL, Status.ABANDONED):
        return Decision(served, changed=True, correction=True)
    return Decision(known, held=True)
