"""`./raceday invoke`: one function as the platform would run it, its result and its exit code."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.console.activity import Activity, path_beside
from local.work.invoke import exit_code
from raceday.settings import specs
from tests.cli.kit import raceday
from tests.console.stepped import keep_one_race

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run without any of the suite's variables, in an empty folder."""
    for spec in specs().values():
        monkeypatch.delenv(spec.env, raising=False)
    monkeypatch.chdir(tmp_path)


def _invoke(*words: str) -> int:
    return raceday("invoke", *words, "--store", "dev.db", "--races", "2", "--quiet")


def test_an_import_of_a_generated_day_is_finished(capsys: Capture) -> None:
    """daily-meetings ends with 0 and prints what it stored as JSON on standard output alone."""
    assert _invoke("daily-meetings") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ok"] is True
    assert result["stored"]["races"] == 2


def test_a_staged_function_reads_the_same_feed_and_store(capsys: Capture) -> None:
    """`--staged` boots the staged function in a clean interpreter, over the same store as the others."""
    assert _invoke("daily-meetings") == 0
    capsys.readouterr()
    assert _invoke("daily-meetings", "--staged") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["stored"]["races"] == 2
    assert result["rows_changed"] == 0


def test_log_lines_go_to_standard_error_as_json(capsys: Capture) -> None:
    """Each log line is one JSON record on standard error."""
    assert raceday("invoke", "daily-meetings", "--store", "dev.db", "--races", "2") == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert lines
    assert all(json.loads(line)["activation"] for line in lines)


def test_an_event_comes_from_a_file_with_parameters_over_it(tmp_path: Path, capsys: Capture) -> None:
    """`--param` replaces a member of the event file, and a date that is none is wrong usage."""
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"date": "2026-02-14"}))
    assert _invoke("daily-races", "--event", str(file)) == 0
    assert json.loads(capsys.readouterr().out)["date"] == "2026-02-14"
    assert _invoke("daily-races", "--event", str(file), "--param", "date=yesterday") == 2
    assert "date: expected" in capsys.readouterr().out


def test_an_event_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """`--event -` reads the event from standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO('{"date": "2026-02-15"}'))
    assert _invoke("daily-races", "--event", "-") == 0
    assert json.loads(capsys.readouterr().out)["date"] == "2026-02-15"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["daily-meeting"], "there is no function 'daily-meeting'"),
        (["daily-meetings", "--param", "date"], "expected K=V"),
        (["daily-meetings", "--event", "missing.json"], "no such file"),
        (["daily-meetings", "--feed", "carrier-pigeon"], "expected generated, live, recorded:DIR or tape:FILE"),
        (["daily-meetings", "--param", "day=2026-02-14"], "day"),
        (["daily-meetings", "--feed", "live"], "NZTAB_PARTNER_ID is missing"),
        (["daily-meetings", "--colour", "red"], "No such option '--colour'"),
    ],
)
def test_wrong_usage_ends_with_two_and_says_what_was_expected(words: list[str], said: str, capsys: Capture) -> None:
    """Unknown functions, parameters, files, feeds and options end with 2 and a message that names them."""
    assert _invoke(*words) == 2
    told = capsys.readouterr()
    assert said in told.err + told.out


@pytest.mark.parametrize("text", ["[1]", "{", '"x"'])
def test_an_event_has_to_be_an_object(text: str, tmp_path: Path, capsys: Capture) -> None:
    """An event that is no JSON object is wrong usage."""
    file = tmp_path / "event.json"
    file.write_text(text)
    assert _invoke("daily-meetings", "--event", str(file)) == 2
    assert "--event: expected" in capsys.readouterr().err


def test_a_store_that_cannot_be_reached_means_that_nothing_could_be_done(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """With an Appwrite that is not there the exit code is 3, and neither output shows its key."""
    monkeypatch.setenv("APPWRITE_ENDPOINT", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("APPWRITE_PROJECT_ID", "p")
    monkeypatch.setenv("APPWRITE_API_KEY", "standard_very_hush")
    monkeypatch.setenv("APPWRITE_ATTEMPTS", "1")
    assert raceday("invoke", "daily-races", "--store", "env", "--races", "2", "--timeout", "4") == 3
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]
    assert "hush" not in told.out + told.err


def test_an_activation_is_started_again_from_the_terminal(capsys: Capture) -> None:
    """`--again` runs the kept event of an activation, by its id's beginning, and keeps the new one beside it."""
    keep_one_race(Path("dev.db"))
    ever = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    (former,) = Activity(path_beside("dev.db"), read_only=True).latest(*ever, limit=1, function="money-flow-tracker")
    assert raceday("invoke", "--again", former.activation[:10], "--store", "dev.db") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["statusCode"] == 200
    assert f'"replayed": "{former.activation}"' in told.err
    runs = Activity(path_beside("dev.db"), read_only=True).latest(*ever, limit=1000, function="money-flow-tracker")
    again = max(runs, key=lambda run: run.started)
    assert again.activation != former.activation
    assert (again.status, again.event) == ("ok", former.event)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "expected a function, or --again ACTIVATION"),
        (["--again", "nosuch"], "expected an activation whose event is kept beside dev.db, got 'nosuch'"),
        (["daily-races", "--again", "nosuch"], "leave out FUNCTION"),
    ],
)
def test_what_names_nothing_to_start_again_ends_with_two(words: list[str], said: str, capsys: Capture) -> None:
    """Neither function nor activation, an unknown one, and both at once are wrong usage."""
    keep_one_race(Path("dev.db"))
    assert raceday("invoke", *words, "--store", "dev.db") == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("result", "strict", "code"),
    [
        ({"ok": True, "failures": []}, True, 0),
        ({"ok": True, "failures": [{"item": "r1"}]}, False, 0),
        ({"ok": True, "failures": [{"item": "r1"}]}, True, 1),
        ({"error": {"kind": "settings"}}, False, 2),
        ({"error": {"kind": "bad_request"}}, False, 2),
        ({"error": {"kind": "feed_unavailable"}}, False, 3),
        ({"error": "The function did not return a dictionary."}, False, 3),
        ({"statusCode": 400, "body": {"error": {"kind": "bad_request"}}}, False, 2),
        ({"statusCode": 200, "body": {"failures": [{"item": "r1"}]}}, True, 1),
    ],
)
def test_the_exit_code_follows_the_result(result: dict[str, object], strict: bool, code: int) -> None:
    """0 is finished, 1 is failed items under --strict, 2 wrong usage or settings, 3 nothing done."""
    assert exit_code(result, strict=strict) == code


def test_races_of_a_batch_may_stand_as_the_former_poller_took_them(capsys: Capture) -> None:
    """`raceIds=a,b` as a word is a parameter, by ids, beginnings or names; one that is no race is told by its place."""
    for name in ("daily-meetings", "daily-races", "daily-entrants"):
        assert _invoke(name) == 0
    capsys.readouterr()
    assert raceday("status", "--store", "dev.db", "--ids") == 0
    first, second = (line.split()[0] for line in capsys.readouterr().out.splitlines() if line.count("-") >= 4)
    for words in (f"raceIds={first},{second}", f"raceIds={first[:8]},{second}", f'raceIds=["{first}","{second}"]'):
        assert _invoke("batch-race-poller", words) == 0
        assert json.loads(capsys.readouterr().out)["polled"] == 2
    assert _invoke("batch-race-poller", "raceIds=") == 0
    assert json.loads(capsys.readouterr().out)["polled"] == 0
    assert _invoke("batch-race-poller", f"raceIds={first},b") == 2
    assert "--param: raceIds[1]: there is no race 'b'" in capsys.readouterr().err
    assert _invoke("batch-race-poller", first) == 2
    assert "expected K=V" in capsys.readouterr().err
