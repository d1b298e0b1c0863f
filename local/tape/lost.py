"""What a poll wrote beside its ledger row, where its answer is not on the tape: that is the reason, and no rule."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from local.tape.replay import Rows
from local.tape.verify import RowDifference
from raceday.clock import instant
from raceday.store.port import Row
from raceday.tables import ENTRANTS, MEETINGS, ODDS_HISTORY, RACE_POLLS, RACE_RESULT_VERSIONS, RACE_RESULTS, RACES

UNANSWERED = "no answer on the tape"


def told_lost(
    found: Sequence[RowDifference],
    stored: Rows,
    lost: Iterable[Row],
    untold: Collection[str] = (),
    *,
    damaged: bool = False,
) -> list[RowDifference]:
    """Return differences, with that reason for what polls without an answer had written, and imports of `untold` races.

    Of a `damaged` tape any import may be lost: that reason is named beside the rule of what one may have written.
    """
    by_race: dict[str, list[Row]] = defaultdict(list)
    for row in lost:
        by_race[row["raceId"]].append(row)
    moved = {_race(each, stored) for each in found if each.table == RACE_POLLS}
    firsts = {race_id: _first_version(race_id, rows, stored) for race_id, rows in by_race.items()}
    named = []
    for each in found:
        race_id = _race(each, stored)
        import_row = _of_import(each, stored)
        if import_row and (race_id in untold or (each.table == MEETINGS and untold)):
            named.append(each._replace(rule=UNANSWERED))
        elif race_id in by_race:
            rule = _rule(each, stored, by_race[race_id], firsts[race_id], ledger_moved=race_id in moved)
            named.append(each._replace(rule=rule))
        elif import_row and damaged and race_id not in moved:
            named.append(each._replace(rule=f"{UNANSWERED}, or {each.rule}"))
        else:
            named.append(each)
    return named


def _of_import(each: RowDifference, stored: Rows) -> bool:
    """Tell whether an import may have written a row: not the odds that later polls saw."""
    if each.table == ODDS_HISTORY:
        row = stored.get(each.table, {}).get(each.row_id)
        return row is None or int(row.get("n") or 0) <= 1
    return each.table in (MEETINGS, RACES, ENTRANTS)


def _rule(each: RowDifference, stored: Rows, lost: list[Row], first: int | None, *, ledger_moved: bool) -> str:
    row = stored.get(each.table, {}).get(each.row_id)
    if row is None:
        return each.rule
    if each.table == ODDS_HISTORY:
        own = each.what == "is not made" and row["n"] in {poll["n"] for poll in lost}
        return UNANSWERED if own else each.rule
    if each.table == RACE_RESULT_VERSIONS:
        # The versions behind one that is not made stand in its place.
        return UNANSWERED if first is not None and row["version"] >= first else each.rule
    if each.table == RACE_RESULTS:
        return UNANSWERED if first is not None else each.rule
    if each.table in (RACES, ENTRANTS):
        # Nothing tells which poll wrote such a row last; that no ledger row moved speaks against a change of rules.
        return (
            f"{UNANSWERED}, or {each.rule if ledger_moved else 'stored row altered; no ledger row of its race moved'}"
        )
    return each.rule


def _first_version(race_id: str, lost: list[Row], stored: Rows) -> int | None:
    """Return the first version of a race's results that a poll without an answer saw."""
    at = {instant(poll["fetchedAt"]) for poll in lost}
    versions = stored.get(RACE_RESULT_VERSIONS, {}).values()
    return min((v["version"] for v in versions if v["raceId"] == race_id and instant(v["seenAt"]) in at), default=None)


def _race(each: RowDifference, stored: Rows) -> str:
    row = stored.get(each.table, {}).get(each.row_id) or {}
    return each.row_id if each.table == RACES else str(row.get("raceId", ""))
