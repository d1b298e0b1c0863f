"""Which status a race keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.racing.snapshot import Status
from raceday.racing.status import Decision, decide

statuses = st.sampled_from(list(Status))


@given(statuses.filter(lambda s: not s.over), statuses, st.booleans())
def test_unfinished_race_follows_the_feed(known: Status, served: Status, evidence: bool) -> None:
    """Any step out of an unfinished status is taken, skipped steps and reopened betting included."""
    found = decide(known, served, evidence=evidence)
    assert found == Decision(served, changed=served != known)


@given(st.sampled_from([Status.FINAL, Status.ABANDONED]), statuses)
def test_finished_race_stays_without_evidence(known: Status, served: Status) -> None:
    """A finished race keeps its status unless results show a correction."""
    found = decide(known, served, evidence=False)
    assert found.status is known
    assert found.held == (served is not known)
    assert not found.changed


@pytest.mark.parametrize("served", [Status.INTERIM, Status.ABANDONED])
def test_final_goes_back_as_a_correction(served: Status) -> None:
    """Changed results beside Interim or Abandoned take a Final race back."""
    assert decide(Status.FINAL, served, evidence=True) == Decision(served, changed=True, correction=True)


@pytest.mark.parametrize("known", [Status.FINAL, Status.ABANDONED])
@pytest.mark.parametrize("served", [Status.OPEN, Status.CLOSED])
def test_finished_race_never_reopens(known: Status, served: Status) -> None:
    """An old Open or Closed never reopens a finished race, whatever came with it."""
    assert decide(known, served, evidence=True) == Decision(known, held=True)


@given(statuses, st.booleans())
def test_first_status_is_taken_as_served(served: Status, evidence: bool) -> None:
    """A race never polled before takes the status that is served."""
    assert decide(None, served, evidence=evidence) == Decision(served, changed=True)
