"""`./raceday schema`: declared tables made in an empty Appwrite, once, and never narrowed."""

import pytest

from ops.fitting import incompatible
from ops.schema import Server, apply, plan
from raceday.errors import StoreError
from raceday.tables import ALERT_CONFIGS, BY_ID, TABLES
from raceday.tables.base import Column
from tests.cli.kit import Site, raceday


@pytest.fixture
def site() -> Site:
    """Return an empty Appwrite."""
    return Site()


@pytest.fixture
def server(site: Site) -> Server:
    """Return its management routes."""
    return Server(site.settings, site.server.api_key, site.transport)


def test_a_plan_writes_nothing(site: Site, server: Server) -> None:
    """A plan for an empty project names every table, and only reads."""
    what = {change.what for change in plan(server)}
    assert {f"table {table.id}" for table in TABLES} <= what
    assert site.written == []


def test_applying_twice_changes_nothing_the_second_time(server: Server) -> None:
    """After an apply the plan is empty, and the next apply makes nothing."""
    assert apply(server, plan(server)) > len(TABLES)
    assert plan(server) == []
    assert apply(server, plan(server)) == 0


def test_the_default_user_has_six_bands_once(server: Server) -> None:
    """The six default alert bands are there after an apply, and six after another."""
    for _ in range(2):
        apply(server, plan(server))
    found = server.get(f"/tablesdb/{server.database}/tables/{ALERT_CONFIGS}/rows")
    assert found is not None
    assert sorted(row["displayOrder"] for row in found["rows"]) == [1, 2, 3, 4, 5, 6]
    assert {row["userId"] for row in found["rows"]} == {"Default User"}


def test_an_interrupted_apply_is_gone_on_with(server: Server) -> None:
    """An apply that stopped halfway leaves a plan of the rest alone."""
    changes = plan(server)
    apply(server, changes[:40])
    assert [c.what for c in plan(server)] == [c.what for c in changes[40:]]


def test_a_shorter_column_is_refused_before_anything_is_made(site: Site, server: Server) -> None:
    """A column that is shorter than declared makes the whole apply stop with its name, and nothing is written."""
    apply(server, plan(server)[:1])
    base = f"/tablesdb/{server.database}/tables"
    server.send("POST", base, {"tableId": "races", "name": "races", "permissions": [], "rowSecurity": False})
    server.send("POST", f"{base}/races/columns/varchar", {"key": "name", "size": 5, "required": False})
    changes = plan(server)
    site.seen.clear()
    with pytest.raises(StoreError, match=r"races\.name: it holds 5 characters"):
        apply(server, changes)
    assert site.written == []


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ({"type": "integer", "required": False}, "it is of type integer"),
        ({"type": "varchar", "size": 10, "required": False}, "it holds 10 characters"),
        ({"type": "varchar", "size": 50, "required": True}, "it is required there"),
        ({"type": "varchar", "size": 50, "required": False}, ""),
        ({"type": "text", "required": False}, ""),
        ({"type": "string", "size": 500, "required": False}, ""),
    ],
)
def test_what_would_lose_data_is_refused(there: dict[str, object], reason: str) -> None:
    """Another type, a shorter text and a stricter column are refused; a wider one serves."""
    assert incompatible(Column("name", "varchar", 50), there).startswith(reason)
    assert bool(incompatible(Column("name", "varchar", 50), there)) is bool(reason)


def test_wrong_settings_end_with_all_problems_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without endpoint, project and key the command exits with 2 and names all three."""
    for name in ("APPWRITE_ENDPOINT", "APPWRITE_PROJECT_ID", "APPWRITE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert raceday("schema", "plan") == 2
    told = capsys.readouterr().err
    assert all(name in told for name in ("APPWRITE_ENDPOINT", "APPWRITE_PROJECT_ID", "APPWRITE_API_KEY"))


def _on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command talk to this Appwrite."""
    made = Server(site.settings, site.server.api_key, site.transport)
    monkeypatch.setattr("local.work.schema.Server", lambda settings, key: made)
    for name in ("APPWRITE_ENDPOINT", "APPWRITE_PROJECT_ID", "APPWRITE_API_KEY"):
        monkeypatch.setenv(name, "http://store.test/v1" if name == "APPWRITE_ENDPOINT" else "a-word-of-tests")


def test_a_plan_tells_the_steps_of_a_migration(
    site: Site, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What no apply does is planned as a step for migrate, with exit code 1."""
    apply(server, plan(server))
    body = {"key": "one", "type": "unique", "columns": ["raceId"]}
    server.send("POST", f"/tablesdb/{server.database}/tables/races/indexes", body)
    _on(site, monkeypatch)
    assert raceday("schema", "plan") == 1
    told = capsys.readouterr().out
    assert "delete the unique index races.one" in told
    assert "as declared" not in told


def test_a_migration_that_a_person_must_end_says_so_each_time(
    site: Site, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stays open is told at every repetition, and never that there is nothing to do."""
    base = f"/tablesdb/{server.database}/tables"
    apply(server, plan(server)[:1])
    server.send("POST", base, {"tableId": "race-pools", "name": "race-pools", "permissions": [], "rowSecurity": False})
    server.send("POST", f"{base}/race-pools/columns/float", {"key": "winPoolTotal", "required": False})
    _on(site, monkeypatch)
    assert raceday("schema", "migrate", "--yes") == 3
    assert "race-pools.winPoolTotal: it is of type double" in capsys.readouterr().err
    for _ in range(2):
        assert raceday("schema", "migrate", "--yes") == 1
        told = capsys.readouterr().out
        assert "by hand: column race-pools.winPoolTotal: it is of type double" in told
        assert "1 open and no step is left" in told
        assert "nothing to do" not in told


def test_every_table_of_the_declaration_is_there(server: Server) -> None:
    """Each declared column and index exists after an apply."""
    apply(server, plan(server))
    for table in BY_ID.values():
        there = server.get(f"/tablesdb/{server.database}/tables/{table.id}")
        assert there is not None
        assert {column["key"] for column in there["columns"]} >= {column.key for column in table.columns}
        assert {index["key"] for index in there["indexes"]} == {index.key for index in table.indexes}
