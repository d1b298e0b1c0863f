"""Stretches of a day in which something is out altogether, laid out from a seed before the day begins."""

import random
from datetime import datetime, timedelta

from local.simulate.faults.rates import Rates
from raceday.catalogue.functions import EVENT_FUNCTIONS

DAY_HOURS = 30
Window = tuple[datetime, datetime]


class Windows:
    """The outages of one day: feed and store seconds to minutes at a time, webhooks for hours."""

    def __init__(self, start: datetime, seed: str, rates: Rates) -> None:
        chance = random.Random(seed)
        self._windows: dict[str, list[Window]] = {}
        for kind, count, longest in (("outage.feed", 12, 150), ("outage.store", 12, 75)):
            if rates.get(kind):
                self._windows[kind] = [_drawn(chance, start, 10, longest) for _ in range(count)]
        if rates.get("outage.webhooks"):
            for function in EVENT_FUNCTIONS:
                self._windows[f"outage.webhooks.{function}"] = [_drawn(chance, start, 1200, 7200)]

    def out(self, kind: str, at: datetime) -> bool:
        """Tell whether something is out at an instant."""
        return any(begin <= at < end for begin, end in self._windows.get(kind, ()))


def _drawn(chance: random.Random, start: datetime, least: float, most: float) -> Window:
    # The eve's first hours have imports and no races: outages lie from the third hour on.
    begin = start + timedelta(hours=chance.uniform(0.2, DAY_HOURS))
    return begin, begin + timedelta(seconds=chance.uniform(least, most))
