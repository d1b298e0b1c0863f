"""The measured days that docs/cost.md tells of."""

import json
from typing import Any

import pytest

from local.bench.cost import FIGURES

DAYS: list[dict[str, Any]] = json.loads(FIGURES.read_text())["variants"]


@pytest.mark.parametrize("day", DAYS, ids=lambda day: f"{day['races']}-{day['sizes']}")
def test_the_parts_of_a_day_add_up_to_it(day: dict[str, Any]) -> None:
    """GiB-seconds by what ran, and rows by table, come to what stands as the day's."""
    assert sum(part["gib_secs"] for part in day["made_of"].values()) == pytest.approx(day["day_gib_secs"], abs=0.5)
    assert sum(day["written_to"].values()) == day["rows_written"]


@pytest.mark.parametrize("day", DAYS, ids=lambda day: f"{day['races']}-{day['sizes']}")
def test_a_month_is_thirty_such_days(day: dict[str, Any]) -> None:
    """Dollars are the page's own price of thirty days' GiB-seconds above the free ones."""
    assert day["month_dollars"] == pytest.approx((day["day_gib_secs"] * 30 - 90_000) * 0.0000185, abs=0.005)
