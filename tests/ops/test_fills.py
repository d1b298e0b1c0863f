"""Ids that links told, read page after page and filled only where a row lacks them and can take them."""

import pytest

from ops.fills import LINKS, LinkedRows
from ops.migrate import migrate, steps
from raceday.tables import MONEY_FLOW, ODDS_HISTORY
from tests.cli.kit import Site
from tests.ops.predecessor import DB, ROWS, check_ours, former_site, row_of, server_of

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


def test_an_empty_text_is_filled_as_a_null_is(site: Site) -> None:
    """Rows whose ids are "" or blanks get what their link told, each counted, before it goes."""
    server = server_of(site)
    for table, row_id, data in (("race-results", "x1", {"raceId": ""}), ("entrants", "e1", {"raceId": "  "}),
                                ("money-flow-history", "f1", {"raceId": "", "entrantId": ""})):  # fmt: skip
        server.send("PATCH", f"{DB}/tables/{table}/rows/{row_id}", {"data": data})
    fills = {step.what: step.loses for step in steps(server) if step.fill}
    for what in (
        "fill race-results: raceId of 1 row from the link race",
        "fill entrants: raceId of 1 row from the link race",
        "fill money-flow-history: entrantId of 1 row from the link entrant, raceId of 1 row from the runner's race",
    ):
        assert fills[what] == ""
    migrate(server)
    check_ours(site)


def test_results_are_the_race_s_that_their_link_names(site: Site) -> None:
    """The client asks for results by `race`: a raceId that the link contradicts is replaced, told with the row."""
    server = server_of(site)
    server.send("PATCH", f"{DB}/tables/race-results/rows/x1", {"data": {"raceId": "r9"}})
    told = {step.what: step.loses for step in steps(server)}
    assert told["fill race-results: raceId of 1 row from the link race"] == (
        "raceId of 1 row of race-results that the link, which the client reads, contradicts (x1: r1 for r9)"
    )
    migrate(server)
    check_ours(site)


def test_other_rows_keep_the_id_that_the_client_reads(site: Site) -> None:
    """A raceId or entrantId that the client reads stays where a link contradicts it, and the link's is told as lost."""
    server = server_of(site)
    server.send("PATCH", f"{DB}/tables/entrants/rows/e1", {"data": {"raceId": "r9"}})
    server.send("PATCH", f"{DB}/tables/money-flow-history/rows/f1", {"data": {"entrantId": "e9"}})
    lost: dict[str, str] = {}
    told = {step.what: step.loses for step in steps(server)}
    migrate(server, told=lambda step: lost.update({step.what: step.loses}))
    for what, words in (
        ("entrants.race", "1 row whose raceId, which the client reads, is another and stays (e1: r9, link r1)"),
        ("money-flow-history.entrant", "1 row whose entrantId, which the client reads, is another and stays (f1: e9, "
                                       "link e1)"),
    ):  # fmt: skip
        assert words in told[f"delete the relationship {what}"]
        assert words in lost[f"delete the relationship {what}"]
    assert row_of(site, "entrants", "e1")["raceId"] == "r9"
    assert row_of(site, MONEY_FLOW, "f1")["entrantId"] == "e9"
