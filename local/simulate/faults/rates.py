"""How often each fault strikes in each named profile: chances per operation, and spans in seconds."""

from collections.abc import Mapping

Rates = Mapping[str, float]

FEED: Rates = {
    "feed.timeout": 0.008,
    "feed.reset": 0.01,
    "feed.404": 0.002,
    "feed.403": 0.002,
    "feed.429": 0.006,
    "feed.429_wait": 0.004,
    "feed.5xx": 0.012,
    "feed.html": 0.005,
    "feed.cut": 0.005,
    "feed.gzip": 0.005,
    "feed.stale": 0.008,
    "feed.slow": 0.01,
    "feed.error_in_200": 0.003,
}
PAYLOAD: Rates = {
    "payload.status_gone": 0.002,
    "payload.start_gone": 0.002,
    "payload.other_types": 0.008,
    "payload.no_pools": 0.006,
    "payload.unknown_runner": 0.01,
    "payload.falling_pools": 0.008,
    "payload.no_clock": 0.003,
    "payload.pool_words": 0.006,
    "payload.odd_dividends": 0.02,
}
STORE: Rates = {
    "store.timeout_before": 0.003,
    "store.timeout_after": 0.005,
    "store.reset_before": 0.003,
    "store.reset_after": 0.005,
    "store.5xx_before": 0.006,
    "store.5xx_after": 0.005,
    "store.429": 0.003,
    "store.409": 0.004,
    "store.401": 0.001,
    "store.402": 0.001,
    "store.403": 0.001,
    "store.408": 0.002,
    "store.413": 0.0005,
    "store.stale_read": 0.006,
    "store.slow": 0.018,
}
ACTIVATIONS: Rates = {
    "activation.killed_by_request": 0.015,
    "activation.killed_by_time": 0.01,
    "activation.doubled": 0.015,
    "activation.late": 0.015,
    "activation.dropped": 0.005,
}
# Two of everything, often: what must happen once has a rival.
DOUBLES: Rates = {"activation.doubled": 0.25, "tick.doubled": 0.25, "webhook.doubled": 0.25}
# One kind, so often that what is tried once is seen to be: retries of the commit and of the feed.
CONFLICTS: Rates = {"store.409": 0.3}
HICCUPS: Rates = {"feed.5xx": 0.15, "feed.reset": 0.15, "feed.stale": 0.1}
# What comes late, again and again: answers of long ago, and pollers that start when their slots are nearly over.
STALE: Rates = {"feed.stale": 0.3}
LATE: Rates = {"activation.late": 0.3}
TICKS: Rates = {"tick.missed": 0.02, "tick.doubled": 0.03}
WEBHOOKS: Rates = {
    "webhook.dropped": 0.03,
    "webhook.doubled": 0.03,
    "webhook.delayed": 0.03,
    "webhook.shuffled": 0.02,
}
DISABLED: Rates = {"outage.webhooks": 1.0}
OUTAGES: Rates = {"outage.feed": 1.0, "outage.store": 1.0}
CLOCKS: Rates = {"clock.off": 0.03, "clock.far_off": 0.01, "clock.drift": 0.06}
INVOKER: Rates = {"invoker.429": 0.01, "invoker.5xx": 0.01, "invoker.reset": 0.01, "invoker.lost_answer": 0.01}

PROFILES: Mapping[str, Rates] = {
    "feed": FEED,
    "payloads": PAYLOAD,
    "store": STORE,
    "activations": ACTIVATIONS,
    "ticks": TICKS,
    "doubles": DOUBLES,
    "conflicts": CONFLICTS,
    "hiccups": HICCUPS,
    "stale": STALE,
    "late": LATE,
    "webhooks": {**WEBHOOKS, **DISABLED},
    "outages": OUTAGES,
    "clocks": CLOCKS,
    "invoker": INVOKER,
    "all": {
        **FEED,
        **PAYLOAD,
        **STORE,
        **ACTIVATIONS,
        **TICKS,
        **WEBHOOKS,
        **DISABLED,
        **OUTAGES,
        **CLOCKS,
        **INVOKER,
    },
}
