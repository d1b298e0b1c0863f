"""`./raceday explain RACE [RUNNER] [LABEL]`: from a stored figure back to the feed."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from local import stores
from local.failures import NoSuchRace
from raceday.tables import RACE_POLLS

if TYPE_CHECKING:
    from local.tape.reader import Tape
    from local.tape.replay import Rows


def run(race: str, runner: int | None, label: int | None, store: str | None, tape: Path | None) -> int:
    """Make the figures again; 0 none differs, 1 one does, 2 wrong usage."""
    from local.tape.explain import runner_lines
    from local.tape.opening import opened
    from local.tape.scanning import TapeError
    from local.tape.story import RaceStory, unanswered
    from local.work.places import read_named

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
