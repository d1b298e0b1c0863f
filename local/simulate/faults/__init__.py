"""Named fault profiles: what breaks on a simulated day, by chance, from the day's seed."""

from collections.abc import Callable

from local.simulate.faults.engine import Faults
from local.simulate.faults.rates import PROFILES
from local.simulate.faults.script import Script
from local.simulate.world import World

__all__ = ["PROFILES", "Faults", "Script", "profile"]


def profile(name: str) -> Callable[[World], Faults]:
    """Give the maker of a profile's seams; ValueError for a name that is none."""
    rates = PROFILES.get(name)
    if rates is None:
        raise ValueError(f"expected one of none, {', '.join(PROFILES)}; got {name!r}")
    return lambda world: Faults(world, rates)
