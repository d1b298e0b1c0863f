"""`--env-file` for every command that reads the environment, by default `.env` beside project.yml where it is there."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from local.functions import ROOT
from ops.environment import Environment, load
from ops.packaging.errors import PackagingError

OPTION = "--env-file"
# What reads settings or acts on a store that they may name. What measures or tests is the same on every machine, and
# reads none; a simulated day has the suite's own settings but for those of filters and intervals.
READERS = frozenset({
    "asof", "backfill", "console", "deploy", "doctor", "explain", "export", "functions", "invoke", "logs",
    "measure", "package", "pause", "prune", "rebuild", "record", "replay", "report", "resume", "schema",
    "silks", "simulate", "status", "tape", "up", "webhooks",
})  # fmt: skip
# These tell the source of every variable.
TELLERS = frozenset({"deploy", "doctor"})
_last: list[Environment] = []


def taken(words: Sequence[str]) -> tuple[list[str], Path | None]:
    """Part the option from a command's words; raises UsageError where its file is missing or no command reads it."""
    rest: list[str] = []
    file = None
    left = iter(words)
    for word in left:
        if word == OPTION or word.startswith(f"{OPTION}="):
            named = word.partition("=")[2] or next(left, "")
            if not named:
                raise click.UsageError(f"{OPTION} takes a file")
            file = Path(named)
        else:
            rest.append(word)
    if file is not None and rest and rest[0] not in READERS:
        raise click.UsageError(f"{rest[0]} reads no environment, so {OPTION} says nothing to it")
    return rest, file


def with_option(command: click.Command) -> click.Command:
    """Name the option in the help of a command and of its parts; `taken` has taken it before they see the words."""
    parts = command.commands.values() if isinstance(command, click.Group) else []
    for each in (command, *parts):
        if not any(OPTION in param.opts for param in each.params):
            told = "NAME=value lines, by default .env beside project.yml; the environment comes first"
            each.params.append(click.Option([OPTION], metavar="FILE", expose_value=False, help=told))
    return command


@contextmanager
def applied(command: str, file: Path | None) -> Iterator[None]:
    """Hold the variables of the file in the environment while a command runs; raises UsageError naming its problem."""
    default = ROOT / ".env"
    chosen = file or (default if command in READERS and default.is_file() else None)
    before = dict(os.environ)
    try:
        environment = load(before, chosen)
    except PackagingError as error:
        raise click.UsageError(str(error)) from None
    _last[:] = [environment]
    if file is not None and command not in TELLERS and environment.overridden:
        names = ", ".join(environment.overridden)
        print(f"note: of {names} the environment's value counts, not that of {file}", file=sys.stderr)
    os.environ.update(environment.values)
    for name in set(before) - set(environment.values):
        del os.environ[name]
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def current() -> Environment:
    """Return where the running command's variables came from."""
    return _last[0] if _last else load(os.environ)
