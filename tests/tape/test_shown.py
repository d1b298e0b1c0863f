"""What the console asks of explain and asof: the same figures as the commands', as JSON carries them."""

import asyncio
import json

import pytest

from local.tape.asof import RaceHistory
from local.tape.explain import runner_lines
from local.tape.reader import Tape
from local.tape.replay import Rows
from local.tape.shown import explained, labels, race_rows, stood
from local.tape.story import RaceStory
from raceday.clock import instant
from raceday.tables import ENTRANTS, MONEY_FLOW, RACE_POLLS, RACES
from tests.tape.kit import memory_day, taped_day

PARTS = ("answer", "money", "label", "alerts", "closing", "results", "checks")


def test_a_figure_is_explained_as_the_command_explains_it() -> None:
    """Every step of the lines is there as JSON, a changed cent is counted, and a runner too many is refused."""
    path, tables = taped_day(1, 3)
    race = sorted(tables[RACES])[0]
    rows = asyncio.run(race_rows(memory_day(1, 3), race))
    tape = Tape.open(path)
    known = labels(rows, race, tape)
    number, label = known["runners"][0], known["labels"][2]
    made = json.loads(json.dumps(explained(rows, race, number, label, tape)))
    steps = [step for part in made["parts"].values() for step in part]
    assert len(steps) == len(runner_lines(RaceStory(tables, tape, race), number, label)) > 20
    assert (list(made["parts"]), made["source"], made["differ"]) == (
        [
            part
            for part in ("answer", "money", "label", "alerts", "closing", "results", "checks")
            if part in made["parts"]
        ],
        "tape",
        0,
    )
    key, row = next((k, r) for k, r in rows[MONEY_FLOW].items() if r["timeInterval"] == label
                    and r["entrantId"] == _entrant(rows, number))  # fmt: skip
    hurt = {**rows, MONEY_FLOW: {**rows[MONEY_FLOW], key: {**row, "winPoolAmount": row["winPoolAmount"] + 1}}}
    assert explained(hurt, race, number, label, tape)["differ"] == 1
    with pytest.raises(LookupError, match="no runner 99"):
        explained(rows, race, 99, label)


def _entrant(rows: Rows, number: int) -> str:
    runners = json.loads(next(iter(rows[RACE_POLLS].values()))["runners"])
    return str(next(line["id"] for line in runners if line["no"] == number))


def test_a_race_stands_as_its_view_says() -> None:
    """At an instant between two polls the JSON has the view's entrants, and before the first poll nothing."""
    _, tables = taped_day(1, 3)
    race = sorted(tables[RACES])[0]
    rows = asyncio.run(race_rows(memory_day(1, 3), race))
    ledger = RaceHistory(tables).ledger(race)
    view = RaceHistory(tables).at(race, ledger[4].fetched_at)
    shown = json.loads(json.dumps(stood(rows, race, ledger[4].fetched_at)))
    assert shown["n"] == view.n == ledger[4].n
    assert {row["$id"] for row in shown["entrants"]} == set(view.rows[ENTRANTS])
    assert [row["winPoolAmount"] for row in shown["entrants"]] == [
        row["winPoolAmount"] for _, row in sorted(view.rows[ENTRANTS].items())
    ]
    assert instant(shown["from"]) <= ledger[4].fetched_at < instant(shown["until"])
    early = stood(rows, race, instant("2020-01-01T00:00:00Z"))
    assert (early["n"], early["entrants"], early["moneyFlow"]) == (0, [], [])
