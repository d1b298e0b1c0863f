"""The suite's page: waterfalls of what ran, and what an operator may do from it."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.console.activity import Activity, Invocation
from local.console.app import make_app
from local.console.source import Source
from local.console.trace import read_trace, recent_work
from local.switches import paused_names, switch
from tests.console.stepped import Stepped
from tests.console.test_console_pages import BASE, near, over

AT = datetime(2026, 2, 14, 2, 0, tzinfo=UTC)
SLOT = {"raceId": "r1", "slot": AT.isoformat(), "start": AT.isoformat(), "kind": "slot"}
TOKEN = re.compile(r'name="token" value="([^"]+)"')


def record(
    activity: Activity, name: str, activation: str, secs: float, event: dict[str, Any], parent: str = ""
) -> None:
    """Record an activation of one second that began some seconds after the slot."""
    activity.append(name, activation, AT + timedelta(seconds=secs), 1000.0, event=event, parent=parent)


def hook(race_id: str) -> dict[str, Any]:
    """Return a webhook's event for the race's ledger row of the slot."""
    return {"http": {"method": "POST", "body": json.dumps({**SLOT, "raceId": race_id})}}


def test_work_is_one_tree_from_its_trigger_to_the_webhooks() -> None:
    """A tick's pollers and what their rows called stand beneath it; a webhook is of the poller that came before it."""
    activity = Activity()
    record(activity, "master-race-scheduler", "tick", -30, {})
    record(activity, "enhanced-race-poller", "first", -1, {"slots": [SLOT]}, "tick")
    record(activity, "master-race-scheduler", "later", 4, {})
    record(activity, "enhanced-race-poller", "again", 5, {"slots": [SLOT]}, "later")
    record(activity, "money-flow-tracker", "hook", 2, hook("r1"))
    record(activity, "alert-evaluator", "other", 3, hook("r2"))
    work = recent_work(Source(None, None, activity), AT + timedelta(minutes=1))  # type: ignore[arg-type]
    assert [(each.root.activation, each.beneath) for each in work] == [("later", 1), ("other", 0), ("tick", 2)]


def test_a_polls_waterfall_shows_its_calls_its_webhooks_and_its_log(tmp_path: Path) -> None:
    """Asked for a webhook's activation, the page shows its poller, the feed, the commit, and all three webhooks."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[Any, httpx.Response]:
        source.log_file = tmp_path / "day.db-log"
        await near(stepped, 29.5)
        tracker = source.activity.latest(AT - timedelta(days=1), AT, limit=1, function="money-flow-tracker")[0]
        line = {"at": "2026-02-14T00:00:00.000+00:00", "level": "info", "event": "timeline.written"}
        source.log_file.write_text(json.dumps({**line, "activation": tracker.activation}) + "\n", encoding="utf-8")
        found = await read_trace(source, tracker.activation)
        return found, await client.get(f"/activation/{tracker.activation}")

    trace, page = over(tmp_path, work)
    assert trace.root.function == "enhanced-race-poller"
    assert [(bar.kind, bar.depth) for bar in trace.bars] == [
        ("activation", 0),
        ("feed", 1),
        ("commit", 1),
        *[("activation", 2)] * 3,
    ]
    assert re.fullmatch(r".+ R1 feed", trace.bars[1].name)
    assert "timeline.written" in page.text
    assert page.text.count("<rect") == 6


def test_a_callers_proof_is_not_kept() -> None:
    """An event is kept for a replay without the header that its caller proved itself by; one too long is not kept."""
    activity = Activity()
    headers = {"X-Require-Whisk-Auth": "very-secret", "content-type": "application/json"}
    record(activity, "single-race-poller", "a", 0, {"http": {"headers": headers, "body": "{}"}})
    record(activity, "single-race-poller", "b", 0, {"raceId": "x" * 60_000})
    kept, long = activity.one("a"), activity.one("b")
    assert kept is not None
    assert json.loads(kept.event) == {"http": {"headers": {"content-type": "application/json"}, "body": "{}"}}
    assert long == Invocation("single-race-poller", "b", AT, 1000.0, "ok", False)


def test_a_file_of_an_earlier_version_is_read_and_written_on(tmp_path: Path) -> None:
    """Activity files without events are read as they are, and take events once they are written to again."""
    import sqlite3

    path = tmp_path / "old-activity"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TABLE activations (seq INTEGER PRIMARY KEY, function TEXT NOT NULL, activation TEXT NOT NULL,"
            " started REAL NOT NULL, duration_ms REAL NOT NULL, status TEXT NOT NULL, cold INTEGER NOT NULL,"
            " lines TEXT NOT NULL)"
        )
        db.execute("INSERT INTO activations VALUES (1, 'poller', 'old', ?, 5, 'ok', 0, '[]')", (AT.timestamp(),))
    db.close()
    assert Activity(path, read_only=True).one("old") == Invocation("poller", "old", AT, 5.0, "ok", False)
    writer = Activity(path)
    record(writer, "poller", "new", 1, {"slots": []}, "old")
    new = writer.one("new")
    writer.close()
    assert new is not None
    assert (new.event, new.parent) == ('{"slots": []}', "old")


def test_what_an_activation_starts_knows_its_parent(tmp_path: Path) -> None:
    """A function that another one starts is kept with that one's id and its event; a trigger's has no parent."""

    async def work(stepped: Stepped, source: Source, _: httpx.AsyncClient) -> None:
        async def elsewhere(name: str, event: dict[str, Any]) -> dict[str, Any]:
            if name == "master-race-scheduler":
                await stepped.world.start("daily-races", {"date": "2026-02-14"})
            return {"ok": True}

        stepped.world.remote = elsewhere
        await stepped.world.invoke("master-race-scheduler", {}, activation="tick")
        await stepped.quiet()
        child = source.activity.latest(AT - timedelta(days=1), AT, limit=1, function="daily-races")[0]
        parent = source.activity.one("tick")
        assert (child.parent, child.event) == ("tick", '{"date": "2026-02-14"}')
        assert parent is not None
        assert parent.parent == ""

    over(tmp_path, work)


async def token_of(client: httpx.AsyncClient, path: str) -> str:
    """Return the token of a page's form."""
    found = TOKEN.search((await client.get(path)).text)
    assert found is not None
    return found[1]


def test_a_function_is_paused_and_resumed_from_the_page_and_told_in_the_log(tmp_path: Path) -> None:
    """The page asks first; its form's token pauses, the header says so at once, and the log tells who did it."""

    async def work(_: Stepped, source: Source, __: httpx.AsyncClient) -> tuple[list[list[str]], list[str], list[str]]:
        lines: list[str] = []
        client = httpx.AsyncClient(transport=httpx.ASGITransport(make_app(source, kept_secs=60)), base_url=BASE)
        assert "running" in (await client.get("/")).text
        assert source.actions is not None
        source.actions.log = lines.append
        path = "/switch?function=daily-races&to=paused"
        assert "Pause daily-races?" in (await client.get(path)).text
        token = await token_of(client, path)
        states, strips = [], []
        for to in ("paused", "running"):
            answer = await client.post("/switch", data={"token": token, "function": "daily-races", "to": to})
            assert (answer.status_code, answer.headers["location"]) == (303, "/suite")
            states.append(await paused_names(source.store))
            page = (await client.get("/")).text
            strips.append(page[page.index('id="strip"') : page.index("<main")])
        return states, strips, lines

    states, strips, lines = over(tmp_path, work)
    assert states == [["daily-races"], []]
    assert ["paused: daily-races" in strip for strip in strips] == [True, False]
    assert [json.loads(line)["state"] for line in lines] == ["paused", "running"]
    assert json.loads(lines[0])["event"] == "console.switched"


def test_resuming_all_from_the_page_resumes_what_was_paused_by_name(tmp_path: Path) -> None:
    """The page offers it while anything is paused, says what it does, and leaves nothing paused, as the command."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[list[str], str, str]:
        await switch(source.store, stepped.clock, "daily-races", paused=True)
        assert "/switch?function=all&amp;to=running" in (await client.get("/suite")).text
        path = "/switch?function=all&to=running"
        asked = (await client.get(path)).text
        given = {"token": await token_of(client, path), "function": "all", "to": "running"}
        assert (await client.post("/switch", data=given)).status_code == 303
        return await paused_names(source.store), asked, (await client.get("/suite")).text

    paused, asked, page = over(tmp_path, work)
    assert paused == []
    assert "also those that were paused by their names" in asked
    assert "to=running" not in page


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"token": "", "function": "daily-races", "to": "paused"}, 403),
        ({"token": "guess", "function": "daily-races", "to": "paused"}, 403),
        ({"function": "master-race-scheduler", "to": "paused"}, 400),
        ({"function": "daily-races", "to": "gone"}, 400),
    ],
)
def test_what_is_not_meant_or_not_possible_switches_nothing(tmp_path: Path, given: dict[str, str], status: int) -> None:
    """Without the page's token, and for what cannot be switched, nothing changes and nothing is told."""

    async def work(_: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[int, list[str]]:
        token = await token_of(client, "/switch?function=daily-races&to=paused")
        answer = await client.post("/switch", data={"token": token, **given})
        return answer.status_code, await paused_names(source.store)

    assert over(tmp_path, work) == (status, [])


def test_a_console_that_only_reads_switches_nothing(tmp_path: Path) -> None:
    """Without permission to write the page offers no switch, and refuses one that is sent all the same."""

    async def work(_: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[str, list[int], list[str]]:
        source.actions = None
        page = (await client.get("/suite")).text
        path, sent = "/switch?function=daily-races&to=paused", {"function": "daily-races", "to": "paused"}
        codes = [(await client.get(path)).status_code, (await client.post("/switch", data=sent)).status_code]
        return page, codes, await paused_names(source.store)

    page, codes, paused = over(tmp_path, work)
    assert "/switch?" not in page
    assert "--allow-writes" in page
    assert codes == [404, 403]
    assert paused == []


def test_a_failed_activation_is_run_once_more_with_its_event(tmp_path: Path) -> None:
    """A failure leads to a form that starts the same function with the same event, and then to the new waterfall."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> tuple[Any, Any, httpx.Response]:
        headers = {"content-type": "application/json", "X-Appwrite-Webhook-Name": "flow"}
        await stepped.world.invoke(
            "enhanced-race-poller", {"http": {"method": "POST", "headers": headers, "body": "{bad"}}
        )
        failed = source.activity.latest(AT - timedelta(days=1), AT, limit=1, failed_only=True)[0]
        assert f"/replay?activation={failed.activation}" in (await client.get("/suite")).text
        token = await token_of(client, f"/replay?activation={failed.activation}")
        answer = await client.post("/replay", data={"token": token, "activation": failed.activation})
        again = source.activity.latest(AT - timedelta(days=1), AT, limit=1, failed_only=True)[0]
        return failed, again, answer

    failed, again, answer = over(tmp_path, work)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/activation/{again.activation}"
    assert again.activation != failed.activation
    assert (again.function, again.event) == ("enhanced-race-poller", failed.event)
