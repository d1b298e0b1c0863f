"""`./raceday explain RACE [RUNNER] [LABEL]`: from a stored figure back to the feed."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from local import stores
from local.commands.options import store_option
from local.failures import NoSuchRace
from raceday.tables import RACE_POLLS

if TYPE_CHECKING:
    from local.tape.reader import Tape
    from local.tape.replay import Rows


@click.command(
    epilog="Example: ./raceday explain 4ecf287d 3 15 --tape .raceday/day.tape",
    # A label after the start, as -3, is a number and no option.
    context_settings={"ignore_unknown_options": True},
)
@click.argument("race", metavar="RACE|DATE")
@click.argument("runner", type=int, required=False)
@click.argument("label", type=int, required=False)
@store_option()
@click.option(
    "--tape", type=click.Path(path_type=Path), help="tape with the day's answers; without it the ledger counts"
)
def explain(race: str, runner: int | None, label: int | None, store: str | None, tape: Path | None) -> int:
    """Make the figures of a race again, from the tape where there is one, and mark each that differs.

    RACE is an id, its beginning, or a name as 'Bulloo Heights R3'; DATE (YYYY-MM-DD) is every race of that day. RUNNER
    is a number, LABEL whole minutes before the start (negative after it). Exit code 0 none differs,
    1 one does, 2 wrong usage.
    """
    from local.commands.places import read_named
    from local.tape.explain import runner_lines
    from local.tape.opening import opened
    from local.tape.scanning import TapeError
    from local.tape.story import RaceStory, unanswered

    try:
        answers = opened(tape) if tape else None
        place = stores.present(store)
        stores.tell(place)
        recorded, races = asyncio.run(read_named(stores.readable(place), race))
        lacking = unanswered(recorded, answers, races) if answers else 0
    except (TapeError, FileNotFoundError, NoSuchRace) as error:
        click.echo(f"raceday explain: {error}", err=True)
        return 2
    if runner is None:
        return _all(recorded, answers, races, lacking)
    story = RaceStory(recorded, answers, races[0])
    try:
        shown = [label] if label is not None else [e.label for e in story.labels]
        lines = [line for each in shown for line in (f"label {each}", *runner_lines(story, runner, each))]
    except LookupError as error:
        click.echo(f"raceday explain: {error}", err=True)
        return 2
    click.echo("\n".join(lines))
    return 1 if any("  != " in line for line in lines) else 0


def _all(recorded: "Rows", tape: "Tape | None", races: list[str], lacking: int) -> int:
    from local.tape.explain import check_lines, day_figures, where
    from local.tape.story import RaceStory

    figures = differing = taken = 0
    for race_id, figure in day_figures(recorded, tape, races):
        figures += 1
        taken += figure.taken
        if figure.differs:
            differing += 1
            if differing <= 50:
                click.echo(f"{race_id} {figure}")
    if len(races) == 1 and any(row["raceId"] == races[0] for row in recorded.get(RACE_POLLS, {}).values()):
        story = RaceStory(recorded, tape, races[0])
        click.echo("\n".join([f"checks of {where(story.told[-1])}", *check_lines(story.told[-1])]))
        click.echo("labels: " + ", ".join(str(entry.label) for entry in story.labels))
    source = f"{figures:,} figures of {len(races)} races made again from the ledger"
    if tape is not None:
        source = f"{figures - taken:,} figures of {len(races)} races made again from the tape"
    if tape is not None and lacking:
        click.echo(f"{lacking} polls have no answer on the tape: their rows are taken from the ledger")
        source += f", {taken:,} from the ledger"
    click.echo(f"{source}, {differing} differ")
    return 1 if differing else 0
