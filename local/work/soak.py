"""`./raceday soak`: days of warm activations in one process, and what it holds at each hour."""

import dataclasses
from datetime import date

from rich.console import Console
from rich.table import Table

from local.options import Options, write_json
from local.progress import doing

FIRST = date(2026, 2, 14)


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
