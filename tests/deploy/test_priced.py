"""Which simulated day a plan's cost is told of, and how old it is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.work import priced
from ops.packaging.errors import PackagingError
from raceday.catalogue.functions import NAMES

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
DAY = {"races": 24, "cost": {"sizes": "lean"}, "functions": {"one": {"billed_secs": 100.0}}}


def test_without_a_day_nothing_is_priced(tmp_path: Path) -> None:
    """A plan that neither simulates nor finds a kept day has no cost to tell."""
    assert priced.priced(None, tmp_path, {}, "abc", NOW) is None


@pytest.mark.parametrize(
    ("library", "later", "told"),
    [
        ("abc", timedelta(seconds=5), "simulated just now by this code"),
        ("abc", timedelta(hours=3, minutes=9), "simulated 3 hours ago by this code"),
        ("other", timedelta(days=1), "simulated 1 day ago BY OTHER CODE"),
    ],
)
def test_a_kept_day_tells_its_age_and_its_code(tmp_path: Path, library: str, later: timedelta, told: str) -> None:
    """What an earlier plan simulated is told of with its age, and never passes for today's code when it is not."""
    priced.keep(tmp_path / priced.KEPT, DAY, "abc", NOW)
    found = priced.priced(None, tmp_path, {"one": 1024}, library, NOW + later)
    assert found is not None
    assert found.source.startswith("a simulated day of 24 races at lean sizes")
    assert told in found.source
    assert found.day_gib_secs == 100.0


def test_a_given_day_of_unknown_age_says_so(tmp_path: Path) -> None:
    """A file that `simulate --json` wrote has no date and no code, and the plan does not invent them."""
    file = tmp_path / "day.json"
    file.write_text(json.dumps(DAY))
    found = priced.priced(file, tmp_path, {"one": 1024}, "abc", NOW, simulate="seed")
    assert found is not None
    assert "does not say when" in found.source
    assert not (tmp_path / priced.KEPT).exists()


@pytest.mark.parametrize(("planned_mb", "marked"), [(512, False), (1024, True), (128, True)])
def test_a_day_of_other_memory_says_that_it_is_repriced(tmp_path: Path, planned_mb: int, marked: bool) -> None:
    """Seconds that were counted at one memory and are priced at another say so beside the price."""
    file = tmp_path / "day.json"
    file.write_text(json.dumps({"functions": {"one": {"gib_secs": 50.0, "billed_secs": 100.0}}}))
    found = priced.priced(file, tmp_path, {"one": planned_mb}, "abc", NOW)
    assert found is not None
    assert ("priced at the planned memory" in found.source) is marked
    assert found.day_gib_secs == 100 * planned_mb / 1024


def test_a_plan_can_simulate_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day is run at the planned sizes, priced with the planned memory, told with lateness and rows, and kept."""
    monkeypatch.setattr(priced, "RACES", 1)
    found = priced.priced(None, tmp_path, dict.fromkeys(NAMES, 128), "abc", NOW, simulate="lean")
    assert found is not None
    assert "1 races at lean sizes, simulated just now by this code" in found.source
    assert found.day_gib_secs > 0
    assert any(line.startswith("lateness of that day") for line in found.beside)
    assert any(line.startswith("Appwrite, that day") for line in found.beside)
    assert priced.priced(None, tmp_path, dict.fromkeys(NAMES, 128), "abc", NOW) == found


@pytest.mark.parametrize(("hours", "told"), [(24.0, ""), (17.5, "17.5 hours of it"), (None, "an unknown part of it")])
def test_a_day_that_ended_with_its_last_race_is_not_told_as_a_whole_one(
    tmp_path: Path, hours: float | None, told: str
) -> None:
    """A simulated day without its idle minutes says of how many hours its price is; a whole one needs no words."""
    file = tmp_path / "day.json"
    file.write_text(json.dumps({**DAY, "cost": {"sizes": "lean"} | ({"hours": hours} if hours else {})}))
    found = priced.priced(file, tmp_path, {"one": 1024}, "abc", NOW)
    assert found is not None
    assert ("idle minutes" in found.source) is bool(told)
    assert told in found.source


@pytest.mark.parametrize(
    ("report", "named"),
    [
        ({"days": 2}, "no mapping `functions`"),
        ({"functions": {"one": {"billed_secs": "12"}}}, "functions.one.billed_secs"),
        ({"functions": {"one": {"billed_secs": -5.0}}}, "functions.one.billed_secs"),
        ({"functions": {"one": {"billed_secs": float("nan"), "gib_secs": 1.0}}}, "functions.one.billed_secs"),
        ({"functions": {"one": {"billed_secs": 1e308}}}, "functions.one.billed_secs"),
        ({"functions": {}, "appwrite": {"rows_read": {"total": 1}}}, "appwrite.empty_reads"),
        ({"functions": {}, "polls": {"late_p99_critical_secs": 0.1, "late_max_secs": "2"}}, "polls.late_max_secs"),
    ],
)
def test_a_report_of_another_form_is_refused_by_the_members_name(
    tmp_path: Path, report: dict[str, object], named: str
) -> None:
    """A report that cannot be priced ends with the member that is wrong, never with a price of it."""
    file = tmp_path / "day.json"
    file.write_text(json.dumps(report))
    with pytest.raises(PackagingError, match=named):
        priced.priced(file, tmp_path, {"one": 1024}, "abc", NOW)


def test_a_day_that_missed_polls_or_has_strangers_is_not_priced_in_silence(tmp_path: Path) -> None:
    """What the day did not do as it should, and functions that are not the suite's, stand beside its price."""
    file = tmp_path / "day.json"
    file.write_text(json.dumps({**DAY, "polls": {"missing": 50, "duplicate": 3}}))
    found = priced.priced(file, tmp_path, {"one": 1024}, "abc", NOW)
    assert found is not None
    assert "50 polls missing, 3 twice" in found.warnings[0]
    assert "is without alert-evaluator, " in found.warnings[1]
    assert "not the suite's: one" in found.warnings[2]


@pytest.mark.parametrize("text", ["[" * 100_000, ""])
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    """What cannot be read as JSON ends in a line that names the file."""
    file = tmp_path / "day.json"
    file.write_text(text)
    with pytest.raises(PackagingError, match=r"day\.json could not be read"):
        priced.priced(file, tmp_path, {}, "abc", NOW)


def test_a_report_with_half_its_lateness_tells_none(tmp_path: Path) -> None:
    """Where the latest poll is not told, no lateness is."""
    file = tmp_path / "day.json"
    file.write_text(json.dumps({**DAY, "polls": {"late_p99_critical_secs": 0.5}}))
    found = priced.priced(file, tmp_path, {"one": 1024}, "abc", NOW)
    assert found is not None
    assert found.beside == ()
