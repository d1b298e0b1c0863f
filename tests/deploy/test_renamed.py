"""A package under a new name: its triggers move and its functions go, and no bad day of it leaves two schedulers."""

from typing import Any

import pytest

from ops.packaging.environment import environment_problems
from ops.packaging.errors import DeployError
from ops.packaging.project import parse_project
from tests.deploy.bench import Bench, text_of
from tests.deploy.fake.host import CUT, Answer, FakeHost, Fault
from tests.deploy.faulted import FOR_EVER, ONCE, Scene, each_fault
from tests.deploy.tiny import clause, project_text

EVENT = "alert-evaluator"
NAMES = ("one", "two", "master-race-scheduler", EVENT)
HERE = text_of(names=NAMES)
OLD = HERE.replace("name: raceday\n", "name: old\n")
OTHER_NAME = OLD.replace("raceday-minute", "old-minute")
NOT_RENAMED = "which is not deployed here and would lose it"


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A project of four functions, one of them called by webhooks, over an empty platform."""
    return Bench(tmp_path_factory.mktemp("renamed"), NAMES)


def ours(bench: Bench) -> dict[str, list[str]]:
    """Return the names of functions by package."""
    found: dict[str, list[str]] = {}
    for name in sorted(bench.host.functions):
        found.setdefault(name.partition("/")[0], []).append(name.partition("/")[2])
    return found


def refusal(bench: Bench, text: str = HERE, renamed_from: str = "") -> list[str]:
    """Return what a deployment is refused for, having seen that it asked for no change."""
    asked, there = len(bench.host.asked), bench.there()
    with pytest.raises(DeployError) as refused:
        bench.deploy(text, renamed_from=renamed_from)
    assert bench.there() == there
    assert all(line.startswith("GET ") for line in bench.host.asked[asked:])
    assert refused.value.problems[-1] == "nothing was asked to change"
    return list(refused.value.problems)


def test_a_renamed_package_is_refused_with_the_command_that_moves_it(staged: Bench) -> None:
    """Its trigger may be another suite's: nobody but its owner knows, so that both ways out are named."""
    Scene(staged, OLD)
    (told, _) = refusal(staged)
    assert "the trigger raceday-minute starts old/master-race-scheduler at * * * * *" in told
    assert "run `./raceday deploy --renamed-from old`, which moves its triggers" in told
    assert "if it is a suite of its own, name ours otherwise in project.yml" in told


@pytest.mark.parametrize("before", [OLD, OTHER_NAME], ids=["the same trigger", "another trigger"])
def test_triggers_move_and_functions_go(staged: Bench, before: str) -> None:
    """The new functions stand first; never two schedulers; what webhooks still go to is left, and told with its end."""
    run = Scene(staged, before, HERE, "old").run()
    assert (run.message, run.most_schedulers, set(run.now[1])) == ("", 1, {"raceday-minute"})
    assert staged.host.triggers["raceday-minute"]["function"] == "raceday/master-race-scheduler"
    assert ours(staged) == {"raceday": sorted(NAMES), "old": [EVENT]}
    changes = [call for call in run.asked if call.startswith(("PUT", "DELETE"))]
    last_put = max(i for i, call in enumerate(changes) if "PUT" in call and "/raceday/" in call and "sched" not in call)
    assert last_put < min(i for i, call in enumerate(changes) if call.startswith("DELETE"))
    (left,) = [line for line in run.said if line.startswith("left there, for webhooks")]
    assert f"run `./raceday webhooks apply` and then `doctl serverless undeploy old/{EVENT}`" in left
    assert any("removed what is no longer declared: old/master-race-scheduler, old/one, old/two" in x for x in run.said)
    assert not any("another scheduler is at work" in line for line in run.said)


def test_keep_leaves_the_functions_without_their_triggers(staged: Bench) -> None:
    """What is kept starts nothing any more."""
    Scene(staged, OTHER_NAME)
    staged.deploy(HERE, renamed_from="old", keep=True)
    assert ours(staged) == {"raceday": sorted(NAMES), "old": sorted(NAMES)}
    assert list(staged.host.triggers) == ["raceday-minute"]


@pytest.mark.parametrize("before", [OLD, OTHER_NAME], ids=["the same trigger", "another trigger"])
@pytest.mark.parametrize("times", [ONCE, FOR_EVER], ids=["once", "from then on"])
def test_no_fault_of_a_move_leaves_a_difference_untold(staged: Bench, before: str, times: tuple[int, int]) -> None:
    """Whatever call is refused or lost: as before, as meant or told, one scheduler at most, and none only if told."""
    scene = Scene(staged, before, HERE, "old")
    good = scene.run()
    wrong, ends = [], set()
    for fault in each_fault(good.asked, times, share=0.5):
        run = scene.run(fault)
        ends.add(run.end(good.now))
        started = staged.host.started_each_minute()
        if run.untold(good.now) or run.most_schedulers > 1 or (run.claims_as_before() and run.now != run.old):
            wrong.append(f"{fault}: {run.message} {run.said}")
        if not started and "it stands still" not in run.message and "could not be read" not in run.message:
            wrong.append(f"{fault}: nobody says that nothing starts a scheduler: {run.message}")
    assert wrong == []
    assert {"as before", "as meant"} < ends


def test_an_old_trigger_that_cannot_be_removed_gets_no_second_one_beside_it(staged: Bench) -> None:
    """A new trigger that the undo cannot remove holds back the former scheduler's, though it is another function."""
    faults = (
        Fault("GET", "/triggers", 500, after=1, times=18),
        Fault("DELETE", "/triggers/raceday-minute", 500, after=1),
    )
    run = Scene(staged, OTHER_NAME, HERE, "old").run(*faults)
    assert run.most_schedulers == 1
    assert set(run.now[1]) == {"raceday-minute"}
    assert "trigger old-minute: gone; before: starts old/master-race-scheduler" in run.message
    assert "remove it with `doctl serverless undeploy --triggers raceday-minute`" in run.message


def test_a_trigger_of_the_former_package_that_was_not_removed_is_seen(
    staged: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that says that it removed it and did not has a function started twice: nothing is verified there."""
    scene = Scene(staged, OLD, HERE, "old")
    details = {"cron": "0 17 * * *"}
    scene.state[1]["old-daily"] = {
        "name": "old-daily", "function": "old/one", "is_enabled": True, "scheduled_details": details,
    }  # fmt: skip
    asked = FakeHost._trigger

    def kept(host: FakeHost, method: str, name: str, body: Any) -> Answer:
        return Answer(204) if (method, name) == ("DELETE", "old-daily") else asked(host, method, name, body)

    monkeypatch.setattr(FakeHost, "_trigger", kept)
    run = scene.run()
    assert run.message.startswith("trigger old-daily: still there, it starts old/one at 0 17 * * *\n")
    assert set(run.now[0]) == set(run.old[0])


def test_a_scheduler_that_its_former_trigger_starts_does_not_stand_still(staged: Bench) -> None:
    """Where the new functions cannot be removed again, the former scheduler runs and the new one is told as left."""
    faults = (Fault("PUT", "actions/raceday/two", 500, times=1), Fault("DELETE", "actions/raceday/", 500))
    run = Scene(staged, OLD, HERE, "old").run(*faults)
    assert staged.host.triggers["raceday-minute"]["function"] == "old/master-race-scheduler"
    assert "raceday/master-race-scheduler: new, code" in run.message
    assert "stands still" not in run.message


def test_a_former_scheduler_that_stands_still_is_mended_first(staged: Bench) -> None:
    """A move that was cut when the trigger was gone is made again: the scheduler that stands gets one at once."""
    scene = Scene(staged, OLD, HERE, "old")
    scene.state[1].clear()
    run = scene.run(Fault("PUT", "actions/raceday/", CUT))
    assert staged.host.triggers["raceday-minute"]["function"] == "old/master-race-scheduler"
    assert "trigger raceday-minute: now: starts old/master-race-scheduler" in run.message
    run = scene.run()
    assert (run.message, run.most_schedulers) == ("", 1)
    assert staged.host.triggers["raceday-minute"]["function"] == "raceday/master-race-scheduler"


REFUSED = {
    "its own name": ("raceday", "project.yml deploys to raceday itself"),
    "none of ours": ("others", "no function of ours that is deployed here stands in the package others"),
}


@pytest.mark.parametrize(("package", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_former_name_that_holds_nothing_of_ours_is_refused(staged: Bench, package: str, said: str) -> None:
    """A mistyped name, and one of functions that a deployment of ours never made, ask for no change."""
    Scene(staged, OLD)
    theirs = {**staged.host.functions["old/one"], "annotations": [], "namespace": "fn-test/others"}
    staged.host.functions["others/one"] = theirs
    assert said in refusal(staged, renamed_from=package)[0]


def test_a_trigger_whose_function_is_gone_is_removed_first(staged: Bench) -> None:
    """It takes nothing from anybody: it is not told as another function's that would lose it."""
    Scene(staged, OLD)
    del staged.host.functions["old/master-race-scheduler"]
    (told, _) = refusal(staged)
    assert "which is gone from the namespace" in told
    assert "`doctl serverless undeploy --triggers raceday-minute`, and deploy again" in told
    assert NOT_RENAMED not in told


def test_a_function_of_somebody_elses_keeps_its_way_out(staged: Bench) -> None:
    """Where what the trigger starts is none of ours, or called otherwise, a move of a package is not offered."""
    Scene(staged, OLD)
    staged.host.functions["old/master-race-scheduler"]["annotations"] = []
    (told, _) = refusal(staged)
    assert NOT_RENAMED in told
    assert "--renamed-from" not in told
    assert "`doctl serverless undeploy --triggers raceday-minute`" in told


PACKAGES = {
    "the default, unset": ("raceday", "", ""),
    "another, unset": ("racing", "", "functions would be started in raceday; set it to racing"),
    "another, set": ("racing", "racing", ""),
    "the default, set to another": ("raceday", "racing", "functions would be started in racing; leave it unset"),
    "another, set to a third": ("racing", "third", "functions would be started in third; set it to racing"),
}


@pytest.mark.parametrize(("package", "value", "said"), PACKAGES.values(), ids=PACKAGES.keys())
def test_the_scheduler_is_told_the_package_of_what_it_starts(package: str, value: str, said: str) -> None:
    """Unset it means raceday: a suite of another package would have started the functions of that one, or none."""
    variable = "environment:\n  RACEDAY_PACKAGE: '${RACEDAY_PACKAGE}'"
    text = project_text(clause("master-race-scheduler", variable)).replace("name: raceday\n", f"name: {package}\n")
    found = environment_problems(parse_project(text).functions, {"RACEDAY_PACKAGE": value} if value else {})
    assert [bool(found), said in "; ".join(found)] == [bool(said), True]


def test_a_trigger_of_another_name_is_told_with_both_ways_out(staged: Bench) -> None:
    """A scheduler of ours in another package that nothing takes its trigger from is at work beside the new one."""
    Scene(staged, OTHER_NAME)
    staged.deploy(HERE)
    (line,) = [text for text in staged.said if "another scheduler is at work" in text]
    assert "`doctl serverless undeploy --triggers old-minute`" in line
    assert "`./raceday deploy --renamed-from old`" in line
