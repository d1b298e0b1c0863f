"""The ledger row and its plain form."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from raceday.ledger.codec import from_row, to_row
from raceday.racing.records import Check, Digests, Gap, LedgerRow, PoolTotals, RaceFacts, RunnerLine
from raceday.racing.snapshot import Status
from raceday.tables import BY_ID, RACE_POLLS

START = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)

odds = st.none() | st.decimals(min_value="1.01", max_value="501", places=2)
points = st.none() | st.decimals(min_value="0", max_value="100", places=4)
cents = st.none() | st.integers(0, 10**9)
sources = st.sampled_from(["pool_odds", "hold", "none"])
runners = st.builds(
    RunnerLine,
    entrant_id=st.uuids().map(str),
    number=st.integers(1, 24),
    name=st.text(min_size=1, max_size=30),
    scratched=st.booleans(),
    fixed_win=odds,
    fixed_place=odds,
    pool_win=odds,
    pool_place=odds,
    hold=points,
    bet=points,
    win_cents=cents,
    place_cents=cents,
    win_source=sources,
    place_source=sources,
)


def ledger_row(**changes: object) -> LedgerRow:
    """Build one row with plain figures."""
    fields: dict[str, object] = {
        "race_id": "race",
        "meeting_id": "meeting",
        "n": 3,
        "slot": START - timedelta(minutes=5),
        "kind": "slot",
        "fetched_at": START - timedelta(minutes=5, milliseconds=-400),
        "generated_at": START - timedelta(minutes=5, milliseconds=-300),
        "start": START,
        "status": Status.OPEN,
        "race": RaceFacts("Maiden", 4, "Awapuni", "NZ", "T", None, 3),
    }
    return LedgerRow(**(fields | changes))  # type: ignore[arg-type]


@given(st.lists(runners, max_size=5))
def test_row_survives_the_store(lines: list[RunnerLine]) -> None:
    """A row read back from its columns equals the row written, odds to the last decimal, and each figure its own."""
    row = ledger_row(
        runners=tuple(lines),
        pools=PoolTotals({"win": 915138, "place": 0}, {"quadrella": 812661}),
        checks=(Check("hold_sum", True, True, 10.0, 0.93, 101.0, "94..106"),),
        gaps=(Gap(START - timedelta(minutes=10), "feed_timeout"), Gap(START - timedelta(minutes=7), "no_attempt")),
        digests=Digests("aa", "bb", {line.entrant_id: "cc" for line in lines}),
        dividends={"win": 915138},
        score=97,
        feed_calls=2,
        feed_ms=310,
        store_ms=45,
        late_ms=120,
        held=True,
        finished_at=START + timedelta(minutes=6),
    )
    assert from_row(to_row(row)) == row


def test_row_fits_its_table() -> None:
    """Every column of the plain form is declared and every required one is filled."""
    table, row = BY_ID[RACE_POLLS], to_row(ledger_row())
    assert set(row) == {c.key for c in table.columns}
    assert all(row[c.key] is not None for c in table.columns if c.required)


def test_absent_pools_stay_apart_from_empty_ones() -> None:
    """No pool list is null, an empty list an object without products."""
    assert to_row(ledger_row(pools=None))["pools"] is None
    assert json.loads(to_row(ledger_row(pools=PoolTotals()))["pools"]) == {"multi": {}}


def test_whole_odds_are_written_as_integers() -> None:
    """Odds of 5 and of 4.40 are numbers, not strings, in the stored text."""
    line = RunnerLine("e", 1, "Tick", fixed_win=Decimal(5), fixed_place=Decimal("4.40"))
    stored = json.loads(to_row(ledger_row(runners=(line,)))["runners"])[0]
    assert (stored["fixedWin"], stored["fixedPlace"]) == (5, 4.4)
