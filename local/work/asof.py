"""`./raceday asof RACE|DATE [TIME]`: races as they stood at an instant, from ledger and history alone."""

import asyncio
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from local import running, stores
from local.nz_times import on_the_clock
from raceday.clock import SystemClock, instant
from raceday.racing.nzday import race_day
from raceday.tables import RACES

if TYPE_CHECKING:
    from local.tape.asof import RaceHistory


def run(race: str, at: str | None, store: str | None, count: int | None, tape: Path | None, seed: int) -> int:
    """Show or check; 0 shown or all equal, 1 something differs, 2 wrong usage."""
    from local.tape.asof import RaceHistory, check, random_instants
    from local.tape.opening import opened
    from local.tape.printed import lines
    from local.tape.replay import TapeReplay
    from local.tape.scanning import TapeError
    from local.tape.stored import settings_of_replay
    from local.tape.story import unanswered
    from local.work.places import read_named

    if count is not None and at is not None:
        click.echo("raceday asof: expected a TIME or --check N, got both: --check chooses its own instants", err=True)
        return 2
    try:
        place = stores.present(store)
        stores.tell(place)
        recorded, races = asyncio.run(read_named(stores.readable(place), race))
        history = RaceHistory(recorded)
        moment = _instant(at, history, races[0]) if at else None
        answers = opened(tape) if tape else None
        lacking = unanswered(recorded, answers, races) if answers and count else 0
    except (TapeError, FileNotFoundError, ValueError) as error:
        click.echo(f"raceday asof: {error}", err=True)
        return 2
    if count is None:
        moment = moment or now_on(place)
        for race_id in races:
            click.echo("\n".join(lines(history.at(race_id, moment))))
        return 0
    if answers is None:
        click.echo("raceday asof: --check makes the instants again from a tape: name it with --tape TAPE", err=True)
        return 2
    asked = random_instants(history, races, count, seed)
    made = asyncio.run(check(TapeReplay(answers, recorded, settings_of_replay()), history, asked))
    for view, difference in made.found[:50]:
        click.echo(f"{view.race_id} at {view.at:%Y-%m-%d %H:%M:%S.%f}: {difference}")
    if lacking:
        click.echo(f"{lacking} polls have no answer on the tape: their rows are taken from the ledger")
    click.echo(f"{made.instants} instants, {made.rows:,} rows compared, {len(made.found)} differ")
    return 1 if made.found else 0


def now_on(place: str) -> datetime:
    """Return the present instant, by the clock of an `up` that is at work on the store."""
    up = running.running_on(place)
    return up.clock.now() if up else SystemClock().now()


def _instant(text: str, history: "RaceHistory", race_id: str) -> datetime:
    """Read an instant; raises ValueError naming what was expected."""
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"expected HH:MM[:SS] in New Zealand or an instant with its offset, got {text!r}"
            ) from None
        if at.tzinfo is None:
            raise ValueError(f"expected an offset or Z behind {text!r}, or HH:MM in New Zealand") from None
        return at
    row = history.recorded[RACES][race_id]
    day = row.get("raceDateNz")
    known = date.fromisoformat(day) if day else race_day(instant(row["startTime"]))
    return on_the_clock(known, clock)
