"""A deployment is whole or not at all: what is left behind after any one call was refused or lost."""

import copy
from pathlib import Path

import pytest

from ops.packaging.errors import DeployError
from ops.packaging.render import NATIVE
from tests.deploy.bench import Bench, text_of
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
    assert "put back; seen on the platform: 3 functions and 1 triggers as before" in run.message


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
    """Where its trigger was taken away and every POST of one is refused, the message says what that means."""
    run = Scene(staged, STATES["again"]).run(Fault("POST", "/triggers", 500))
    assert list(run.now[1]) == []
    assert "trigger raceday-minute: gone; before: starts raceday/master-race-scheduler at * * * * *" in run.message
    assert f"{SCHEDULER} has no trigger now: it stands still" in run.message
    assert "deploying: While deploying trigger 'raceday-minute': Request failed with status code 500\n" in run.message


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
    bench.deploy(fewer, keep=True)
    assert "raceday/two" in bench.host.functions
    bench.deploy(fewer)
    assert set(bench.host.functions) == {"raceday/one", SCHEDULER, "raceday/theirs"}


def test_a_hash_that_looks_like_a_number_arrives_as_text(tmp_path: Path) -> None:
    """An annotation of digits with one `e` is quoted, so that a good deployment is not undone."""
    bench = Bench(tmp_path)
    text = text_of().replace("name: two\n", "name: two\n        annotations: {seed-size: '1234567890123e45'}\n")
    bench.deploy(text)
    notes = {a["key"]: a["value"] for a in bench.host.functions["raceday/two"]["annotations"]}
    assert notes["seed-size"] == "1234567890123e45"


def test_a_stop_by_hand_is_undone(staged: Bench) -> None:
    """Ctrl-C between the deployment and its verification puts back what stood before."""
    Scene(staged, STATES["again"]).run()
    old = copy.deepcopy(staged.there())
    fake, parts = staged.fake, staged.stage(text_of(memory=1024))
    stopped: list[bool] = []

    def stop_once(words, env):  # type: ignore[no-untyped-def]
        finished = fake(words, env)
        if words[1] == "deploy" and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        return finished

    staged.fake = stop_once  # type: ignore[assignment]
    try:
        with pytest.raises(DeployError, match="stopped by hand"):
            staged.carry(*parts)
    finally:
        staged.fake = fake
    assert staged.there() == old
