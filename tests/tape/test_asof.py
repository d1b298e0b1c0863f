"""A race as it stood at any instant, from ledger and history, is what a replay had made by then."""

import asyncio

from local.simulate.world import SETTINGS
from local.tape.asof import AsofCheck, RaceHistory, check, random_instants
from local.tape.printed import lines
from local.tape.reader import Tape
from local.tape.replay import Rows, TapeReplay
from raceday.catalogue.products import POOL_COLUMNS
from raceday.clock import instant
from raceday.tables import ENTRANTS, MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY, RACE_POLLS, RACE_POOLS
from tests.tape.kit import taped_day


def checked(tape: Tape, stored: Rows, shown: Rows, count: int) -> AsofCheck:
    """Hold views of `shown` to a replay of `stored` at so many random instants."""
    history = RaceHistory(shown)
    asked = random_instants(history, history.races(), count, seed=7)
    return asyncio.run(check(TapeReplay(tape, stored, SETTINGS), history, asked))


def test_every_instant_is_as_a_replay_saw_it() -> None:
    """Race, entrants, pools, timeline, odds and notifications are equal at random instants of a day of all faults."""
    path, stored = taped_day(2, 3, "all")
    made = checked(Tape.open(path), stored, stored, 60)
    assert (made.instants, made.rows > 10_000) == (60, True)
    assert [f"{view.at}: {difference}" for view, difference in made.found[:5]] == []


def test_an_instant_between_two_polls_shows_the_first() -> None:
    """A millisecond before a poll the one before it stands, and at the poll's instant itself stands that poll."""
    _, stored = taped_day(1, 3)
    history = RaceHistory(stored)
    race = history.races()[0]
    rows = history.ledger(race)
    before = history.at(race, rows[5].fetched_at.replace(microsecond=0))
    assert (before.n, history.at(race, rows[5].fetched_at).n) == (rows[4].n, rows[5].n)
    early = history.at(race, instant("2020-01-01T00:00:00Z"))
    assert (early.n, [len(early.rows[t]) for t in (ENTRANTS, ODDS_HISTORY, MONEY_FLOW, NOTIFICATIONS)]) == (0, [0] * 4)


def test_a_ledger_that_says_otherwise_is_found() -> None:
    """Where the ledger has another status than the answers make, each view of a polled race differs in that column."""
    path, stored = taped_day(2, 3, "all")
    hurt = {table: dict(rows) for table, rows in stored.items()}
    for key, row in hurt[RACE_POLLS].items():
        hurt[RACE_POLLS][key] = {**row, "status": "Closed"}
    made = checked(Tape.open(path), stored, hurt, 8)
    assert {"status"} in [set(difference.columns) for _, difference in made.found if difference.table == "races"]


def test_a_race_is_told_as_it_stood() -> None:
    """Status, each runner's odds and money, every pool, each label's money and what users were told stand there."""
    _, stored = taped_day(1, 3)
    history = RaceHistory(stored)
    view = max((history.at(race, history.ledger(race)[-1].fetched_at) for race in history.races()),
               key=lambda each: len(each.rows[NOTIFICATIONS]))  # fmt: skip
    text = "\n".join(lines(view))
    runner = max(view.rows[ENTRANTS].values(), key=lambda row: row["winPoolAmount"] or 0)
    line = next(each for each in text.splitlines() if each.split()[:1] == [str(runner["runnerNumber"])])
    for column in ("fixedWinOdds", "fixedPlaceOdds", "poolWinOdds", "poolPlaceOdds", "holdPercentage"):
        assert f" {runner[column]:.2f} " in line
    assert f"${runner['winPoolAmount'] / 100:,.2f} " in line
    pools = view.rows[RACE_POOLS][view.race_id]
    for column in (*POOL_COLUMNS.values(), "totalRacePool", "multiLegTotal"):
        assert f"${pools[column] / 100:,.2f}" in text
    told = list(view.rows[NOTIFICATIONS].values())
    assert told
    assert all(f"to {row['userId']}: {row['title']}" in text for row in told)
    labels = [row for row in view.rows[MONEY_FLOW].values() if row["intervalType"] != "live"]
    assert all(f"${row['incrementalWinAmount'] / 100:,.2f}" in text for row in labels)
    heads = {word for each in text.splitlines() if each.split()[:1] == ["no"] for word in each.split()}
    assert {str(row["timeInterval"]) for row in labels} <= heads
    assert view.race["status"] in text.splitlines()[0]
    early = lines(history.at(view.race_id, instant("2020-01-01T00:00:00Z")))
    assert early == [f"{view.race_id}: not polled yet; 0 odds of its import were known"]
