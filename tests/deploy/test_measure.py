"""`./raceday measure`: deployed functions time themselves, and the figures say which sizes keep polls punctual."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import cli
from local.commands import measure as command
from local.functions import ROOT
from local.host.function import staged_function
from local.host.namespace import Namespace
from local.host.server import HostServer
from ops.measure import Measured, MeasureFailed, Measurer, TimedRun, late, verdicts
from ops.packaging.project import FILE_NAME, read_project
from ops.packaging.render import render
from ops.packaging.sources import SOURCES
from ops.packaging.stage import Stager
from raceday.catalogue.functions import POLLER, SCHEDULER, SIZES, TRACKER
from raceday.settings import Settings
from tests.deploy.test_real_functions import NOWHERE
from tests.deploy.tiny import locked_site

KEY = "dof_v1_id:secret"
PLATFORM = Settings(
    platform_host="https://faas.test", platform_namespace="fn-x", platform_key=KEY, platform_package="raceday"
)


class FakePlatform(httpx.AsyncBaseTransport):
    """Answers blocking invocations as the platform does: `cold` of them with the time of an initialisation."""

    def __init__(self, *, cold: int = 2, init_ms: int = 900) -> None:
        self.cold, self.init_ms = cold, init_ms
        self.seen: list[httpx.Request] = []
        self.result: dict[str, Any] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Describe a function, or run one."""
        self.seen.append(request)
        if request.method == "GET":
            return httpx.Response(200, json={"limits": {"memory": 512}})
        notes = [{"key": "waitTime", "value": 40}]
        if self.cold > 0:
            self.cold -= 1
            notes.append({"key": "initTime", "value": self.init_ms})
        result = self.result or {"work_ms": 200.0, "work_cpu_ms": 100.0, "import_ms": 150.0}
        return httpx.Response(200, json={"annotations": notes, "response": {"result": result}})


def measured(platform: FakePlatform, name: str = SCHEDULER.name, runs: int = 2) -> Measured:
    """Measure one function on a fake platform."""
    return asyncio.run(Measurer(PLATFORM, platform).measure([name], runs))[0]


def test_each_function_is_started_at_once_and_then_warm() -> None:
    """As many runs at once as after one another, by the platform's key, waiting for the answer; cold ones are told."""
    platform = FakePlatform()
    found = measured(platform)
    posts = [request for request in platform.seen if request.method == "POST"]
    assert len(posts) == len(found.runs) == 4
    assert posts[0].url.path == f"/api/v1/namespaces/fn-x/actions/raceday/{SCHEDULER.name}"
    assert posts[0].url.params["blocking"] == "true"
    assert json.loads(posts[0].content) == {"measure": True}
    assert posts[0].headers["authorization"].startswith("Basic ")
    assert (len(found.cold), found.cold_ms, found.warm_ms, found.work_ms, found.share) == (2, 940, 40, 200, 0.5)


def run(*, wait: float = 50, init: float | None = None, work: float = 200, cpu: float = 200) -> TimedRun:
    """Make one run."""
    return TimedRun(wait, init, work, cpu, 100.0)


@pytest.mark.parametrize(
    ("function", "times", "told"),
    [
        (POLLER.name, (8000, 1400, 700), []),
        (POLLER.name, (9100, 1400, 700), ["a cold start takes 9.10 s, 9 s at most"]),
        (POLLER.name, (8000, 1600, 700), ["a warm start takes 1.60 s, 1.5 s at most"]),
        (POLLER.name, (8000, 1400, 800), ["the work of thirty polls takes 0.80 s, 0.75 s at most"]),
        (SCHEDULER.name, (7600, 5000, 300), []),
        (SCHEDULER.name, (7600, 5000, 500), ["a cold start with its work takes 8.10 s, 8 s at most"]),
        (TRACKER.name, (60_000, 60_000, 60_000), []),
    ],
)
def test_what_makes_polls_late_is_named(function: str, times: tuple[float, float, float], told: list[str]) -> None:
    """Limits are the scheduler's leads: a poller's starts and the work of an instant, and a tick's own start."""
    assert late(function, *times) == told


def poller() -> Measured:
    """Return a poller that is in time at the seed's memory."""
    return Measured(POLLER.name, POLLER.memory("seed"), (run(init=500), run()))


def test_sizes_that_are_not_deployed_are_reckoned_and_say_so() -> None:
    """With 512 MB deployed the scheduler's start is measured for the seed; with a quarter of the share lean is late."""
    found = Measured(SCHEDULER.name, 512, (run(init=1500, work=700, cpu=700), run(work=700, cpu=700)))
    lines = verdicts([found, poller()])
    assert lines[0] == "seed: punctual (measured)"
    assert lines[1].startswith("lean: NOT punctual (reckoned")
    assert "takes 9.00 s, 8 s at most" in lines[2]


def test_without_a_cold_start_the_verdict_says_what_is_open() -> None:
    """Where every container was warm nothing is known of cold ones, and the verdict says so."""
    lines = verdicts([Measured(SCHEDULER.name, 512, (run(),)), poller()])
    assert any("no start was cold" in line for line in lines)


@pytest.mark.parametrize("name", [SCHEDULER.name, POLLER.name])
def test_one_of_the_two_alone_leaves_punctuality_open(name: str) -> None:
    """What was not measured is called neither punctual nor late, at any sizes."""
    lacking = ({SCHEDULER.name, POLLER.name} - {name}).pop()
    lines = verdicts([Measured(name, 512, (run(init=1500), run()))])
    assert lines == [f"{sizes}: left open, {lacking} not measured" for sizes in SIZES]


def test_code_that_does_not_know_the_question_is_told() -> None:
    """A function deployed before this command polls nothing and measures nothing: the command says to deploy first."""
    platform = FakePlatform()
    platform.result = {"error": {"kind": "bad_request"}}
    with pytest.raises(MeasureFailed, match="deploy this code first"):
        measured(platform)


@pytest.mark.parametrize("times", [{"work_ms": 0.0}, {"work_cpu_ms": 0.0}])
def test_a_clock_that_stood_still_is_told(times: dict[str, float]) -> None:
    """Work that took no time by either clock gives no share of a processor, and no verdict."""
    platform = FakePlatform()
    platform.result = {"work_ms": 200.0, "work_cpu_ms": 100.0, "import_ms": 150.0, **times}
    with pytest.raises(MeasureFailed, match="saw no time pass"):
        measured(platform)


def test_a_platform_that_refuses_is_told() -> None:
    """A wrong key is an error with the platform's words, not a figure."""
    transport = httpx.MockTransport(lambda request: httpx.Response(401, json={"error": "invalid"}))
    with pytest.raises(MeasureFailed, match="answered 401"):
        asyncio.run(Measurer(PLATFORM, transport).measure([POLLER.name], 1))


def test_staged_functions_measure_themselves(tmp_path: Path) -> None:
    """The deploy tree's scheduler, on the local host over loopback: cold and warm starts, imports and work are told.

    Store and feed are nowhere: to be measured, a function asks neither.
    """
    project = read_project(ROOT / FILE_NAME, SOURCES.functions)
    text = render(project, names=[SCHEDULER.name])
    tree = Stager(project, SOURCES, locked_site()).stage(tmp_path / "tree", text, [SCHEDULER.name])
    spec = read_project(tree.root / FILE_NAME).function(SCHEDULER.name)
    hosted = staged_function(tree.function(SCHEDULER.name).archive, spec, {**NOWHERE, "RACEDAY_NAMESPACE_KEY": KEY})

    async def scenario() -> Measured:
        namespace = Namespace([hosted], name="fn-x")
        async with HostServer(namespace, KEY) as server:
            settings = Settings(
                platform_host=server.url, platform_namespace="fn-x", platform_key=KEY, platform_package="raceday"
            )
            return (await Measurer(settings).measure([SCHEDULER.name], 1))[0]

    found = asyncio.run(scenario())
    assert (found.memory_mb, len(found.cold), len(found.runs)) == (512, 1, 2)
    assert found.import_ms is not None
    assert min(found.cold_ms or 0, found.import_ms, found.work_ms) > 0
    assert 0 < found.share <= 1.05


def test_the_command_names_what_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown function is refused with the known ones; exit code 1 only where the deployed sizes make polls late."""
    assert cli.main(["measure", "--only", "nobody"]) == 2
    assert "expected functions of" in capsys.readouterr().err
    assert cli.main(["measure", "--only", " , "]) == 2
    assert "expected at least one function" in capsys.readouterr().err
    for name in ("RACEDAY_API_HOST", "RACEDAY_NAMESPACE", "RACEDAY_NAMESPACE_KEY"):
        monkeypatch.setenv(name, {"RACEDAY_API_HOST": "https://faas.test", "RACEDAY_NAMESPACE": "fn-x"}.get(name, KEY))
    for init_ms, code in ((900, 0), (9500, 1)):
        platform = FakePlatform(init_ms=init_ms)
        monkeypatch.setattr(command, "Measurer", lambda settings, there=platform: Measurer(settings, there))
        assert cli.main(["measure", "--only", SCHEDULER.name, "--runs", "1"]) == code
    assert "seed: NOT punctual (measured)" in capsys.readouterr().out
