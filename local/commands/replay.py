"""`./raceday replay TAPE`: a recorded day again, through the same functions, compared with what is stored."""

from datetime import date
from pathlib import Path

import click

from local import stores
from local.options import DAY, FILE, OUT_FILE, store_option


@click.command(epilog="Example: ./raceday replay .raceday/day.tape --store .raceday/simulate.db --verify")
@click.argument("tape", type=FILE)
@store_option(f"with the ledger of the day; --verify and --only take {stores.HELP}")
@click.option("--verify", is_flag=True, help="list every row that comes out otherwise, and by which rule")
@click.option("--only", default="", metavar="RACE", help="one race alone: its id, its beginning, or a name")
@click.option("--date", "day", type=DAY, help="without a store: of a tape of many days this one")
@click.option("--json", "as_json", type=OUT_FILE, metavar="FILE", help="write all differences")
def replay(tape: Path, store: str | None, verify: bool, only: str, day: date | None, as_json: Path | None) -> int:
    """Run imports, polls and projections over a tape again, each at its own instant.

    Slots, gaps and instants are read from the store's ledger; everything else is computed from the tape's answers.
    Without a store the day is lived again, at the slots of its schedule, and what that makes is told.
    Exit code 0 all is equal, 1 something differs, 2 no such tape or store, 3 without a store: nothing was polled.
    """
    from local.work.replay import run

    return run(tape, store, verify, only, day, as_json)
