"""All twelve functions under each single fault, and each fault of the undo: never a difference that is not told.

The suite lets functions take turns in the answers; `RACEDAY_FAULTS=all` gives every call every answer.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions import ROOT
from ops.packaging.dists import PLATFORM_PYTHON, Site
from ops.packaging.environment import names
from ops.packaging.project import parse_project
from raceday.catalogue.functions import NAMES
from tests.deploy.bench import Bench
from tests.deploy.fake.host import Fault
from tests.deploy.faulted import FOR_EVER, ONCE, WHILE_TRIED, Run, Scene, There, each_fault

SHARE = 1.0 if os.environ.get("RACEDAY_FAULTS") == "all" else 0.5
TEXT = (ROOT / "project.yml").read_text("utf-8")
NEXT = TEXT.replace("memory: 512", "memory: 256")
_AT, _END = TEXT.partition("raceday-every-minute")[::2]
# A trigger that stands as it is meant to is not touched: the watchdog's, while the scheduler's is to be made anew.
AGAIN = f"{_AT}raceday-every-minute{_END.replace('* * * * *', '*/2 * * * *', 1)}"
STATES = {"first": "", "again": AGAIN, "other trigger": TEXT.replace("raceday-every-minute", "raceday-before")}
if SHARE == 1:
    # The suite does this with four functions.
    STATES["renamed"] = TEXT.replace("name: raceday\n", "name: before\n")
FIRST = {
    "a PUT": Fault("PUT", "actions/raceday/single-race-poller[?]", 500, times=1),
    "a trigger": Fault("POST", "/triggers$", 422, times=1),
}
MODES = {"once": ONCE, "while it is tried": WHILE_TRIED, "from then on": FOR_EVER}


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The real project over an empty platform, with functions of a few bytes."""
    bench = Bench(tmp_path_factory.mktemp("twelve"), NAMES, Site("host", PLATFORM_PYTHON, "none", {}))
    needed = {name for spec in parse_project(TEXT).functions for name in names(spec, {}).missing}
    bench.env.update({name: f"value-of-{name.lower()}" for name in needed})
    with pytest.MonkeyPatch.context() as patch:
        # Each deployment writes and removes a tree: where it can, in memory.
        patch.setattr(tempfile, "tempdir", "/dev/shm" if Path("/dev/shm").is_dir() else None)
        yield bench


@pytest.fixture(scope="module", params=STATES.values(), ids=list(STATES))
def scene(request: pytest.FixtureRequest, twelve: Bench) -> Scene:
    """Twelve functions in a state before, and their next version staged."""
    return Scene(twelve, request.param, NEXT, "before" if "name: before" in request.param else "")


def own(there: There) -> There:
    """Return what stands without functions of a former package: one that is left over is told and in nobody's way."""
    functions, triggers = there
    return ({name: each for name, each in functions.items() if not name.startswith("before/")}, triggers)


def judge(good: Run, faulted: Iterator[tuple[str, Run]]) -> tuple[Counter[str], list[str]]:
    """Count how runs ended, and return what is wrong with them."""
    ends: Counter[str] = Counter()
    wrong: list[str] = []
    for name, run in faulted:
        end = run.end(good.now)
        ends["left over" if end == "told" and not run.message and own(run.now) == own(good.now) else end] += 1
        wrong += [f"{name}: untold {each}: {run.message}" for each in run.untold(good.now)]
        if run.claims_as_before() and run.now != run.old:
            wrong.append(f"{name}: not as before: {run.message}")
        if run.most_schedulers > 1:
            wrong.append(f"{name}: two schedulers: {run.message}")
    return ends, wrong


@pytest.mark.parametrize("times", MODES.values(), ids=MODES.keys())
def test_no_fault_leaves_a_difference_untold(
    scene: Scene, times: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever call is refused or lost, the platform is as before or as meant, or the message names what differs.

    A fault that strikes once leaves the undo a platform that answers: telling what differs is then not enough.
    """
    good = scene.run()
    there = {name for name in good.now[0] if not name.startswith("before/")}
    assert (good.message, good.most_schedulers, there) == ("", 1, {f"raceday/{name}" for name in NAMES})
    ends, wrong = judge(good, ((str(f), scene.run(f)) for f in each_fault(good.asked, times, SHARE)))
    with capsys.disabled():
        print(f"\n{ends.total()} faults in {len(good.asked)} calls: {dict(ends)}, wrong {len(wrong)}")
    assert (wrong, ends["told"] if times == ONCE else 0) == ([], 0)


@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST.keys())
def test_no_fault_of_the_undo_leaves_a_difference_untold(
    scene: Scene, first: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deployment fails, and then any one call of what is left of it and of its undo as well."""
    good, failed = scene.run(), scene.run(first)
    since = next(i for i, (a, b) in enumerate(zip(good.asked, failed.asked, strict=False)) if a != b) + 1
    assert (bool(failed.message), failed.end(good.now)) == (True, "as before")
    second = list(each_fault(failed.asked, ONCE, SHARE, since))
    assert len(second) > 50
    ends, wrong = judge(good, ((f"{first} {fault}", scene.run(first, fault)) for fault in second))
    with capsys.disabled():
        print(f"\n{ends.total()} second faults: {dict(ends)}, wrong {len(wrong)}")
    assert wrong == []
