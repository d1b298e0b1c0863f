"""What the doctor says of the deployment is what the platform has, or that it was not asked."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from local.work.doctor import told_once
from ops.doctor import Diagnosis
from ops.doctor_functions import Tree
from ops.doctor_platform import deployment
from ops.doctor_triggers import command, declared
from ops.packaging.doctl import Doctl, key_advice
from ops.packaging.lock import ROOT
from ops.packaging.project import FILE_NAME, FunctionSpec, Limits, read_project
from ops.packaging.standing import TriggerThere
from raceday.settings import Settings
from tests.deploy.fake.doctl import FakeDoctl
from tests.deploy.fake.host import HOST, FakeHost, Fault

NAMES = ("raceday/daily-meetings", "raceday/alert-evaluator", "raceday/master-race-scheduler")
SETTINGS = Settings(platform_host=HOST, platform_namespace="fn-acc", platform_key="dof_v1_a:b")
MINUTE = {"minute": TriggerThere("minute", NAMES[2], "* * * * *")}
DOG = TriggerThere("dog", NAMES[0], "* * * * *", body='{"watchdog": true}')
DAILY = TriggerThere("daily", NAMES[0], "0 17 * * *")
KINDS = {"single": {**MINUTE, "dog": DOG}, "native": {**MINUTE, "dog": DOG, "daily": DAILY}}
SECRET, PARTNER = "a-secret-of-sixteen-letters", "a-partner-of-ours"
VALUES = {"RACEDAY_WEB_SECRET": SECRET, "NZTAB_PARTNER_ID": PARTNER, "RACEDAY_LOG_LEVEL": "debug "}
LIMITS = Limits(10_000, 512, 256)
FIRST = FunctionSpec("daily-meetings", "raceday", "python:3.11", "raw", "${RACEDAY_WEB_SECRET}", LIMITS,
                     {"NZTAB_PARTNER_ID": "NZTAB_PARTNER_ID", "RACEDAY_LOG_LEVEL": "RACEDAY_LOG_LEVEL"})  # fmt: skip
SEED = (
    FIRST,
    *(FunctionSpec(n.partition("/")[2], "raceday", "python:3.11", False, False, LIMITS, {}) for n in NAMES[1:]),
)
LEAN = tuple(replace(spec, limits=replace(LIMITS, memory_mb=128)) for spec in SEED)
TREE = Tree(
    NAMES, "this", {"library": "this"}, {"single": MINUTE, "native": MINUTE}, {"seed": SEED, "lean": LEAN}, VALUES
)


def notes(**found: Any) -> list[dict[str, Any]]:
    """Return annotations as the platform keeps them."""
    return [{"key": key.replace("_", "-"), "value": value} for key, value in found.items()]


class Platform:
    """A namespace with functions of one library, and a scheduler with one trigger."""

    def __init__(self, library: str = "this", names: tuple[str, ...] = NAMES) -> None:
        self.host = FakeHost()
        for name in names:
            self.put(name, library)
        self.trigger("minute")

    def put(self, name: str, library: str = "") -> None:
        """Deploy a function."""
        body: dict[str, Any] = {
            "annotations": notes(library_hash=library), "exec": {"kind": "python:3.11", "binary": True},
            "limits": {"timeout": 10_000, "memory": 512, "logs": 256, "concurrency": 1}, "parameters": [],
        }  # fmt: skip
        if name == NAMES[0]:
            body["annotations"] += notes(web_export=True, raw_http=True, require_whisk_auth=SECRET)
            sent = {"NZTAB_PARTNER_ID": PARTNER, "RACEDAY_LOG_LEVEL": "debug"}
            body["parameters"] = [{"key": key, "value": value} for key, value in sent.items()]
        self.host.ask(HOST, "PUT", f"/api/v1/namespaces/_/actions/{name}", body)

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
    assert told(Platform().lines(tree=replace(TREE, record={}))) == [("ok", "deployment"), ("ok", "trigger")]
    (line, _) = Platform("older").lines()
    assert (line.level, all(name in line.found for name in NAMES)) == ("warning", True)


def note(entity: dict[str, Any], key: str, value: Any) -> None:
    """Have one annotation of a function say something else."""
    (found,) = [each for each in entity["annotations"] if each["key"] == key]
    found["value"] = value


def value(entity: dict[str, Any], name: str, value: Any) -> None:
    """Have one variable of a function hold something else."""
    entity["parameters"] = [each for each in entity["parameters"] if each["key"] != name]
    entity["parameters"].append({"key": name, "value": value})


CHANGED: dict[str, tuple[Callable[[dict[str, Any]], Any], str, str]] = {
    "memory": (lambda e: e["limits"].update(memory=128), "warning", "memory is 128 there, 512 is declared"),
    "timeout": (lambda e: e["limits"].update(timeout=9), "warning", "timeout is 9 there, 10000 is declared"),
    "runtime": (lambda e: e["exec"].update(kind="python:3.9"), "warning", "its runtime there is python:3.9"),
    "open to everybody": (
        lambda e: note(e, "require-whisk-auth", False), "failing", "access there is not web, with secret",
    ),
    "another secret": (
        lambda e: note(e, "require-whisk-auth", "hush"), "warning", "other there than set here: RACEDAY_WEB_SECRET",
    ),
    "a stale id": (
        lambda e: value(e, "NZTAB_PARTNER_ID", "hush"), "warning", "other there than set here: NZTAB_PARTNER_ID",
    ),
    "a lost id": (lambda e: e["parameters"].clear(), "warning", "than set here: NZTAB_PARTNER_ID, RACEDAY_LOG_LEVEL"),
    "one unset here": (
        lambda e: value(e, "RACEDAY_ALARM_URL", "hush"), "warning", "set there and not here: RACEDAY_ALARM_URL",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "level", "said"), CHANGED.values(), ids=CHANGED.keys())
def test_what_was_changed_by_hand_is_told(change: Callable[[dict[str, Any]], Any], level: str, said: str) -> None:
    """The library alone says nothing of limits, access and variables: each is told by name, and no value is."""
    platform = Platform()
    (whole, _) = platform.lines()
    for what in ("library", "memory", "timeout", "access", "variables", "sizes seed"):
        assert what in whole.found
    change(platform.host.functions[NAMES[0]])
    (line, trigger) = platform.lines()
    assert (line.level, line.what, trigger.level) == (level, "deployment", "ok")
    assert line.found.startswith(f"{NAMES[0]}: ")
    assert said in line.found
    assert line.advice.startswith("run `./raceday deploy`, which sends")
    assert not any(secret in f"{line} {TREE}" for secret in (SECRET, PARTNER, "hush"))


def test_a_difference_of_many_is_told_once() -> None:
    """One line names the functions that have it."""
    platform = Platform()
    for name in NAMES[:2]:
        platform.host.functions[name]["limits"]["timeout"] = 9
    (line, _) = platform.lines()
    assert line.found == f"{NAMES[0]}, {NAMES[1]}: timeout is 9 there, 10000 is declared"


def test_the_sizes_that_stand_count() -> None:
    """A namespace that was deployed lean from elsewhere is well, and one of its functions at seed's memory is not."""
    platform = Platform()
    for name in NAMES:
        platform.host.functions[name]["limits"]["memory"] = 128
    assert "(sizes lean)" in platform.lines()[0].found
    platform.host.functions[NAMES[0]]["limits"]["memory"] = 512
    (line, _) = platform.lines()
    assert line.found == f"{NAMES[0]}: memory is 512 there, 128 is declared"
    assert line.advice.startswith("run `./raceday deploy --sizes lean`")


def test_what_is_unset_here_is_not_said_to_be_another() -> None:
    """Of a value that is needed and not here nothing can be said but that it was not compared."""
    (line, _) = Platform().lines(tree=replace(TREE, values={"RACEDAY_LOG_LEVEL": "debug"}))
    assert line.level == "ok"
    assert line.found.endswith("; unset here and not compared: NZTAB_PARTNER_ID, RACEDAY_WEB_SECRET")


@pytest.mark.parametrize("content", [None, b"<html>", b"7", b'{"name": "x"}'])
def test_a_function_that_was_not_read_is_no_ok(content: bytes | None) -> None:
    """Where the list came and one function did not, the line says that its settings were not compared."""
    platform = Platform()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(NAMES[0]):
            return httpx.Response(500) if content is None else httpx.Response(200, content=content)
        return platform._answer(request)

    client = Doctl({}, FakeDoctl(platform.host), pause=lambda secs: None)
    (line, _) = deployment(SETTINGS, TREE, client, httpx.MockTransport(answer))
    assert line.level == "warning"
    assert line.found.startswith(f"{NAMES[0]}: settings not compared: it ")


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
    """A second one and one that is off are failing; a doctl that is connected elsewhere was not asked."""
    platform = Platform()
    assert told(platform.lines(stored_namespace="fn-two"))[1] == ("warning", "trigger")
    platform.trigger("second")
    (line,) = platform.lines()[1:]
    assert (line.level, line.found.startswith("second starts")) == ("failing", True)
    assert "`doctl serverless undeploy --triggers second`" in line.advice
    platform.trigger("second", enabled=False)
    assert told(platform.lines())[1] == ("ok", "trigger")
    platform.trigger("minute", enabled=False)
    assert told(platform.lines())[1] == ("failing", "trigger")


def declared_there() -> Platform:
    """Return a platform with the triggers of a single deployment."""
    platform = Platform()
    platform.trigger("dog")
    details = {"cron": "* * * * *", "body": {"watchdog": True}}
    platform.host.triggers["dog"] |= {"function": NAMES[0], "scheduled_details": details}
    return platform


OTHERWISE: dict[str, tuple[str, dict[str, Any], str]] = {
    "another cron": (
        "minute",
        {"scheduled_details": {"cron": "0 3 * * *"}},
        "at 0 3 * * *; declared is that it",
    ),
    "off": ("minute", {"is_enabled": False}, "* * * * *, switched off; declared"),
    "no body": ("dog", {"scheduled_details": {"cron": "* * * * *"}}, 'with {"watchdog": true}'),
    "another function": ("dog", {"function": NAMES[1]}, f"starts {NAMES[1]} at"),
}


@pytest.mark.parametrize(("name", "other", "said"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_a_trigger_that_is_not_as_declared_is_failing(name: str, other: dict[str, Any], said: str) -> None:
    """Each is told with what it does, what it should do, and the command that mends it; the others are not told."""
    tree = replace(TREE, triggers=KINDS)
    platform = declared_there()
    assert told(platform.lines(tree=tree)) == [("ok", "deployment"), ("ok", "trigger")]
    platform.host.triggers[name] |= other
    (line,) = platform.lines(tree=tree)[1:]
    assert (line.level, line.found.startswith(f"{name} starts"), said in line.found) == ("failing", True, True)
    assert line.advice == "run `./raceday deploy`: it mends it"


def test_a_trigger_that_is_missing_or_anothers_is_failing() -> None:
    """One that is gone is made by a deployment; one that starts what is not ours has to be removed first."""
    tree, platform = replace(TREE, triggers=KINDS), declared_there()
    platform.host.triggers["dog"]["function"] = "other/thing"
    removed = "run `doctl serverless undeploy --triggers dog`, then `./raceday deploy`"
    (line,) = platform.lines(tree=tree)[1:]
    assert line.advice == f"{removed}: the function that it starts is gone"
    platform.put("other/thing")
    (line,) = platform.lines(tree=tree)[1:]
    assert line.advice == f"{removed}: it is not ours"
    del platform.host.triggers["dog"]
    (line,) = platform.lines(tree=tree)[1:]
    assert (line.level, line.found.startswith("dog is missing")) == ("failing", True)
    assert line.advice == "run `./raceday deploy`: it makes it"


def test_the_triggers_of_the_last_deployment_count() -> None:
    """After native triggers were deployed each of them is wanted, and mended by the command that keeps them."""
    record = {"functions": {"daily-meetings": {"triggers": [["daily", "0 17 * * *", True]]}}}
    (line,) = declared_there().lines(tree=replace(TREE, triggers=KINDS, record=record))[1:]
    assert (line.found.startswith("daily is missing"), line.advice) == (
        True, "run `./raceday deploy --triggers native`: it makes it",
    )  # fmt: skip
    platform = declared_there()
    platform.trigger("daily")
    (line,) = platform.lines(tree=replace(TREE, triggers=KINDS, record={}))[1:]
    assert f"daily starts {NAMES[2]}" in line.found
    assert "native" in line.advice


def test_the_project_declares_scheduler_and_watchdog_in_both_kinds() -> None:
    """What the doctor compares with is what a deployment makes, the watchdog's body included."""
    kinds = declared(read_project(ROOT / FILE_NAME))
    both = {"raceday-every-minute", "raceday-watchdog"}
    assert set(kinds["single"]) == both
    assert both < set(kinds["native"])
    assert kinds["single"]["raceday-watchdog"].body == '{"watchdog": true}'


NOT_ASKED: dict[str, tuple[dict[str, Any], list[Fault], str, str]] = {
    "the list of triggers": (
        {}, [Fault("GET", "/triggers$", 500)], "not asked: `doctl serverless triggers list` failed: ", "see `doctl ",
    ),
    "no token": ({"token": False}, [], "not asked: `doctl serverless status` failed: doctl's token is missing", ""),
    "no key": ({"key": ""}, [], "which doctl tells in the same words", key_advice("fn-acc")),
    "no doctl": ({"installed": False}, [], "serverless support is missing: run `doctl serverless install`", ""),
}  # fmt: skip


@pytest.mark.parametrize(("doctl", "faults", "found", "advice"), NOT_ASKED.values(), ids=NOT_ASKED.keys())
def test_what_failed_is_told_where_triggers_were_not_asked(
    doctl: dict[str, Any], faults: list[Fault], found: str, advice: str
) -> None:
    """Another connection, a refused list, a lost token and no key each say so, and no advice stands in the finding."""
    platform = Platform()
    platform.host.faults = faults
    (line,) = platform.lines(**doctl)[1:]
    assert (line.level, line.what, line.found.startswith("not asked: ")) == ("warning", "trigger", True)
    assert found in line.found
    assert (line.advice.startswith(advice), "key create" in line.found) == (True, False)
    assert bool(line.advice) == bool(advice)


def test_a_doctl_that_is_connected_elsewhere_was_not_asked() -> None:
    """Its triggers are another namespace's: which it is stands in the line."""
    platform = Platform()
    platform.host.namespace = "fn-two"
    (line,) = platform.lines(stored_namespace="fn-two")[1:]
    assert (line.level, line.found) == ("warning", "not asked: doctl is connected to fn-two")
    assert line.advice.startswith("connect doctl to fn-acc")


def test_a_deployment_is_advised_with_the_options_that_it_had() -> None:
    """Without its limit a plan of native triggers is refused, and without its sizes the memory is another."""
    kinds = declared(read_project(ROOT / FILE_NAME))
    native = {"functions": {"daily-meetings": {"triggers": [["raceday-daily-meetings", "0 17 * * *", True]]}}}
    many = len(kinds["native"])
    assert many > 3
    assert command(kinds, native, []) == f"`./raceday deploy --triggers native --triggers-limit {many}`"
    lean = {"functions": {name: {"limits": [1, mb, 1]} for name, mb in (("daily-meetings", 128), ("daily-races", 128))}}
    assert command(kinds, lean, []) == "`./raceday deploy --sizes lean`"
    lean["functions"]["daily-races"]["limits"][1] = 256
    assert command(kinds, lean, []) == "`./raceday deploy`"
    (line, *_) = Platform(names=NAMES[2:]).lines(tree=replace(TREE, triggers=KINDS, record=native))
    assert line.advice == "run `./raceday deploy`"
    daily = {"functions": {"daily-meetings": {"triggers": [["daily", "0 17 * * *", True]]}}}
    (line, *_) = Platform(names=NAMES[2:]).lines(tree=replace(TREE, triggers=KINDS, record=daily))
    assert line.advice == "run `./raceday deploy --triggers native`"
    (line, *_) = Platform("older").lines(tree=replace(TREE, triggers=KINDS, record=daily))
    assert line.advice == "run `./raceday deploy --triggers native --plan`"


def test_a_trigger_of_a_former_package_names_the_option_that_moves_it() -> None:
    """What starts our function of another package is not called a stranger's."""
    platform = declared_there()
    platform.host.triggers["minute"]["function"] = "old/master-race-scheduler"
    platform.put("old/master-race-scheduler")
    (line,) = platform.lines(tree=replace(TREE, triggers=KINDS))[1:]
    assert "where old is the package's former name, run `./raceday deploy --renamed-from old`" in line.advice


def test_an_advice_is_told_once() -> None:
    """A later line that is mended in the same way names the first, and says what it has beside it."""
    advised = [("a", "run x"), ("b", ""), ("c", "run x"), ("d", "run x; and y"), ("e", "do z")]
    lines = [Diagnosis("failing", what, "wrong", advice) for what, advice in advised]
    assert list(told_once(lines)) == ["run x", "", "as for a above", "as for a above; and y", "do z"]
