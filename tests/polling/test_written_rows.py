"""What a poll writes of a runner and of a race's results: each column shows its own figure of the answer."""

import json
from decimal import Decimal

from raceday.racing.snapshot import Odds, Runner, Status
from raceday.tables.entrants import entrant_row
from raceday.tables.race_results import results_row
from tests.sample_race import RACE_ID, entrant_id, final_race, open_race

ODDS = Odds(Decimal("5.5"), Decimal("1.9"), Decimal("6.1"), Decimal("2.3"))


def test_a_runner_s_columns_are_its_own_figures() -> None:
    """Number and barrier, favourite and mover, and the odds of four markets stand in the columns of their names."""
    runner = Runner(
        "e-1", 7, "Quick Step", barrier=3, barrier_text="Fr3", late_scratched=True, scratch_time=1_700_000_000,
        favourite=True, jockey="A Rider", trainer="B Coach", silk_colours="Red", silk_url_64="u64", silk_url_128="u128",
        runner_change="Rider changed", odds=ODDS,
    )  # fmt: skip
    assert entrant_row(open_race(), runner) == {
        "entrantId": "e-1", "raceId": RACE_ID, "name": "Quick Step", "runnerNumber": 7, "barrier": 3,
        "barrierText": "Fr3", "isScratched": False, "isLateScratched": True, "scratchTime": 1_700_000_000,
        "favourite": True, "mover": False, "jockey": "A Rider", "trainerName": "B Coach", "silkColours": "Red",
        "silkUrl64": "u64", "silkUrl128": "u128", "runnerChange": "Rider changed",
        "fixedWinOdds": 5.5, "fixedPlaceOdds": 1.9, "poolWinOdds": 6.1, "poolPlaceOdds": 2.3,
    }  # fmt: skip


def test_results_show_the_fixed_odds_of_both_markets_and_the_protest() -> None:
    """Each runner's fixed Win and Place odds stand by its number, and a protest is told with the feed's words."""
    race = final_race(protest=True, protest_reason="Second against first")
    runners = tuple(r._replace(odds=ODDS) if r.number == 2 else r for r in race.runners)
    row = results_row(race._replace(runners=runners))
    shown = {"fixed_win": 5.5, "fixed_place": 1.9, "runner_name": "Runner 2", "entrant_id": entrant_id(2)}
    assert json.loads(row["fixedOddsData"])["2"] == shown
    assert (row["protestLodged"], row["protestReason"]) == (True, "Second against first")
    assert (row["resultStatus"], row["resultsAvailable"]) == ("final", True)
    assert results_row(race._replace(status=Status.INTERIM, protest=False))["protestLodged"] is False
