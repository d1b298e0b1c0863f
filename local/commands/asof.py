"""`./raceday asof RACE|DATE [TIME]`: races as they stood at an instant, from ledger and history alone."""

from pathlib import Path

import click

from local.options import FILE, store_option


@click.command(epilog="Example: ./raceday asof 4ecf287d 14:05 --store .raceday/simulate.db")
@click.argument("race", metavar="RACE|DATE")
@click.argument("at", metavar="[TIME]", required=False)
@store_option()
@click.option("--check", "count", type=click.IntRange(min=1), metavar="N", help="hold N random instants to a replay")
@click.option("--tape", type=FILE, help="tape with the day's answers, for --check")
@click.option("--seed", default=1, help="which random instants (1)")
def asof(race: str, at: str | None, store: str | None, count: int | None, tape: Path | None, seed: int) -> int:
    """Show race, entrants, pools, timeline and notifications as they stood at an instant.

    RACE is an id, its beginning, or a name as 'Bulloo Heights R3'; DATE (YYYY-MM-DD) is every race of that day. TIME is
    an instant with its offset, or HH:MM[:SS] in New Zealand on the race day; without it they are shown as they stand
    now. --check compares with one replay seen at N instants. Exit code 0
    shown or all equal, 1 something differs, 2 wrong usage.
    """
    from local.work.asof import run

    return run(race, at, store, count, tape, seed)
