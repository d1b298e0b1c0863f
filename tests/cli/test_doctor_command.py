"""`./raceday doctor`: a line for each thing the suite stands on, and what to do."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.embedded import bootstrap
from ops.doctor import Diagnosis, StoreChecks, attempt, feed
from ops.doctor_platform import environment
from ops.schema import Server
from ops.webhooks import Webhooks, hook_id
from raceday.clock import iso
from raceday.errors import RaceDayError
from raceday.ids import row_key
from raceday.scheduling.state import HEALTH, PAUSE, PAUSED
from raceday.settings import Settings, specs
from raceday.tables import SUITE_STATE
from raceday.tables.suite_state import SCHEMA_VERSION, schema_key
from tests.cli.kit import Site, raceday

SECRET = "dof_v1_id:hush-hush-secret"
WELL: dict[str, Any] = {
    "standstills": [],
    "gaps": [],
    "quarantined": [],
    "imports": [],
    "races": [],
    "lagging": {"money-flow-tracker": {"behind": 0, "of": 4, "looks": 0}},
    "failures": [],
}


@pytest.fixture
def site() -> Site:
    """Return an Appwrite with the whole suite set up in it."""
    site = Site()
    bootstrap(site.server)
    Webhooks(site.settings, site.server.api_key, site.transport).apply()
    return site


def _lines(site: Site, **changes: Any) -> list[Diagnosis]:
    settings = dataclasses.replace(site.settings, **changes)
    return list(StoreChecks(settings, settings.store_key, site.transport).lines())


def _of(lines: list[Diagnosis], what: str) -> list[Diagnosis]:
    return [line for line in lines if line.what == what]


@pytest.mark.parametrize("version", ["0", "7"])
def test_tables_of_another_version_are_told(site: Site, version: str) -> None:
    """Tables of an older or newer version than this suite's are a failing line with the version's number."""
    server = Server(site.settings, site.server.api_key, site.transport)
    path = f"/tablesdb/{server.database}/tables/{SUITE_STATE}/rows/{schema_key()}"
    server.send("PATCH", path, {"data": {"status": version}})
    (line,) = _of(_lines(site), "schema")
    assert line.level == "failing"
    assert f"schema version {SCHEMA_VERSION}" in line.found
    assert ("newer suite" if version == "7" else "schema apply") in line.advice


def test_a_relationship_that_refuses_bulk_writes_is_told(site: Site) -> None:
    """A relationship on a table that is written in bulk, and a unique index, are failing lines that name migrate."""
    server = Server(site.settings, site.server.api_key, site.transport)
    table = f"/tablesdb/{server.database}/tables/race-pools"
    body = {"relatedTableId": "races", "type": "manyToOne", "twoWay": False, "key": "race"}
    server.send("POST", f"{table}/columns/relationship", body)
    server.send("POST", f"{table}/indexes", {"key": "one", "type": "unique", "columns": ["raceId"]})
    link, steps = _of(_lines(site), "schema")
    assert "race-pools.race" in link.found
    assert steps.found.startswith("2 steps to migrate")
    assert all("schema migrate" in line.advice for line in (link, steps))


@pytest.mark.parametrize(
    ("sequence", "finds", "adapter"),
    [("12", True, "MariaDB or MySQL"), ("12", False, "PostgreSQL"), ("0193b0c1-7e11-7a3c", True, "MongoDB")],
)
def test_the_database_behind_appwrite_is_told(site: Site, sequence: str, finds: bool, adapter: str) -> None:
    """A row's number and whether a text in capitals finds it show which database Appwrite stands on."""

    def other(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = site.transport.handler(request)  # type: ignore[assignment]
        if request.url.path.endswith(f"/rows/{schema_key()}"):
            return httpx.Response(200, json={**answer.json(), "$sequence": sequence})
        if "SCHEMA" in str(request.url) and not finds:
            return httpx.Response(200, json={"total": 0, "rows": []})
        return answer

    lines = list(StoreChecks(site.settings, site.server.api_key, httpx.MockTransport(other)).lines())
    assert [line.found for line in _of(lines, "adapter")] == [adapter]


def _state(site: Site, kind: str, name: str, status: str, at: datetime, data: Mapping[str, Any] = {}) -> None:
    row = {"kind": kind, "name": name, "status": status, "at": iso(at), "data": json.dumps(data)}
    server = Server(site.settings, site.server.api_key, site.transport)
    path = f"/tablesdb/{server.database}/tables/{SUITE_STATE}/rows"
    server.send("POST", path, {"rowId": row_key(kind, name), "data": row})


def test_a_whole_suite_has_no_failing_line(site: Site) -> None:
    """Version, key, schema, transactions and the three webhooks are ok; only the health is still to come."""
    lines = _lines(site)
    assert [line.what for line in lines if line.level != "ok"] == ["health"]
    assert {line.what for line in lines} >= {"appwrite", "key", "schema", "transactions", "webhook"}
    assert len(_of(lines, "webhook")) == 3


def test_the_transaction_is_tried_and_leaves_nothing(site: Site) -> None:
    """The probe stages a row for real and rolls back: no row is left."""
    (line,) = _of(_lines(site), "transactions")
    assert line.level == "ok"
    assert any(path.endswith("/operations") for _, path in site.written)
    server = Server(site.settings, site.server.api_key, site.transport)
    rows = server.get(f"/tablesdb/{server.database}/tables/{SUITE_STATE}/rows")
    assert rows is not None
    assert [row["kind"] for row in rows["rows"]] == ["schema"]


def test_an_empty_project_is_told_to_apply_the_schema() -> None:
    """Without tables the key's and the schema's lines fail and say which command makes them."""
    lines = _lines(Site())
    assert "schema apply" in _of(lines, "key")[0].advice
    assert "schema apply" in _of(lines, "schema")[0].advice
    assert all("webhooks apply" in line.advice for line in _of(lines, "webhook"))


def test_a_wrong_key_is_told_as_such(site: Site) -> None:
    """A key that Appwrite does not know fails, and the line never shows it."""
    lines = _lines(site, store_key="a-key-that-is-wrong")
    assert _of(lines, "key")[0].level == "failing"
    assert "a-key-that-is-wrong" not in str(lines)


@pytest.mark.parametrize(
    ("scope", "what"),
    [("webhooks.read", "webhooks"), ("rows.write", "transactions"), ("rows.read", "key"), ("tables.read", "schema")],
)
def test_a_scope_that_a_key_lacks_is_named(site: Site, scope: str, what: str) -> None:
    """Each check that a key is too narrow for says which scope it lacks, and every other check is made."""
    former = scope.replace("rows.", "documents.").replace("tables.", "collections.")
    site.server._scopes -= {scope, former}
    key = site.server.api_key
    lines = list(StoreChecks(site.settings, key, site.transport).lines())
    (line,) = _of(lines, what)
    assert line.level == "failing"
    admin = what in ("webhooks", "schema")
    words = f"set APPWRITE_ADMIN_KEY: the functions' key, which was used, lacks {scope}"
    assert line.advice.startswith(words if admin else f"give APPWRITE_API_KEY the scope {scope}, which it lacks")
    other = StoreChecks(dataclasses.replace(site.settings, store_key="other"), key, site.transport)
    told = [line.advice for line in other.lines() if line.what == what]
    assert not admin or told[0].startswith(f"give APPWRITE_ADMIN_KEY the scope {scope}")
    assert "1.8 or later" not in str(lines)
    assert "has not written" not in str(_of(lines, "health")) or scope != "rows.read"
    seen = {line.what.removesuffix("s") for line in lines}
    assert seen >= {"appwrite", "key", "schema", "transaction", "webhook", "health"}


def test_an_appwrite_without_transactions_is_told_as_too_old(site: Site) -> None:
    """Only a route that is not there says that the server is too old; one that fails says so."""
    for status, word in ((404, "1.8 or later"), (503, "the server failed")):

        def other(request: httpx.Request, status: int = status) -> httpx.Response:
            if request.url.path.endswith("/transactions"):
                return httpx.Response(status, json={"type": "general_route_not_found"})
            return site.transport.handler(request)  # type: ignore[return-value]

        lines = list(StoreChecks(site.settings, site.server.api_key, httpx.MockTransport(other)).lines())
        (line,) = _of(lines, "transactions")
        assert word in line.advice


def test_a_missing_url_is_told_as_a_setting(site: Site) -> None:
    """Where an event function has no URL the line says to set it, and nothing of the key."""
    (line,) = _of(_lines(site, alerts_url=""), "webhooks")
    assert line.found.startswith("RACEDAY_URL_ALERT_EVALUATOR is missing")
    assert line.advice.startswith("set it")


def test_a_missing_subscription_names_what_its_id_is_made_of(site: Site) -> None:
    """An id may be taken by nobody who is seen: the advice says what project and database it is made of."""
    site.server.hooks.remove(hook_id(site.settings, "money-flow-tracker"))
    (line,) = [line for line in _of(_lines(site), "webhook") if line.level != "ok"]
    for word in (
        hook_id(site.settings, "money-flow-tracker"),
        site.settings.store_project,
        site.settings.store_database,
    ):
        assert word in line.advice


def test_a_switched_off_webhook_fails(site: Site) -> None:
    """A disabled subscription fails by its function's name and says how to restore it."""
    site.server.hooks.get(hook_id(site.settings, "money-flow-tracker")).enabled = False
    (line,) = [line for line in _of(_lines(site), "webhook") if line.level != "ok"]
    assert line.level == "failing"
    assert line.found.startswith("money-flow-tracker: switched off")
    assert "webhooks apply" in line.advice


def test_a_server_that_does_not_answer_ends_the_checks(site: Site) -> None:
    """A connection failure is one failing line that names the setting to look at."""

    def dead(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    lines = list(StoreChecks(site.settings, "key", httpx.MockTransport(dead)).lines())
    assert [(line.level, line.what) for line in lines] == [("failing", "appwrite")]
    assert "APPWRITE_ENDPOINT" in lines[0].advice


def test_an_untested_version_is_a_warning(site: Site) -> None:
    """A version other than the tested one warns, whatever else works."""

    def old(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/health/version"):
            return httpx.Response(200, json={"version": "1.7.4"})
        return site.transport.handler(request)  # type: ignore[return-value]

    lines = list(StoreChecks(site.settings, site.server.api_key, httpx.MockTransport(old)).lines())
    assert [(line.level, line.found) for line in _of(lines, "appwrite")] == [("warning", "version 1.7.4")]


def test_a_clock_that_is_off_is_a_warning(site: Site) -> None:
    """A server whose Date lies a minute away makes a warning with the seconds."""

    def late(request: httpx.Request) -> httpx.Response:
        told = (datetime.now(UTC) - timedelta(seconds=60)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return httpx.Response(200, json={"version": "1.9.6"}, headers={"date": told})

    (line,) = _of(list(StoreChecks(site.settings, "key", httpx.MockTransport(late)).version()), "clock")
    assert line.level == "warning"
    assert line.found.startswith("6")


def test_the_health_row_is_read(site: Site) -> None:
    """A fresh health row gives its troubles, each with its level."""
    gaps = [{"race": "r1", "slot": iso(datetime.now(UTC)), "cause": "feed_timeout"}]
    late = [{"name": "daily-races", "due": "2026-11-24T17:10:00.000Z", "tries": 3}]
    _state(site, HEALTH, "suite", "failing", datetime.now(UTC), {**WELL, "gaps": gaps, "imports": late})
    lines = _of(_lines(site), "health")
    assert [line.level for line in lines] == ["warning", "failing"]
    assert "1 feed_timeout" in lines[0].found
    assert "daily-races" in lines[1].found


def test_an_old_health_row_means_that_the_scheduler_stands_still(site: Site) -> None:
    """A row that was ok a quarter of an hour ago fails all the same."""
    _state(site, HEALTH, "suite", "ok", datetime.now(UTC) - timedelta(minutes=15), WELL)
    (line,) = _of(_lines(site), "health")
    assert line.level == "failing"
    assert "stands still" in line.advice


def test_a_paused_function_is_a_warning(site: Site) -> None:
    """A switch that is set is told with the command that takes it back."""
    _state(site, PAUSE, "daily-races", PAUSED, datetime.now(UTC))
    (line,) = _of(_lines(site), "paused")
    assert (line.level, line.found) == ("warning", "daily-races")
    assert "resume daily-races" in line.advice


def test_missing_settings_are_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each missing variable has a failing line of its own."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    *lines, sources = environment()
    assert (sources.level, sources.what, sources.found) == ("ok", "settings", "none set")
    required = [spec.env for spec in specs().values() if spec.required]
    assert [line.found.split()[0] for line in lines] == required
    assert {line.level for line in lines} == {"failing"}


def test_without_identification_the_feed_is_not_asked() -> None:
    """The feed's line says which variables are missing, and no request is made."""
    (line,) = feed(Settings())
    assert line.level == "failing"
    assert "NZTAB_FROM" in line.advice


def test_an_error_of_the_suites_own_is_a_line() -> None:
    """A check that raises gives a failing line and not the end of the others."""

    def broken() -> Any:
        raise RaceDayError("gone")

    assert [(line.level, line.found) for line in attempt(broken, "x")] == [("failing", "gone")]


def test_the_command_prints_a_line_for_each_and_never_a_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    """With nothing but a namespace key set the command exits with 1, writes its JSON, and shows no secret."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    monkeypatch.setenv("RACEDAY_NAMESPACE_KEY", SECRET)
    file = tmp_path / "doctor.json"
    assert raceday("doctor", "--json", str(file)) == 1
    told = capsys.readouterr().out + file.read_text()
    assert "hush" not in told
    assert {line["what"] for line in json.loads(file.read_text())} == {
        "environment",
        "settings",
        "feed",
        "doctl",
        "appwrite",
        "deployment",
    }
