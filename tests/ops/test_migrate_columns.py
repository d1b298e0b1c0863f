"""Columns of the predecessor's that are shorter than ours: widened where Appwrite can, named with what to do else."""

from typing import Any

import httpx
import pytest

from ops.fitting import incompatible, widened
from ops.migrate import migrate, steps, unsolved
from ops.schema import Server, plan
from raceday.errors import StoreError
from raceday.tables.base import Column
from raceday.tables.suite_state import SCHEMA_VERSION, schema_key
from tests.cli.kit import Site, raceday
from tests.ops.predecessor import DB, ROWS, check_ours, former_site, row_of, server_of

LONG = "é" * 30_000


@pytest.fixture
def site() -> Site:
    """Return a database as the predecessor's set-up made it, with a row in each table."""
    return former_site()


def _string(server: Server, place: str, size: int, kind: str = "string") -> None:
    table, key = place.split(".")
    server.send("POST", f"{DB}/tables/{table}/columns/{kind}", {"key": key, "size": size, "required": False})


def test_strings_that_are_too_short_are_widened(site: Site) -> None:
    """Short texts and long ones kept as strings take what ours take, and keep what they had."""
    server = server_of(site)
    _string(server, "races.weather", 5)
    _string(server, "race-results.dividendsData", 5_000)
    server.send("PATCH", f"{DB}/tables/race-results/rows/x1", {"data": {"dividendsData": "[7]"}})
    told = {step.what for step in steps(server)}
    assert {
        "give races.weather room for 50 characters instead of 5",
        "give race-results.dividendsData room for 4,194,303 characters instead of 5,000",
        "give race-results.resultsData room for 4,194,303 characters instead of 20,000",
    } <= told
    migrate(server)
    check_ours(site)
    assert row_of(site, "race-results", "r1")["dividendsData"] == "[7]"
    server.send("PATCH", f"{DB}/tables/race-results/rows/r1", {"data": {"dividendsData": LONG, "resultsData": LONG}})


class _Refuses:
    """A site whose server widens no `weather`: its rows would grow too wide, or it cannot now."""

    def __init__(self, site: Site, status: int = 400) -> None:
        self._site, self._status = site, status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" and request.url.path.endswith("/columns/string/weather"):
            return httpx.Response(
                self._status, json={"message": "The maximum row width has been reached.", "code": 400}
            )
        return self._site.transport.handler(request)  # type: ignore[return-value]


def test_a_column_that_appwrite_does_not_widen_stops_nothing_else(site: Site) -> None:
    """The rest is done, the column is named with what to do, no version is noted, and a repetition ends it."""
    _string(server_of(site), "races.weather", 5)
    refusing = Server(site.settings, site.server.api_key, httpx.MockTransport(_Refuses(site)))
    for _ in range(2):
        with pytest.raises(StoreError) as told:
            migrate(refusing)
        what = "give races.weather room for 50 characters instead of 5"
        assert str(told.value).startswith(f"{what}: Appwrite answered 400 The maximum row width has been reached.: ")
        assert "or rename it, and run this again" in str(told.value)
    assert [step.what for step in steps(server_of(site))] == [what, f"make schema version {SCHEMA_VERSION}"]
    assert row_of(site, "suite-state", schema_key()) == {}
    migrate(server_of(site))
    check_ours(site)


def test_a_server_that_widens_nothing_now_ends_a_migration(site: Site) -> None:
    """A key without scope or a server that is out is no column's fault: the step is named and nothing is advised."""
    _string(server_of(site), "races.weather", 5)
    for status in (401, 503):
        refusing = Server(site.settings, site.server.api_key, httpx.MockTransport(_Refuses(site, status)))
        with pytest.raises(StoreError, match=rf"^give races\.weather room .*: {status} [^:]*$"):
            migrate(refusing)


def test_an_enum_that_is_required_without_need_is_named_at_once(site: Site) -> None:
    """Made optional it would take its own words still: a preview says so before anything is done."""
    body = {"key": "weather", "elements": ["Fine"], "required": True}
    server_of(site).send("POST", f"{DB}/tables/races/columns/enum", body)
    assert [change.what for change in unsolved(server_of(site))] == ["column races.weather"]


def test_another_refusal_ends_a_migration_with_its_step(site: Site) -> None:
    """What cannot be left out ends it, named: a column that cannot be made."""

    def refuses(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/race-results/columns/boolean"):
            return httpx.Response(400, json={"message": "The maximum row width has been reached.", "code": 400})
        return site.transport.handler(request)  # type: ignore[return-value]

    with pytest.raises(StoreError, match=r"^make column race-results\.\w+: 400 The maximum row width"):
        migrate(Server(site.settings, site.server.api_key, httpx.MockTransport(refuses)))


@pytest.mark.parametrize(("kind", "size"), [("varchar", 5_000), ("enum", 0)])
def test_a_text_that_is_never_widened_is_named_with_what_to_do(site: Site, kind: str, size: int) -> None:
    """A short varchar and an enum stay, the rest is done, and renamed as told ours is made beside it."""
    server, base = server_of(site), f"{DB}/tables/race-results/columns"
    body: dict[str, Any] = {"key": "dividendsData", "required": False}
    body |= {"size": size} if size else {"elements": ["[]", "[7]"]}
    server.send("POST", f"{base}/{kind}", body)
    with pytest.raises(StoreError) as told:
        migrate(server)
    for words in ("column race-results.dividendsData: it ", "rename it to dividendsDataOld in Appwrite's console"):
        assert words in str(told.value)
    assert [change.what for change in unsolved(server)] == ["column race-results.dividendsData"]
    assert [c.what for c in plan(server)] == ["column race-results.dividendsData", f"schema version {SCHEMA_VERSION}"]
    server.remove(f"{base}/dividendsData")
    server.send("POST", f"{base}/{kind}", {**body, "key": "dividendsDataOld"})
    migrate(server)
    check_ours(site)


@pytest.mark.parametrize(
    ("ours", "there", "size"),
    [
        (Column("k", "varchar", 50), {"type": "string", "size": 50}, 0),
        (Column("k", "varchar", 50), {"type": "varchar", "size": 49}, 50),
        (Column("k", "text"), {"type": "string", "size": 16_383}, 16_384),
        (Column("k", "mediumtext"), {"type": "string", "size": 20_000}, 4_194_303),
        (Column("k", "mediumtext"), {"type": "string", "size": 4_194_303}, 0),
        (Column("k", "text"), {"type": "varchar", "size": 9}, 0),
        (Column("k", "varchar", 50), {"type": "string", "size": 9, "format": "enum"}, 0),
        (Column("k", "integer"), {"type": "string", "size": 9}, 0),
    ],
)
def test_a_string_is_widened_to_what_ours_holds(ours: Column, there: dict[str, Any], size: int) -> None:
    """A string is given the declared size, or that of the declared kind; what is long enough or fixed is not."""
    assert widened(ours, there) == size
    if size:
        assert incompatible(ours, there).startswith(f"it holds {there['size']:,} characters, {size:,} are needed")


def test_a_preview_says_first_how_much_is_done_and_what_is_lost(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts come first, then each loss with rows and races by name, not more than five, then the steps."""
    server = server_of(site)
    for n in range(7):
        odds = {"rowId": f"lost{n}", "data": {**ROWS[4][2], "entrant": "e9"}}
        server.send("POST", f"{DB}/tables/odds-history/rows", odds)
        again = {"race": "r1", "resultStatus": "interim"}
        server.send("POST", f"{DB}/tables/race-results/rows", {"rowId": f"old{n}", "data": again})
    server.send("POST", f"{DB}/tables/race-results/columns/string", {"key": "own", "size": 5, "required": True})
    monkeypatch.setattr("local.work.schema.Server", lambda *_: server)
    monkeypatch.setattr("local.work.schema.read_settings", lambda **_: site.settings)
    assert raceday("schema", "migrate") == 1
    first, *lines = capsys.readouterr().out.splitlines()
    todo = steps(server)
    assert first.startswith(f"{len(todo)} steps: ")
    assert first.endswith("; 11 of them lose something; 1 left to you, named below")
    assert sum(int(part.split()[0]) for part in first.split(": ")[1].split(";")[0].split(", ")) == len(todo)
    lost = [line for line in lines if line.startswith("loses: ")]
    assert lines[: len(lost)] == lost
    assert len(lost) == len([step for step in todo if step.loses]) == 11
    rows = [f"lost{n}" for n in range(5)]
    assert f"7 rows of odds-history keep no raceId ({', '.join(rows)} and 2 more): nothing" in "\n".join(lost)
    races = [f"old{n} of race r1" for n in reversed(range(2, 7))]
    assert f"or a better one ({', '.join(races)} and 2 more)" in "\n".join(lost)
    assert lines[len(lost)].startswith("by hand: column race-results.own: ")
    assert lines[len(lost) + 1 : -1] == [step.what for step in todo]
