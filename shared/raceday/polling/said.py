"""What an answer says of a race's results, beside those that were known: nothing that it lost takes any away."""

from collections.abc import Mapping, Sequence
from typing import Any

from raceday.polling.fingerprints import digest
from raceday.racing.declared import merged
from raceday.racing.results_watch import newest_of
from raceday.racing.snapshot import Snapshot, Status
from raceday.store.port import Row
from raceday.tables import RACE_RESULTS
from raceday.tables.race_results import results_row

# What each member of a result fills. One that says nothing leaves its columns out, and what is stored stays.
_FILLS = {"results": ("resultsData", "resultsAvailable"), "dividends": ("dividendsData",)}


def results_digest(row: Row, before: str) -> str:
    """Return 8 digits each of the placings, of the dividends' column, and of the rest; what is left out has its former.

    The placings' stand alone, for only new placings or a protest undo a Final.
    """
    filled = {column for columns in _FILLS.values() for column in columns}
    rest = digest(RACE_RESULTS, {k: v for k, v in row.items() if k not in filled})[:8]
    own = {column: digest(RACE_RESULTS, {column: row[column]})[:8] for column in filled if column in row}
    return own.get("resultsData", before[:8]) + own.get("dividendsData", before[8:16]) + rest


def results_of(
    snapshot: Snapshot,
    before: str,
    versions: Sequence[Mapping[str, Any]] = (),
    *,
    taken_back: bool = False,
    same: bool = False,
) -> Row | None:
    """Return an answer's results, None where it shows none."""
    says = snapshot.placings or snapshot.dividends or (before and snapshot.unread >= _FILLS.keys())
    return said(snapshot, before, versions, taken_back=taken_back, same=same) if says else None


def said(
    snapshot: Snapshot, before: str, versions: Sequence[Mapping[str, Any]] = (), *, taken_back: bool, same: bool
) -> Row:
    """Return an answer's results without what says nothing of results that were known before.

    The dividends of a race that is taken back are void, whether or not the answer says so. Those of products that the
    answer lost, or that nobody can read in it, stay as the newest of `versions` has them.
    """
    row = results_row(snapshot)
    if not before:
        return row
    still_final = same and snapshot.status is Status.FINAL
    silent = {member for member in snapshot.unread if not (taken_back and member == "dividends")}
    if still_final and not snapshot.placings:
        # Placings do not vanish under an unchanged Final: an answer without them lost them on the way.
        silent.add("results")
    if versions and not taken_back and "dividends" not in silent:
        stays = still_final and ("results" in silent or results_digest(row, before)[:8] == before[:8])
        known = newest_of(versions).get("dividendsData")
        row["dividendsData"] = merged(known, row["dividendsData"], snapshot.odd_dividends, stays=stays)
    elif same and snapshot.odd_dividends:
        silent.add("dividends")
    return {k: v for k, v in row.items() if k not in {column for member in silent for column in _FILLS[member]}}
