"""Single values of the feed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.catalogue.products import canonical, is_single_race
from raceday.errors import FilteredOut
from raceday.feed import values
from raceday.feed.filter import require_wanted, rule_against
from raceday.settings import Settings

anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({"a": 1})
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2025-07-17T02:42:00Z", datetime(2025, 7, 17, 2, 42, tzinfo=UTC)),
        ("2025-07-17T02:42:00.123456789Z", datetime(2025, 7, 17, 2, 42, 0, 123456, tzinfo=UTC)),
        ("2025-07-17 00:50:00 +0000 UTC", datetime(2025, 7, 17, 0, 50, tzinfo=UTC)),
        (1752713400, datetime(2025, 7, 17, 0, 50, tzinfo=UTC)),
        ("1752713400", datetime(2025, 7, 17, 0, 50, tzinfo=UTC)),
        (0, None),
        ("", None),
        (None, None),
        ("0001-01-01T00:00:00Z", None),
        ("26:22:00", None),
        ("²", None),
        ("9" * 5000, None),
        ("9999-12-31T23:59:59-23:59", None),
        (True, None),
    ],
)
def test_instants_in_every_layout_of_the_feed(value: Any, found: datetime | None) -> None:
    """ISO with up to nine digits, Go's layout and epoch seconds are one instant; 0 and year 1 are none."""
    assert values.instant(value) == found


@pytest.mark.parametrize(
    ("value", "cents"),
    [(9151.38, 915138), ("9151.38", 915138), (0, 0), (0.005, 1), (1.005, 101), (-3, -300), (None, None), ("", None),
     (float("nan"), None), (1e300, None)],
)  # fmt: skip
def test_dollars_become_whole_cents(value: Any, cents: int | None) -> None:
    """Dollars as floats or texts become integer cents, halves up."""
    assert values.cents(value) == cents


@pytest.mark.parametrize("spelling", ["FirstFour", "First 4", "First Four", "first4", "Pool First4", "FIRST-FOUR"])
def test_one_product_under_all_its_spellings(spelling: str) -> None:
    """Pools, dividends and documents spell First4 differently and mean one product."""
    assert canonical(spelling) == "first4"
    assert is_single_race("first4")


def test_multi_leg_products_are_not_single_race() -> None:
    """A quadrella's pool is listed again on each of its legs."""
    assert canonical("EarlyQuadrella") == "early_quadrella"
    assert not is_single_race("early_quadrella")
    assert canonical("Mystery") is None


@pytest.mark.parametrize("value", ["1e400", "1e-400", 10**30, -1, 0, "0.0", "NaN"])
def test_what_is_no_price_is_none(value: Any) -> None:
    """Odds that are not above 0, or that a float column would hold as 0 or infinity, are missing odds."""
    assert values.price(value) is None


@given(anything)
def test_no_value_breaks_a_reader(value: Any) -> None:
    """Whatever stands in a member, reading it gives a value of the right type or none."""
    assert isinstance(values.text(value), str)
    assert isinstance(values.number(value), Decimal | None)
    assert isinstance(values.whole(value), int | None)
    assert isinstance(values.cents(value), int | None)
    assert isinstance(values.instant(value), datetime | None)
    price = values.price(value)
    assert price is None or price > 0


@pytest.mark.parametrize(
    ("country", "code", "rule"),
    [
        ("AUS", "T", None),
        ("NZ", "H", None),
        ("nz", "t", None),
        ("HK", "T", "RACEDAY_COUNTRIES"),
        ("AUS", "G", "RACEDAY_CODES"),
    ],
)
def test_the_filter_names_its_rule(country: str, code: str, rule: str | None) -> None:
    """Australian and New Zealand gallops and harness pass; what does not is told by the setting that keeps it out."""
    assert rule_against(Settings(), country, code) == rule
    if rule:
        with pytest.raises(FilteredOut, match=rule):
            require_wanted(Settings(), "race", country, code)


def test_greyhounds_pass_by_a_setting() -> None:
    """Greyhounds are in where the setting says so."""
    assert rule_against(Settings(greyhounds=True), "AUS", "G") is None


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        ("Sat, 02 May 2026 03:00:00 GMT", "2026-05-02T03:00:00+00:00"),
        ("Sat May 02 2026 15:00:00 GMT+1200", "2026-05-02T03:00:00+00:00"),
        ("2 May 2026 3:00 PM NZST", "2026-05-02T03:00:00+00:00"),
        ("May 2, 2026 3:00:00 AM", "2026-05-02T03:00:00+00:00"),
        ("2026/05/02 03:00:00", "2026-05-02T03:00:00+00:00"),
        ("2 May 2026 3:00 PM XYZT", None),
        ("15:00:00", None),
        ("May 2026 15:00", None),
        ("2026-13-45T99:99:99Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("2026-02-14T03:58:00+99:99", None),
        ("Race 2026 at 3:00", None),
        ("", None),
    ],
)
def test_a_date_text_beyond_iso_is_read_where_it_is_whole(shown: str, wanted: str | None) -> None:
    """A whole date with a time of day is read in any usual layout; what leaves a part open is unreadable."""
    found = values.instant(shown)
    assert (found.isoformat() if found else None) == wanted
