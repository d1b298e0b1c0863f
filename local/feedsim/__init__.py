"""A simulated NZ TAB affiliates feed: generated days with a believable market, or recorded responses."""

from local.feedsim.day import Day, generate_day
from local.feedsim.model import DayEvent, MarketState, RunnerState
from local.feedsim.options import DayOptions
from local.feedsim.recorded import RecordedFeed
from local.feedsim.serve import Feed, FeedSim
from local.feedsim.transport import FeedHook, FeedTransport

__all__ = [
    "Day",
    "DayEvent",
    "DayOptions",
    "Feed",
    "FeedHook",
    "FeedSim",
    "FeedTransport",
    "MarketState",
    "RecordedFeed",
    "RunnerState",
    "generate_day",
]
