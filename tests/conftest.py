"""Settings of every test."""

import os

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine and nothing of the code. CI repeats its examples, so that a
# red run is about the change; a developer's runs look further each time.
settings.register_profile("raceday", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("raceday"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "raceday")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the tests that are coroutines on asyncio, as the functions do."""
    return "asyncio"
