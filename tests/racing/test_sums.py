"""Sums of decimals come out the same on every Python: from 3.12 on `sum` adds floating point otherwise."""

from ops.packaging.money import Estimate
from raceday.racing.precision import Span, growth_spans


def test_a_growth_s_bounds_are_of_its_exactly_rounded_sum() -> None:
    """Ten runners who may each have had a tenth of all that came in had it together, and not a hair less."""
    runners = [f"r{i}" for i in range(10)]
    spans = growth_spans({i: Span(0.0, 0.0) for i in runners}, {i: Span(0.0, 0.1) for i in runners}, grown_cents=1)
    assert {span.low for span in spans.values()} == {1 - (1.0 - 0.1)}


def test_a_day_s_price_is_of_its_exactly_rounded_sum() -> None:
    """Ten functions of a tenth of a GiB-second use one."""
    assert Estimate({f"f{i}": 0.1 for i in range(10)}).day_gib_secs == 1.0
