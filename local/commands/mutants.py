"""`./raceday mutants`: break the library in one line at a time, and see tests and simulated days notice."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from local.functions import ROOT
from local.options import FILE, POSITIVE, json_option, write_json
from local.progress import counted


@click.command(epilog="Example: ./raceday mutants --only t5-is-6")
@click.option("--only", multiple=True, metavar="NAME", help="try this mutant alone; may be repeated")
@click.option("--sample", type=POSITIVE, metavar="N", help="try every N-th mutant of the catalogue alone")
@click.option("--list", "listed", is_flag=True, help="list the catalogue, and try nothing")
@click.option("--jobs", type=POSITIVE, default=1, metavar="N", help="mutants tried at once, in processes (1)")
@click.option(
    "--table",
    multiple=True,
    metavar="FILE",
    type=FILE,
    help="print the page of a run's --json FILE; of several files the last that has a mutant counts",
)
@click.option("--partial", is_flag=True, help="with --table: mutants without a result stand there as not tried")
@json_option("the results, after each mutant anew")
def mutants(
    only: tuple[str, ...],
    sample: int | None,
    listed: bool,
    jobs: int,
    table: tuple[Path, ...],
    partial: bool,
    json: Path | None,
) -> int:
    """Break the library on purpose, one line at a time, in a copied tree.

    Each mutant names the test and the simulated day that must notice it. An assertion that fails, or a difference that
    the judge names, counts; a crash does not. Exit code 1 where one survives or cannot be tried.
    """
    return _print_page(table, partial=partial) if table else run(only, sample, listed, jobs, json)


def _print_page(files: Sequence[Path], *, partial: bool) -> int:
    from local.mutants.anchor import read_catalogue
    from local.mutants.table import page

    try:
        rows = [row for file in files for row in json.loads(file.read_text("utf-8"))["mutants"]]
        click.echo(page(read_catalogue(), rows, partial=partial), nl=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        click.echo(f"raceday mutants: --table: {', '.join(map(str, files))}: {error}", err=True)
        return 2
    return 0


def run(only: Sequence[str], sample: int | None, listed: bool, jobs: int, file: Path | None) -> int:
    """Run the command; 0 where all were noticed, 1 where one was not, 2 for a name that is none."""
    from local.mutants.anchor import read_catalogue

    found = read_catalogue()
    if unknown := sorted(set(only) - {mutant.name for mutant in found}):
        click.echo(f"raceday mutants: --only: expected names of --list, got {', '.join(unknown)}", err=True)
        return 2
    chosen = [mutant for mutant in found if not only or mutant.name in only][:: sample or 1]
    if listed:
        for mutant in chosen:
            click.echo(f"{mutant.name:28} {mutant.rule:16} {mutant.day or '-':14} {mutant.symbol}: {mutant.new!r}")
        click.echo(f"{len(chosen)} mutants; {sum(not mutant.day for mutant in chosen)} of them no day can tell")
        return 0
    return _try(chosen, jobs, file)


def _try(chosen: Sequence[Any], jobs: int, file: Path | None) -> int:
    from local.mutants.trial import try_all

    begun = time.monotonic()
    order = {mutant.name: i for i, mutant in enumerate(chosen)}
    rows: list[dict[str, Any]] = []
    for outcome in counted(try_all(chosen, ROOT, jobs), "mutants done", len(chosen)):
        rows.append(outcome.row())
        click.echo(_line(rows[-1]))
        rows.sort(key=lambda row: order[row["mutant"]])
        if file is not None:
            # A run of all takes long: one that is stopped leaves what it had found.
            alive = sum(bool(row["survived"]) for row in rows)
            write_json(file, {"mutants": rows, "survivors": alive}, indent=2)
    survivors = [row for row in rows if row["survived"]]
    minutes = (time.monotonic() - begun) / 60
    noticed = len(rows) - len(survivors)
    click.echo(f"{len(rows)} mutants, {noticed} noticed, {len(survivors)} survived, in {minutes:.1f} minutes")
    for row in survivors:
        click.echo(f"SURVIVED: {row['mutant']}: {row['error'] or ' and '.join(row['survived'])}")
    return 1 if survivors else 0


def _line(row: dict[str, Any]) -> str:
    if row["survived"]:
        return f"{row['mutant']:28} {row['rule']:16} SURVIVED ({', '.join(row['survived'])}) {row['error']}"
    day = f"{row['day']}: {row['day_said']}" if row["day"] else f"no day: {row['unseen']}"
    return f"{row['mutant']:28} {row['rule']:16} {row['killed_by'].split(': ')[0]} | {day[:160]}"
