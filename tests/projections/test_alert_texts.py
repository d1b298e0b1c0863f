"""What the evaluator says to people, through its entrypoint."""

import re
from typing import Any

import pytest

from raceday.ids import row_key
from raceday.ledger.codec import to_row
from raceday.projections.audience import read_audience
from raceday.racing.records import LedgerRow
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS, NOTIFICATIONS, RACE_POLLS
from tests.ledgers import START, poll
from tests.suite_kit import Suite, go

EVEN = {"r1": 100, "r2": 100}


def said(*rows: LedgerRow) -> list[dict[str, Any]]:
    """Let the evaluator read a ledger and return its notifications."""

    async def work() -> list[dict[str, Any]]:
        suite = Suite(at=START)
        for row in rows:
            await suite.store.create(RACE_POLLS, row_key("race-poll", row.race_id, row.n), to_row(row))
        await suite.run("alert-evaluator", {"raceId": "race-1"})
        return await suite.rows(NOTIFICATIONS)

    found: list[dict[str, Any]] = go(work)
    return found


def odds_at(n: int, minutes: float, odds: str) -> LedgerRow:
    """Return a poll in which the first runner has these fixed odds."""
    return poll(n, minutes, EVEN, odds={"r1": odds})


def test_a_text_names_the_market_the_odds_and_the_local_time() -> None:
    """The sentence has race, runner, market, both prices, both columns and New Zealand's time with its zone."""
    (found,) = said(odds_at(1, 60, "12"), odds_at(2, 55, "7"))
    assert found["message"] == (
        "Otaki R3 Maiden: 1. Runner r1, fixed Win odds shortened by 41.7 %, from 12.00 to 7.00, "
        "from 60 min before the start to 55 min before the start (14:05 NZDT)"
    )


@pytest.mark.parametrize(
    ("minutes", "words"),
    [((60, 50), "from 60 min before the start to 50 min before the start, across a gap (10 min apart)"),
     ((60, 55, 52), "across a gap (3 min apart)"), ((5, 4, 2), "across a gap (2 min apart)"), ((60, 56, 55), "")],
)  # fmt: skip
def test_a_text_says_where_a_column_spans_a_gap(minutes: tuple[float, ...], words: str) -> None:
    """A column that stands for more or less than the time since the one before says so; a whole one does not."""
    last = len(minutes)
    found = said(*(odds_at(n, m, "7" if n == last else "12") for n, m in enumerate(minutes, 1)), odds_at(9, 1, "7"))
    message = next(n["message"] for n in found if n["type"] == "odds")
    assert words in message
    assert ("gap" in message) == bool(words)


def test_no_text_has_a_machine_s_time_or_a_missing_figure() -> None:
    """Neither a movement nor a reminder shows an ISO stamp, an id or the word none."""
    rows = [odds_at(1, 60, "12"), odds_at(2, 55, "7"), odds_at(3, 1, "7"), odds_at(4, 0, "3")]
    found = said(*rows)
    assert {n["type"] for n in found} == {"odds", "reminder"}
    for text in (n[column] for n in found for column in ("title", "message")):
        assert not re.search(r"\d{4}-\d\d-\d\d|T\d\d:|\bnone\b|None|race-1", text), text
    assert next(n["message"] for n in found if n["type"] == "reminder").endswith("due to start at 15:00 NZDT")


def test_a_suspended_price_is_no_movement() -> None:
    """A fixed price that is gone for a column and comes back far shorter is compared with nothing."""
    gone = poll(2, 55, EVEN)
    gone = gone._replace(runners=tuple(line._replace(fixed_win=None) for line in gone.runners))
    assert said(odds_at(1, 60, "12"), gone, odds_at(3, 50, "4")) == []


async def test_a_filter_of_an_unknown_kind_is_left_out_and_told() -> None:
    """A user whose filters hold a kind that nobody declared keeps the others, and the log names the kind."""
    suite = Suite()
    store = suite.store

    for kind, value in (("country", "NZ"), ("weather", "wet")):
        await store.create_many(ALERT_FILTERS, [{"$id": kind, "userId": "u1", "kind": kind, "value": value}])
    band = {"$id": "b", "userId": "u1", "indicatorType": "percentage_range", "percentageRangeMin": 5.0,
            "color": "red", "enabled": True, "displayOrder": 1}  # fmt: skip
    await store.create_many(ALERT_CONFIGS, [band])
    audience = await read_audience(suite.container)
    (user,) = (user for user in audience.users if user.user_id == "u1")
    assert user.filters == {"country": frozenset({"NZ"})}
    assert any("alerts.unknown_filters" in line and "weather" in line for line in suite.lines)
