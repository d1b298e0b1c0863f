"""`./raceday test`: what CI runs."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("test", help="lint, type-check and test")
    parser.add_argument("--only-tests", action="store_true", help="skip ruff and mypy")
    parser.add_argument("pytest_args", nargs="*", help="paths or options for pytest, after --")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run ruff, mypy and pytest in turn, stopping at the first that fails; 1 where one does."""
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
    steps.append(["pytest", "-q", "-n", "2", "--dist", "worksteal", *args.pytest_args])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "shared"), str(ROOT)])}
    for step in steps:
        print(f"raceday test: {' '.join(step)}", flush=True)
        if subprocess.run([sys.executable, "-m", *step], cwd=ROOT, env=env, check=False).returncode:
            return 1
    return 0
