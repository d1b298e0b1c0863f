"""Rows that a migration puts under their race's id: nothing is lost with them but what was said."""

from contextlib import suppress

import httpx
import pytest

from ops.migrate import migrate, steps
from ops.moves import found_moves, move
from ops.schema import Server
from raceday.errors import StoreError
from raceday.ids import row_key
from tests.cli.kit import Site
from tests.ops.predecessor import AT, DB, ROWS, check_ours, former_site, row_of, server_of


@pytest.fixture
def site() -> Site:
    """Return a database as the predecessor's set-up made it, with a row in each table."""
    return former_site()


def test_a_race_has_one_row_of_results_after_a_migration(site: Site) -> None:
    """Under the race's id stands ours, else the predecessor's Final with all its columns, however new another is."""
    server = server_of(site)
    server.send("POST", f"{DB}/tables/race-results/columns/string", {"key": "mine", "size": 9, "required": False})
    server.send("PATCH", f"{DB}/tables/race-results/rows/x1", {"data": {"mine": "kept"}})
    for race in ("r2", "r3"):
        server.send("POST", f"{DB}/tables/races/rows", {"rowId": race, "data": {**ROWS[1][2], "raceId": race}})
    for row_id, race, status, minute in (("x2", "r2", "final", 5), ("x3", "r2", "interim", 9),
                                         ("x4", "r3", "interim", 9), ("r3", "r3", "final", 5)):  # fmt: skip
        data = {"race": race, "resultStatus": status, "$updatedAt": AT.replace(":00:00.", f":0{minute}:00.")}
        server.send("POST", f"{DB}/tables/race-results/rows", {"rowId": row_id, "data": data})
    before = row_of(site, "race-results", "x1")
    (told,) = [step for step in steps(server) if step.moves]
    assert told.what == "put 4 rows of race-results under their race's id"
    assert told.loses == (
        "2 rows of races that have one under their id already, or a better one (x4 of race r3, x3 of race r2)"
    )
    migrate(server)
    rows = (server.get(f"{DB}/tables/race-results/rows") or {})["rows"]
    assert {row["$id"]: (row["raceId"], row["resultStatus"]) for row in rows} == {
        race: (race, "final") for race in ("r1", "r2", "r3")
    }
    one = row_of(site, "race-results", "r1")
    kept = ("mine", "$createdAt", "$updatedAt")
    assert [one[key] for key in kept] == ["kept", *(before[key] for key in kept[1:])]


def test_rows_with_a_link_of_somebodys_own_stay_under_their_ids(site: Site) -> None:
    """No copy would have what such a link says, from the row or to it: the table's rows stay, and no step is told."""
    server = server_of(site)
    body = {"relatedTableId": "function-locks", "type": "manyToOne", "twoWay": False, "key": "lock"}
    server.send("POST", f"{DB}/tables/race-results/columns/relationship", body)
    assert [step for step in steps(server) if step.moves] == []
    migrate(server)
    assert row_of(site, "race-results", "x1")["raceId"] == "r1"
    assert row_of(site, "race-results", "r1") == {}


def test_rows_under_a_unique_index_of_somebodys_own_stay_under_their_ids(site: Site) -> None:
    """Beside such a row no copy of it can stand: nothing is moved and nothing lost."""
    server, base = server_of(site), f"{DB}/tables/race-results"
    server.send("POST", f"{base}/columns/string", {"key": "mine", "size": 9, "required": False})
    server.send("POST", f"{base}/indexes", {"key": "by_mine", "type": "unique", "columns": ["mine"]})
    server.send("PATCH", f"{base}/rows/x1", {"data": {"mine": "kept"}})
    assert [step for step in steps(server) if step.moves] == []
    migrate(server)
    assert [row_of(site, "race-results", "x1")[key] for key in ("mine", "raceId")] == ["kept", "r1"]


def test_a_row_whose_copy_is_not_as_it_is_stays(site: Site) -> None:
    """A copy that somebody else's row stands in the place of ends the migration, and the row is there still."""
    server = server_of(site)
    migrate(server, len(steps(server)) - 60)
    (moves,) = found_moves(server)
    server.send("POST", f"{DB}/tables/race-results/rows", {"rowId": "r1", "data": {"resultStatus": "interim"}})
    with pytest.raises(StoreError, match="race-results x1: its copy under r1 is not as it is, so it stays"):
        move(server, moves, lambda _: None)
    assert row_of(site, "race-results", "x1")["resultStatus"] == "final"


def test_a_copy_that_was_made_before_a_stop_is_no_loss(site: Site) -> None:
    """A migration that was stopped between a row's copy and its deletion goes on without telling of a lost row."""

    def stopped(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE" and "/rows/" in request.url.path:
            raise httpx.ConnectError("stopped")
        return site.transport.handler(request)  # type: ignore[return-value]

    with pytest.raises(httpx.ConnectError):
        migrate(Server(site.settings, site.server.api_key, httpx.MockTransport(stopped)))
    assert row_of(site, "race-results", "x1")["raceId"] == row_of(site, "race-results", "r1")["raceId"] == "r1"
    (left,) = [step for step in steps(server_of(site)) if step.moves]
    assert (left.what, left.loses) == ("put 1 row of race-results under their race's id", "")
    migrate(server_of(site))
    check_ours(site)


def test_a_migration_says_how_far_it_is(site: Site) -> None:
    """Each step is named when it begins, and one that goes over rows after each row of them."""
    for race in ("r2", "r3"):
        row = {**ROWS[1][2], "raceId": race}
        server_of(site).send("POST", f"{DB}/tables/races/rows", {"rowId": race, "data": row})
    heard: list[str] = []
    migrate(server_of(site), at=heard.append)
    fill = "fill races: meetingId of 3 rows from the link meeting, country of 3 rows from the meeting's"
    begun = heard.index(fill)
    rows = ("1 row", "2 rows", "3 rows")
    assert heard[begun + 1 : begun + 4] == [f"{fill}: {each} done" for each in rows]
    assert "put 1 row of race-results under their race's id: 1 row done" in heard


def _results(site: Site, *rows: tuple[str, str, str]) -> None:
    """Store races, and results of them: each row's id, race and status."""
    server = server_of(site)
    stored = {row["$id"].casefold() for row in (server.get(f"{DB}/tables/races/rows") or {})["rows"]}
    for race in {race.casefold() for _, race, _ in rows} - stored:
        server.send("POST", f"{DB}/tables/races/rows", {"rowId": race, "data": {**ROWS[1][2], "raceId": race}})
    for row_id, race, status in rows:
        data = {"race": race, "raceId": race, "resultStatus": status}
        server.send("POST", f"{DB}/tables/race-results/rows", {"rowId": row_id, "data": data})


def _statuses(site: Site) -> dict[str, tuple[str, str]]:
    rows = (server_of(site).get(f"{DB}/tables/race-results/rows") or {})["rows"]
    return {row["$id"]: (row["raceId"], row["resultStatus"]) for row in rows}


def test_a_copy_has_the_permissions_of_its_row(site: Site) -> None:
    """Permissions go with a row, also onto a copy that was made without them, and no row is told as lost."""
    server, rights = server_of(site), ['read("any")', 'update("users")']
    _results(site, ("x2", "r2", "interim"))
    for row_id in ("x1", "x2"):
        server.send("PATCH", f"{DB}/tables/race-results/rows/{row_id}", {"permissions": rights})
    row = row_of(site, "race-results", "x2")
    bare = {key: row[key] for key in ("race", "raceId", "resultStatus", "$createdAt", "$updatedAt")}
    server.send("POST", f"{DB}/tables/race-results/rows", {"rowId": "r2", "data": bare})
    assert [step.loses for step in steps(server) if step.moves] == [""]
    migrate(server)
    assert _statuses(site) == {"r1": ("r1", "final"), "r2": ("r2", "interim")}
    for race, before in (("r1", ""), ("r2", row["$updatedAt"])):
        found = row_of(site, "race-results", race)
        assert sorted(found["$permissions"]) == rights
        assert found["$updatedAt"] == before or not before


def test_ids_that_differ_by_case_are_one_race(site: Site) -> None:
    """Results of R1 are of the stored race r1: one stays, under the race's own spelling, the others are told."""
    _results(site, ("x2", "R1", "interim"), ("x3", "R4", "final"), ("R5", "R5", "final"))
    (told,) = [step for step in steps(server_of(site)) if step.moves]
    assert told.loses.endswith("(x2 of race r1)")
    migrate(server_of(site))
    assert _statuses(site) == {race: (race, "final") for race in ("r1", "r4", "r5")}


def test_rows_that_stand_in_each_others_places_are_moved(site: Site) -> None:
    """A chain, two crossed rows and one without a race: each ends under its race, whatever deletion it stops at."""
    server, base = server_of(site), f"{DB}/tables/race-pools"
    _results(site, ("r8", "r7", "eight"), ("x8", "r8", "nine"), ("r3", "r4", "three"), ("r4", "r3", "four"))
    for row_id, race in (("r7", ""), ("p7", "r7")):
        server.send("POST", f"{base}/rows", {"rowId": row_id, "data": {"raceId": race, "winPoolTotal": len(race)}})
    of_results, of_pools = [step for step in steps(server) if step.moves]
    aside = row_key("aside", "race-pools", "r7")
    assert of_results.loses == ""
    assert of_pools.loses == f"the id of 1 row that a race's row needs and that tell no race (r7 as {aside})"
    stops: set[str] = set()

    def stopped(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE" and "/rows/" in request.url.path and request.url.path not in stops:
            stops.add(request.url.path)
            raise httpx.ConnectError("stopped")
        return site.transport.handler(request)  # type: ignore[return-value]

    for _ in range(20):
        with suppress(httpx.ConnectError):
            migrate(Server(site.settings, site.server.api_key, httpx.MockTransport(stopped)))
            break
        assert all(not step.moves or "tell no race" in step.loses or not step.loses for step in steps(server))
    assert len(stops) > 5
    assert _statuses(site) == {"r1": ("r1", "final"), "r7": ("r7", "eight"), "r8": ("r8", "nine"),
                               "r4": ("r4", "three"), "r3": ("r3", "four")}  # fmt: skip
    pools = {row["$id"]: (row["raceId"], row["winPoolTotal"]) for row in (server.get(f"{base}/rows") or {})["rows"]}
    assert pools == {"r1": ("r1", 100), "r7": ("r7", 2), aside: ("", 0)}
    assert steps(server) == []


def test_one_row_that_cannot_be_moved_stops_no_other(site: Site) -> None:
    """Where somebody takes a row's place meanwhile the others are moved, and it is named with what to do."""
    server = server_of(site)
    _results(site, ("x2", "r2", "final"))
    migrate(server, len(steps(server)) - 60)
    (moves,) = found_moves(server)
    server.send("POST", f"{DB}/tables/race-results/rows", {"rowId": "r2", "data": {"resultStatus": "interim"}})
    with pytest.raises(StoreError, match="x2: its copy under r2 is not as it is, so it stays: end what writes there"):
        move(server, moves, lambda _: None)
    assert _statuses(site) == {"r1": ("r1", "final"), "x2": ("r2", "final"), "r2": (None, "interim")}
