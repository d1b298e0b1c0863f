"""Tries mutants in a copied tree, each in processes forked from one that has imported everything, their tests too.

A function's mutant is put in place of its code; any other is written into the copy, and the library read anew.

Reads mutants as arguments, each as JSON, and writes one line of JSON for each.
"""

import contextlib
import gc
import importlib
import inspect
import io
import json
import os
import pkgutil
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

from local.mutants.anchor import AnchorGone, Mutant, MutantPlace, mutant_of, placed

# Some of what is imported before the forks comes with plugins of pytest's.
PYTEST = ("-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
PRELOADED = ("httpx", "httpcore", "tenacity", "pytest", "local.mutants.days")
# What one trial may use of a processor; on a busy machine that can last much longer, up to the second.
MOST_CPU_SECS = 240
MOST_SECS = 3600
Told = dict[str, Any]


@dataclass(slots=True)
class Trials:
    """A copied tree, and what days and tests say of it as it is."""

    root: Path
    days: dict[str, Told] = field(default_factory=dict)
    tests: dict[str, Told] = field(default_factory=dict)

    def tried(self, mutant: Mutant) -> Told:
        """Try one mutant: what its tests and its day said, each only where it holds the unbroken library sound."""
        begun = _used_secs()
        try:
            place = placed(mutant, self.root)
        except AnchorGone as error:
            return {"name": mutant.name, "error": str(error)}
        day, tests = mutant.day, " ".join(mutant.tests)
        if day and day not in self.days:
            self.days[day] = in_fork(lambda: _day(day))
        if tests and tests not in self.tests:
            self.tests[tests] = in_fork(lambda: _tests(mutant.tests))
        unsound = {**_unsound(self.days.get(day, {})), **_unsound(self.tests.get(tests, {}))}
        if unsound:
            return {"name": mutant.name, "error": f"{mutant.name}: fails without the mutant too: {unsound}"}
        with written(place.path, place.text):
            by_tests = in_fork(lambda: broken(mutant, place, lambda: _tests(mutant.tests))) if tests else {}
            by_day = in_fork(lambda: broken(mutant, place, lambda: _day(day))) if day else {}
        secs = round(_used_secs() - begun, 1)
        return {"name": mutant.name, "tests": by_tests, "day": by_day, "secs": secs}


def _used_secs() -> float:
    """Return the processor's time that this process and those that it forked have used."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _unsound(told: Told) -> Told:
    return {key: told[key] for key in ("differs", "crashed", "failed") if told.get(key)}


@contextlib.contextmanager
def written(path: Path, text: str) -> Iterator[None]:
    """Put a text into a file for a while, with a time of change that no cached bytecode has."""
    kept, stat = path.read_text("utf-8"), path.stat()
    path.write_text(text, "utf-8")
    os.utime(path, (stat.st_atime, stat.st_mtime + 3600))
    try:
        yield
    finally:
        path.write_text(kept, "utf-8")
        os.utime(path, (stat.st_atime, stat.st_mtime))


def broken(mutant: Mutant, place: MutantPlace, work: Callable[[], Told]) -> Told:
    """Do some work with the library broken; the process is good for nothing else afterwards."""
    if not swapped(mutant, place):
        for name in [name for name in sys.modules if name.split(".")[0] in ("raceday", "local", "ops", "tests")]:
            del sys.modules[name]
    return work()


def swapped(mutant: Mutant, place: MutantPlace) -> bool:
    """Give a function that is imported the mutant's code; tells whether it is one, and nothing but its body changed."""
    name = ".".join(place.path.relative_to(Path.cwd() / "shared").with_suffix("").parts)
    found: Any = sys.modules.get(name)
    for part in mutant.symbol.split("."):
        found = inspect.getattr_static(found, part, None)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    code = next(
        (c for c in _codes(compile(place.text, str(place.path), "exec")) if c.co_qualname == mutant.symbol), None
    )
    if not inspect.isfunction(found) or code is None or code.co_freevars != found.__code__.co_freevars:
        return False
    if code.co_code == found.__code__.co_code and code.co_consts == found.__code__.co_consts:
        # What changed is no part of the body: a default, or a decorator.
        same_names = code.co_names == found.__code__.co_names
        if same_names and code.co_varnames == found.__code__.co_varnames:
            return False
    found.__code__ = code
    return True


def _codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _codes(const)


def in_fork(work: Callable[[], Told]) -> Told:
    """Run something in a forked process and give what it told; one that dies or takes too long has crashed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _child(work, writing)
    os.close(writing)
    told, until = b"", time.monotonic() + MOST_SECS
    with open(reading, "rb", buffering=0) as pipe:
        while (left := until - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
            part = pipe.read(65536)
            if not part:
                break
            told += part
        else:
            os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(told) if told else {"crashed": f"nothing told within {MOST_CPU_SECS} s of a processor"}


def _child(work: Callable[[], Told], writing: int) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.stdout = sys.stderr = io.StringIO()
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECS, MOST_CPU_SECS))
    gc.disable()
    try:
        told = work()
    except BaseException as error:
        told = {"crashed": f"{type(error).__name__}: {error}"[:300]}
    os.write(writing, json.dumps(told, default=str).encode())
    os._exit(0)


def _day(name: str) -> Told:
    from local.mutants.days import judged

    return judged(name)


class _Watch:
    """A pytest plugin that keeps the first assertion that failed, and apart from it whatever else went wrong."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.crashed = ""
        self.passed = 0

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        import pytest

        if call.excinfo is None:
            self.passed += call.when == "call"
            return
        line = f"{item.nodeid}: {str(call.excinfo.value).splitlines()[0] if str(call.excinfo.value) else ''}"[:300]
        if call.excinfo.errisinstance(pytest.skip.Exception):
            return
        if call.when == "call" and call.excinfo.errisinstance((AssertionError, pytest.fail.Exception)):
            self.failed.append(line)
        else:
            self.crashed = self.crashed or f"{call.excinfo.typename} in {line}"


def _tests(nodes: Sequence[str]) -> Told:
    import pytest

    watch = _Watch()
    code = pytest.main([*PYTEST, "-x", *nodes], plugins=[watch])
    told: Told = {"failed": watch.failed[:2]} if watch.failed else {}
    if watch.crashed and not watch.failed:
        told["crashed"] = watch.crashed
    if not watch.passed and not told:
        told["crashed"] = f"no test ran (pytest ended with {int(code)})"
    return told


def preload(files: Sequence[str]) -> None:
    """Import what every trial needs, and these files of tests, once, before the forks."""
    # Examples that a test draws are the same each time, so that a mutant is noticed by luck in no run.
    os.environ["CI"] = "1"
    for module in PRELOADED:
        importlib.import_module(module)
    import raceday

    for found in pkgutil.walk_packages(raceday.__path__, "raceday."):
        importlib.import_module(found.name)
    with contextlib.redirect_stdout(io.StringIO()):
        importlib.import_module("pytest").main([*PYTEST, "--collect-only", *files])
    gc.collect()
    gc.freeze()


def main(given: Sequence[str]) -> None:
    """Try the mutants that are given, and write what came of each."""
    mutants = [mutant_of(json.loads(text)) for text in given]
    preload(sorted({node.split("::")[0] for mutant in mutants for node in mutant.tests}))
    trials = Trials(Path.cwd())
    for mutant in mutants:
        print(json.dumps(trials.tried(mutant)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
