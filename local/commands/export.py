"""`./raceday export DATE|FROM..TO DIR`: typed tables of stored days, as Parquet, CSV or one DuckDB file."""

from pathlib import Path

import click

from local import stores
from local.choices import EXPORT_FORMATS
from local.options import FILE, store_option


@click.command(epilog="Example: ./raceday export 2026-02-14 out --to parquet")
@click.argument("days", metavar="DATE|FROM..TO")
@click.argument("folder", metavar="DIR", type=FILE)
@click.option(
    "--to", "kind", type=click.Choice(EXPORT_FORMATS), default="parquet", help="parquet (default), csv or duckdb"
)
@store_option(f"{stores.HELP}; with --tape none")
@click.option("--tape", type=FILE, help="make the tables from this tape instead")
def export(days: str, folder: Path, kind: str, store: str | None, tape: Path | None) -> int:
    """Write polls, runners, labels, odds, results, dividends, closing prices, gaps, checks and notifications.

    One file per table and NZ race day; the same rows give the same bytes. docs/export.md describes every column. From a
    tape, slots, gaps and instants are those of the ledger that --store names; without one the day is lived again.
    Exit code 0 done, 2 wrong usage or settings, 3 no race on any of the days.
    """
    from local.work.export import run

    return run(days, folder, kind, store, tape)
