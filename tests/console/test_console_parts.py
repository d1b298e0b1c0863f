"""The console's parts by themselves: grid, charts, activity, and how a race is judged."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.console.activity import Activity, path_beside, status_of
from local.console.charts import HEIGHT, WIDTH, Mark, Series, chart
from local.console.grid import ALLOWED_SECS, GridColumn, Moment, columns_of, make_grid, moves_of
from local.console.race import growth_chart, odds_chart, paid_pools
from local.console.today import listed
from local.console.words import dollars, due, span, to_start
from local.tape.capped import cap_of
from raceday.ledger.codec import from_row
from raceday.racing.records import Check, PoolTotals, RunnerLine, Settlement
from raceday.racing.schedule import Intervals
from raceday.tables import RACE_POLLS
from tests.ledger.test_codec import ledger_row
from tests.money.play import play
from tests.money.test_rules import told

AT = datetime(2026, 2, 14, 2, 0, tzinfo=UTC)
BANDS = [
    {"percentageRangeMin": low, "percentageRangeMax": high, "color": "#ffffff", "displayOrder": order, "enabled": True}
    for order, (low, high) in enumerate([(5, 10), (10, 15), (15, 20), (20, 25), (25, 50), (50, None)], 1)
]


def entrant(number: int, **changes: Any) -> dict[str, Any]:
    """Return a runner's row."""
    return {"entrantId": f"e{number}", "runnerNumber": number, "name": f"Runner {number}", **changes}


def cell(number: int, column: int, win_cents: int, **changes: Any) -> dict[str, Any]:
    """Return a timeline row."""
    row = {"entrantId": f"e{number}", "timeInterval": column, "incrementalWinAmount": win_cents}
    return {**row, "incrementalPlaceAmount": 0, "holdPercentage": 10.0, "fixedWinOdds": 5.0, **changes}


def test_a_movement_lights_its_band_in_its_view_alone() -> None:
    """What users are told of lights the cell of its label and runner: 15.1 points are band 15 to 20 of Win money."""
    flow = [cell(n, label, 10_000) for n in range(1, 5) for label in (10, 5)]
    entrants, moment = [entrant(n) for n in range(1, 5)], Moment(4, 4 * 60 + 30)
    moves = {(5, "e4", "money_win"): 15.13, (5, "e2", "money_place"): 30.0, (5, "e3", "money_win"): 4.0}
    lit = {}
    for view in ("win", "place", "odds"):
        grid = make_grid(view, entrants, flow, None, BANDS, moment, moves)
        lit[view] = [
            (line.number, cell.column.minutes, cell.band, cell.rise)
            for line in grid.lines
            for cell in line.cells
            if cell.band
        ]
        assert grid.current == 4
    assert lit == {"win": [(4, 5, 3, "15.1")], "place": [(2, 5, 5, "30.0")], "odds": []}


def test_the_grid_lights_what_users_are_told() -> None:
    """A race played to its end has its alerts in the grid, label by label, and no light beside them."""

    def moved(at_secs: int, odds: float) -> Any:
        poll = told(at_secs)
        for runner in poll["answer"]["data"]["runners"][:6]:
            runner["odds"] |= {"fixed_win": odds}
        return poll

    *_, last = play([moved(-620, 9.0), moved(-600, 9.0), moved(-300, 6.0), moved(-240, 6.0)])
    history = sorted((from_row(row) for row in last.tables[RACE_POLLS].values()), key=lambda row: row.n)
    alerts = {(a["timeInterval"], a["entrantId"], a["type"]) for a in last.notifications if a["type"] != "reminder"}
    assert alerts
    assert set(moves_of(history)) == alerts


def test_refreshes_between_two_labels_add_no_column() -> None:
    """A row at 52 fills no cell, and a column after the start is there only where the data has it."""
    grid = make_grid(
        "win", [entrant(1)], [cell(1, 52, 100), cell(1, -1, 700), cell(1, 60, 900)], None, BANDS, Moment(), {}
    )
    assert [(c.minutes, c.state) for c in grid.columns] == [(60, "data"), (55, "gap"), (-1, "data")]
    assert [c.text for c in grid.lines[0].cells if c.text] == ["$9", "+$7"]


def test_labels_without_figures_share_a_column_and_say_why() -> None:
    """What passed without figures is one marked span with its causes; what is to come is another; the present stays."""
    moment = Moment(5, 5 * 60 + 20, {45: "feed timeout", 40: "expired"})
    columns = columns_of((60, 55, 50, 45, 40, 35, 10, 5, 4, 3), frozenset({60, 55, 35, 10}), moment)
    assert [(c.text, c.state, c.why) for c in columns] == [
        ("60", "data", ""),
        ("55", "data", ""),
        ("50–40", "gap", "feed timeout, expired"),
        ("35", "data", ""),
        ("10", "data", ""),
        ("5", "now", ""),
        ("4–3", "ahead", ""),
    ]


def test_labels_before_a_race_was_known_are_no_gaps() -> None:
    """Of a race imported eleven minutes before its start nothing earlier is told, except what is known to be lost."""
    labels = (60, 20, 15, 10, 5, 4)
    known = columns_of(labels, frozenset({5}), Moment(4, 4 * 60, since_secs=11 * 60))
    assert [(c.text, c.state) for c in known] == [("10", "gap"), ("5", "data"), ("4", "now")]
    lost = columns_of(labels, frozenset({5}), Moment(4, 4 * 60, {20: "expired"}, since_secs=11 * 60))
    assert [(c.text, c.why) for c in lost] == [("20–10", "expired"), ("5", ""), ("4", "")]


def test_charts_place_polls_by_their_instants_before_the_present_start() -> None:
    """After a start moved five minutes later, polls made for the earlier one stand in order with those for the new."""
    moved = AT + timedelta(minutes=5)
    rows = [
        ledger_row(n=n, start=start, slot=AT - timedelta(minutes=before), pools=PoolTotals({"win": 100_000 * n}))
        for n, (start, before) in enumerate([(AT, 10), (AT, 7.5), (moved, 5), (moved, 2.5)], 1)
    ]
    plot = json.loads(growth_chart(rows, moved).plot)
    assert plot["at"] == [-15.0, -12.5, -10.0, -7.5]
    assert plot["lines"][0]["values"] == [1000, 2000, 3000, 4000]
    odds = [row._replace(runners=(RunnerLine("e1", 1, "Quiet Banjo", fixed_win=Decimal(4)),)) for row in rows]
    assert json.loads(odds_chart(odds, moved).plot)["at"] == plot["at"]


def test_a_label_is_no_gap_while_its_poll_may_still_come() -> None:
    """Right after its instant a label without figures is still to come; when its time is over it is a gap."""
    states = [
        [c.state for c in columns_of((2, 1), frozenset({2}), Moment(0, 60 - after))] for after in (10, ALLOWED_SECS + 1)
    ]
    assert states == [["data", "ahead"], ["data", "gap"]]


def test_a_narrow_page_shows_the_six_newest_columns() -> None:
    """Of eight columns with figures the last six are marked as recent, whatever spans lie between."""
    columns = columns_of(
        (60, 55, 50, 45, 40, 35, 30, 25, 20, 15), frozenset({60, 55, 50, 45, 35, 30, 25}), Moment(20, 1210)
    )
    assert [c.minutes for c in columns if c.recent] == [50, 45, 35, 30, 25, 20]
    assert columns[-1] == GridColumn(15, 15, "ahead")


def test_dividends_are_grouped_by_pool_with_their_runners() -> None:
    """A pool's dividends stand together in the products' order, each with its runners in the order of the bet."""
    names = {9: "Quiet Banjo", 2: "Salty", 5: "Lagoon"}
    rows: list[dict[str, Any]] = [
        {
            "product_name": "Pool First4",
            "dividend": 10.0,
            "positions": None,
            "description": "9:2:5:7",
            "status": "Final",
        },
        {"product_name": "Pool Place", "dividend": 5.8, "positions": [{"runner_number": 9, "position": 1}]},
        {
            "product_name": "Pool Quinella",
            "dividend": 1047.0,
            "positions": [{"runner_number": 2, "position": 2}, {"runner_number": 9, "position": 1}],
        },
        {"product_name": "Pool Place", "dividend": 4.2, "positions": [{"runner_number": 5, "position": 1}]},
        {"product_name": "Pool Place", "dividend": None, "positions": []},
    ]
    assert [(pool.name, pool.paid) for pool in paid_pools(rows, names)] == [
        ("Place", (("9 Quiet Banjo", "$5.80"), ("5 Lagoon", "$4.20"))),
        ("Quinella", (("9 Quiet Banjo, 2 Salty", "$1,047.00"),)),
        ("First 4", (("9:2:5:7", "$10.00"),)),
    ]


@pytest.mark.parametrize("product", ["Double", "Treble", "Quadrella", "Pick6", "Pool Nobody Knows"])
def test_legs_of_a_pool_over_several_races_are_not_named_after_this_one(product: str) -> None:
    """Runner 9 of another leg is not this race's 9: a Quadrella, and a pool nobody knows, have numbers alone."""
    names = {9: "Quiet Banjo", 2: "Salty"}
    legs = [{"runner_number": n, "position": 1} for n in (9, 2, 2)]
    rows = [
        {"product_name": product, "dividend": 31.0, "positions": legs, "description": "9/2/2"},
        {"product_name": product, "dividend": 31.0, "positions": legs},
    ]
    (pool,) = paid_pools(rows, names)
    assert pool.paid == (("9/2/2", "$31.00"), ("9 / 2 / 2", "$31.00"))


def test_place_dividends_stand_in_the_order_of_placing() -> None:
    """The second runner's Place dividend stands under the winner's, whatever order the feed has."""
    rows = [
        {"product_name": "Pool Place", "dividend": pays, "positions": [{"runner_number": n, "position": 1}]}
        for n, pays in ((5, 4.2), (9, 5.8), (2, 1.5))
    ]
    (pool,) = paid_pools(rows, {}, {9: 1, 2: 2, 5: 3})
    assert [text for text, _ in pool.paid] == ["9", "2", "5"]


def test_a_line_tells_its_change_from_the_open_and_where_users_were_told() -> None:
    """The legend has the percentage from the first price; an alert stands on its runner's line at its label."""
    lines = [Series("a", "1 A", 0, ((60, 5.0), (30, 4.0), (10, 4.0)), opened=8.0), Series("b", "2 B", 1, ((60, 3.0),))]
    drawn = chart("t", "a", lines, [Mark("a", 30, "Odds: 1. A"), Mark("gone", 30, "x")], log=True)
    assert [line.change for line in drawn.lines] == ["−50 %", ""]
    assert [(mark.key, mark.text) for mark in drawn.marks] == [("a", "Odds: 1. A")]
    path = drawn.lines[0].path[1:].split("L")
    assert f"{drawn.marks[0].x:g},{drawn.marks[0].y:g}" == path[1]
    plot = json.loads(drawn.plot)
    assert plot["at"] == [-60, -30, -10]
    assert [line["values"] for line in plot["lines"]] == [[5.0, 4.0, 4.0], [3.0, None, None]]
    assert plot["marks"] == [{"key": "a", "at": -30, "value": 4.0}]


@given(
    st.lists(
        st.lists(st.tuples(st.floats(-60, 65), st.floats(1.01, 500)), min_size=1, max_size=6), min_size=1, max_size=24
    ),
    st.booleans(),
)
def test_charts_stay_inside_their_frame(lines: list[list[tuple[float, float]]], log: bool) -> None:
    """Whatever is drawn, points, marks and labels lie within the picture."""
    drawn = chart("t", "a", [Series(str(i), str(i), i, tuple(points)) for i, points in enumerate(lines)], log=log)
    for line in drawn.lines:
        for point in line.path[1:].split("L"):
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
        assert line.label_y <= HEIGHT
    assert all(0 <= y <= HEIGHT for y, _ in drawn.y_marks)


def test_activity_is_kept_beside_the_store_and_summed_by_function(tmp_path: Path) -> None:
    """What one process records another reads: runs, failures, cold starts and durations by function."""
    path = path_beside(tmp_path / "day.db")
    kept = Activity(path)
    for i in range(20):
        kept.append("poller", f"a{i}", AT + timedelta(seconds=i), 10.0 * (i + 1), "ok", cold=i == 0)
    kept.on_done("tracker", "b1", AT, 5.0, {"error": {"kind": "time_limit", "message": "ended after 60 s"}})
    reader = Activity(path, read_only=True)
    poller, tracker = reader.totals(AT, AT + timedelta(minutes=1))
    assert (poller.runs, poller.failures, poller.cold, poller.p95_ms, poller.longest_ms) == (20, 0, 1, 200.0, 200.0)
    assert (tracker.function, tracker.failures) == ("tracker", 1)
    (failed,) = reader.latest(AT, AT + timedelta(minutes=1), failed_only=True)
    assert (failed.status, failed.lines) == ("time_limit", ("error: ended after 60 s",))
    assert path.stat().st_mode & 0o077 == 0
    kept.close()


def test_a_reader_without_a_file_sees_nothing_and_writes_nothing(tmp_path: Path) -> None:
    """Where nothing was recorded there is nothing to show, and a reader refuses to write."""
    reader = Activity(tmp_path / "none", read_only=True)
    assert reader.totals(AT, AT + timedelta(days=1)) == []
    assert reader.latest(AT, AT + timedelta(days=1)) == []
    with pytest.raises(ValueError, match="to be read"):
        reader.append("f", "a", AT, 1.0)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"ok": True}, "ok"),
        ({"statusCode": 404}, "http_404"),
        ({"polled": 2, "failures": [{"item": "a"}, {"item": "b"}]}, "no_poll_done"),
        ({"polled": 2, "failures": [{"item": "a"}]}, "ok"),
        ({"polled": 0, "failures": []}, "ok"),
        ({"statusCode": 200, "body": {"polled": 1, "failures": [{"item": "a"}]}}, "no_poll_done"),
        ({"statusCode": 503}, "http_503"),
        ({"error": {"kind": "feed_unavailable"}}, "feed_unavailable"),
        ({"error": "The container died."}, "error"),
    ],
)
def test_an_answer_tells_whether_the_activation_failed(answer: dict[str, Any], status: str) -> None:
    """An error, a status from 400 on and a poller none of whose polls was done are failures."""
    assert status_of(answer) == status


@pytest.mark.parametrize(
    ("minutes", "status", "polled", "score", "reasons"),
    [
        (30, "Open", 0.5, 99, ()),
        (30, "Open", 0.5, 60, ("quality 60",)),
        (1, "Open", 0.2, 75, ("quality 75",)),
        (600, "Open", 0.5, 75, ()),
        (600, "Open", 0.5, 60, ("quality 60",)),
        (30, "Open", 9, 99, ("3 slots missed",)),
        (-20, "Closed", 0.2, 99, ("still Closed 20 min after its start",)),
        (-400, "Open", 1, 99, ("given up: it never finished",)),
        (-20, "Final", 15, 60, ()),
    ],
)
def test_a_race_is_judged_by_its_slots_score_and_status(
    minutes: float, status: str, polled: float, score: int, reasons: tuple[str, ...]
) -> None:
    """Attention is due to races that miss slots, score low, or do not end; finished ones are left alone."""
    race = {"$id": "r", "raceNumber": 1, "name": "Cup", "status": status, "meetingId": "m"}
    race["startTime"] = (AT + timedelta(minutes=minutes)).isoformat()
    slot = (AT - timedelta(minutes=polled)).isoformat()
    poll = {"slot": slot, "fetchedAt": slot, "score": score, "finishedAt": None}
    judged = listed(race, None, poll, AT, Intervals())
    assert judged.attention == reasons


def test_a_quality_that_a_cap_holds_names_it() -> None:
    """75 beside checks that all held is told as the cap of undecided money, with its reason; 60 names what failed."""
    settled = {"win": Settlement(word="undecided", why="nothing tells whether it is refunded")}
    row = ledger_row(score=75, checks=(), pools=PoolTotals({"win": 900}, settled=settled))
    assert cap_of(row) == (
        "held at 75, as it is undecided whose the pool's money is: Win, nothing tells whether it is refunded"
    )
    failed = Check("win_identity", True, False, 9.0, 0.2, 1.5, "1.19")
    assert cap_of(row._replace(score=60, checks=(failed,))) == (
        "held at 60, as a check of the money failed: win identity"
    )
    assert cap_of(row._replace(score=74)) == cap_of(row._replace(score=97, pools=None)) == ""


def test_a_slot_at_the_start_has_no_sign_and_what_is_due_lies_not_back() -> None:
    """T is 0.0 at the start, never -0.0; the next poll is due now once its instant has passed."""
    assert [to_start(minutes) for minutes in (2.5, 0.04, 0, -0.04, -0.5)] == ["-2.5", "0.0", "0.0", "0.0", "+0.5"]
    assert due(AT, AT) == due(AT - timedelta(seconds=3), AT) == "now"
    assert due(AT + timedelta(seconds=3), AT) == "in 3 s"
    assert due(None, AT) == "—"


def test_figures_are_written_for_people() -> None:
    """Cents become whole dollars with a dash for nothing; durations take the unit that fits."""
    assert [dollars(v) for v in (None, 0, -5, 123_456, 150)] == ["—", "—", "—", "$1,235", "$2"]
    assert [span(v) for v in (5, 65, 700, 7300, 200_000)] == ["5 s", "1 min 05 s", "11 min", "2 h 01 min", "2 days"]
