"""A simulated NZ TAB affiliates feed: generated days with a believable market, or recorded responses.

    day = generate_day(seed=1, date=date(2026, 3, 1), races=24)
    transport = FeedTransport(FeedSim(day), now=clock.now, hook=faults)     # for httpx.AsyncClient
    state = day.truth(race_id, at)                                          # what a correct poll could know

Whatever is served follows from the seed and the instant floored to 15 s, but for `generated_time`, the instant itself.
"""

from local.feedsim.day import FeedDay, generate_day
from local.feedsim.model import DayEvent, MarketState, RunnerState
from local.feedsim.options import DayOptions
from local.feedsim.recorded import RecordedFeed
from local.feedsim.serve import AnyFeed, FeedSim
from local.feedsim.transport import FeedHook, FeedTransport

__all__ = [
    "AnyFeed",
    "DayEvent",
    "DayOptions",
    "FeedDay",
    "FeedHook",
    "FeedSim",
    "FeedTransport",
    "MarketState",
    "RecordedFeed",
    "RunnerState",
    "generate_day",
]
