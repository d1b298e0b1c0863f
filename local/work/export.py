"""`./raceday export DATE|FROM..TO DIR`: typed tables of stored days, as Parquet, CSV or one DuckDB file."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import click

from local import stores
from local.progress import counted
from local.simulate.lived import lived
from local.simulate.taped import is_long
from local.tape.opening import opened
from local.tape.reader import Tape
from local.tape.remade import replayed
from local.tape.replay import Rows
from local.tape.scanning import TapeError
from local.tape.spill import Finds, SpilledStore
from local.taped_ledger import ledger_at
from local.world import open_world
from raceday.errors import SettingsError

MOST_DAYS = 3660


def days_of(text: str) -> list[date]:
    """Return the days of DATE or FROM..TO, both ends included; raises click.BadParameter."""
    first, dots, last = text.partition("..")
    try:
        begin = date.fromisoformat(first)
        end = date.fromisoformat(last) if dots else begin
    except ValueError:
        raise click.BadParameter(f"expected YYYY-MM-DD or YYYY-MM-DD..YYYY-MM-DD, got {text!r}") from None
    if not 0 <= (end - begin).days < MOST_DAYS:
        raise click.BadParameter(f"expected a last day that is not before the first, got {text!r}")
    return [begin + timedelta(days=i) for i in range((end - begin).days + 1)]


def run(days: str, folder: Path, kind: str, store: str | None, tape: Path | None) -> int:
    """Write the days; 0 done, 2 wrong usage or settings, 3 no race on any of them."""
    wanted = days_of(days)
    try:
        if tape is not None:
            answers = opened(tape)
            polls = _write_tape(answers, stores.present(store) if store else "", wanted, folder, kind)
        else:
            place = stores.present(store)
            stores.tell(place)
            polls = asyncio.run(_export(wanted, folder, kind, stores.readable(place)))
    except SettingsError as error:
        click.echo("raceday export: " + "\n  ".join(error.problems), err=True)
        return 2
    except (TapeError, FileNotFoundError, ValueError) as error:
        click.echo(f"raceday export: {error}", err=True)
        return 2
    if kind == "duckdb":
        from local.tape.export import make_database

        click.echo(f"made {make_database(folder)}")
    return 0 if polls else 3


async def _export(days: list[date], folder: Path, kind: str, place: str) -> int:
    world = open_world("generated", place, lambda _: None)
    try:
        return await _write(world.container("money-flow-tracker").store, days, folder, kind)
    finally:
        await world.aclose()


async def _write(client: Finds, days: list[date], folder: Path, kind: str) -> int:
    # Arrow and DuckDB take a second to load, which --help and a wrong use do without.
    from local.tape.export import export_day, has_polls

    polls, files = 0, "csv" if kind == "csv" else "parquet"
    for day in counted(days, "days", len(days)):
        counts = await export_day(client, day, folder, files)
        polls += counts["polls"]
        if not counts["polls"] and has_polls(folder, day, files):
            click.echo(f"{day}: no poll is stored, and its files of before stay")
            continue
        click.echo(f"{day}: " + "  ".join(f"{table} {count:,}" for table, count in counts.items()))
    return polls


def _write_tape(tape: Tape, place: str, days: list[date], folder: Path, kind: str) -> int:
    """Write the days of a tape, one of many days day by day; `place` is the store whose ledger tells the slots."""
    many = bool(tape.entries) and is_long(tape.entries[0].sent, tape.entries[-1].received)
    polls = 0
    for each in [[day] for day in days] if many else [days]:
        day = each[0] if many else None
        made = stored_of_tape(tape, asyncio.run(ledger_at(place, tape, day)) if place else None, day)
        polls += asyncio.run(_write(made, each, folder, kind))
        made.close()
    return polls


def stored_of_tape(tape: Tape, ledger: Rows | None, day: date | None = None) -> SpilledStore:
    """Return a store with all that a tape's answers make; raises ValueError for a tape without any.

    With the tables of a ledger its polls are made again at their own slots; else the schedule decides.
    """
    if ledger is None:
        return lived(tape, day)
    made, unknown = replayed(tape, ledger)
    if unknown:
        click.echo(f"{len(unknown)} polls have no answer on the tape and are taken from the ledger", err=True)
    return made
