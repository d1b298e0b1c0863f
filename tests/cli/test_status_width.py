"""How the list of races fits a terminal."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from local.console.today import DayList, ListedRace
from local.work.console import _print_attention, _races

NOW = datetime(2026, 11, 29, 11, 4, 58, tzinfo=UTC)


def listed(number: int, *attention: str) -> ListedRace:
    """Return a race whose times have their longest texts."""
    start, next_poll = NOW + timedelta(hours=11, minutes=40), NOW + timedelta(minutes=5)
    name = ("r" * 8, number, "Stakes", "Otamatea Park Racing Club", "NZ", "T")
    return ListedRace(*name, start, "Interim", False, None, next_poll, None, 0, attention)


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("attention", [(), ("23 slots missed",)])
def test_the_longest_times_stay_whole_and_names_give_way(width: int, attention: tuple[str, ...]) -> None:
    """On a narrow terminal a course's name is cut; its race's number and every time stay whole, within the width."""
    out = StringIO()
    race = listed(10, *attention)
    day = DayList(NOW.date(), NOW, coming=(race,))
    Console(file=out, width=width).print(_races([race], day, width))
    head, line, *_ = out.getvalue().splitlines()
    assert "start" in head
    assert line.startswith("11:44  in 11 h 40 min  ")
    assert " R10  " in line
    assert "in 5 min 00 s" in line
    assert "Racing Club" not in line
    assert len(line) <= width


def test_what_needs_attention_stands_below_a_narrow_list() -> None:
    """A race's troubles are told in whole lines under its full name, and no column breaks them into words."""
    out = StringIO()
    races = [listed(10, "23 slots missed", "figures 4 min old"), listed(11)]
    narrow = Console(file=out, width=60)
    narrow.print(_races(races, DayList(NOW.date(), NOW, coming=tuple(races)), 60))
    assert "missed" not in out.getvalue()
    _print_attention(narrow, races)
    told = " ".join(out.getvalue().split("\n")[3:]).split("Otamatea Park Racing Club")
    assert [" ".join(text.split()) for text in told] == ["", "R10: 23 slots missed; figures 4 min old"]
