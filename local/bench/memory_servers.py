"""`python -m local.bench.memory_servers RACES`: an imported day's feed and store over HTTP, for a poller elsewhere.

Prints one JSON line with both addresses and the races. The feed's clock moves 30 s with every round of its races.
"""

import asyncio
import json
import socket
import sys
from datetime import datetime, timedelta

from local.bench.kit import Bench
from local.embedded.http import make_server as store_server
from local.feedsim import FeedSim
from local.feedsim.http import make_server as feed_server

ROUND = timedelta(seconds=30)


async def main(races: int) -> None:
    """Serve until stopped."""
    bench = await Bench(races=races, form="full").imported()
    polled = bench.plain_races()
    begin, asked = bench.runs_at(polled[0], 900), -1

    def now() -> datetime:
        nonlocal asked
        asked += 1
        return begin + (asked // len(polled)) * ROUND

    sockets = [_listening(), _listening()]
    feed, store = feed_server(FeedSim(bench.day), now), store_server(bench.server)
    told = {
        "feed": f"http://127.0.0.1:{sockets[0].getsockname()[1]}/affiliates/v1/racing",
        "store": f"http://127.0.0.1:{sockets[1].getsockname()[1]}/v1",
        "key": bench.server.api_key,
        "begin": begin.isoformat(),
        "races": [race.race_id for race in polled],
    }
    print(json.dumps(told), flush=True)
    await asyncio.gather(feed.serve(sockets[:1]), store.serve(sockets[1:]))


def _listening() -> socket.socket:
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    found.listen(64)
    return found


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
