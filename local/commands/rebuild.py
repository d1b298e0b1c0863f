"""`./raceday rebuild RACE|DATE`: projections made anew from the poll ledger, and what differs."""

import click

from local.options import Options, store_option


@click.command(epilog="Example: ./raceday rebuild 2026-02-14 --write")
@click.argument("subject", metavar="RACE|DATE")
@store_option()
@click.option("--write", is_flag=True, help="put right what differs")
def rebuild(subject: str, store: str | None, write: bool) -> int:
    """Compare timeline and pool totals of a race, or of an NZ race day (YYYY-MM-DD), with the ledger.

    Exit code 0 nothing differs or all is mended, 1 something differs, 2 wrong settings or no such
    store, race or day, 3 the store cannot be read.
    """
    from local.work.rebuild import run

    return run(Options(subject=subject, store=store, write=write))
