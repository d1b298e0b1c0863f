"""`./raceday export DATE|FROM..TO DIR`: typed tables of stored days, as Parquet, CSV or one DuckDB file."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import click

from local import stores
from local.commands.options import store_option
from local.tape.export import FORMATS, export_day, make_database
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


@click.command(epilog="Example: ./raceday export 2026-02-14 out --to parquet")
@click.argument("days", metavar="DATE|FROM..TO")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", "kind", type=click.Choice(FORMATS), default="parquet", help="parquet (default), csv or duckdb")
@store_option()
def export(days: str, folder: Path, kind: str, store: str | None) -> int:
    """Write polls, runners, labels, odds, results, dividends, closing prices, gaps, checks and notifications.

    One file per table and NZ race day; the same rows give the same bytes. docs/export.md describes every column.
    Exit code 0 done, 2 wrong usage or settings, 3 no race on any of the days.
    """
    wanted = days_of(days)
    place = stores.present(store)
    stores.tell(place)
    try:
        polls = asyncio.run(_export(wanted, folder, kind, place))
    except SettingsError as error:
        click.echo("raceday export: " + "\n  ".join(error.problems), err=True)
        return 2
    if kind == "duckdb":
        click.echo(f"made {make_database(folder)}")
    return 0 if polls else 3


async def _export(days: list[date], folder: Path, kind: str, store: str) -> int:
    world = open_world("generated", store, lambda _: None)
    polls = 0
    try:
        client = world.container("money-flow-tracker").store
        for day in days:
            counts = await export_day(client, day, folder, "csv" if kind == "csv" else "parquet")
            polls += counts["polls"]
            click.echo(f"{day}: " + "  ".join(f"{table} {count:,}" for table, count in counts.items()))
    finally:
        await world.aclose()
    return polls
