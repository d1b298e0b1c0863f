"""Settings of every test."""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests import once

# How long an example takes says something of the machine and nothing of the code. CI repeats its examples, so that a
# red run is about the change; a developer's runs look further each time, and the nightly one looks furthest. Where CI
# is set hypothesis repeats its examples unasked, so each profile says for itself whether it does.
settings.register_profile(
    "raceday", deadline=None, max_examples=30, derandomize=False, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("raceday"), derandomize=True)
settings.register_profile("nightly", settings.get_profile("raceday"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "raceday"))


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Make a place for what is made once in a run, where this process is the one that starts the workers."""
    if hasattr(config, "workerinput"):
        return (yield)
    with once.kept():
        return (yield)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the tests that are coroutines on asyncio, as the functions do."""
    return "asyncio"
