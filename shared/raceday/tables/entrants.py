"""Table `entrants`: one runner of one race, as it stands now."""

from typing import Any

from raceday.racing.snapshot import Runner, Snapshot, as_float
from raceday.tables.base import Table, decimal, flag, index, moment, odds_columns, varchar, whole

ID = "entrants"

TABLE = Table(
    ID,
    (
        varchar(50, "entrantId", "The feed's id, also the row's id.", required=True),
        varchar(255, "name", "Name of the runner.", required=True),
        whole("runnerNumber", "Number on the saddle-cloth; two runners of a race may share one.", required=True),
        whole("barrier", "Barrier as a number."),
        whole("scratchTime", "When it was scratched, in epoch seconds, as the feed tells it."),
        varchar(20, "barrierText", "Barrier as the feed writes it, such as Fr2."),
        varchar(50, "raceId", "Id of the race."),
        varchar(50, "silkId", "Id of the silk in `jockey-silks`."),
        flag("isScratched", "Whether it will not run.", default=False),
        flag("isLateScratched", "Whether it was scratched late.", default=False),
        flag("favourite", "Whether the feed calls it a favourite.", default=False),
        flag("mover", "Whether the feed calls it a mover.", default=False),
        varchar(500, "runnerChange", "The feed's text about a change, such as of the jockey."),
        varchar(500, "silkUrl64", "The feed's picture of the silk, 64 pixels."),
        varchar(500, "silkUrl128", "The feed's picture of the silk, 128 pixels."),
        *odds_columns("now"),
        decimal("holdPercentage", "Share of the Win money that the feed's tracker shows, percent of all runners."),
        decimal("betPercentage", "Share of the bets that the feed's tracker shows, percent of all runners."),
        whole("winPoolAmount", "Win money on it, cents."),
        whole("placePoolAmount", "Place money on it, cents."),
        varchar(20, "shareSource", "What the Win share was taken from: pool_odds, hold, book, before or none."),
        varchar(255, "jockey", "Jockey, driver or none."),
        varchar(255, "trainerName", "Trainer."),
        varchar(255, "silkColours", "Description of the silk, as the feed writes it."),
        moment("lastUpdated", "When another column last changed."),
        moment("importedAt", "When the runner was first stored."),
    ),
    (index("raceId", "runnerNumber"), index("raceId", "isScratched"), index("runnerNumber")),
    "One runner of one race as it stands now.",
)


def entrant_row(snapshot: Snapshot, runner: Runner) -> dict[str, Any]:
    """Return one runner's columns; odds the feed does not have are null, never 0."""
    return TABLE.fitted(entrant_columns(snapshot, runner))


def entrant_columns(snapshot: Snapshot, runner: Runner) -> dict[str, Any]:
    """Return what `entrant_row` gives before its texts are cut."""
    return {
        "entrantId": runner.entrant_id,
        "raceId": snapshot.race_id,
        "name": runner.name,
        "runnerNumber": runner.number,
        "barrier": runner.barrier,
        "barrierText": runner.barrier_text,
        "isScratched": runner.scratched,
        "isLateScratched": runner.late_scratched,
        "scratchTime": runner.scratch_time,
        "favourite": runner.favourite,
        "mover": runner.mover,
        "jockey": runner.jockey,
        "trainerName": runner.trainer,
        "silkColours": runner.silk_colours,
        "silkUrl64": runner.silk_url_64,
        "silkUrl128": runner.silk_url_128,
        "runnerChange": runner.runner_change,
        "fixedWinOdds": as_float(runner.odds.fixed_win),
        "fixedPlaceOdds": as_float(runner.odds.fixed_place),
        "poolWinOdds": as_float(runner.odds.pool_win),
        "poolPlaceOdds": as_float(runner.odds.pool_place),
    }
