"""`./raceday prune`: shows what is past its time, and deletes it when it is told to."""

import click

from local.options import Options, store_option


@click.command(epilog="Example: ./raceday prune --store .raceday/raceday.db --yes")
@store_option()
@click.option("--yes", is_flag=True, help="delete without asking")
def prune(store: str | None, yes: bool) -> int:
    """Show how many rows are older than the retention settings, ask, and delete them.

    With nobody at the terminal to ask, nothing is deleted without --yes. Exit code 0 deleted or nothing to delete,
    1 shown and not deleted, 2 wrong settings or no such store, 3 the store cannot be reached.
    """
    from local.work.prune import run

    return run(Options(store=store, yes=yes))
