"""Every stored figure of a day is made again from the tape, and one that was changed is marked."""

import re
from pathlib import Path

import pytest

from local.failures import NoSuchRace
from local.tape.explain import check_lines, day_figures, ledger_figures, runner_lines
from local.tape.explain_ends import CHANGED_SINCE
from local.tape.figure import Figure
from local.tape.reader import Tape
from local.tape.replay import Rows
from local.tape.story import RaceStory, unanswered
from raceday.feed.taping import Answer
from raceday.racing.records import LedgerRow
from raceday.tables import (
    ALERT_CONFIGS,
    CLOSING_PRICES,
    MONEY_FLOW,
    NOTIFICATIONS,
    RACE_POLLS,
    RACE_RESULT_VERSIONS,
    RACES,
)
from tests.cli.kit import raceday
from tests.tape.kit import answers, taped_day, write

LATE = "2026-02-15T00:00:00.000+00:00"


def test_no_figure_of_a_day_differs() -> None:
    """Every column of every poll and label of a day comes out of the tape as it is stored."""
    path, stored = taped_day(1, 3)
    found = list(day_figures(stored, Tape.open(path), sorted(stored[RACES])))
    assert len(found) > 20_000
    assert [f"{race} {figure}" for race, figure in found if figure.differs] == []


def test_polls_that_the_tape_lacks_are_counted(tmp_path: Path) -> None:
    """Of the day's own tape none is lacking; one that has none of their answers is of other races, and refused."""
    path, stored = taped_day(1, 1)
    races = sorted(stored[RACES])
    assert unanswered(stored, Tape.open(path), races) == 0
    other = Tape.open(write(tmp_path / "other.tape", answers(3)))
    with pytest.raises(NoSuchRace, match=f"none of the {len(stored[RACE_POLLS])} polls"):
        unanswered(stored, other, races)


def test_a_lone_surrogate_is_read_as_the_poller_read_it(tmp_path: Path) -> None:
    """An answer with half a character in a runner's name is explained from, and costs no figure but that name."""
    path, stored = taped_day(1, 1)
    day, race = Tape.open(path), min(stored[RACES])
    told = RaceStory(stored, day, race).told[8]
    assert told.entry is not None
    name = told.made.runners[0].name.encode()
    body = day.body(told.entry).replace(b'"' + name + b'"', b'"\\ud83d"')
    assert body != day.body(told.entry)
    answer = Answer(told.entry.url, told.entry.sent, told.entry.received, 200, {}, body)
    found = RaceStory(stored, Tape.open(write(tmp_path / "half.tape", [answer])), race).told[8]
    assert found.entry is not None
    assert found.made.runners[0].name not in ("", told.made.runners[0].name)
    assert [figure.name for figure in ledger_figures(found) if figure.differs] == ["runners 1 name"]


def test_a_changed_figure_is_marked_where_it_stands_and_nowhere_else() -> None:
    """One cent changed in the ledger and one on the timeline are each found, for the tape does not say so."""
    path, stored = taped_day(1, 3)
    hurt = {table: dict(rows) for table, rows in stored.items()}
    label = next(k for k, r in sorted(hurt[MONEY_FLOW].items()) if r["timeInterval"] == 15)
    race = hurt[MONEY_FLOW][label]["raceId"]
    hurt[MONEY_FLOW][label] = {**hurt[MONEY_FLOW][label], "winPoolAmount": -5}
    poll = next(k for k, r in sorted(hurt[RACE_POLLS].items()) if r["raceId"] == race and r["n"] == 9)
    hurt[RACE_POLLS][poll] = {**hurt[RACE_POLLS][poll], "score": 1}
    found = [figure for _, figure in day_figures(hurt, Tape.open(path), [race]) if figure.differs]
    assert sorted(figure.name.split()[-1] for figure in found) == ["score", "winPoolAmount"]


def test_a_runner_at_a_label_is_told_step_by_step() -> None:
    """Answer, pool, odds, share, cents, growth and every check of one figure stand there, none of them differing."""
    path, stored = taped_day(1, 3)
    story = RaceStory(stored, Tape.open(path), min(r["raceId"] for r in stored[RACE_POLLS].values()))
    line = next(r for r in story.labels[3].state.runners if not r.scratched)
    text = "\n".join(runner_lines(story, line.number, story.labels[3].label))
    for word in ("part 1 record", "win pool", "pool_win", "before apportioning", "since poll", "win_identity"):
        assert word in text
    assert "!=" not in text
    shared, pool, taken = re.findall(r"of (\d+) cents, left of the pool's (\d+) after (.*)", text)[0]
    assert int(shared) + sum(map(int, re.findall(r"\d+", taken))) == int(pool)
    with pytest.raises(LookupError, match="no runner 99"):
        runner_lines(story, 99, story.labels[3].label)
    told = story.by_n(story.labels[3].state.n)
    told.stored = replace_cents(told.stored, line.entrant_id)
    assert "!=" in "\n".join(runner_lines(story, line.number, story.labels[3].label))


def test_what_was_told_closing_prices_and_results_are_made_again_too() -> None:
    """Of one runner they stand there with band, poll and dividend; each altered, left out or made up is found."""
    path, stored = taped_day(1, 1)
    tape, race = Tape.open(path), min(stored[RACES])
    hurt = {table: dict(rows) for table, rows in stored.items()}
    alerts = [k for k, r in sorted(stored[NOTIFICATIONS].items()) if r["type"] != "reminder"]
    reminder = next(k for k, r in sorted(stored[NOTIFICATIONS].items()) if r["type"] == "reminder")
    hurt[NOTIFICATIONS][alerts[0]] = {**stored[NOTIFICATIONS][alerts[0]], "color": "#000000"}
    hurt[NOTIFICATIONS]["made-up"] = {**stored[NOTIFICATIONS][alerts[1]], "userId": "nobody"}
    del hurt[NOTIFICATIONS][alerts[2]], hurt[NOTIFICATIONS][reminder]
    price = min(k for k, r in stored[CLOSING_PRICES].items() if r["fixedWinT5"])
    hurt[CLOSING_PRICES][price] = {**stored[CLOSING_PRICES][price], "fixedWinT5": 0.5}
    version = min(stored[RACE_RESULT_VERSIONS])
    hurt[RACE_RESULT_VERSIONS][version] = {**stored[RACE_RESULT_VERSIONS][version], "dividendsData": "[]"}
    found = [figure for _, figure in day_figures(hurt, tape, [race]) if figure.differs]
    told = [str(stored[NOTIFICATIONS][k]["userId"]) for k in (alerts[0], alerts[2], reminder)]
    assert sorted(figure.name.split()[-1] for figure in found if not figure.name.startswith("told")) == [
        "dividendsData",
        "fixedWinT5",
    ]
    assert sorted(figure.name.split(" of ")[0] for figure in found if figure.name.startswith("told")) == sorted(
        ["told nobody", *(f"told {user}" for user in told)]
    )
    row = stored[NOTIFICATIONS][alerts[0]]
    story = RaceStory(stored, tape, race)
    number = next(r.number for r in story.told[-1].made.runners if r.entrant_id == row["entrantId"])
    text = "\n".join(runner_lines(story, number, row["timeInterval"]))
    for word in (f"told {row['userId']} of {row['type']}", "in the band", "closing fixedWinLast", "poll ", "dividends"):
        assert word in text
    assert "!=" not in text


def test_a_check_that_differs_says_in_what() -> None:
    """Another score or another limit with the same value is named, and what is equal is not."""
    path, stored = taped_day(1, 3)
    story = RaceStory(stored, Tape.open(path), min(r["raceId"] for r in stored[RACE_POLLS].values()))
    told = story.told[3]
    first, *others = told.stored.checks
    told.stored = told.stored._replace(checks=(first._replace(score=0.5, expected="else"), *others))
    marked = [line for line in check_lines(told) if "!=" in line]
    assert [line.partition("  != ")[2] for line in marked] == [
        f"made again score {first.score}, expected {first.expected}"
    ]


def test_an_alert_is_shown_by_value_and_colour() -> None:
    """Both stand beside each other, as made and as stored; a value alone and none at all are as they are."""
    text = str(Figure("told u1 of odds", (18.4, "#FEE2E2"), (18.4398, "#FEF3C7"), "in the band 15 to 20"))
    assert " 18.4398 #FEF3C7 " in text
    assert text.endswith("!= stored 18.4 #FEE2E2")
    assert "(" not in text
    assert str(Figure("hold", None, 3)).split() == ["hold", "3", "!=", "stored", "None"]


def test_checks_of_a_race_name_their_poll(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a runner the newest poll's checks are told, and which poll that is."""
    path, stored = taped_day(1, 1)
    race = next(iter(stored[RACES]))

    async def read(*_: str) -> tuple[Rows, list[str]]:
        return stored, [race]

    monkeypatch.setattr("local.work.places.read_named", read)
    monkeypatch.setattr("local.stores.present", lambda _: "a.db")
    raceday("explain", race, "--tape", str(path))
    told = capsys.readouterr().out.splitlines()
    first = next(i for i, line in enumerate(told) if line.startswith("check "))
    newest = max(row["n"] for row in stored[RACE_POLLS].values())
    assert told[first - 1].startswith(f"checks of poll {newest} (")
    assert "part 1 record" in told[first - 1]


def replace_cents(row: LedgerRow, entrant_id: str) -> LedgerRow:
    """Return a ledger row with one cent more on a runner."""
    runners = tuple(
        r._replace(win_cents=(r.win_cents or 0) + 1) if r.entrant_id == entrant_id else r for r in row.runners
    )
    return row._replace(runners=runners)


@pytest.mark.parametrize(("changed_at", "differing"), [("2026-02-13T00:00:00.000+00:00", True), (LATE, False)])
def test_what_a_user_was_told_under_other_bands_is_not_made_again(changed_at: str, *, differing: bool) -> None:
    """Bands that were changed after an alert make no other alert of it: the former bands are kept nowhere."""
    path, stored = taped_day(1, 1)
    stranger = {table: dict(rows) for table, rows in stored.items()}
    for key, row in stored[ALERT_CONFIGS].items():
        stranger[ALERT_CONFIGS][key] = {**row, "color": "#123456", "$updatedAt": changed_at}
    told = [f for _, f in day_figures(stranger, Tape.open(path), sorted(stored[RACES])) if f.name.startswith("told")]
    assert any(f.differs for f in told) is differing
    assert all(f.how == CHANGED_SINCE for f in told if f.stored) is not differing
