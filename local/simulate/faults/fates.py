"""Chance without a stream: what befalls an attempt follows from the seed, the fault's kind, whom it is about, and when.

An attempt that nobody made has an outcome as well, and one more attempt changes no other's.
"""

import hashlib
import random
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from local.simulate.faults.rates import Rates

T = TypeVar("T")
# Three bytes of one digest decide each kind of a room: a kind that is switched off moves none of the others.
_BYTES = 3
ROOMS: Mapping[str, Sequence[str]] = {
    "tick": ("tick.missed", "tick.doubled"),
    "activation": ("activation.doubled", "activation.late", "activation.dropped"),
    "wake": ("wake.dropped",),
    "container": ("clock.off", "clock.far_off", "clock.drift"),
    "run": ("activation.killed_by_request",),
    "run_time": ("activation.killed_by_time",),
    "invoker": ("invoker.429", "invoker.5xx", "invoker.reset", "invoker.lost_answer"),
    "feed": ("feed.timeout", "feed.reset", "feed.403", "feed.404", "feed.429", "feed.429_wait", "feed.5xx",
             "feed.html", "feed.stale"),
    "feed_answer": ("feed.cut", "feed.gzip", "feed.slow", "feed.error_in_200", "payload.status_gone",
                    "payload.start_gone", "payload.other_types", "payload.no_pools", "payload.unknown_runner",
                    "payload.falling_pools", "payload.no_clock", "payload.older_status", "payload.no_places",
                    "payload.shut_early", "feed.other_race", "payload.other_dividends", "payload.protest_open",
                    "payload.unplaced", "payload.jump_guessed", "payload.pool_words", "payload.odd_dividends"),
    "store": ("store.timeout_before", "store.reset_before", "store.5xx_before", "store.429", "store.409", "store.401",
              "store.402", "store.403", "store.408", "store.413", "store.stale_read", "store.slow"),
    "store_answer": ("store.timeout_after", "store.reset_after", "store.5xx_after"),
    "webhook": ("webhook.dropped", "webhook.doubled", "webhook.delayed", "webhook.shuffled", "webhook.held"),
}  # fmt: skip


@dataclass(slots=True)
class Fate:
    """What is in store for one attempt: the kind of fault that strikes it, "" for none, and how."""

    kind: str
    seed: int
    _random: random.Random | None = field(default=None, repr=False)

    def _chance(self) -> random.Random:
        if self._random is None:
            self._random = random.Random(self.seed)
        return self._random

    def uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        return self._chance().uniform(low, high)

    def choice(self, values: Sequence[T]) -> T:
        """Return one of some values."""
        return self._chance().choice(values)


class Fates:
    """The outcomes of every attempt of one day, made or not."""

    def __init__(self, seed: int | str, rates: Rates) -> None:
        self._seed, self._rates = seed, rates
        self._rooms = {
            room: [(i * _BYTES, kind, int(rates[kind] * 256**_BYTES)) for i, kind in enumerate(kinds) if kind in rates]
            for room, kinds in ROOMS.items()
        }

    def of(self, room: str, about: str, second: int, attempt: int, without: Container[str] = ()) -> Fate:
        """Return what befalls the nth attempt in a virtual second about something; kinds in `without` cannot."""
        kinds = self._rooms[room]
        if not kinds:
            return Fate("", 0)
        key = f"{self._seed}/{room}/{about}/{second}/{attempt}".encode()
        digest = hashlib.blake2b(key).digest()
        for at, kind, limit in kinds:
            if int.from_bytes(digest[at : at + _BYTES]) < limit and kind not in without:
                return Fate(kind, int.from_bytes(digest[-8:]))
        return Fate("", 0)
