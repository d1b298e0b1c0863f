"""`./raceday test`: what CI runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from local.options import Options

ROOT = Path(__file__).resolve().parent.parent.parent


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Example: ./raceday test --only-tests tests/racing -k shares",
)
@click.option("--only-tests", is_flag=True, help="skip ruff and mypy")
@click.option("--lint", is_flag=True, help="run ruff and mypy alone")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test(**options: Any) -> int:
    """Lint, type-check and test; paths and options that are not ours go to pytest."""
    return run(Options(**options))


def run(args: Options) -> int:
    """Run ruff, mypy and pytest in turn, stopping at the first that fails; 1 where one does."""
    if args.lint and args.only_tests:
        raise click.UsageError("--lint and --only-tests leave nothing to run: give one of them")
    steps = (
        []
        if args.only_tests
        else [
            ["ruff", "check", "."],
            ["ruff", "format", "--check", "-q", "."],
            ["mypy", "--cache-dir", ".raceday/mypy", "shared", "local", "ops", "tests"],
        ]
    )
    # Two workers: the suite is written for two cores, and more only fight over them.
    if not args.lint:
        steps.append(["pytest", "-q", "-n", "2", "--dist", "worksteal", *args.pytest_args])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "shared"), str(ROOT)])}
    for step in steps:
        print(f"raceday test: {' '.join(step)}", flush=True)
        if subprocess.run([sys.executable, "-m", *step], cwd=ROOT, env=env, check=False).returncode:
            return 1
    return 0
