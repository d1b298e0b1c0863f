"""What cannot be written back does not keep the rest from it, and is told with the command that mends it."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.packaging import undo
from ops.packaging.undo import literal
from tests.deploy.bench import TRIGGER, Bench, text_of
from tests.deploy.fake.deployer import _Loader
from tests.deploy.fake.host import Fault
from tests.deploy.faulted import Run, Scene

SCHEDULER = "raceday/master-race-scheduler"
ODD = {
    "an apostrophe": "it's", "a tab": "a\tb", "line breaks": "a\nb\r\n", "nothing": "", "a blank at an end": " a ",
    "a variable": "${NOPE} $(A B) $& ${|X}", "quotes and backslashes": 'a"b\\n',
    "digits with one e": "1234567890123e45",
    "a control character": "\x01\x7f\x85\u2028", "signs beyond the plane": "M\u0101ori \u2603 \U0001f40e", "yes": "yes",
}  # fmt: skip


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A project whose next version is staged, over an empty platform."""
    return Bench(tmp_path_factory.mktemp("undo"))


def failed_after(staged: Bench, changed: Callable[[dict[str, Any], dict[str, Any]], None], *faults: Fault) -> Run:
    """Deploy over functions and triggers that somebody `changed`, with the last PUT refused once."""
    scene = Scene(staged, text_of())
    changed(*scene.state[:2])
    staged.host.functions, staged.host.triggers, _ = scene.state
    scene.old = copy.deepcopy(staged.there())
    return scene.run(Fault("PUT", "actions/raceday/two", 500, times=1), *faults)


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_every_text_arrives_as_it_is(value: str) -> None:
    """Whatever it holds, the deployer's reading of it gives it back, and there is nothing to substitute in it."""
    text = literal({"packages": [{"name": "raceday", value or "empty": value}]})
    assert yaml.load(text, _Loader) == {"packages": [{"name": "raceday", value or "empty": value}]}
    assert text.isascii()
    assert "$" not in text


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_a_value_that_no_deployment_could_send_is_put_back(staged: Bench, value: str) -> None:
    """A value that somebody set in another way stands again after a failed deployment, as everything else does."""
    run = failed_after(staged, lambda functions, _: functions["raceday/one"]["parameters"].append(
        {"key": "ODD", "value": value, "init": True}
    ))  # fmt: skip
    assert run.now == run.old
    assert run.claims_as_before()


def test_a_function_that_is_no_longer_taken_hinders_no_other(staged: Bench) -> None:
    """One of a runtime that the deployer refuses is told with what mends it; everything else is as before."""

    def changed(functions: dict[str, Any], triggers: dict[str, Any]) -> None:
        functions["raceday/one"]["exec"]["kind"] = "python:2.7"

    run = failed_after(staged, changed)
    assert {name for name in run.old[0] if run.now[0][name] != run.old[0][name]} == {"raceday/one"}
    assert run.now[1] == run.old[1]
    assert "undoing: putting back raceday/one: " in run.message
    assert "'python:2.7' is not a valid runtime value" in run.message
    lines = run.message.splitlines()
    assert [line for line in lines if line.startswith("raceday/two: ")] == ["raceday/two: as before"]
    (told,) = [line for line in lines if line.startswith("raceday/one: ")]
    assert "its runtime is python:3.11, was python:2.7" in told
    assert "`./raceday deploy` again" in told


READING_AFTER = Fault("GET", "/triggers", 500, after=1, times=18)


def with_triggers(**crons: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Return a change that gives the first function triggers of these names, which a deployment removes."""

    def changed(functions: dict[str, Any], triggers: dict[str, Any]) -> None:
        for name, cron in crons.items():
            more = {"name": name, "function": "raceday/one", "scheduled_details": {"cron": cron}}
            triggers[name] = {**triggers["raceday-minute"], **more}

    return changed


def test_a_trigger_that_is_no_longer_taken_hinders_no_other(staged: Bench) -> None:
    """Of three triggers of a function the two that the deployer takes are made again, and the third is told as gone."""
    scene = Scene(staged, text_of())
    with_triggers(daily="@daily", hourly="0 * * * *", nightly="0 0 * * *")(*scene.state[:2])
    staged.host.functions, staged.host.triggers, _ = scene.state
    scene.old = staged.there()
    run = scene.run(READING_AFTER)
    assert set(run.now[1]) == set(run.old[1]) - {"daily"}
    assert run.now[0] == run.old[0]
    assert "the cron expression '@daily' is not valid crontab syntax" in run.message
    assert "\ntrigger daily: gone; before: starts raceday/one at @daily; " in run.message
    assert "\ntrigger hourly: as before" in run.message


@pytest.mark.parametrize("answer", [500, 404])
def test_a_trigger_that_cannot_be_removed_holds_back_its_own_function_alone(staged: Bench, answer: int) -> None:
    """Functions are put back, and its own gets no second trigger beside it; it is told with what removes it.

    That it is not there is believed only where the list does not have it.
    """
    other = text_of(TRIGGER.replace("raceday-minute", "raceday-new"), memory=512)
    scene = Scene(staged, text_of(), other)
    run = scene.run(
        Fault("GET", "/triggers", 500, after=1, times=18), Fault("DELETE", "/triggers/raceday-new", answer, after=1)
    )
    assert run.now[0] == run.old[0]
    assert set(run.now[1]) == {"raceday-new"}
    assert run.most_schedulers == 1
    assert "remove it with `doctl serverless undeploy --triggers raceday-new`" in run.message
    assert "trigger raceday-minute: gone" in run.message


def test_code_that_cannot_be_unpacked_hinders_no_other(staged: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a function's archive is damaged, or the disk full, the others are put back and it is told."""
    scene = Scene(staged, text_of())

    def unpacked(code: Path, folder: Path) -> None:
        if folder.name == "one":
            folder.mkdir(parents=True)
            raise OSError(28, "No space left on device")
        whole(code, folder)

    whole = undo._unpack
    monkeypatch.setattr(undo, "_unpack", unpacked)
    run = scene.run(READING_AFTER)
    assert {name for name in run.old[0] if run.now[0][name] != run.old[0][name]} == {"raceday/one"}
    assert "putting back raceday/one: its code could not be unpacked" in run.message
