"""A database of the predecessor's shape, and what has to be true of it once it is ours."""

from typing import Any

from ops.migrate import steps, unsolved
from ops.schema import Server, plan
from raceday.tables import BY_ID
from raceday.tables.suite_state import SCHEMA_VERSION, schema_key
from tests.cli.kit import Site

DB = "/tablesdb/raceday-db"
TEXTS: dict[str, dict[str, tuple[int, bool]]] = {
    "meetings": {"meetingId": (50, True), "meetingName": (255, True), "country": (10, True), "raceType": (50, True),
                 "status": (50, True), "weather": (50, False)},
    "races": {"raceId": (50, True), "name": (255, True), "status": (50, True), "videoChannels": (500, False)},
    "race-results": {"raceId": (50, False), "resultStatus": (20, False), "resultsData": (20000, False)},
    "entrants": {"entrantId": (50, True), "name": (255, True), "raceId": (50, False), "jockey": (255, False)},
    "odds-history": {"type": (20, True)},
    "money-flow-history": {"type": (30, True), "raceId": (50, False), "entrantId": (50, False)},
    "race-pools": {"raceId": (50, True), "currency": (10, False)},
    "function-locks": {"executionId": (255, True), "status": (50, True)},
}  # fmt: skip
OTHERS: dict[str, dict[str, tuple[str, bool]]] = {
    "meetings": {"date": ("datetime", True)},
    "races": {"raceNumber": ("integer", True), "startTime": ("datetime", True)},
    "entrants": {"runnerNumber": ("integer", True), "fixedWinOdds": ("float", False)},
    "odds-history": {"odds": ("float", True), "eventTimestamp": ("datetime", True)},
    "money-flow-history": {"eventTimestamp": ("datetime", True), "betPercentage": ("float", True),
                           "timeInterval": ("integer", False)},
    "race-pools": {"winPoolTotal": ("integer", False)},
}  # fmt: skip
LINKS = (("races", "meeting", "meetings"), ("race-results", "race", "races"), ("entrants", "race", "races"),
         ("odds-history", "entrant", "entrants"), ("money-flow-history", "entrant", "entrants"),
         ("race-pools", "race", "races"))  # fmt: skip
MORE: dict[tuple[str, str], dict[str, Any]] = {
    ("races", "meeting"): {"twoWayKey": "races"},
    ("race-results", "race"): {"required": True},
}
UNIQUE = (("meetings", "meetingId"), ("races", "raceId"), ("entrants", "entrantId"), ("race-pools", "raceId"))
AT = "2026-11-24T01:00:00.000+00:00"
ROWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("meetings", "m1", {"meetingId": "m1", "meetingName": "Ellerslie", "country": "NZ", "raceType": "Thoroughbred",
                        "status": "active", "date": AT}),
    ("races", "r1", {"raceId": "r1", "name": "Cup", "status": "Final", "raceNumber": 1, "startTime": AT,
                     "meeting": "m1"}),
    ("race-results", "x1", {"race": "r1", "resultStatus": "final", "resultsData": "[]"}),
    ("entrants", "e1", {"entrantId": "e1", "name": "Alba", "runnerNumber": 1, "fixedWinOdds": 2.5, "race": "r1"}),
    ("odds-history", "o1", {"odds": 2.5, "eventTimestamp": AT, "type": "fixed_win", "entrant": "e1"}),
    ("money-flow-history", "f1", {"eventTimestamp": AT, "type": "bucketed_aggregation", "betPercentage": 1.0,
                                  "timeInterval": 5, "raceId": "r1", "entrantId": "e1", "entrant": "e1"}),
    ("race-pools", "r1", {"raceId": "r1", "winPoolTotal": 100, "race": "r1"}),
    ("function-locks", "poller-lock", {"executionId": "x", "status": "held"}),
)  # fmt: skip


def former_site() -> Site:
    """Return a database as the predecessor's set-up made it, with a row in each table."""
    site = Site()
    server = server_of(site)
    server.send("POST", "/tablesdb", {"databaseId": "raceday-db", "name": "raceday-db"})
    for table in TEXTS:
        server.send("POST", f"{DB}/tables", {"tableId": table, "name": table})
        for key, (size, required) in TEXTS[table].items():
            body = {"key": key, "size": size, "required": required}
            server.send("POST", f"{DB}/tables/{table}/columns/string", body)
        for key, (kind, required) in OTHERS.get(table, {}).items():
            server.send("POST", f"{DB}/tables/{table}/columns/{kind}", {"key": key, "required": required})
    for table, key, to in LINKS:
        body = {"relatedTableId": to, "type": "manyToOne", "twoWay": True, "key": key, **MORE.get((table, key), {})}
        server.send("POST", f"{DB}/tables/{table}/columns/relationship", body)
    for table, key in UNIQUE:
        body = {"key": f"idx_{key}", "type": "unique", "columns": [key]}
        server.send("POST", f"{DB}/tables/{table}/indexes", body)
    for table, row_id, data in ROWS:
        server.send("POST", f"{DB}/tables/{table}/rows", {"rowId": row_id, "data": data})
    return site


def server_of(site: Site) -> Server:
    """Return the site's management routes."""
    return Server(site.settings, site.server.api_key, site.transport)


def row_of(site: Site, table: str, row_id: str) -> dict[str, Any]:
    """Return a stored row, {} where there is none."""
    return server_of(site).get(f"{DB}/tables/{table}/rows/{row_id}") or {}


def check_ours(site: Site) -> None:
    """Assert that the database is ours and its rows mean what they meant."""
    server = server_of(site)
    assert plan(server) == []
    assert (steps(server), unsolved(server)) == ([], [])
    results, odds, flow = (row_of(site, t, i) for t, i in (("race-results", "r1"), ("odds-history", "o1"),
                                                         ("money-flow-history", "f1")))  # fmt: skip
    assert (results["raceId"], results["race"], results["resultStatus"]) == ("r1", "r1", "final")
    assert (odds["entrantId"], odds["raceId"], odds["odds"]) == ("e1", "r1", 2.5)
    assert (flow["entrantId"], flow["raceId"], flow["timeInterval"]) == ("e1", "r1", 5)
    assert row_of(site, "entrants", "e1")["raceId"] == "r1"
    assert row_of(site, "race-results", "x1") == {}
    race = row_of(site, "races", "r1")
    assert [race[key] for key in ("meeting", "meetingId", "country")] == ["m1", "m1", "NZ"]
    assert row_of(site, "function-locks", "poller-lock")["status"] == "held"
    for table, row in (("entrants", {"entrantId": "e2", "name": "Bora", "runnerNumber": 2}),
                       ("race-pools", {"raceId": "e2"})):  # fmt: skip
        assert server.send("PUT", f"{DB}/tables/{table}/rows", {"rows": [{"$id": "e2", **row}]})["total"] == 1
    meeting = {c["key"]: c for c in (server.get(f"{DB}/tables/races") or {})["columns"]}["meeting"]
    assert (meeting["onDelete"], meeting["twoWayKey"]) == ("setNull", "races")
    needed = {c["key"] for c in (server.get(f"{DB}/tables/meetings") or {})["columns"] if c["required"]}
    assert needed == {c.key for c in BY_ID["meetings"].columns if c.required}
    links = {f"{t}.{c['key']}" for t in TEXTS for c in (server.get(f"{DB}/tables/{t}") or {})["columns"]
             if c["type"] == "relationship"}  # fmt: skip
    assert links == {"races.meeting", "meetings.races"}
    assert row_of(site, "suite-state", schema_key())["status"] == str(SCHEMA_VERSION)
