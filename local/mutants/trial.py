"""Tries a catalogue of mutants in copies of the tree, some at once, and says which of them nobody noticed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Any

from local.mutants.anchor import Mutant

# What a copy has not: environments, caches and the repository itself.
_LEFT = (".git", ".raceday", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis")


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What noticed one mutant: the assertion that failed, the judge's words; `error` where it could not be tried."""

    mutant: Mutant
    killer: str = ""
    said: str = ""
    tests: str = ""
    error: str = ""
    secs: float = 0.0

    @property
    def survived(self) -> list[str]:
        """Name what was to notice the mutant and did not."""
        if self.error:
            return ["not tried"]
        silent = ["tests"] if not self.killer else []
        return silent + (["day"] if self.mutant.day and not self.said else [])

    def row(self) -> dict[str, Any]:
        """Return the outcome as the report has it."""
        return {
            "mutant": self.mutant.name,
            "digest": self.mutant.digest,
            "rule": self.mutant.rule,
            "killed_by": self.killer,
            "day": self.mutant.day,
            "day_said": self.said,
            "unseen": self.mutant.unseen,
            "survived": self.survived,
            "error": self.error,
            "secs": self.secs,
        }


def try_all(mutants: Sequence[Mutant], root: Path, jobs: int) -> Iterator[TrialOutcome]:
    """Try mutants in `jobs` copies of the tree at once; outcomes come as they are known."""
    by_name = {mutant.name: mutant for mutant in mutants}
    shares = [part for i in range(jobs) if (part := mutants[i::jobs])]
    told: Queue[TrialOutcome | None] = Queue()
    with ThreadPoolExecutor(max(1, len(shares))) as pool:
        for share in shares:
            pool.submit(_try, share, root, by_name, told)
        for _ in shares:
            while (outcome := told.get()) is not None:
                yield outcome


def _try(
    share: Sequence[Mutant], root: Path, by_name: Mapping[str, Mutant], told: "Queue[TrialOutcome | None]"
) -> None:
    left = {mutant.name for mutant in share}
    try:
        with copied(root) as tree:
            for line in _lines(tree, share):
                outcome = outcome_of(by_name[line["name"]], line)
                left.discard(line["name"])
                told.put(outcome)
    finally:
        for name in sorted(left):
            told.put(TrialOutcome(by_name[name], error=f"{name}: the trial ended before it"))
        told.put(None)


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """Copy the tree for a while: mutants are never written into the one that is worked on."""
    with tempfile.TemporaryDirectory(prefix="raceday-mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree, ignore=shutil.ignore_patterns(*_LEFT), symlinks=True)
        yield tree


def _lines(tree: Path, mutants: Sequence[Mutant]) -> Iterator[dict[str, Any]]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree / "shared"), str(tree)])}
    command = [sys.executable, "-m", "local.mutants.worker", *(json.dumps(asdict(mutant)) for mutant in mutants)]
    with subprocess.Popen(command, cwd=tree, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                yield json.loads(line)
        finally:
            process.terminate()


def outcome_of(mutant: Mutant, told: Mapping[str, Any]) -> TrialOutcome:
    """Read what a worker told of a mutant: a crash is told, and is no kill."""
    if told.get("error"):
        return TrialOutcome(mutant, error=str(told["error"]))
    tests, day = told["tests"], told["day"]
    said = "; ".join(f"{count} {name}" for name, count in day.get("differs", {}).items())
    if said and (shown := day.get("examples")):
        said += f": {shown[0]}"
    return TrialOutcome(
        mutant,
        killer=(tests.get("failed") or [""])[0],
        said=said,
        tests=str(tests.get("crashed", "")),
        error="",
        secs=float(told.get("secs", 0)),
    )
