"""`python -m local.bench.store_probe URL ROUNDS`: milliseconds of one row read by each client, as JSON.

A process of its own, since the authority it trusts comes from its environment.
"""

import asyncio
import dataclasses
import json
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from local.bench.kit import SETTINGS
from local.bench.tls_server import ROW_ID
from raceday.clock import SystemClock
from raceday.ids import SystemRandomSource
from raceday.log import Log
from raceday.store.client import make_store

CALLS = 20
PATH = f"/tablesdb/raceday-db/tables/races/rows/{ROW_ID}"
HEADERS = {"x-appwrite-project": "raceday", "x-appwrite-key": "embedded-key", "accept-encoding": "gzip"}


async def measure(url: str, rounds: int) -> dict[str, list[float]]:
    """Read the row with every client, in turn."""
    found: dict[str, list[float]] = {"ours": [], "httpx_async": [], "httpx": [], "sdk": []}
    settings = dataclasses.replace(SETTINGS, store_endpoint=url)
    store = make_store(settings, SystemClock(), SystemRandomSource(), Log(lambda line: None))
    sdk = _sdk(url)
    async with httpx.AsyncClient(headers=HEADERS) as kept:
        with httpx.Client(headers=HEADERS) as plain:
            for turn in range(rounds + 1):
                spent = {
                    "ours": await _each_async(lambda: store.get("races", ROW_ID)),
                    "httpx_async": await _each_async(lambda: _read(kept, url + PATH)),
                    "httpx": _each(lambda: plain.get(url + PATH).json()),
                    "sdk": _each(lambda: sdk.get_row("raceday-db", "races", ROW_ID), 3),
                }
                if turn:  # the first opens the kept connections
                    for name, ms in spent.items():
                        found[name].append(ms)
    await store.aclose()
    return found


def _sdk(url: str) -> Any:
    from appwrite.client import Client
    from appwrite.services.tables_db import TablesDB

    client = Client()
    client.set_endpoint(url).set_project("raceday").set_key("embedded-key")
    return TablesDB(client)


async def _read(client: httpx.AsyncClient, url: str) -> object:
    return (await client.get(url)).json()


async def _each_async(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        await call()
    return (time.perf_counter() - began) * 1000 / CALLS


def _each(call: Callable[[], object], times: int = CALLS) -> float:
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) * 1000 / times


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(asyncio.run(measure(sys.argv[1], int(sys.argv[2])))))
