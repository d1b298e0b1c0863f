"""Table `race-results`: placings, dividends and prices of a race that has run."""

import json
from collections.abc import Sequence
from typing import Any

from raceday.racing.snapshot import Dividend, Placing, Runner, Snapshot, Status, as_float
from raceday.tables.base import Table, flag, index, long_text, moment, varchar, whole

ID = "race-results"

TABLE = Table(
    ID,
    (
        varchar(50, "raceId", "Id of the race, also the row's id.", required=True),
        varchar(50, "race", "Id of the race under the predecessor's name.", required=True),
        flag("resultsAvailable", "Whether there are placings.", default=False),
        flag("photoFinish", "Always false: the feed does not tell it; the client reads it.", default=False, ours=False),
        flag("stewardsInquiry", "Always false, like photoFinish.", default=False, ours=False),
        flag("protestLodged", "Whether a protest stands.", default=False),
        varchar(20, "resultStatus", "interim or final."),
        moment("resultTime", "When the results were first seen."),
        long_text("resultsData", "Placings by position, a JSON list."),
        long_text("dividendsData", "Dividends, Final ones alone once there are any, a JSON list."),
        long_text("fixedOddsData", "Fixed prices by runner number, a JSON object."),
        moment("finalAt", "When the results were first seen Final."),
        moment("nextLookAt", "Next look: 1 h, 3 h, 24 h, 7 days after Final, soon once amended, null: never."),
        whole("versions", "How many versions there were, this one included; each is in `race-result-versions`."),
        varchar(500, "protestReason", "The feed's text about protests and inquiries."),
    ),
    (index("raceId"), index("race"), index("nextLookAt")),
    "What a race ended in.",
)


def results_row(snapshot: Snapshot) -> dict[str, Any]:
    """Return the result columns: placings by position, Final dividends hiding Interim ones, fixed odds by number.

    Position 0 is a runner that was disqualified, fell or did not finish: it comes last.
    """
    placings = sorted(snapshot.placings, key=lambda p: (p.position <= 0, p.position, p.number))
    # Two runners may share a number, a reserve in a vacant box: the one that runs is meant.
    runners = sorted(snapshot.runners, key=lambda r: (r.number, not r.scratched))
    return TABLE.fitted(
        {
            "raceId": snapshot.race_id,
            "race": snapshot.race_id,
            "resultsAvailable": bool(snapshot.placings),
            "resultStatus": "final" if snapshot.status is Status.FINAL else "interim",
            "protestLodged": snapshot.protest,
            "protestReason": snapshot.protest_reason,
            "resultsData": _dump([_placing(p) for p in placings]),
            "dividendsData": _dump([_dividend(d) for d in shown_dividends(snapshot.dividends)]),
            "fixedOddsData": _dump({str(r.number): _fixed_odds(r) for r in runners}),
        },
    )


def shown_dividends(dividends: Sequence[Dividend]) -> list[Dividend]:
    """Return the dividends to show: of each product its Final ones alone once it has any."""
    final = {d.product for d in dividends if d.status.lower() == "final"}
    return [d for d in dividends if d.status.lower() == "final" or d.product not in final]


def _placing(placing: Placing) -> dict[str, Any]:
    return {
        **placing.raw,
        "position": placing.position,
        "runner_number": placing.number,
        "entrant_id": placing.entrant_id,
        "name": placing.name,
    }


def _dividend(dividend: Dividend) -> dict[str, Any]:
    # The client formats a number and breaks on a text.
    own = {"product_name": dividend.product_name, "status": dividend.status, "dividend": float(dividend.amount)}
    return {**dividend.raw, **own}


def _fixed_odds(runner: Runner) -> dict[str, Any]:
    return {
        "fixed_win": as_float(runner.odds.fixed_win),
        "fixed_place": as_float(runner.odds.fixed_place),
        "runner_name": runner.name,
        "entrant_id": runner.entrant_id,
    }


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
