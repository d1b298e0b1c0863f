"""Ids that links told, read page after page and filled only where a row lacks them and can take them."""

import pytest

from ops.fills import LINKS, LinkedRows
from raceday.tables import MONEY_FLOW, ODDS_HISTORY
from tests.cli.kit import Site
from tests.ops.predecessor import DB, ROWS, former_site, row_of, server_of

LINK = {link.table: link for link in LINKS}


@pytest.fixture
def site() -> Site:
    """Return a database as the predecessor's set-up made it, with a row in each table."""
    return former_site()


def test_every_page_of_a_table_is_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows beyond the first page are read too, each once, whether or not the last page is full."""
    monkeypatch.setattr("ops.fills.PAGE", 2)
    server, known = server_of(site), ["r1"]
    for n in range(2, 6):
        server.send("POST", f"{DB}/tables/races/rows", {"rowId": f"r{n}", "data": {**ROWS[1][2], "raceId": f"r{n}"}})
        known.append(f"r{n}")
        assert [row["$id"] for row in LinkedRows(server).all("races")] == known


def test_an_id_that_a_row_has_is_never_filled_over(site: Site) -> None:
    """A row keeps an id of its own that its link contradicts, gets the one that it lacks, and stays as old as it is."""
    server = server_of(site)
    other = {**ROWS[5][2], "raceId": "r9", "entrantId": None}
    server.send("POST", f"{DB}/tables/money-flow-history/rows", {"rowId": "f2", "data": other})
    before = row_of(site, MONEY_FLOW, "f2")
    patches = dict(LinkedRows(server).patches(LINK[MONEY_FLOW]))
    assert patches == {"f2": {"entrantId": "e1", "$updatedAt": before["$updatedAt"]}}
    LinkedRows(server).write(LINK[MONEY_FLOW], lambda _: None)
    after = row_of(site, MONEY_FLOW, "f2")
    assert [after[key] for key in ("raceId", "entrantId", "$updatedAt")] == ["r9", "e1", before["$updatedAt"]]


def test_a_row_that_cannot_have_a_required_id_is_left_and_told(site: Site) -> None:
    """Where nothing tells an id that its column requires Appwrite takes no patch: the row is told among those kept."""
    server, base = server_of(site), f"{DB}/tables/odds-history"
    server.send("POST", f"{base}/rows", {"rowId": "o2", "data": {**ROWS[4][2], "entrant": "e9"}})
    for key, required in (("entrantId", False), ("raceId", True)):
        server.send("POST", f"{base}/columns/string", {"key": key, "size": 50, "required": required})
    fill = LinkedRows(server).foreseen(LINK[ODDS_HISTORY], ["entrantId", "raceId"])
    assert fill is not None
    assert fill.rows == {"entrantId": 1, "raceId": 1}
    assert fill.kept_empty == {"entrantId": ["o2"], "raceId": ["o2"]}
    assert [row_id for row_id, _ in LinkedRows(server).patches(LINK[ODDS_HISTORY])] == ["o1"]
