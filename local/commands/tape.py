"""`./raceday tape`: what is on a tape, and whether all of it is whole."""

from collections import Counter
from pathlib import Path

import click

from local.tape.format import TERMS
from local.tape.reader import Tape
from local.tape.scanning import TapeError


@click.group()
def tape() -> None:
    """Look at tapes."""


@tape.command()
@click.argument("path", metavar="TAPE", type=click.Path(path_type=Path))
def check(path: Path) -> int:
    """Read every byte of a tape and name each record that is not whole.

    Exit code 0 all is whole, 1 something is not, 2 no such tape.
    """
    click.echo(TERMS, err=True)
    try:
        opened = Tape.checked(path)
    except TapeError as error:
        click.echo(f"raceday tape: {error}", err=True)
        return 2
    unpacked = sum(len(body) for _, body in opened.bodies())
    size = sum(part.stat().st_size for part in opened.paths)
    statuses = Counter(entry.status or entry.error for entry in opened.entries)
    click.echo(f"{len(opened.paths)} parts, {len(opened.entries)} answers about {len(opened.race_ids)} races")
    if opened.entries:
        first, last = opened.entries[0].received, opened.entries[-1].received
        click.echo(f"from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC")
        click.echo(f"{size / len(opened.entries):,.0f} bytes an answer of {unpacked / len(opened.entries):,.0f}")
    click.echo("  ".join(f"{status}: {count}" for status, count in statuses.most_common()))
    lost = sum(mark["records"] for mark in opened.marks if mark["what"] == "lost")
    if lost:
        click.echo(f"{lost} answers were not recorded for want of room")
    for damage in opened.damages:
        click.echo(f"not whole: {damage}")
    return 1 if opened.damages else 0
