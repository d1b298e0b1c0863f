"""`./raceday explain RACE [RUNNER] [LABEL]`: from a stored figure back to the feed."""

from pathlib import Path

import click

from local.options import FILE, store_option


@click.command(
    epilog="Example: ./raceday explain 4ecf287d 3 15 --tape .raceday/day.tape",
    # A label after the start, as -3, is a number and no option.
    context_settings={"ignore_unknown_options": True},
)
@click.argument("race", metavar="RACE|DATE")
@click.argument("runner", type=int, required=False)
@click.argument("label", type=int, required=False)
@store_option()
@click.option("--tape", type=FILE, help="tape with the day's answers; without it the ledger counts")
def explain(race: str, runner: int | None, label: int | None, store: str | None, tape: Path | None) -> int:
    """Make the figures of a race again, from the tape where there is one, and mark each that differs.

    RACE is an id, its beginning, or a name as 'Bulloo Heights R3'; DATE (YYYY-MM-DD) is every race of that day. RUNNER
    is a number, LABEL whole minutes before the start (negative after it). Exit code 0 none differs,
    1 one does, 2 wrong usage.
    """
    from local.work.explain import run

    return run(race, runner, label, store, tape)
