"""`./raceday replay TAPE`: a recorded day again, through the same functions, compared with what is stored."""

import asyncio
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from local import stores
from local.failures import NoSuchRace
from local.options import write_json
from local.progress import doing

if TYPE_CHECKING:
    from local.tape.replay import TapeReplay


def run(tape: Path, store: str | None, verify: bool, only: str, day: date | None, as_json: Path | None) -> int:
    """Run the tape; 0 all is equal, 1 something differs, 2 no such tape or store, 3 nothing was polled."""
    from local.tape.blame import blamed
    from local.tape.opening import opened
    from local.tape.own_days import OwnDays
    from local.tape.replay import TapeReplay
    from local.tape.scanning import TapeError
    from local.tape.stored import settings_of_replay
    from local.tape.verify import COMPARED, compare, counts
    from local.work.places import read_named, read_place

    if store is None and not verify and not only:
        return _again(tape, day)
    days: OwnDays | None = None
    try:
        answers = opened(tape)
        place = stores.present(store)
        stores.tell(place)
        if only:
            recorded, (only, *_) = asyncio.run(read_named(place, only))
        else:
            recorded = asyncio.run(read_place(place))
            days = OwnDays(answers, recorded)
            if days.others and not days.own:
                raise NoSuchRace(f"none of the store's {len(days.others)} races is of the tape's days or polled on it")
            recorded = days.of(recorded)
    except (TapeError, FileNotFoundError, NoSuchRace) as error:
        click.echo(f"raceday replay: {error}", err=True)
        return 2
    began = time.perf_counter()
    made = TapeReplay(answers, recorded, settings_of_replay(), only)
    doing(lambda: f"{len(made.store.tables['race-polls']):,} polls replayed")
    asyncio.run(made.run())
    spent = time.perf_counter() - began
    polls = len(made.store.tables["race-polls"])
    click.echo(f"{polls} polls replayed in {spent:.1f} s; {_lacking(made)}")
    if days is not None and days.others:
        click.echo(f"  {len(days.others)} races of other days are left out, {len(days.own)} are the tape's own")
    for line in made.unknown[:10]:
        click.echo(f"  not on the tape: {line}")
    if made.given and not made.taped_imports:
        click.echo(f"  no imports on the tape: {made.given} odds-history rows of imports are taken as stored")
    if made.untold:
        click.echo(f"  {len(made.untold)} races' imports are not on the tape: races and entrants are taken as stored")
    if not verify:
        click.echo("  ".join(f"{table} {len(made.store.tables[table])}" for table in COMPARED))
        return 0
    tables = days.of(made.store.tables) if days is not None else made.store.tables
    differing = compare(recorded, tables, only=only)
    found = asyncio.run(blamed(differing, recorded, tables, made.lost, made.untold, damaged=made.damaged))
    for difference in found[:50]:
        click.echo(str(difference))
    if len(found) > 50:
        click.echo(f"and {len(found) - 50} more; --json lists them all")
    if as_json is not None:
        write_json(as_json, [each._asdict() for each in found], default=str)
    click.echo(f"{len(found)} rows differ {counts(found) or ''}".rstrip())
    return 1 if found else 0


def _lacking(made: "TapeReplay") -> str:
    """Say how many polls and looks at results were taken as stored, for the tape has no answer of theirs."""
    looks = f", nor {len(made.unlooked)} late looks at results" if made.unlooked else ""
    return f"{len(made.lost)} have no answer on the tape{looks}"


def _again(path: Path, day: date | None) -> int:
    """Let the tape's day pass without any ledger, and tell what was made; 2 no such tape, 3 nothing was polled."""
    from local.simulate.taped import simulate_tape
    from local.simulate.world import settings_from_env
    from local.tape.opening import opened
    from local.tape.stored import DECIDING

    try:
        report = simulate_tape(opened(path), None, settings=settings_from_env(*DECIDING), users=False, day=day)
    except ValueError as error:
        click.echo(f"raceday replay: {error}", err=True)
        return 2
    told = report["stored"]
    click.echo(f"{told['polls']} polls made at the schedule's slots in {report['wall_secs']:.1f} s, without a ledger")
    click.echo("  ".join(f"{table} {count}" for table, count in told.items()))
    return 0 if told["polls"] else 3
