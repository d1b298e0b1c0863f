"""Named fault profiles: what breaks on a simulated day, by chance, from the day's seed."""

from collections.abc import Callable

from local.simulate.faults.engine import Faults
from local.simulate.faults.rates import PROFILES
from local.simulate.faults.script import Script
from local.simulate.shapes import SHAPES
from local.simulate.world import World

__all__ = ["PROFILES", "Faults", "Script", "profile"]


def profile(names: str) -> Callable[[World], Faults]:
    """Return the maker of the seams of one profile, or of several joined by +; ValueError for a name that is none.

    A profile that only gives the day its shape breaks nothing.
    """
    rates: dict[str, float] = {}
    for name in names.split("+"):
        if name not in PROFILES and name not in SHAPES:
            every = [*PROFILES, *(shape for shape in SHAPES if shape not in PROFILES)]
            raise ValueError(f"expected one of none, {', '.join(every)}, or some joined by +; got {name!r}")
        rates |= PROFILES.get(name, {})
    return lambda world: Faults(world, rates)
