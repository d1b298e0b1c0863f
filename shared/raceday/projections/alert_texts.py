"""What notifications say to people: in words, in New Zealand's time with its zone, and what the figures rest on."""

from raceday.catalogue.alert_kinds import alert_kind
from raceday.ledger.timeline import Label
from raceday.racing.buckets import next_label, secs_to_start
from raceday.racing.movements import Movement
from raceday.racing.nzday import nz_clock
from raceday.racing.records import LedgerRow

_MARKET = {"fixed": "fixed", "pool": "tote"}


def title(state: LedgerRow, found: Movement) -> str:
    """Return what moved, and whose."""
    return f"{alert_kind(found.kind).title}: {_runner(state, found.entrant_id)}"


def message(before: Label, now: Label, found: Movement) -> str:
    """Return one sentence: race, runner, what moved by how much, between which columns, and when."""
    said = _odds(found) if alert_kind(found.kind).odds else _money(found)
    state = now.state
    span = f"from {_to_start(before)} to {_to_start(now)}{_gap(before, now)}"
    return f"{where(state)}: {_runner(state, found.entrant_id)}, {said}, {span} ({nz_clock(state.slot)})"


def reminder(state: LedgerRow) -> str:
    """Return the sentence of a race that is about to start."""
    return f"{where(state)} is due to start at {nz_clock(state.start)}"


def where(state: LedgerRow) -> str:
    """Name a race as people do: meeting, number and name."""
    return f"{state.race.meeting_name} R{state.race.number} {state.race.name}".strip()


def _runner(state: LedgerRow, entrant_id: str) -> str:
    line = state.runner(entrant_id)
    return f"{line.number}. {line.name}" if line else "a runner"


def _odds(found: Movement) -> str:
    odds = f"{_MARKET[found.market]} {alert_kind(found.kind).odds.title()} odds"
    return f"{odds} shortened by {found.value:.1f} %, from {found.was:.2f} to {found.now:.2f}"


def _money(found: Movement) -> str:
    pool = alert_kind(found.kind).product.title()
    share = (
        f"share of the {pool} money that came in up {found.value:.1f} points, from {found.was:.1f} to {found.now:.1f} %"
    )
    return f"{share} (at least {found.least:.1f} points, whatever the odds' rounding)"


def _to_start(entry: Label) -> str:
    minutes = secs_to_start(entry.state.start, entry.state.slot) / 60
    if minutes == 0:
        return "the start"
    return f"{abs(minutes):g} min {'before' if minutes > 0 else 'after'} the start"


def _gap(before: Label, now: Label) -> str:
    """Say so where a column shows more, or less, than the time since the one before it."""
    passed = (now.state.slot - before.state.slot).total_seconds() / 60
    if next_label(before.label) == now.label and passed == before.label - now.label:
        return ""
    return f", across a gap ({passed:g} min apart)"
