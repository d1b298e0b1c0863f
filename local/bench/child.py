"""Processes that a bench starts: the same interpreter, the repository's paths, ended when the block ends."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from local.functions import ROOT


class ProbeFailed(Exception):
    """A process that a bench started gave no result; the message holds the end of what it said."""


def _env(more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'shared'}{os.pathsep}{ROOT}", **(more or {})}


def output(words: Sequence[str], *, env: Mapping[str, str] | None = None, flags: Sequence[str] = ()) -> str:
    """Run Python with these words and give what it printed; raises ProbeFailed."""
    done = subprocess.run(
        [sys.executable, *flags, *words], cwd=ROOT, env=_env(env), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProbeFailed(f"{words[:2]}: {done.stderr[-400:]}")
    return done.stdout


@contextmanager
def serving(words: Sequence[str]) -> Iterator[str]:
    """Run Python with these words and give the first line that it prints, until the block ends."""
    with subprocess.Popen([sys.executable, *words], cwd=ROOT, env=_env(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()
