"""What the doctor says of the deployment is what the platform has, or that it was not asked."""

from typing import Any

import httpx
import pytest

from ops.doctor import Diagnosis
from ops.doctor_platform import Tree, deployment
from ops.packaging.doctl import Doctl
from raceday.settings import Settings
from tests.deploy.fake.doctl import FakeDoctl
from tests.deploy.fake.host import HOST, FakeHost

NAMES = ("raceday/daily-meetings", "raceday/alert-evaluator", "raceday/master-race-scheduler")
SETTINGS = Settings(platform_host=HOST, platform_namespace="fn-acc", platform_key="dof_v1_a:b")
TREE = Tree(NAMES, "this", {"library": "this"})


class Platform:
    """A namespace with functions of one library, and a scheduler with one trigger."""

    def __init__(self, library: str = "this", names: tuple[str, ...] = NAMES) -> None:
        self.host = FakeHost()
        for name in names:
            notes = [{"key": "library-hash", "value": library}]
            body = {"annotations": notes, "exec": {"binary": True}, "limits": {}}
            self.host.ask(HOST, "PUT", f"/api/v1/namespaces/_/actions/{name}", body)
        self.trigger("minute")

    def trigger(self, name: str, *, enabled: bool = True) -> None:
        details: dict[str, Any] = {"cron": "* * * * *"}
        self.host.triggers[name] = {
            "name": name, "function": NAMES[2], "is_enabled": enabled, "scheduled_details": details,
        }  # fmt: skip

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().replace("/fn-acc/", "/_/")
        answer = self.host.ask(HOST, request.method, path)
        return httpx.Response(answer.status, json=answer.body)

    def lines(self, settings: Settings = SETTINGS, tree: Tree = TREE, **doctl: Any) -> list[Diagnosis]:
        client = Doctl({}, FakeDoctl(self.host, **doctl), pause=lambda secs: None)
        return list(deployment(settings, tree, client, httpx.MockTransport(self._answer)))


def told(lines: list[Diagnosis]) -> list[tuple[str, str]]:
    """Return level and subject of each line."""
    return [(line.level, line.what) for line in lines]


def test_what_the_platform_has_counts_and_not_what_was_remembered() -> None:
    """With this library there all is ok whatever this checkout remembers; with another it is a warning all the same."""
    assert told(Platform().lines(tree=Tree(NAMES, "this", {}))) == [("ok", "deployment"), ("ok", "trigger")]
    (line, _) = Platform("older").lines()
    assert (line.level, all(name in line.found for name in NAMES)) == ("warning", True)


def test_functions_that_are_not_there_are_named() -> None:
    """A missing one is failing; an event function may have a namespace of its own, so that its lack is a warning."""
    lines = Platform(names=NAMES[2:]).lines()
    assert told(lines)[:2] == [("failing", "deployment"), ("warning", "deployment")]
    assert [NAMES[0] in lines[0].found, NAMES[1] in lines[1].found] == [True, True]


@pytest.mark.parametrize("ours", [200, 250])
def test_a_namespace_of_many_functions_is_read_to_its_end(ours: int) -> None:
    """What stands behind the first page is seen too."""
    others = tuple(f"other/f{n}" for n in range(ours))
    assert told(Platform(names=(*others, *NAMES)).lines()) == [("ok", "deployment"), ("ok", "trigger")]


@pytest.mark.parametrize(
    ("settings", "said"),
    [(Settings(), "is unset"), (Settings(platform_host=HOST, platform_namespace="fn-acc", platform_key="x:y"), "401")],
)
def test_a_platform_that_was_not_asked_is_no_ok(settings: Settings, said: str) -> None:
    """Without settings or with a refused key the line says that it was not asked, and what is only remembered."""
    transport = httpx.MockTransport(lambda _: httpx.Response(401, json={}))
    (line,) = deployment(settings, TREE, Doctl({}, FakeDoctl(FakeHost())), transport)
    assert (line.level, line.found.startswith("the platform was not asked")) == ("warning", True)
    assert said in line.found
    assert "this checkout last deployed this library" in line.found


def test_an_answer_that_is_no_list_of_functions_is_told() -> None:
    """HTML, a number and rows without names end in the same line, and never in a traceback."""
    for content in (b"<html>", b"7", b'[{"name": 1}]', b'["x"]', b'{"error": "x"}'):
        transport = httpx.MockTransport(lambda _, content=content: httpx.Response(200, content=content))
        (line,) = deployment(SETTINGS, TREE, Doctl({}, FakeDoctl(FakeHost())), transport)
        assert (line.level, "no list of functions" in line.found) == ("warning", True), content


def test_one_trigger_starts_the_scheduler_or_it_is_failing() -> None:
    """None, one that is off, and two are failing; a doctl that is connected elsewhere was not asked."""
    platform = Platform()
    assert told(platform.lines(stored_namespace="fn-two"))[1] == ("warning", "trigger")
    platform.trigger("second")
    assert (platform.lines()[1].level, "minute, second" in platform.lines()[1].found) == ("failing", True)
    platform.trigger("minute", enabled=False)
    assert told(platform.lines())[1] == ("ok", "trigger")
    platform.trigger("second", enabled=False)
    assert told(platform.lines())[1] == ("failing", "trigger")
