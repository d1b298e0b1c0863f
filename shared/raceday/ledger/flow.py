"""Money per runner at one label: amounts, growth since the label before, and shares, all in integer cents."""

from dataclasses import dataclass

from raceday.ledger.timeline import Label
from raceday.racing.buckets import BASELINE
from raceday.racing.records import LedgerRow, RunnerLine


@dataclass(frozen=True, slots=True)
class Flow:
    """One runner at one label; percentages are of 100, None where the pool is empty."""

    runner: RunnerLine
    win_cents: int
    place_cents: int
    win_growth_cents: int
    place_growth_cents: int
    win_percent: float | None
    place_percent: float | None
    hold_percent: float
    is_baseline: bool


def flows(entry: Label) -> list[Flow]:
    """Return every runner's flow at a label.

    The first label's growth is its amount at T-60, where the client shows it as the baseline, and 0 anywhere later.
    """
    is_first = entry.base is None
    lines = list(entry.state.runners)
    if entry.base is not None:
        # A runner that left the race keeps a last line, so that its refund is part of the growth.
        here = {line.entrant_id for line in lines}
        lines += [_gone(line) for line in entry.base.runners if line.entrant_id not in here and _had_money(line)]
    return [_flow(entry, line, is_first) for line in lines]


def _flow(entry: Label, line: RunnerLine, is_first: bool) -> Flow:
    win, place = line.win_cents or 0, line.place_cents or 0
    base = entry.base.runner(line.entrant_id) if entry.base else None
    absolute = is_first and entry.label == BASELINE
    before_win = (base.win_cents or 0) if base else 0
    before_place = (base.place_cents or 0) if base else 0
    win_percent = percent(win, pool_of(entry.state, "win"))
    # What a pool that was called off gives back, and takes in again, is no flow.
    win_dead, place_dead = _called_off(entry, "win"), _called_off(entry, "place")
    win_growth = win if absolute else 0 if is_first or win_dead else win - before_win
    place_growth = place if absolute else 0 if is_first or place_dead else place - before_place
    return Flow(
        runner=line,
        win_cents=win,
        place_cents=place,
        win_growth_cents=win_growth,
        place_growth_cents=place_growth,
        win_percent=win_percent,
        place_percent=percent(place, pool_of(entry.state, "place")),
        hold_percent=hold_percent(line, win_percent),
        is_baseline=is_first,
    )


def _called_off(entry: Label, product: str) -> bool:
    return any(state.pools and product in state.pools.dead for state in (entry.state, entry.base) if state)


def pool_of(state: LedgerRow, product: str) -> int:
    """Return one product's total in cents, 0 where the poll knew none."""
    return (state.pools.cents(product) or 0) if state.pools else 0


def percent(part_cents: int, whole_cents: int) -> float | None:
    """Return a share of 100, None of an empty pool."""
    return round(part_cents / whole_cents * 100, 4) if whole_cents > 0 else None


def hold_percent(line: RunnerLine, win_percent: float | None) -> float:
    """Return the share used for Win, the tracker's where the pool is empty; never None, which the client trips over."""
    if win_percent is not None:
        return win_percent
    return float(line.hold) if line.hold is not None and not line.scratched else 0.0


def adds_up(state: LedgerRow) -> bool:
    """Tell whether runners, unrefunded and unattributed money sum to the Win and Place pools to the cent."""
    win = sum(line.win_cents or 0 for line in state.runners) + _beside(state, "win")
    place = sum(line.place_cents or 0 for line in state.runners) + _beside(state, "place")
    return win == pool_of(state, "win") and place == pool_of(state, "place")


def _beside(state: LedgerRow, product: str) -> int:
    return state.pools.beside_cents(product) if state.pools else 0


def _had_money(line: RunnerLine) -> bool:
    return bool(line.win_cents or line.place_cents)


def _gone(line: RunnerLine) -> RunnerLine:
    return RunnerLine(line.entrant_id, line.number, line.name, scratched=True)
