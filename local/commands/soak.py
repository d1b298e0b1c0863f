"""`./raceday soak`: days of warm activations in one process, and what it holds at each hour."""

import argparse
import dataclasses
import json
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

FIRST = date(2026, 2, 14)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    p = subparsers.add_parser("soak", help="keep warm functions running for days", description=__doc__)
    p.add_argument("--days", type=_positive, default=3, metavar="N", help="simulated days, one after another (3)")
    p.add_argument("--races", type=_positive, default=6, metavar="N", help="races of each day (6)")
    p.add_argument("--json", type=Path, metavar="FILE", help="write every sample as JSON")
    p.set_defaults(func=run)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Run the command; 0 flat, 1 where memory or open files grew."""
    from local.simulate.soak import MOST_GROWTH_BYTES, Sample, growth, soak

    console = Console(stderr=True)

    def told(sample: Sample) -> None:
        console.print(f"{sample.at}  {sample.activations:,} activations  {sample.library_bytes / 1000:,.0f} kB")

    samples = soak(args.days, args.races, first=FIRST, told=told)
    held, files = growth(samples)
    table = Table(title=f"{samples[-1].activations:,} activations in {args.days} simulated days", show_header=False)
    table.add_row("failed", f"{samples[-1].failed:,}")
    table.add_row("held at the end", f"{samples[-1].library_bytes / 1000:,.0f} kB, {samples[-1].open_files} open files")
    table.add_row("last tenth over first half", f"{held / 1000:+,.0f} kB, {files:+} open files")
    Console().print(table)
    if args.json is not None:
        found = {"growth_bytes": held, "growth_files": files, "samples": [dataclasses.asdict(s) for s in samples]}
        args.json.write_text(json.dumps(found, indent=2) + "\n")
    return int(held > MOST_GROWTH_BYTES or files > 0)
