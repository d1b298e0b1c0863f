"""A deployment is whole or not at all: what is left behind after any one call was refused or lost."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from ops.packaging.errors import DeployError
from ops.packaging.render import NATIVE
from tests.deploy.bench import TRIGGER, Bench, text_of
from tests.deploy.fake.host import CUT, Fault
from tests.deploy.faulted import Scene

SCHEDULER = "raceday/master-race-scheduler"


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A project whose next version is staged, over an empty platform."""
    return Bench(tmp_path_factory.mktemp("transaction"))


STATES = {"first": "", "again": text_of()}


def test_what_failed_is_said_from_the_platform(staged: Bench) -> None:
    """After one PUT was refused, what stood is put back, and the message says that this was seen."""
    run = Scene(staged, STATES["again"]).run(Fault("PUT", "actions/raceday/two", 500, times=1))
    assert run.now == run.old
    assert "deploying: While deploying action 'raceday/two'" in run.message
    assert "put back; seen on the platform: 3 functions and 1 trigger as before" in run.message


def test_a_setting_that_is_a_word_blots_out_no_message(staged: Bench) -> None:
    """Of what is put back only values long enough for a secret are blotted out: the project's id is `project`."""
    said = Fault("PUT", "actions/", 500, said="the project is too large")
    told = staged.doctl.deploy(Scene(staged, STATES["again"]).parts[2].root, ["action", "internal error"])
    assert told.failures == ()
    with staged.host.struck(said):
        told = staged.doctl.deploy(staged.root / "out", ["action", "the project"])
    assert all("deploying action" in failure for failure in told.failures)
    assert any("[secret] is too large" in failure for failure in told.failures)


def test_nothing_was_deployed_is_said_only_when_it_was_seen(staged: Bench) -> None:
    """Where every PUT is refused nothing changed and that is said; where nothing can be read it is not."""
    run = Scene(staged, STATES["again"]).run(Fault("PUT", "actions/", 401))
    assert "nothing was deployed; seen on the platform" in run.message
    run = Scene(staged, "").run(Fault("GET", "(actions[?]|triggers$)", 500, after=2))
    assert "nothing was deployed" not in run.message
    assert all(name in run.message for name in ("raceday/one", "raceday/two", SCHEDULER, "raceday-minute"))


def test_what_cannot_be_undone_is_listed_with_what_mends_it(staged: Bench) -> None:
    """New functions that cannot be removed again are told one by one, with the command that removes each."""
    faults = (Fault("PUT", "actions/raceday/two", 500), Fault("DELETE", "actions/raceday/one", 500))
    run = Scene(staged, "").run(*faults)
    assert "raceday/one: new, code" in run.message
    assert "`doctl serverless undeploy raceday/one`" in run.message
    assert "raceday/two: not there, as before" in run.message
    assert staged.host.started_each_minute() == []


def test_a_scheduler_that_stands_still_at_last_is_told(staged: Bench) -> None:
    """Where its trigger was to change and every POST of one is refused, the message says what that means."""
    scene = Scene(staged, STATES["again"], text_of(TRIGGER.replace("* * * * *", "*/2 * * * *")))
    run = scene.run(Fault("POST", "/triggers", 500))
    assert list(run.now[1]) == []
    assert "trigger raceday-minute: gone; before: starts raceday/master-race-scheduler at * * * * *" in run.message
    assert f"{SCHEDULER} has no trigger now: it stands still" in run.message
    assert "deploying: While deploying trigger 'raceday-minute': Request failed with status code 500\n" in run.message


def test_what_differs_is_told_first_and_once_with_its_advice(staged: Bench) -> None:
    """With the account's triggers used up the last heading stands over what differs, and no line is told twice."""
    scene = Scene(staged, STATES["again"], text_of(TRIGGER.replace("* * * * *", "*/2 * * * *")))
    lines = scene.run(Fault("POST", "/triggers", 422)).message.splitlines()
    heading = lines.index("not everything could be put back; on the platform now:")
    assert lines[heading + 1].startswith("trigger raceday-minute: gone; before: ")
    assert "no race is polled, until it has one: run `./raceday deploy` with the same options" in lines[heading + 2]
    assert all(line.endswith("as before") for line in lines[heading + 3 :])
    undoing = [line for line in lines if line.startswith("undoing: ")]
    assert len(undoing) == 1
    assert "most likely the account's are used up" in undoing[0]


def test_a_heading_of_what_differs_stands_over_nothing_that_does_not(staged: Bench) -> None:
    """Where only the mended trigger could not be made, all that stood before stands, and the standstill is told."""
    scene = Scene(staged, STATES["again"])
    scene.state[1].clear()
    lines = scene.run(Fault("POST", "/triggers", 422)).message.splitlines()
    assert not any("not everything" in line for line in lines)
    heading = lines.index("all that stood before stands; on the platform now:")
    assert lines[heading + 1].startswith(f"{SCHEDULER} has no trigger now: it stands still")


def test_a_watchdog_that_stands_polls_for_a_scheduler_that_does_not(staged: Bench) -> None:
    """It does the work after three minutes, and the message says that and not that no race is polled."""
    scene = Scene(staged, STATES["again"], text_of(TRIGGER.replace("* * * * *", "*/2 * * * *")))
    row = copy.deepcopy(scene.state[1]["raceday-minute"])
    row["scheduled_details"]["body"] = {"watchdog": True}
    scene.state[1]["dog"] = {**row, "name": "dog", "function": "raceday/daily"}
    told = scene.run(Fault("POST", "/triggers", 422)).message
    assert "after three minutes the watchdog (dog) does its work, until it has one: run `./raceday deploy`" in told
    assert "no race is polled" not in told


def test_a_trigger_that_stands_as_meant_is_never_touched(staged: Bench) -> None:
    """The deployer would delete it first: a redeployment, failed and undone or not, leaves the scheduler started."""
    scene = Scene(staged, STATES["again"])
    for fault in (Fault("POST", "/triggers", 500), Fault("PUT", "actions/raceday/two", 500, times=1)):
        run = scene.run(fault)
        assert [call for call in run.asked if "/triggers" in call and not call.startswith("GET")] == []
        assert run.message == "" or run.now == run.old


def test_a_platform_that_does_not_answer_is_asked_to_change_nothing(staged: Bench) -> None:
    """Where doctl reaches no host the message says that no change was asked for, and no more."""
    run = Scene(staged, STATES["again"]).run(Fault("*", "^/api/v1", CUT))
    assert run.now == run.old
    assert "nothing was asked to change" in run.message
    assert "seen on the platform" not in run.message


def test_a_scheduler_without_its_trigger_is_mended_first(staged: Bench) -> None:
    """A trigger that an earlier deployment lost is given back before anything else, even if this one then fails."""
    bench = staged
    scene = Scene(bench, STATES["again"])
    bench.host.triggers.clear()
    bench.host.faults = [Fault("PUT", "actions/raceday/two", 500)]
    with pytest.raises(DeployError):
        bench.carry(*scene.parts)
    assert list(bench.host.triggers) == ["raceday-minute"]
    assert any("stands still" in text for text in bench.said)


def test_a_scheduler_of_two_triggers_is_left_with_one(staged: Bench) -> None:
    """What an older deployment left over is removed before anything else."""
    bench = staged
    scene = Scene(bench, STATES["again"])
    bench.host.triggers["raceday-x"] = {**bench.host.triggers["raceday-minute"], "name": "raceday-x"}
    bench.host.faults = [Fault("PUT", "actions/raceday/two", 500)]
    with pytest.raises(DeployError):
        bench.carry(*scene.parts)
    assert list(bench.host.triggers) == ["raceday-minute"]


OTHER = "raceday-x"
REFUSED = {
    "a PUT": Fault("PUT", "actions/raceday/two", 500, times=1),
    "the POST of the trigger": Fault("POST", "/triggers", 500, times=1),
    "the reading after": Fault("GET", "/triggers", 500, after=1, times=18),
}


@pytest.mark.parametrize("fault", REFUSED.values(), ids=REFUSED.keys())
def test_a_trigger_that_is_switched_off_does_not_count(staged: Bench, fault: Fault) -> None:
    """With the declared trigger off and another on, a failed deployment ends with both as they stood."""
    scene = Scene(staged, STATES["again"])
    rows = scene.state[1]
    rows[OTHER] = {**rows["raceday-minute"], "name": OTHER}
    rows["raceday-minute"] = {**rows["raceday-minute"], "is_enabled": False}
    staged.host.triggers = rows
    scene.old = staged.there()
    run = scene.run(fault)
    assert run.message
    assert (run.now, run.most_schedulers) == (run.old, 1)
    assert "2 triggers as before" in run.message
    assert staged.host.started_each_minute() == [OTHER]


def started_by_another(staged: Bench) -> Scene:
    """Return a scene in which the declared trigger is off and another one starts the scheduler."""
    scene = Scene(staged, STATES["again"])
    rows = scene.state[1]
    rows[OTHER] = {**rows["raceday-minute"], "name": OTHER}
    rows["raceday-minute"] = {**rows["raceday-minute"], "is_enabled": False}
    return scene


@pytest.mark.parametrize("path", ["actions/", "actions/raceday/two"])
def test_no_trigger_is_removed_before_the_functions_stand(staged: Bench, path: str) -> None:
    """Where the platform takes no PUT, ever, whatever started the scheduler starts it still: no trigger was touched."""
    scene = started_by_another(staged)
    run = scene.run(Fault("PUT", path, 500))
    assert staged.host.started_each_minute() == [OTHER]
    assert [call for call in run.asked if "/triggers" in call and not call.startswith("GET")] == []
    assert "2 triggers as before" in run.message or "trigger raceday-x: as before" in run.message


def test_other_triggers_go_once_the_functions_stand(staged: Bench) -> None:
    """The functions are put first, the other trigger is removed, and only then the declared one is made."""
    run = started_by_another(staged).run()
    assert run.message == ""
    assert staged.host.started_each_minute() == ["raceday-minute"]
    changing = [call for call in run.asked if not call.startswith("GET") and "/packages/" not in call]
    changes = [re.sub(r"^(\w+) .*/([\w-]+)(\?.*)? \d+$", r"\1 \2", call) for call in changing]
    scheduler = SCHEDULER.partition("/")[2]
    remade = [f"PUT {scheduler}", "DELETE raceday-minute", "POST triggers"]
    assert changes == [f"PUT {scheduler}", "PUT one", "PUT two", "DELETE raceday-x", *remade]


def test_a_trigger_that_cannot_be_put_back_is_told_though_another_one_stands(staged: Bench) -> None:
    """With every PUT refused once it was removed it cannot be made again: one that is off makes nothing well."""
    run = started_by_another(staged).run(Fault("PUT", "actions/", 500, after=3))
    assert f"trigger {OTHER}: gone" in run.message
    assert f"{SCHEDULER} has no trigger that is on now: it stands still" in run.message
    assert not run.claims_as_before()


@pytest.mark.parametrize("there", [[], [False]], ids=["none", "off"])
def test_a_scheduler_that_nothing_starts_is_mended_and_that_is_told(staged: Bench, there: list[bool]) -> None:
    """Without a trigger that is on, the declared one is made first; the failure says that it was not so before."""
    scene = Scene(staged, STATES["again"])
    (row,) = scene.state[1].values()
    scene.state[1].clear()
    scene.state[1].update((row["name"], {**row, "is_enabled": on}) for on in there)
    run = scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    assert staged.host.started_each_minute() == ["raceday-minute"]
    was = "starts raceday/master-race-scheduler at * * * * *, switched off" if there else "none"
    now = "starts raceday/master-race-scheduler at * * * * *"
    assert f"trigger raceday-minute: now: {now}; before: {was}" in run.message
    assert "0 triggers as before" in run.message
    run = scene.run(Fault("POST", "/triggers", 500))
    assert staged.host.started_each_minute() == []
    assert "it stands still" in run.message


def test_a_removed_second_trigger_is_told(staged: Bench) -> None:
    """What was removed before anything else stays removed, and the failure names it."""
    scene = Scene(staged, STATES["again"])
    scene.state[1][OTHER] = {**scene.state[1]["raceday-minute"], "name": OTHER}
    run = scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    assert list(run.now[1]) == ["raceday-minute"]
    assert f"trigger {OTHER}: now: none; before: starts {SCHEDULER}" in run.message


PARAMETERS = {
    "a number": (5, "5", "EXTRA is text, was number"),
    "a list": ([1, 2], "[1, 2]", "EXTRA is text, was list"),
    "true": (True, "true", "EXTRA is text, was true or false"),
}


@pytest.mark.parametrize(("value", "text", "told"), PARAMETERS.values(), ids=PARAMETERS.keys())
def test_what_the_undo_cannot_give_back_as_it_was_is_told(staged: Bench, value: Any, text: str, told: str) -> None:
    """A variable that is no text comes back as the text that the function sees; the message says so."""
    scene = Scene(staged, STATES["again"])
    scene.state[0]["raceday/one"]["parameters"].append({"key": "EXTRA", "value": value})
    run = scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    assert told in run.message
    assert not run.claims_as_before()
    parameters = staged.host.functions["raceday/one"]["parameters"]
    assert next(each["value"] for each in parameters if each["key"] == "EXTRA") == text


def test_the_name_of_the_entry_point_is_put_back(staged: Bench) -> None:
    """A function that began elsewhere than in `main` does so again."""
    scene = Scene(staged, STATES["again"])
    scene.state[0]["raceday/one"]["exec"]["main"] = "other"
    run = scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    assert staged.host.functions["raceday/one"]["exec"]["main"] == "other"
    assert run.claims_as_before()


def test_native_and_single_triggers_take_turns_without_two_schedulers(tmp_path: Path) -> None:
    """The scheduler's trigger keeps its name from one kind to the other; the others' come and go."""
    bench = Bench(tmp_path)
    text = text_of().replace("name: two\n", "name: two\n        annotations: {schedule: '0 17 * * *'}\n")
    bench.deploy(text)
    bench.deploy(text, triggers=NATIVE)
    assert set(bench.host.triggers) == {"raceday-minute", "raceday-two"}
    bench.deploy(text)
    assert (set(bench.host.triggers), bench.host.most_schedulers) == ({"raceday-minute"}, 1)


def test_leftovers_of_ours_are_removed_and_others_stay(tmp_path: Path) -> None:
    """A function that is no longer declared goes with its trigger once the rest is verified; `keep` leaves it."""
    bench = Bench(tmp_path)
    bench.deploy()
    foreign = {**bench.host.functions["raceday/two"], "annotations": [], "name": "theirs"}
    bench.host.functions["raceday/theirs"] = foreign
    fewer = text_of(names=("one", "master-race-scheduler"))
    row = bench.host.triggers["raceday-minute"]
    bench.host.triggers["raceday-two"] = {**row, "name": "raceday-two", "function": "raceday/two"}
    bench.deploy(fewer, keep=True)
    assert "raceday/two" in bench.host.functions
    assert bench.said[-1].endswith("still at work: the trigger raceday-two starts raceday/two at * * * * *")
    bench.deploy(fewer)
    assert set(bench.host.functions) == {"raceday/one", SCHEDULER, "raceday/theirs"}
    assert set(bench.host.triggers) == {"raceday-minute"}


def test_a_trigger_of_another_function_is_not_taken(tmp_path: Path) -> None:
    """Where its name starts what is not deployed here nothing is asked to change, and name and owner are told."""
    bench = Bench(tmp_path)
    bench.deploy()
    bench.host.functions["other/thing"] = {**bench.host.functions["raceday/two"], "annotations": [], "name": "thing"}
    bench.host.triggers["raceday-minute"]["function"] = "other/thing"
    asked, there = len(bench.host.asked), bench.there()
    with pytest.raises(DeployError) as refused:
        bench.deploy(text_of(memory=512))
    assert "the trigger raceday-minute starts other/thing at * * * * *" in refused.value.problems[0]
    assert refused.value.problems[-1] == "nothing was asked to change"
    assert bench.there() == there
    assert all(line.startswith("GET ") for line in bench.host.asked[asked:])


def test_a_scheduler_of_another_package_is_told(tmp_path: Path) -> None:
    """Two schedulers hand out each slot twice: who deploys beside one of another package is told its trigger."""
    bench = Bench(tmp_path)
    bench.deploy()
    theirs = {**bench.host.functions[SCHEDULER], "namespace": "fn-test/old"}
    bench.host.functions["old/master-race-scheduler"] = theirs
    bench.host.triggers["old-minute"] = {
        **bench.host.triggers["raceday-minute"], "name": "old-minute", "function": "old/master-race-scheduler"
    }  # fmt: skip
    bench.deploy(text_of(memory=512))
    told = [line for line in bench.said if "another scheduler is at work" in line]
    assert len(told) == 1
    assert "undeploy --triggers old-minute" in told[0]


def test_a_hash_that_looks_like_a_number_arrives_as_text(tmp_path: Path) -> None:
    """An annotation of digits with one `e` is quoted, so that a good deployment is not undone."""
    bench = Bench(tmp_path)
    text = text_of().replace("name: two\n", "name: two\n        annotations: {seed-size: '1234567890123e45'}\n")
    bench.deploy(text)
    notes = {a["key"]: a["value"] for a in bench.host.functions["raceday/two"]["annotations"]}
    assert notes["seed-size"] == "1234567890123e45"
