"""What goes wrong on the virtual network: each of it a function of the seed, its kind, whom it is about and when."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

STORE, FEED, PLATFORM, WEBHOOKS = "store", "feed", "platform", "webhooks"
# Shares of all requests.
TROUBLES: Mapping[str, float] = {
    "reset_before": 0.003,
    "silent_before": 0.001,
    "reset_after": 0.003,
    "silent_after": 0.001,
    "drip": 0.004,
    "half_open_after": 0.002,
    "closed_after": 0.01,
}
CLOG_EVERY_SECS = 600
CLOG_SHARE, CLOG_SECS = 0.02, (2.0, 9.0)
# One way, in seconds; one in ten is far slower.
LATENCY: Mapping[str, tuple[float, float]] = {STORE: (0.001, 0.008), FEED: (0.015, 0.09), PLATFORM: (0.01, 0.05)}
OUTAGES = (
    (STORE, "killed", 5.0, 30.0),
    (STORE, "frozen", 5.0, 25.0),
    (FEED, "killed", 5.0, 40.0),
    (FEED, "frozen", 5, 20),
)
OUTAGES_EACH = 4
DAY_HOURS = 30.0
REGULAR_SECS = 1200.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which a host is killed (refuses and resets) or frozen (takes and never answers)."""

    host: str
    kind: str
    begin: datetime
    end: datetime


class CalmNet:
    """A network of the seed's latencies, on which nothing goes wrong."""

    def __init__(self, seed: int, elapsed: Callable[[], float]) -> None:
        self._seed, self._elapsed = seed, elapsed

    def share(self, *about: object) -> float:
        """Return a number from 0 to 1 that is always the same for the same things."""
        digest = hashlib.blake2b(f"{self._seed}/{'/'.join(map(str, about))}".encode(), digest_size=7).digest()
        return int.from_bytes(digest) / 256**7

    def latency_secs(self, client: str, host: str) -> float:
        """Return how long bytes take one way: mostly short, now and then far beyond the span."""
        low, high = LATENCY[host.split(".")[0]]
        share = self.share("latency", client, host, round(self._elapsed() * 1e6))
        return low + (high - low) * (share if share < 0.9 else 10 * share - 8.1)

    def clogged_secs(self, client: str, host: str) -> float:
        """Return none."""
        return 0.0

    def trouble(self, client: str, connection: int, number: int) -> str:
        """Return none."""
        return ""


class Storm(CalmNet):
    """Resets, stalls, half-open connections, drips and clogged links by chance, until the loop's second `until`."""

    until = float("inf")

    def clogged_secs(self, client: str, host: str) -> float:
        """Return how long the link of this one pair passes nothing from now on."""
        now = self._elapsed()
        block = int(now // CLOG_EVERY_SECS)
        if now >= self.until or self.share("clog", client, host, block) >= CLOG_SHARE:
            return 0.0
        begin = (block + 0.9 * self.share("clog-at", client, host, block)) * CLOG_EVERY_SECS
        low, high = CLOG_SECS
        end = begin + low + (high - low) * self.share("clog-long", client, host, block)
        return end - now if begin <= now < end else 0.0

    def trouble(self, client: str, connection: int, number: int) -> str:
        """Return what goes wrong with one request of one connection, "" for nothing."""
        if self._elapsed() >= self.until:
            return ""
        drawn = self.share("trouble", client, connection, number)
        for kind, share in TROUBLES.items():
            drawn -= share
            if drawn < 0:
                return kind
        return ""


def drawn_outages(weather: CalmNet, start: datetime) -> list[Outage]:
    """Lay out a day's outages from its seed: some of each kind, seconds at a time."""
    found = []
    for host, kind, low, high in OUTAGES:
        for i in range(OUTAGES_EACH):
            at = start + timedelta(hours=0.5 + weather.share("outage", host, kind, i) * (DAY_HOURS - 0.5))
            secs = low + (high - low) * weather.share("outage-long", host, kind, i)
            found.append(Outage(host, kind, at, at + timedelta(seconds=secs)))
    return found


def regular_outages(weather: CalmNet, start: datetime, host: str, kind: str, secs: float) -> list[Outage]:
    """Lay out one outage of a length in each twenty minutes, at a second of the seed's choice."""
    found = []
    for i in range(int(DAY_HOURS * 3600 // REGULAR_SECS)):
        # The later half of a stretch lies apart from the next one's.
        at = start + timedelta(seconds=REGULAR_SECS * (i + 0.5 * weather.share("regular", host, kind, i)))
        found.append(Outage(host, kind, at, at + timedelta(seconds=secs)))
    return found


# By name: what a day's network goes through. The regular ones are the outages that were tried on a real server.
REGULAR = {
    "store-killed": (STORE, "killed", 20.0),
    "store-frozen": (STORE, "frozen", 25.0),
    "webhooks-dead": (WEBHOOKS, "dead", 130.0),
}
NETWORKS = ("calm", "storm", *REGULAR)


def weather_of(network: str, seed: int, elapsed: Callable[[], float], start: datetime) -> tuple[CalmNet, list[Outage]]:
    """Return what a network of a name is like, and its outages in order."""
    weather = Storm(seed, elapsed) if network == "storm" else CalmNet(seed, elapsed)
    if network == "storm":
        return weather, sorted(drawn_outages(weather, start), key=lambda each: each.begin)
    return weather, regular_outages(weather, start, *REGULAR[network]) if network in REGULAR else []
