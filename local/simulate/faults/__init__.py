"""Named fault profiles: what breaks on a simulated day, by chance, from the day's seed."""

from collections.abc import Callable, Collection
from datetime import datetime

from local.simulate.faults.engine import DayFaults
from local.simulate.faults.rates import PROFILES
from local.simulate.faults.script import Script
from local.simulate.shapes import SHAPES
from local.simulate.shrink import NOTHING
from local.simulate.world import SimWorld

__all__ = ["PROFILES", "DayFaults", "Script", "profile"]


Span = tuple[datetime, datetime]


def profile(names: str, kinds: Collection[str] = (), span: Span | None = None) -> Callable[[SimWorld], DayFaults]:
    """Return the maker of the seams of one profile, or of several joined by +; ValueError for a name that is none.

    A profile that only gives the day its shape breaks nothing. `kinds` are the only ones to strike (all where none
    are given, nothing where it is "none"), and `span` is when.
    """
    rates: dict[str, float] = {}
    for name in names.split("+"):
        if name not in PROFILES and name not in SHAPES:
            every = [*PROFILES, *(shape for shape in SHAPES if shape not in PROFILES)]
            raise ValueError(f"expected one of none, {', '.join(every)}, or some joined by +; got {name!r}")
        rates |= PROFILES.get(name, {})
    if tuple(kinds) == (NOTHING,):
        kinds, rates = (), {}
    if unknown := sorted(set(kinds) - rates.keys()):
        raise ValueError(f"expected kinds of {names}: {', '.join(sorted(rates))}; got {', '.join(unknown)}")
    if kinds:
        rates = {kind: rates[kind] for kind in rates if kind in kinds}
    since, until = span or (None, None)
    return lambda world: DayFaults(world, rates, since, until)
