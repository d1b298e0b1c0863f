"""`./raceday measure`: deployed functions time themselves, and the figures say which sizes keep polls punctual."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import cli
from local.functions import ROOT
from local.host.function import staged_function
from local.host.namespace import Namespace
from local.host.server import HostServer
from local.work import measure as command
from ops.measure import Measured, Measurer, late, verdicts
from ops.packaging.project import FILE_NAME, read_project
from ops.packaging.render import render
from ops.packaging.sources import SOURCES
from ops.packaging.stage import Stager
from ops.timed import MeasureFailed, TimedRun, memory_mb, timed_run
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


def set_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command find a platform."""
    monkeypatch.setenv("RACEDAY_API_HOST", "https://faas.test")
    monkeypatch.setenv("RACEDAY_NAMESPACE", "fn-x")
    monkeypatch.setenv("RACEDAY_NAMESPACE_KEY", KEY)


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


def scheduler(*runs: TimedRun) -> Measured:
    """Return a scheduler at the seed's memory, in time."""
    return Measured(SCHEDULER.name, SCHEDULER.memory("seed"), runs or (run(init=1500), run()))


@pytest.mark.parametrize(
    ("found", "told", "open_kinds"),
    [
        ([scheduler(run()), poller()], "punctual as far as warm starts go", [(SCHEDULER.name, "cold")]),
        (
            [scheduler(), Measured(POLLER.name, 1024, (run(),))],
            "punctual as far as warm starts go",
            [(POLLER.name, "cold")],
        ),
        (
            [scheduler(), Measured(POLLER.name, 1024, (run(init=5),))],
            "punctual as far as cold starts go",
            [(POLLER.name, "warm")],
        ),
        (
            [scheduler(run()), Measured(POLLER.name, 1024, (run(init=5),))],
            "left open",
            [(SCHEDULER.name, "cold"), (POLLER.name, "warm")],
        ),
        ([scheduler(), poller(), Measured(TRACKER.name, TRACKER.memory("seed"), (run(),))], "punctual", []),
    ],
)
def test_what_no_start_has_shown_is_called_open(
    found: list[Measured], told: str, open_kinds: list[tuple[str, str]]
) -> None:
    """Punctual without a limit is only what was seen start cold and warm; what the two did not show is named."""
    seed = verdicts(found)[: 1 + len(open_kinds)]
    assert seed[0] == f"seed: {told}{'' if told == 'left open' else ' (measured)'}"
    assert [line.split(", ")[0] for line in seed[1:]] == [f"  {name}: no start was {kind}" for name, kind in open_kinds]


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


HUGE = 10**400
NO_NUMBERS: list[Any] = ["nan", "40", None, True, [], {}, float("nan"), float("inf"), HUGE]
RECORD = "response.result."
PATHS = (
    "annotations.waitTime",
    "annotations.initTime",
    f"{RECORD}work_ms",
    f"{RECORD}work_cpu_ms",
    f"{RECORD}import_ms",
)


def answered(field: str, value: Any) -> dict[str, Any]:
    """Return an activation's record with one field of it another, or left out where the value is Ellipsis."""
    notes: dict[str, Any] = {"waitTime": 40, "initTime": 900}
    result: dict[str, Any] = {"work_ms": 200.0, "work_cpu_ms": 100.0, "import_ms": 150.0}
    told = notes if field.startswith("annotations.") else result
    told[field.rpartition(".")[2]] = value
    listed = [{"key": key, "value": each} for key, each in notes.items() if each is not ...]
    return {"annotations": listed, "response": {"result": {k: v for k, v in result.items() if v is not ...}}}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, value) for field in PATHS for value in NO_NUMBERS if (field, value) != (f"{RECORD}import_ms", None)),
        *((field, -0.5) for field in PATHS),
        *((field, ...) for field in PATHS if not field.endswith(("initTime", "import_ms"))),
        *((f"{RECORD}{clock}", 0.0) for clock in ("work_ms", "work_cpu_ms")),
        (f"{RECORD}work_cpu_ms", 221),
    ],
)
def test_no_figure_is_taken_that_is_none(field: str, value: Any) -> None:
    """A time that is no finite number, below nought, absent or more of a processor than of the wall is told by name."""
    with pytest.raises(MeasureFailed) as failed:
        timed_run(POLLER.name, answered(field, value))
    assert str(failed.value).startswith(f"{POLLER.name}: {field}: expected ")


@pytest.mark.parametrize(
    ("field", "value"), [(PATHS[1], ...), (PATHS[4], ...), (PATHS[4], None), (PATHS[0], 0), (PATHS[3], 219)]
)
def test_what_may_be_absent_or_nought_is_taken(field: str, value: Any) -> None:
    """A warm start has no initTime, a machine may start no second process, and a clock of ticks is a bit ahead."""
    run = timed_run(POLLER.name, answered(field, value))
    assert (run.init_ms is None) == (field == PATHS[1])
    assert (run.import_ms is None) == (field == PATHS[4])


NO_RECORDS: list[tuple[Any, str]] = [
    (None, "the answer"),
    ([], "the answer"),
    ("well", "the answer"),
    ({}, "annotations"),
    ({"annotations": None}, "annotations"),
    ({"annotations": {}}, "annotations"),
    ({"annotations": [None]}, "annotations"),
    ({"annotations": []}, "response"),
    ({"annotations": [], "response": None}, "response"),
    ({"annotations": [], "response": []}, "response"),
    ({"annotations": [], "response": {"result": None}}, "response.result"),
    ({"annotations": [], "response": {"result": [1]}}, "response.result"),
]


@pytest.mark.parametrize(("record", "field"), NO_RECORDS)
def test_an_answer_that_is_no_record_is_told(record: Any, field: str) -> None:
    """Whatever JSON comes instead of an activation's record is an error with function and field, never a traceback."""
    with pytest.raises(MeasureFailed, match=f"^{POLLER.name}: {field}: expected a"):
        timed_run(POLLER.name, record)


@pytest.mark.parametrize("memory", [None, True, 0, -512, 512.0, "512", [], float("inf")])
def test_a_memory_that_is_none_is_told(memory: Any) -> None:
    """Megabytes are a whole number above nought."""
    with pytest.raises(MeasureFailed, match=r"limits\.memory: expected a whole number"):
        memory_mb(POLLER.name, {"limits": {"memory": memory}})


@pytest.mark.parametrize("described", [None, [], {}, {"limits": None}, {"limits": []}])
def test_a_description_without_limits_is_told(described: Any) -> None:
    """What describes no function is an error with the field's name."""
    with pytest.raises(MeasureFailed, match=rf"^{POLLER.name}: (the answer|limits): expected a JSON object"):
        memory_mb(POLLER.name, described)


PAGES = ["<html>200</html>", "", "null", "[]", '{"response": null}', "[" * 100_000, "1" * 5000]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page[:20])
def test_a_page_with_status_200_ends_the_command_with_3(
    page: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTML, a list or nothing at all where JSON is due is one line on standard error."""
    set_platform(monkeypatch)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text=page))
    monkeypatch.setattr(command, "Measurer", lambda settings: Measurer(settings, transport))
    assert cli.main(["measure", "--only", POLLER.name, "--runs", "1"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"raceday measure: {POLLER.name}: ")


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
    set_platform(monkeypatch)
    for init_ms, code in ((900, 0), (9500, 1)):
        platform = FakePlatform(init_ms=init_ms)
        monkeypatch.setattr(command, "Measurer", lambda settings, there=platform: Measurer(settings, there))
        assert cli.main(["measure", "--only", SCHEDULER.name, "--runs", "1"]) == code
    assert "seed: NOT punctual (measured)" in capsys.readouterr().out
