"""Dividends as looks find them hours after Final: what can be read is followed, what was corrected since is not."""

import copy
import json
from typing import Any

import pytest

from local.simulate.oracle.late import is_past
from tests.polling.test_results_watch import finished, later, place_paid_less, results, versions


def win_paid_more(payload: dict[str, Any]) -> None:
    """Correct the Win dividend, and make a Place one unreadable."""
    for row in payload["data"]["dividends"]:
        if row["status"] == "Final" and row["product_name"] == "Pool Win":
            row["dividend"] = 77.7
    place_paid_less(payload)
    places = [d for d in payload["data"]["dividends"] if d["product_name"] == "Pool Place" and d["status"] == "Final"]
    places[0]["dividend"] = None


def paid(row: dict[str, Any], product: str) -> list[float]:
    """Return what results show for a product."""
    return [d["dividend"] for d in json.loads(row["dividendsData"]) if d["product_name"] == product]


async def test_a_look_follows_what_it_can_read_and_keeps_the_rest() -> None:
    """Win is new, a Place row cannot be read: the version that is kept has the new Win and the Place of before."""
    suite, feed, started = await finished()
    before = await results(suite)
    feed.change = win_paid_more
    (found,) = await later(suite, started, 1)
    after = await results(suite)
    assert (found["result"], len(await versions(suite))) == ("committed", 3)
    assert paid(after, "Pool Win") == [77.7]
    assert paid(after, "Pool Place") == paid(before, "Pool Place")


async def test_a_look_undoes_no_correction_by_the_dividends_of_before() -> None:
    """The first dividends again, with a newer stamp and no new reason, are an older picture."""
    suite, feed, started = await finished()
    feed.change = place_paid_less
    await later(suite, started, 1)
    corrected = await results(suite)
    feed.change = None
    found = await later(suite, started, 3)
    after = await results(suite)
    assert [(r["result"], r["cause"]) for r in found] == [("failed", "stale")]
    assert after["dividendsData"] == corrected["dividendsData"]
    assert len(await versions(suite)) == 3


ROW = {"product_name": "Pool Win", "status": "Final", "dividend": 3.2, "positions": [{"runner_number": 1}]}
OTHER = {**ROW, "dividend": 4.0}
PLACE = {**ROW, "product_name": "Pool Place"}


@pytest.mark.parametrize(
    ("lists", "now", "past"),
    [
        ([[ROW]], [ROW], False),
        ([[ROW]], [OTHER], False),
        ([[ROW], [OTHER]], [ROW], True),
        ([[ROW], [OTHER], [PLACE]], [ROW], True),
        ([[ROW, PLACE], [OTHER, PLACE]], [PLACE], False),
    ],
)
def test_the_judge_knows_dividends_of_the_past(lists: list[Any], now: list[Any], past: bool) -> None:
    """They differ from the newest of each product, and agree with an earlier list."""
    assert is_past(copy.deepcopy(lists), now) is past
