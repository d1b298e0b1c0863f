"""`./raceday schema migrate`: a database of the predecessor's shape becomes ours, whatever stops it on the way."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import raceday.tables
from local.embedded import Embedded
from ops.doctor import StoreChecks
from ops.migrate import migrate, steps, unsolved
from ops.schema import BULK, Server
from raceday.errors import StoreError
from raceday.tables.suite_state import SCHEMA_VERSION, schema_key
from tests.cli.kit import Site
from tests.cli.kit import raceday as command
from tests.ops.predecessor import DB, LINKS, ROWS, UNIQUE, check_ours, former_site, row_of, server_of
from tests.suite_kit import Suite, go


@pytest.fixture
def site() -> Site:
    """Return a database as the predecessor's set-up made it, with a row in each table."""
    return former_site()


def test_a_migration_says_first_what_it_does_and_loses(site: Site) -> None:
    """Every step is told, with what it loses, before a request that writes; then these are done and no others."""
    site.seen.clear()
    told = steps(server_of(site))
    assert site.written == []
    lost = {step.what for step in told if step.loses}
    assert lost == {
        *(f"delete the relationship {t}.{k}" for t, k, _ in LINKS if (t, k) != ("races", "meeting")),
        *(f"delete the unique index {t}.idx_{k}" for t, k in UNIQUE),
    }
    done: list[str] = []
    migrate(server_of(site), told=lambda step: done.append(step.what))
    assert done == [step.what for step in told]


def test_a_migration_says_how_many_rows_are_filled_with_what(site: Site) -> None:
    """Each column's rows are counted with where its ids come from, those whose runner is not stored as lost."""
    server = server_of(site)
    gone = {**ROWS[4][2], "entrant": "e9"}
    server.send("POST", f"{DB}/tables/odds-history/rows", {"rowId": "o2", "data": gone})
    fills = {step.what: step.loses for step in steps(server) if step.fill}
    assert fills == {
        "fill race-results: raceId of 1 row from the link race": "",
        "fill entrants: raceId of 1 row from the link race": "",
        "fill odds-history: entrantId of 2 rows from the link entrant, raceId of 1 row from the runner's race":
            "1 row of odds-history keeps no raceId (o2): nothing that is stored tells it",
        "fill races: meetingId of 1 row from the link meeting, country of 1 row from the meeting's": "",
        "fill race-results: race of 1 row from raceId": "",
    }  # fmt: skip
    migrate(server)
    check_ours(site)
    assert (row_of(site, "odds-history", "o2")["entrantId"], row_of(site, "odds-history", "o2")["raceId"]) == (
        "e9",
        None,
    )


def test_what_is_not_ours_is_never_changed(site: Site) -> None:
    """Columns and indexes of somebody's own stay as they are; where rows of ours cannot be beside them, it is told."""
    server = server_of(site)
    base = f"{DB}/tables/meetings"
    for key, more in (("slug", {}), ("mark", {"default": "x"}), ("note", {"required": True})):
        server.send("POST", f"{base}/columns/string", {"key": key, "size": 9, "required": False, **more})
    for key in ("slug", "mark"):
        server.send("POST", f"{base}/indexes", {"key": f"by_{key}", "type": "unique", "columns": [key]})
    own = {"slug", "mark", "note", "by_slug", "by_mark"}

    def mine() -> list[dict[str, Any]]:
        there = server.get(base) or {}
        return [each for each in (*there["columns"], *there["indexes"]) if each["key"] in own]

    before = mine()
    assert len(before) == 5
    assert not any(f"meetings.{key}" in step.what for step in steps(server) for key in own)
    assert [change.what for change in unsolved(server)] == ["column meetings.note", "index meetings.by_mark"]
    with pytest.raises(StoreError, match=r"meetings\.note: it is required and none of the suite's"):
        migrate(server)
    assert mine() == before
    assert row_of(site, "suite-state", schema_key()) == {}
    for path in ("columns/note", "indexes/by_mark"):
        server.remove(f"{base}/{path}")
    migrate(server)
    check_ours(site)


def test_a_version_that_is_noted_stays_noted(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where something comes to stand in the way of a database of ours, its version stays and the command says so."""
    server = server_of(site)
    migrate(server)
    server.remove(f"{DB}/tables/race-pools/columns/winPoolTotal")
    server.send("POST", f"{DB}/tables/race-pools/columns/float", {"key": "winPoolTotal", "required": False})
    with pytest.raises(StoreError):
        migrate(server)
    assert row_of(site, "suite-state", schema_key())["status"] == str(SCHEMA_VERSION)
    monkeypatch.setattr("local.work.schema.Server", lambda *_: server)
    monkeypatch.setattr("local.work.schema.read_settings", lambda **_: site.settings)
    assert command("schema", "migrate") == 1
    assert "is noted already and stays" in capsys.readouterr().out


def test_a_database_of_the_predecessor_becomes_ours(site: Site) -> None:
    """Tables, columns and indexes are as declared, ids stand where links stood, and an unknown table is as it was."""
    assert migrate(server_of(site)) > 20
    check_ours(site)


def test_the_clients_queries_find_what_they_found(site: Site) -> None:
    """The client's reads by its former routes give the race with its meeting whole, its results and its runners."""
    migrate(server_of(site))
    headers = {"x-appwrite-project": site.settings.store_project, "x-appwrite-key": site.settings.store_key,
               "x-appwrite-response-format": "1.7.0"}  # fmt: skip
    client = httpx.Client(base_url="http://store.test/v1", headers=headers, transport=site.transport)
    found = {}
    for table, column in (("races", "meeting"), ("race-results", "race"), ("entrants", "raceId"),
                          ("money-flow-history", "raceId")):  # fmt: skip
        value = "m1" if column == "meeting" else "r1"
        query = f'{{"method":"equal","attribute":"{column}","values":["{value}"]}}'
        path = f"/databases/raceday-db/collections/{table}/documents"
        found[table] = client.get(path, params={"queries[0]": query}).json()["documents"]
    client.close()
    assert {table: len(rows) for table, rows in found.items()} == dict.fromkeys(found, 1)
    assert found["races"][0]["meeting"]["meetingName"] == "Ellerslie"


def test_imports_and_a_poll_work_on_a_migrated_database(site: Site) -> None:
    """Float pool totals are a person's to delete, and functions are refused; then a day is imported and polled."""
    server = server_of(site)
    server.remove(f"{DB}/tables/race-pools/columns/winPoolTotal")
    server.send("POST", f"{DB}/tables/race-pools/columns/float", {"key": "winPoolTotal", "required": False})
    suite = Suite(settings=site.settings, server=site.server)
    suite.container.checks_schema = True
    for _ in range(2):
        with pytest.raises(StoreError, match=r"race-pools\.winPoolTotal: it is of type double"):
            migrate(server)
        assert row_of(site, "suite-state", schema_key()) == {}
        assert go(lambda: suite.run("daily-meetings"))["error"]["kind"] == "schema"
    server.remove(f"{DB}/tables/race-pools/columns/winPoolTotal")
    migrate(server)
    check_ours(site)

    async def day() -> dict[str, Any]:
        await suite.imported()
        return await suite.run("enhanced-race-poller", {"raceId": suite.day.races[0].race_id})

    assert "error" not in go(day)
    race_id = suite.day.races[0].race_id
    assert row_of(site, "race-pools", race_id)["raceId"] == race_id
    ledger = server.get(f"{DB}/tables/race-polls/rows") or {}
    assert {row["raceId"] for row in ledger["rows"]} == {race_id}


@pytest.mark.parametrize(("table", "to"), [("race-pools", "meetings"), ("race-pools", "function-locks"),
                                           ("races", "entrants"), ("function-locks", "entrants")])  # fmt: skip
def test_a_relationship_of_somebodys_own_stays_and_is_named(site: Site, table: str, to: str) -> None:
    """On a table that is written in bulk it is its owner's to delete, from either end; no version is noted before."""
    server, far = server_of(site), to == "entrants"
    body = {"relatedTableId": to, "type": "manyToOne", "key": "card", "twoWay": far, "twoWayKey": "cards"}
    server.send("POST", f"{DB}/tables/{table}/columns/relationship", body)
    named = "column entrants.cards" if far else "column race-pools.card"
    with pytest.raises(StoreError, match=rf"{named}: it is a relationship to .* delete it"):
        migrate(server)
    assert [change.what for change in unsolved(server)] == [named]
    assert (steps(server), row_of(site, "suite-state", schema_key())) == ([], {})
    server.remove(f"{DB}/tables/{table}/columns/card")
    migrate(server)
    check_ours(site)


@pytest.mark.parametrize("done", [0, 150, 10_000])
def test_one_command_is_advised_until_a_migration_is_done(
    site: Site, done: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unmigrated, half-migrated or with rows left to move: plan and doctor name migrate, and apply makes nothing."""
    server = server_of(site)
    left = len(steps(server)) - 1
    assert migrate(server, min(done, left)) == min(done, left)
    monkeypatch.setattr("local.work.schema.Server", lambda *_: server)
    monkeypatch.setattr("local.work.schema.read_settings", lambda **_: site.settings)
    assert command("schema", "plan") == 1
    assert capsys.readouterr().out.endswith("next: run `./raceday schema migrate`\n")
    found = list(StoreChecks(site.settings, site.server.api_key, site.transport).schema())
    assert {line.advice for line in found} == {"run `./raceday schema migrate`"}
    site.seen.clear()
    assert command("schema", "apply") == 3
    assert "run `./raceday schema migrate`" in capsys.readouterr().err
    assert site.written == []
    migrate(server)
    assert command("schema", "plan") == 0


def test_a_newer_suites_tables_are_left_alone(site: Site) -> None:
    """On tables of a newer version there is no step, whatever this suite does not know of them."""
    server = server_of(site)
    migrate(server)
    server.send("PATCH", f"{DB}/tables/suite-state/rows/{schema_key()}", {"data": {"status": str(SCHEMA_VERSION + 1)}})
    body = {"relatedTableId": "meetings", "type": "manyToOne", "twoWay": False, "key": "card"}
    server.send("POST", f"{DB}/tables/race-pools/columns/relationship", body)
    assert steps(server) == []


def test_tables_that_are_written_in_bulk_are_known() -> None:
    """Each table that the suite's code writes in bulk stands in the list by which relationships are taken away."""
    root = Path(__file__).resolve().parents[2]
    write = re.compile(r'(?:"bulk(?:Upsert|Create)", |(?:upsert|create)_many\(\s*)([A-Z_]+)\b')
    source = "".join(path.read_text() for room in ("shared", "ops", "local") for path in (root / room).rglob("*.py"))
    names = set(write.findall(source))
    assert len(names) >= 4
    assert {getattr(raceday.tables, name) for name in names} <= set(BULK)


@pytest.mark.parametrize("kill", ["before", "after"])
def test_a_migration_that_is_killed_goes_on(site: Site, kill: str) -> None:
    """Killed before or after each change of rows, links and indexes, and begun again, it ends in the same database."""
    writes = 0
    struck: set[tuple[str, str]] = set()

    class Killed(Exception):
        pass

    def once(request: httpx.Request) -> httpx.Response:
        nonlocal writes
        if request.method == "GET":
            return site.transport.handler(request)  # type: ignore[return-value]
        writes += 1
        # Each write that is no new column is the last of its run, and every fortieth of those.
        last = (request.method, request.url.path) not in struck and (request.method != "POST" or writes % 40 == 0)
        struck.add((request.method, request.url.path))
        if last and kill == "before":
            raise Killed
        answer = site.transport.handler(request)
        if last:
            raise Killed
        return answer  # type: ignore[return-value]

    kills = 0
    while True:
        try:
            migrate(Server(site.settings, site.server.api_key, httpx.MockTransport(once)))
            break
        except Killed:
            kills += 1
            assert kills < 200
    assert kills > 12
    check_ours(site)


def test_what_no_step_mends_is_told_by_name(site: Site) -> None:
    """A column of a type that would lose its data stays, and the migration ends with its name."""
    server = server_of(site)
    server.send("POST", f"{DB}/tables/race-pools/columns/string", {"key": "n", "size": 5, "required": False})
    with pytest.raises(StoreError, match=r"column race-pools\.n"):
        migrate(server)


def test_our_own_database_needs_no_step() -> None:
    """A database that is as declared has nothing to migrate."""
    from local.embedded import bootstrap

    site = Site()
    bootstrap(site.server)
    assert isinstance(site.server, Embedded)
    assert steps(server_of(site)) == []
