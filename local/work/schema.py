"""`./raceday schema plan|apply|migrate`."""

import sys
from collections import Counter

import httpx

from local.options import Options
from local.progress import doing
from ops.environment import admin_key
from ops.migrate import MigrateStep, advised, alterations, migrate, steps, unsolved
from ops.schema import MIGRATE, NEWER, SchemaChange, Server, apply, noted, plan
from raceday.errors import SettingsError, StoreError
from raceday.settings import STORE, read_settings
from raceday.tables.suite_state import SCHEMA_VERSION


def run(args: Options) -> int:
    """Show the changes, and with `apply` make them."""
    try:
        settings = read_settings(needs=frozenset({STORE}))
        server = Server(settings, admin_key(settings))
        if args.action == "migrate":
            return _migrate(server, do=args.yes)
        changes = plan(server)
        for change in changes:
            print(f"{'refused' if change.refused else 'make':<8} {change.what}  {change.refused}".rstrip())
        more = [] if any(c.advice == NEWER for c in changes) else alterations(server)
        for step in more:
            print(f"{'migrate':<8} {step.what}")
        if more:
            print(f"{_steps(len(more))} to migrate, of which `./raceday schema migrate` says what each loses")
        if not changes and not more:
            print("nothing to do: every table is as declared")
        advice = advised(server, changes)
        if args.action == "apply":
            if advice == MIGRATE:
                raise StoreError(f"nothing was made: {MIGRATE}, which does all of this")
            print(f"{apply(server, changes)} changes made")
            return 0
        if advice:
            print(f"next: {advice}")
        return 1 if changes or more else 0
    except SettingsError as error:
        print("raceday schema: " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"raceday schema: {error}", file=sys.stderr)
        return 3
    except httpx.HTTPError as error:
        print(f"raceday schema: no answer from Appwrite ({type(error).__name__})", file=sys.stderr)
        return 3


def _migrate(server: Server, *, do: bool) -> int:
    """Show all that a migration does and loses, or do it step by step; 1 where it is only shown or something stays."""
    todo, stuck = steps(server), unsolved(server)
    if todo and not do:
        _preview(todo, stuck)
    for change in stuck:
        print(f"{'refused' if change.advice else 'by hand'}: {change.what}: {change.refused}")
    if (todo or stuck) and noted(server):
        print(f"the schema version {SCHEMA_VERSION} is noted already and stays: functions go on writing")
    if not todo:
        print(_open(stuck) if stuck else "nothing to do: every table is as the suite needs it")
        return 1 if stuck else 0
    if not do:
        for step in todo:
            print(step.what)
        print(f"{_steps(len(todo))}; nothing was done: --yes does {'it' if len(todo) == 1 else 'them'}")
        return 1
    print(f"{_steps(migrate(server, told=lambda step: print(_told(step), flush=True), at=doing))} done")
    return 0


def _preview(todo: list[MigrateStep], stuck: list[SchemaChange]) -> None:
    """Say how much of each kind is to be done, and then all that it loses: what matters stands first."""
    kinds = Counter(step.kind for step in todo)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    lossy = [step for step in todo if step.loses]
    lose = f"{len(lossy) or 'none'} of them lose{'' if len(lossy) > 1 else 's'} something"
    left = f"; {len(stuck)} left to you, named below" if stuck else ""
    print(f"{_steps(len(todo))}: {told}; {lose}{left}")
    for step in lossy:
        print(f"loses: {step.what}: {step.loses}")


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _told(step: MigrateStep) -> str:
    return f"{step.what}{'; loses: ' + step.loses if step.loses else ''}"


def _open(stuck: list[SchemaChange]) -> str:
    """Say what to do about what no step mends."""
    if advice := next((change.advice for change in stuck if change.advice), ""):
        return f"nothing was done: {advice}"
    return (
        f"{len(stuck)} open and no step is left: change or delete each by hand, its values go with it, and run this "
        "again. Until then the schema version is not noted where it was not before"
    )
