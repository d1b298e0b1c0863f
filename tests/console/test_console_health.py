"""The console's health as JSON and as Prometheus metrics."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from local.console.missing import UNTOLD
from local.console.source import Source
from local.console.today import read_day
from local.console.words import clock_nz
from local.functions import ROOT
from local.origin import Calls
from local.switches import switch
from local.work.console import _cells
from raceday.clock import iso
from raceday.tables import RACE_POOLS, RACES, SUITE_STATE
from tests.console.exposition import read
from tests.console.stepped import Stepped
from tests.console.test_console_pages import near, over


def test_health_tells_what_is_paused_and_is_503_for_it(tmp_path: Path) -> None:
    """A function that is paused stands among the troubles, and the status says that something needs attention."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        await switch(source.store, stepped.clock, "daily-races", paused=True)
        answer = await client.get("/health")
        assert answer.status_code == 503
        assert answer.json()["ok"] is False
        assert answer.json()["paused"] == ["daily-races"]
        assert "paused: daily-races" in answer.json()["troubles"]

    over(tmp_path, work)


def test_a_callers_bad_request_is_a_refused_call_and_no_trouble(tmp_path: Path) -> None:
    """Health, Suite and metrics tell it as refused; a webhook's own bad request is the suite's failure."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        http = {"method": "POST", "headers": {"content-type": "application/json"}, "body": "{bad"}
        answer = await stepped.world.invoke("enhanced-race-poller", {"http": http})
        assert answer["statusCode"] == 400
        health = (await client.get("/health")).json()
        assert [text for text in health["troubles"] if "failed" in text] == []
        assert health["refusedCalls24h"] == 1
        page = (await client.get("/suite")).text
        assert "✓ No activation failed." in page
        assert "1 call refused in the last 24 h" in page
        poller = (("function", "enhanced-race-poller"),)
        found = read((await client.get("/metrics")).text)
        for name, value in (("refused", 1), ("failed", 0)):
            name = f"raceday_activations_{name}_24h"
            assert found[name].samples[name, poller] == value
        # As `invoke` calls it: without HTTP.
        told = await stepped.world.invoke("single-race-poller", {})
        assert told["error"]["kind"] == "bad_request"
        assert (await client.get("/health")).json()["refusedCalls24h"] == 2
        hook = {"http": {**http, "headers": {"X-Appwrite-Webhook-Name": "flow"}}}
        await stepped.world.invoke("enhanced-race-poller", hook)
        assert "1 activation failed in the last hour" in (await client.get("/health")).json()["troubles"]

    over(tmp_path, work)


def test_metrics_are_in_prometheus_text_and_count_what_ran(tmp_path: Path) -> None:
    """The text follows the format's rules; activations are counted by function, whatever its name holds."""

    async def work(_: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        source.activity.append('odd"name\\', "a1", source.now(), 1500.0, "error", calls=Calls(2, 250.0, 3, 750.0))
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        found = read(answer.text)
        odd = (("function", 'odd"name\\'),)
        for name, value in (
            ("raceday_activations_failed_24h", 1),
            ("raceday_activation_seconds_24h", 1.5),
            ("raceday_feed_calls_24h", 2),
            ("raceday_feed_seconds_24h", 0.25),
            ("raceday_store_calls_24h", 3),
            ("raceday_store_seconds_24h", 0.75),
        ):
            assert found[name].samples[name, odd] == value, name
        assert found["raceday_paused"].samples["raceday_paused", ()] == 0
        assert all(family.about for family in found.values())

    over(tmp_path, work)


def test_metrics_tell_calls_lateness_gaps_and_lag_of_what_was_polled(tmp_path: Path) -> None:
    """Polled races have their seconds and calls, a projection never woken lags by its poll's age, a page names all."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        await near(stepped, 20)
        rows = await source.slots_of(source.now() - timedelta(hours=1), source.now())
        found = read((await client.get("/metrics")).text)
        for name, column in (("lateness", "lateMs"), ("feed", "feedMs"), ("store_read", "storeMs")):
            name = f"raceday_poll_{name}_1h_seconds"
            assert found[name].samples[f"{name}_count", ()] == len(rows)
            assert found[name].samples[f"{name}_sum", ()] == pytest.approx(sum(row[column] for row in rows) / 1000)
            longest = max(row[column] for row in rows) / 1000
            assert found[name].samples[name, (("quantile", "1"),)] == pytest.approx(longest)
        poller = (("function", "enhanced-race-poller"),)
        assert found["raceday_feed_calls_24h"].samples["raceday_feed_calls_24h", poller] == len(rows)
        assert found["raceday_store_calls_24h"].samples["raceday_store_calls_24h", poller] > len(rows)
        lag, behind = "raceday_projection_lag_seconds", "raceday_projection_behind_races"
        assert set(found[lag].samples.values()) == {0}
        pools = (("function", "race-pools-aggregator"),)
        row = await source.store.find(RACE_POOLS, limit=1)
        await source.store.update(RACE_POOLS, row[0]["$id"], {"n": row[0]["n"] - 1})
        stepped.clock.at += timedelta(seconds=20)
        found = read((await client.get("/metrics")).text)
        newest = max(datetime.fromisoformat(each["slot"]) for each in rows)
        assert found[lag].samples[lag, pools] == pytest.approx((source.now() - newest).total_seconds())
        assert found[behind].samples[behind, pools] == 1
        page = (ROOT / "docs" / "operations.md").read_text("utf-8")
        told = set(re.findall(r"`(raceday_\w+)`", page))
        assert told >= set(found)
        assert told - set(found) <= {"raceday_gaps_1h", "raceday_scheduler_age_seconds"}

    over(tmp_path, work)


def test_a_slot_that_no_row_tells_of_is_lost_for_every_page_alike(tmp_path: Path) -> None:
    """Today, the race, Suite, health and metrics count it with the cause of the log, and with the row's afterwards."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        race = await near(stepped, 19.9)
        for other in await stepped.races():
            if other["$id"] != race["$id"]:
                await source.store.update(RACES, other["$id"], {"status": "Abandoned"})
        # T-17.5, T-15 and T-12.5 pass; the log tells of the first two.
        stepped.clock.at += timedelta(minutes=9.5)
        start = datetime.fromisoformat(race["startTime"])
        log = tmp_path / "told.db-log"
        failed = [start - timedelta(minutes=m) for m in (17.5, 15)]
        lines = [{"event": "poll.failed", "race": race["$id"], "slot": iso(at), "cause": "feed_404"} for at in failed]
        log.write_text("".join(json.dumps(line) + "\n" for line in lines))
        source.log_file = log
        causes = {"feed_404": 2, UNTOLD.replace(" ", "_"): 1}
        health = (await client.get("/health")).json()
        assert health["gaps"] == causes
        found = read((await client.get("/metrics")).text)["raceday_gaps_1h"].samples
        assert {labels[0][1]: n for (_, labels), n in found.items()} == causes
        pages = {path: (await client.get(path)).text for path in ("/", "/suite", f"/race/{race['$id']}")}
        assert "3 slots missed: feed 404" in pages["/"]
        assert "feed 404 2" in pages["/suite"]
        assert "3 gaps" in pages["/suite"]
        assert pages[f"/race/{race['$id']}"].count('<td class="text">feed 404</td>') == 2
        assert pages[f"/race/{race['$id']}"].count(f'<td class="text">{UNTOLD}</td>') == 1
        await stepped.to(start - timedelta(minutes=9.9), [race["$id"]])
        assert sum((await client.get("/health")).json()["gaps"].values()) == 3

    over(tmp_path, work)


def test_slots_of_a_paused_stretch_are_told_as_paused_on_every_page(tmp_path: Path) -> None:
    """Before the next row and after it: today, the race, Suite, health and metrics; what a poll failed by stays.

    Meanwhile no page promises a next poll, and the trouble names the last slot that was lost.
    """

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        race = await near(stepped, 19.9)
        for other in await stepped.races():
            if other["$id"] != race["$id"]:
                await source.store.update(RACES, other["$id"], {"status": "Abandoned"})
        source.log_file = tmp_path / "told.db-log"
        start = datetime.fromisoformat(race["startTime"])

        def note(**line: object) -> None:
            assert source.log_file is not None
            with source.log_file.open("a") as file:
                file.write(json.dumps({"at": iso(source.now()), **line}) + "\n")

        async def act(*, paused: bool) -> None:
            await switch(source.store, stepped.clock, "all", paused=paused)
            note(event="cli.switched", switched="all", state="paused" if paused else "running")

        async def told() -> dict[str, int]:
            pages = {path: (await client.get(path)).text for path in ("/", "/suite", f"/race/{race['$id']}")}
            assert "missed: feed 404, paused" in pages["/"] or "nearest T−12:30: feed 404, paused" in pages["/"]
            assert '<span class="why">paused 2</span>' in pages["/suite"]
            assert pages[f"/race/{race['$id']}"].count('<td class="text">paused</td>') == 2
            found = read((await client.get("/metrics")).text)["raceday_gaps_1h"].samples
            gaps = (await client.get("/health")).json()["gaps"]
            assert {labels[0][1]: n for (_, labels), n in found.items()} == gaps
            return dict(gaps)

        await act(paused=True)
        failed = iso(start - timedelta(minutes=17.5))
        note(event="poll.failed", race=race["$id"], slot=failed, cause="feed_404")
        stepped.clock.at += timedelta(minutes=9)
        assert await told() == {"feed_404": 1, "paused": 2}
        assert '<span class="why">paused</span>' in (await client.get("/")).text
        assert 'next <span class="why">paused</span>' in (await client.get(f"/race/{race['$id']}")).text
        day = await read_day(source)
        first = day.attention[0]
        assert _cells(first, day, wide=False)[-1] == "paused"
        last = (
            f"the last {first.meeting} R{first.number} {clock_nz(start - timedelta(minutes=12.5), secs=True)}, paused"
        )
        assert last in (await client.get("/health")).json()["troubles"][-1]
        await act(paused=False)
        assert "next <span data-at=" in (await client.get(f"/race/{race['$id']}")).text
        # T-10 is the next slot; its row tells of the three.
        await stepped.to(start - timedelta(minutes=9.9), [race["$id"]])
        rows = await source.slots_of(start - timedelta(minutes=11), source.now())
        assert [gap["cause"] for gap in json.loads(rows[0]["gaps"])][1:] == ["no_attempt"] * 2
        assert (await told())["paused"] == 2

    over(tmp_path, work)


def test_a_switch_is_told_however_many_rows_are_newer(tmp_path: Path) -> None:
    """A function that was paused hours ago stands among the paused ones beside a hundred races' newer rows."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        await switch(source.store, stepped.clock, "daily-races", paused=True)
        stepped.clock.at += timedelta(minutes=1)
        for i in range(100):
            row = {"kind": "alert-cursor", "name": f"race-{i}", "status": "", "at": iso(source.now())}
            await source.store.upsert(SUITE_STATE, f"cursor-{i}", row)
        assert (await client.get("/health")).json()["paused"] == ["daily-races"]

    over(tmp_path, work)


@pytest.mark.parametrize(
    "text",
    [
        "a 1",
        "a 1\n",
        "# TYPE a gauge\na 1\na 2\n",
        "# TYPE a gauge\na{b=c} 1\n",
        '# TYPE a gauge\na{b="c"d="e"} 1\n',
        "# TYPE a gauge\n# TYPE b gauge\na 1\n",
        "# TYPE a gauge\n# TYPE a gauge\n",
        "# TYPE a gauge\na one\n",
        "# TYPE a gauge\na_sum 1\n",
        '# TYPE a summary\na{quantile="2"} 1\n',
    ],
)
def test_the_reader_of_metrics_refuses_what_breaks_a_rule(text: str) -> None:
    """A sample without a type, twice, apart from its family or malformed is an error."""
    with pytest.raises(ValueError, match=r":|end"):
        read(text)
