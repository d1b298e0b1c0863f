"""The functions host keeps the platform's contract, on both of its start paths."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.host.activation import Activation
from local.host.check import boot_all, boot_problems
from local.host.function import HostedFunction, StartPath, staged_function
from local.host.namespace import InvocationRefused, Namespace
from ops.packaging.archive import zip_bytes
from ops.packaging.project import Limits
from tests.deploy.tiny import GOOD, stage_tiny

PATHS = list(StartPath)


def hosted(source: str, *, files: Mapping[str, bytes] | None = None, **changes: Any) -> HostedFunction:
    """Return a function of one source file."""
    archive = zip_bytes({"__main__.py": source.encode(), **(files or {})}, compressed=True)
    limits = Limits(changes.pop("timeout_ms", 10_000), changes.pop("memory_mb", 256), changes.pop("logs_kb", 256))
    return HostedFunction(name=changes.pop("name", "f"), archive=archive, limits=limits, **changes)


async def run(function: HostedFunction, *events: dict[str, Any], **options: Any) -> list[Activation]:
    """Run a function once per event, one after another, in one namespace."""
    namespace = Namespace([function], **options)
    try:
        return [await namespace.invoke(function.full_name, event) for event in events or ({},)]
    finally:
        await namespace.close()


def once(function: HostedFunction, event: dict[str, Any] | None = None, **options: Any) -> Activation:
    """Run a function once."""
    return asyncio.run(run(function, event or {}, **options))[0]


@pytest.mark.parametrize("path", PATHS)
def test_a_staged_function_answers_in_a_clean_interpreter(tmp_path: Path, path: StartPath) -> None:
    """Our library and its packages come out of the staged folder, on both start paths."""
    project, staged = stage_tiny(tmp_path, {"good": GOOD})
    function = staged_function(staged.function("good").archive, project.function("good"), {})
    activation = once(function, {"name": "Ann"}, path=path)
    assert activation.result == {"said": "hello Ann", "module": "raceday_entrypoint", "left": True}


def test_staged_packages_win_over_preinstalled_ones(tmp_path: Path) -> None:
    """An image that already has an older package of the same name does not shadow the staged one."""
    (tmp_path / "image" / "httpx").mkdir(parents=True)
    (tmp_path / "image" / "httpx" / "__init__.py").write_text("__version__ = 'old'\n")
    source = "import httpx\n\ndef main(event, context):\n    return {'version': httpx.__version__}\n"
    project, staged = stage_tiny(tmp_path / "project", {"f": source})
    plain = staged_function(staged.function("f").archive, project.function("f"), {})
    function = HostedFunction(plain.name, plain.archive, plain.limits, preinstalled=(str(tmp_path / "image"),))
    assert once(function).result["version"] not in ("old", None)
    vendored = hosted(source, files={"httpx/__init__.py": b"__version__ = 'new'\n"}, preinstalled=function.preinstalled)
    assert once(vendored).result == {"version": "old"}


def test_zones_come_without_the_machines_own(tmp_path: Path) -> None:
    """An image without zone files still knows Auckland."""
    source = "from zoneinfo import ZoneInfo\n\ndef main(event, context):\n"
    source += "    return {'z': str(ZoneInfo('Pacific/Auckland'))}\n"
    project, staged = stage_tiny(tmp_path, {"f": source})
    function = staged_function(staged.function("f").archive, project.function("f"), {})
    assert once(function).result == {"z": "Pacific/Auckland"}


@pytest.mark.parametrize(
    ("path", "last"), [(StartPath.PRELAUNCHER, True), (StartPath.LAUNCHER, False)], ids=["prelauncher", "launcher"]
)
def test_the_folder_is_last_on_one_path_and_first_on_the_other(path: StartPath, last: bool) -> None:
    """The working folder's place on the path is the platform's, and so is the module's name."""
    source = (
        "import os, sys\n\ndef main(event, context):\n"
        "    return {'last': sys.path[-1] == os.getcwd(), 'first': sys.path[0] == os.getcwd(), 'name': __name__,\n"
        "            'forwarded': 'LOG_DESTINATIONS' in os.environ}\n"
    )
    expected = {"last": last, "first": not last, "name": "main__", "forwarded": not last}
    assert once(hosted(source), path=path).result == expected


def test_environment_and_context_are_the_platforms() -> None:
    """`__OW_*`, the declared environment and the context tell the same activation."""
    source = (
        "import os\n\ndef main(event, context):\n"
        "    return {'id': context.activation_id == os.environ['__OW_ACTIVATION_ID'],\n"
        "            'name': context.function_name, 'given': os.environ['GIVEN'],\n"
        "            'home': os.environ.get('VIRTUAL_ENV'),\n"
        "            'deadline': context.deadline == int(os.environ['__OW_DEADLINE'])}\n"
    )
    activation = once(hosted(source, environment={"GIVEN": "yes"}))
    assert activation.result == {
        "id": True,
        "name": "/fn-local/raceday/f",
        "given": "yes",
        "home": None,
        "deadline": True,
    }


@pytest.mark.parametrize(
    ("signature", "expected"),
    [("", {"n": 0}), ("event", {"n": 1}), ("event, context", {"n": 2}), ("event, context=None", {"n": 2})],
)
def test_arity_decides_the_call(signature: str, expected: dict[str, int]) -> None:
    """`main` is called with as many arguments as its code object counts."""
    source = f"def main({signature}):\n    return {{'n': len([v for v in locals().values() if v is not None])}}\n"
    assert once(hosted(source), {"a": 1}).result == expected


def test_globals_live_as_long_as_the_container() -> None:
    """A second activation finds the container warm, with the module's globals as they were left."""
    source = "N = 0\n\ndef main(event, context):\n    global N\n    N += 1\n    return {'n': N}\n"
    first, second = asyncio.run(run(hosted(source), {}, {}))
    assert (first.result, second.result) == ({"n": 1}, {"n": 2})
    assert (first.cold, second.cold) == (True, False)


def test_a_container_does_one_activation_at_a_time() -> None:
    """Two activations at once run in two containers."""
    source = "import os, time\n\ndef main(event, context):\n    time.sleep(0.2)\n    return {'pid': os.getpid()}\n"

    async def both() -> list[Activation]:
        namespace = Namespace([hosted(source)])
        try:
            return list(await asyncio.gather(*(namespace.invoke("raceday/f", {}) for _ in range(2))))
        finally:
            await namespace.close()

    first, second = asyncio.run(both())
    assert first.result["pid"] != second.result["pid"]


FATAL = {
    "datetime-result": ("import datetime\n\ndef main(e, c):\n    return {'at': datetime.datetime.min}\n", "exited"),
    "async-main": ("async def main(e, c):\n    return {}\n", "command exited"),
    "args-wrapper": (
        "def inner(e, c):\n    return {}\n\ndef main(*a):\n    return inner(*a)\n",
        "cannot call its main",
    ),
    "broken-dependency": ("import not_there\n\ndef main(e, c):\n    return {}\n", "No module named 'not_there'"),
    "exits": ("import sys\n\ndef main(e, c):\n    sys.exit(3)\n", "command exited"),
    "exits-on-import": ("import sys\nsys.exit(3)\n", "Cannot start function"),
    "no-main": ("x = 1\n", "no attribute 'main'"),
    "list-result": ("def main(e, c):\n    return [1]\n", "did not return a dictionary"),
    "nan-result": ("def main(e, c):\n    return {'x': float('nan')}\n", "did not return a dictionary"),
    "partial": ("import functools\nmain = functools.partial(dict)\n", "cannot call its main"),
    "hangs": ("import time\n\ndef main(e, c):\n    time.sleep(60)\n", "exceeded its time limit of 700"),
    "hangs-on-import": ("import time\ntime.sleep(60)\n", "exceeded its time limit of 700"),
    "eats-memory": (
        "def main(e, c):\n    x = bytearray(200_000_000)\n    return {}\n",
        "exhausted its memory of 128 MB",
    ),
    "large-result": ("def main(e, c):\n    return {'x': 'x' * 1_100_000}\n", "exceeded the allowed length"),
    "requirements": ("def main(e, c):\n    return {}\n", "the platform would run pip"),
}


@pytest.mark.parametrize("name", FATAL)
def test_what_breaks_on_the_platform_is_caught_by_name(name: str) -> None:
    """Each broken function is named with the reason, as booting every staged function tells it."""
    source, told = FATAL[name]
    files = {"requirements.txt": b"httpx\n"} if name == "requirements" else None
    quick = {"timeout_ms": 700} if name.startswith("hangs") else {}
    function = hosted(source, name=name, files=files, memory_mb=128, **quick)
    path = StartPath.LAUNCHER if name == "requirements" else StartPath.PRELAUNCHER
    problems = boot_problems(asyncio.run(boot_all([function], paths=[path])))
    assert len(problems) == 1
    assert problems[0].startswith(f"{name} (")
    assert told in problems[0]


def test_a_broken_container_is_not_used_again() -> None:
    """After a crash the next activation starts cold and ends well."""
    source = "import os\n\ndef main(event, context):\n"
    source += "    if event.get('die'):\n        os._exit(1)\n    return {'ok': True}\n"
    first, second, third = asyncio.run(run(hosted(source), {}, {"die": True}, {}))
    assert first.ok
    assert second.status == Activation.DEVELOPER_ERROR
    assert third.ok
    assert third.cold


def test_an_exception_becomes_an_error_with_its_trace_in_the_log() -> None:
    """A raised exception is an application error; the container lives on."""
    activation = once(hosted("def main(e, c):\n    raise ValueError('no such race')\n"))
    assert activation.status == Activation.APPLICATION_ERROR
    assert activation.result == {"error": "no such race"}
    assert any("ValueError: no such race" in line for line in activation.logs)


def test_none_and_empty_results_are_an_empty_dictionary() -> None:
    """A function that returns nothing answers `{}`."""
    assert once(hosted("def main(e, c):\n    return None\n")).result == {}


def test_logs_belong_to_their_activation_and_are_cut_at_the_limit() -> None:
    """Each activation has its own lines, one without a line end included; more than the limit is dropped and told."""
    source = (
        "import sys\n\ndef main(event, context):\n    print(event['say'])\n    sys.stdout.write('no line end')\n"
        "    if event.get('flood'):\n        print()\n        for _ in range(300):\n            print('x' * 99)\n"
        "    return {}\n"
    )
    first, second = asyncio.run(run(hosted(source, logs_kb=10), {"say": "one"}, {"say": "two", "flood": True}))
    assert [line.partition("stdout: ")[2] for line in first.logs] == ["one", "no line end"]
    assert second.logs[0].endswith("stdout: two")
    assert second.logs[-1].startswith("Logs were truncated: more than 10240 bytes")
    assert sum(map(len, second.logs)) < 20_000


async def test_inputs_over_one_megabyte_and_unknown_functions_are_refused() -> None:
    """The namespace takes at most 1 MB and only functions that it has."""
    namespace = Namespace([hosted("def main(e, c):\n    return {}\n")])
    statuses = []
    for name, event in (("raceday/f", {"x": "x" * 1_048_577}), ("raceday/g", {})):
        with pytest.raises(InvocationRefused) as caught:
            namespace.start(name, event)
        statuses.append(caught.value.status)
    await namespace.close()
    assert statuses == [413, 404]


def test_quotas_of_the_namespace_are_kept() -> None:
    """Too many activations at once, or in a minute, are refused with 429."""
    source = "import time\n\ndef main(e, c):\n    time.sleep(0.2)\n    return {}\n"

    async def refused(**quota: Any) -> int:
        namespace = Namespace([hosted(source)], **quota)
        try:
            namespace.start("raceday/f", {})
            with pytest.raises(InvocationRefused) as caught:
                namespace.start("raceday/f", {})
            return caught.value.status
        finally:
            await namespace.close()

    assert asyncio.run(refused(max_concurrent=1)) == 429
    assert asyncio.run(refused(max_per_minute=1)) == 429
