"""Long tasks of the console's pages on a Saturday of sixty meetings, measured in a browser: `python -m` this module.

The day's pages are recorded first, so that nothing but browser and a server of files runs while they are measured.
"""

import argparse
import asyncio
import json
import os
import pickle
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from local.console.app import HEADERS, make_app
from local.console.serve import source_of
from local.functions import ROOT
from raceday.tables import RACES as RACES_TABLE
from tests.console.conftest import opened_browser
from tests.console.stepped import Stepped

RACES, STEPS, STEP = 480, 12, timedelta(minutes=2.5)
LONG_MS = 50
TASKS = ("RunTask", "ThreadControllerImpl::RunTask")
TRACED = "devtools.timeline,disabled-by-default-devtools.timeline"
REFRESH_SECS = 2.0
# Kept by each page, so that it is asked for what passed when it has seen every update.
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.tasks.push([each.startTime, each.duration]);
}).observe({ type: "longtask", buffered: true });
"""
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass
class Recorded:
    """One page as it was opened, and what it was sent at each step: the answer's headers and its body."""

    path: str
    first: tuple[dict[str, str], bytes]
    news: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)


async def record(store: Path) -> list[Recorded]:
    """Let a Saturday come to its busiest hour, and take the pages down while its races are polled."""
    stepped = Stepped(store, races=RACES)
    source = source_of(stepped.world)
    await stepped.begin()
    races = [(datetime.fromisoformat(race["startTime"]), race["$id"]) for race in await stepped.races()]
    hour = timedelta(minutes=62)
    begin = max((start for start, _ in races), key=lambda at: sum(at <= start < at + hour for start, _ in races))
    near = [race_id for start, race_id in races if begin <= start < begin + hour]
    later = [race_id for start, race_id in races if start >= begin + hour]
    watched = next(race_id for start, race_id in races if start >= begin + STEP * STEPS)
    for start, race_id in races:
        if start < begin:
            await source.store.update(RACES_TABLE, race_id, {"status": "Final"})
    stepped.clock.at = begin - timedelta(minutes=62)
    await stepped.to(begin, [*near, *later])
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=make_app(source)), base_url="http://127.0.0.1")
    pages = []
    for path in ("/", f"/race/{watched}", "/suite"):
        answer = await client.get(path)
        pages.append(Recorded(path, (dict(answer.headers), answer.content)))
    tags = dict.fromkeys((page.path for page in pages), "")
    for step in range(STEPS + 1):
        await stepped.to(begin + STEP * step, [*near, *later])
        for page in pages:
            asked = {"x-fragment": "1"} | ({"if-none-match": tags[page.path]} if tags[page.path] else {})
            answer = await client.get(page.path, headers=asked)
            tags[page.path] = answer.headers["etag"]
            page.news.append((answer.status_code, dict(answer.headers), answer.content))
            page.changed.append(answer.text.count("data-row data-version"))
    await client.aclose()
    await source.aclose()
    await stepped.aclose()
    return pages


class Player:
    """Serves a recorded page: each time it is asked for news it gives the next, and 304 when there are no more."""

    def __init__(self, page: Recorded) -> None:
        self.page, self.given = page, 0
        player = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answer with what was recorded, or a file."""
                status, headers, body = player.answer(self.path, fragment="x-fragment" in self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    if name not in ("content-length", "date", "server"):
                        self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}{page.path}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str, *, fragment: bool) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        if path == self.page.path and not fragment:
            return 200, self.page.first[0], self.page.first[1]
        if path == self.page.path:
            if self.given >= len(self.page.news):
                return 304, {"etag": '"last"'}, b""
            self.given += 1
            return self.page.news[self.given - 1]
        file = ROOT / "local/console" / path.lstrip("/")
        if path.startswith("/static/") and file.is_file():
            return 200, {**HEADERS, "content-type": TYPES.get(file.suffix, "text/plain")}, file.read_bytes()
        return (200, {"content-type": "text/css"}, b"") if path == "/bands.css" else (404, {}, b"")


@contextmanager
def playing(page: Recorded) -> Iterator[Player]:
    """Serve a page while the block runs."""
    player = Player(page)
    try:
        yield player
    finally:
        player.server.shutdown()
        player.server.server_close()


@dataclass
class Measured:
    """What one round of one page took, in milliseconds; `busy` are the main thread's own longest tasks by CPU."""

    long: list[float]
    opening: list[float]
    busy: list[float]
    parts: list[str]


def measure(browser: Any, page: Recorded, width: int, *, traced: bool) -> Measured:
    """Open a page, let it take all news, and tell its long tasks."""
    with playing(page) as player:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})  # fmt: skip
        browser.get(player.url)
        browser.execute_script(WATCH)
        time.sleep(1)
        begun = browser.execute_script("return performance.now()")
        while player.given < len(page.news):
            time.sleep(0.2)
        time.sleep(REFRESH_SECS)
        tasks = browser.execute_script("return window.tasks")
        log = browser.get_log("performance") if traced else []
    told = [json.loads(line["message"])["message"] for line in log]
    busy, parts = spent([m["params"] for m in told if m["method"] == "Tracing.dataCollected"])
    return Measured(
        sorted((ms for at, ms in tasks if at >= begun), reverse=True),
        sorted((ms for at, ms in tasks if at < begun), reverse=True),
        busy,
        parts,
    )


def spent(events: list[dict[str, Any]]) -> tuple[list[float], list[str]]:
    """Return the CPU milliseconds of the page's longest tasks, and what the very longest ones are made of."""
    mains = {
        (e["pid"], e["tid"])
        for e in events
        if e.get("name") == "thread_name" and "CrRendererMain" in str(e.get("args"))
    }
    tasks = [e for e in events if e.get("name") in TASKS and (e["pid"], e["tid"]) in mains and "tdur" in e]
    longest = sorted(tasks, key=lambda e: -e["tdur"])[:5]
    told = []
    for task in longest[:3]:
        inside: Counter[str] = Counter()
        for e in events:
            here = (e.get("pid"), e.get("tid")) == (task["pid"], task["tid"]) and e.get("ph") == "X" and e is not task
            if here and task["ts"] <= e["ts"] and e["ts"] + e.get("dur", 0) <= task["ts"] + task["dur"]:
                inside[e["name"]] += e.get("tdur", 0) / 1000
        told.append(", ".join(f"{name} {ms:.0f}" for name, ms in inside.most_common(7) if ms >= 1))
    return [task["tdur"] / 1000 for task in longest], told


def main() -> int:
    """Record where nothing is recorded yet, and measure in rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the recorded pages are kept")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--widths", type=int, nargs="+", default=[1400])
    parser.add_argument("--traced", action="store_true", help="tell CPU and parts of the longest; takes time itself")
    parser.add_argument("--only", default="", help="pages whose path has this text")
    args = parser.parse_args()
    kept = args.folder / "pages.pickle"
    if not kept.exists():
        args.folder.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(asyncio.run(record(args.folder / "day.db"))))
    pages: list[Recorded] = pickle.loads(kept.read_bytes())
    worst = 0.0
    for page in pages:
        if args.only in page.path:
            print(f"{page.path}: {len(page.first[1]):,} bytes; rows changed a step {page.changed}")
    for number in range(args.rounds):
        for page in pages:
            if args.only not in page.path:
                continue
            for width in args.widths:
                load = os.getloadavg()[0]
                with opened_browser(
                    {"performance": "ALL"} if args.traced else {}, trace=TRACED if args.traced else ""
                ) as browser:
                    found = measure(browser, page, width, traced=args.traced)
                worst = max([worst, *found.long])
                print(
                    f"round {number + 1} {page.path[:12]:<12} {width} px, load {load:.1f}: long tasks "
                    f"{[round(ms) for ms in found.long] or 'none'}, at opening {[round(ms) for ms in found.opening]}"
                    + (f", CPU of the longest {[round(ms) for ms in found.busy]}" if args.traced else "")
                )
                for told in found.parts:
                    print(f"    {told}")
                sys.stdout.flush()
    return int(worst > LONG_MS)


if __name__ == "__main__":
    sys.exit(main())
