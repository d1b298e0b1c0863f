"""The real httpx and httpcore, pools and all, over virtual sockets and on virtual time."""

import random
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import httpcore
import httpx
from httpcore._async import http11

from local.simulate.loop import VirtualLoop
from local.simulate.sockets import Network, VirtualBackend
from raceday.connections import Transports

KEEPALIVE_SECS = 5.0
# What one turn of a busy loop costs on a small machine.
TURN_SECS = (5e-6, 80e-6)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def turns(seed: int | str) -> Callable[[], float]:
    """Return what draws the cost in seconds of each turn of a loop."""
    chance = random.Random(f"{seed}/turns")
    return lambda: chance.uniform(*TURN_SECS)


def virtual_transports(network: Network, client: str) -> Transports:
    """Return the maker of one client's transports: httpx's own, but for the network under its pool."""

    def make(limits: httpx.Limits) -> httpx.AsyncBaseTransport:
        transport = httpx.AsyncHTTPTransport(verify=_tls(), limits=limits)
        # httpx has no way to hand its pool a network.
        transport._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=KEEPALIVE_SECS,
            network_backend=VirtualBackend(network, client),
        )
        return transport

    return make


class _LoopTime:
    def __init__(self, loop: VirtualLoop) -> None:
        self.monotonic = loop.time


@contextmanager
def httpcore_on(loop: VirtualLoop) -> Iterator[None]:
    """Let httpcore's keep-alive read the loop's clock: it reads the machine's own, and there is no other way in."""
    kept = vars(http11)["time"]
    setattr(http11, "time", _LoopTime(loop))  # noqa: B010
    try:
        yield
    finally:
        setattr(http11, "time", kept)  # noqa: B010
