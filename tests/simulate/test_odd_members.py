"""Days on which pools are spelled oddly and dividends cannot be read: the oracle judges each, and raises at none."""

import pytest

from local.mutants.days import DAYS
from local.simulate.run import simulate_day
from local.simulate.verdict import troubles


@pytest.mark.parametrize(("name", "kind"), [("pool-words", "pool_words"), ("odd-dividends", "odd_dividends")])
def test_half_of_all_answers_with_odd_members_make_no_row_that_differs(name: str, kind: str) -> None:
    """Unknown products and words cost themselves alone, and a dividend that nobody can read replaces none."""
    day = DAYS[name]
    report = simulate_day(day.plan, seams=day.seams())
    assert report["faults_injected"]["by_kind"][f"payload.{kind}"] > 10
    assert troubles(report) == {}
