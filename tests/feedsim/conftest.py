"""One generated day of the usual size, shared by the tests of the simulated feed."""

from datetime import date

import pytest

from local.feedsim import FeedDay, FeedSim, generate_day

DATE = date(2026, 3, 1)


@pytest.fixture(scope="session")
def feedsim_day() -> FeedDay:
    """The default day of 24 races."""
    return generate_day(seed=1, date=DATE, races=24)


@pytest.fixture(scope="session")
def feedsim_big_day() -> FeedDay:
    """A day of 96 races, on which every kind of disruption happens."""
    return generate_day(seed=1, date=DATE, races=96)


@pytest.fixture(scope="session")
def feedsim(feedsim_day: FeedDay) -> FeedSim:
    """The feed of the default day."""
    return FeedSim(feedsim_day)
