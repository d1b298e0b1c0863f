"""`./raceday soak`: days of warm activations in one process, and what it holds at each hour."""

import dataclasses
from datetime import date
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from local.commands.options import POSITIVE, Options, json_option, write_json
from local.progress import doing

FIRST = date(2026, 2, 14)


@click.command(epilog="Example: ./raceday soak --days 4")
@click.option("--days", type=POSITIVE, default=3, show_default=True, help="simulated days, one after another")
@click.option("--races", type=POSITIVE, default=6, show_default=True, help="races of each day")
@json_option("every sample")
def soak(**options: Any) -> int:
    """Keep warm functions running for simulated days, and count what they hold. Exit code 1 where they grew."""
    return run(Options(**options))


def run(args: Options) -> int:
    """Run the command; 0 flat, 1 where memory or open files grew."""
    from local.simulate.soak import MOST_GROWTH_BYTES, SoakSample, growth
    from local.simulate.soak import soak as warm_days

    console = Console(stderr=True)

    def told(sample: SoakSample) -> None:
        doing(f"at {sample.at}, {sample.activations:,} activations")
        console.print(f"{sample.at}  {sample.activations:,} activations  {sample.library_bytes / 1000:,.0f} kB")

    samples = warm_days(args.days, args.races, first=FIRST, told=told)
    held, files = growth(samples)
    table = Table(title=f"{samples[-1].activations:,} activations in {args.days} simulated days", show_header=False)
    table.add_row("failed", f"{samples[-1].failed:,}")
    table.add_row("held at the end", f"{samples[-1].library_bytes / 1000:,.0f} kB, {samples[-1].open_files} open files")
    table.add_row("last tenth over first half", f"{held / 1000:+,.0f} kB, {files:+} open files")
    Console().print(table)
    if args.json is not None:
        found = {"growth_bytes": held, "growth_files": files, "samples": [dataclasses.asdict(s) for s in samples]}
        write_json(args.json, found, indent=2)
    return int(held > MOST_GROWTH_BYTES or files > 0)
