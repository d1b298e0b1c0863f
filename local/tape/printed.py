"""A race as it stood, for people: race, entrants, pools, timeline and notifications."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from rich.cells import set_cell_size

from local.tape.asof import RaceView
from raceday.catalogue.products import POOL_COLUMNS
from raceday.store.port import Row
from raceday.tables import ENTRANTS, MONEY_FLOW, NOTIFICATIONS, ODDS_HISTORY, RACE_POOLS

T = TypeVar("T")
# What of a timeline fits beside a runner's number into eighty columns.
LABELS_A_LINE = 7
_ODDS = ("fixedWinOdds", "fixedPlaceOdds", "poolWinOdds", "poolPlaceOdds")
_SHARES = ("holdPercentage", "betPercentage")
_MONEY = ("winPoolAmount", "placePoolAmount")


def lines(view: RaceView) -> list[str]:
    """Return a race as it stood, line by line; before its first poll only that."""
    if not view.n:
        odds = len(view.rows[ODDS_HISTORY])
        return [f"{view.race_id}: not polled yet; {odds} odds of its import were known"]
    runners = sorted(view.rows[ENTRANTS].values(), key=lambda row: (row["runnerNumber"], row["name"]))
    flow = [row for row in view.rows[MONEY_FLOW].values() if row["intervalType"] != "live"]
    return [
        *_race(view),
        *_entrants(runners),
        *_pools(view.rows[RACE_POOLS].get(view.race_id, {})),
        *_timeline(flow, view.rows[ENTRANTS]),
        *_told(list(view.rows[NOTIFICATIONS].values()), view.rows[ENTRANTS]),
    ]


def _race(view: RaceView) -> Iterator[str]:
    race = view.race
    yield f"{view.race_id} {race.get('name', '')}: {race['status']}, start {race['startTime'][:19]}Z, poll {view.n}"
    known = {
        "race": "raceNumber",
        "country": "country",
        "code": "type",
        "pays": "positionsPaid",
        "began": "actualStart",
    }
    told = [f"{word} {race[column]}" for word, column in known.items() if race.get(column)]
    yield f"  {', '.join(told)}"


def _entrants(runners: Sequence[Row]) -> Iterator[str]:
    heads = ("fix win", "fix pl", "tote win", "tote pl", "hold %", "bet %")
    yield f"  {'no':>3} {'runner':<20} {' '.join(f'{head:>8}' for head in heads)} {'Win money':>12} {'Place money':>12}"
    for row in runners:
        cells = " ".join(f"{_plain(row[column]):>8}" for column in (*_ODDS, *_SHARES))
        money = " ".join(f"{_money(row[column]):>12}" for column in _MONEY)
        state = " scratched" if row["isScratched"] else ""
        yield f"  {row['runnerNumber']:>3} {set_cell_size(row['name'], 20)} {cells} {money}{state}"


def _pools(pools: Mapping[str, Any]) -> Iterator[str]:
    if not pools:
        yield "  pools: none listed yet"
        return
    told = [f"{name.replace('_', ' ')} {_total(pools[column])}" for name, column in POOL_COLUMNS.items()]
    told += [f"together {_total(pools['totalRacePool'])}", f"of several races {_total(pools['multiLegTotal'])}"]
    yield f"  pools as of poll {pools['n']}:"
    yield from (f"    {', '.join(each)}" for each in _some(told, 4))


def _timeline(flow: Sequence[Row], entrants: Mapping[str, Row]) -> Iterator[str]:
    """Return what Win money came for each runner up to each label, the first label's whole."""
    labels = sorted({row["timeInterval"] for row in flow}, reverse=True)
    yield f"  timeline, Win money since the label before: {'no label yet' if not labels else ''}".rstrip(": ")
    cells = {(row["entrantId"], row["timeInterval"]): row["incrementalWinAmount"] for row in flow}
    numbers = {row["entrantId"]: _number(row["entrantId"], entrants) for row in flow}
    for some in _some(labels, LABELS_A_LINE):
        yield f"  {'no':>5}" + "".join(f"{label:>10}" for label in some)
        for entrant_id, number in sorted(numbers.items(), key=lambda item: item[1]):
            yield f"  {number:>5}" + "".join(f"{_money(cells.get((entrant_id, label))):>10}" for label in some)


def _told(rows: Sequence[Row], entrants: Mapping[str, Row]) -> Iterator[str]:
    yield f"  {len(rows)} notifications{':' if rows else ''}"
    for row in sorted(rows, key=lambda row: (row["eventTimestamp"], row["userId"], row.get("entrantId") or "")):
        runner = f" runner {_number(row['entrantId'], entrants)}" if row.get("entrantId") else ""
        value = f" by {row['value']:g}" if row.get("value") is not None else ""
        at = f"{row['eventTimestamp'][11:19]}Z label {row.get('timeInterval')}"
        yield f"    {at} {row['type']}{runner}{value} to {row['userId']}: {row['title']}"


def _some(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (items[i : i + most] for i in range(0, len(items), most))


def _number(entrant_id: str, entrants: Mapping[str, Row]) -> int:
    return int(entrants.get(entrant_id, {}).get("runnerNumber") or 0)


def _money(cents: Any) -> str:
    return "-" if cents is None else f"${cents / 100:,.2f}"


def _total(cents: Any) -> str:
    """Write a pool's total; the table has nought for a pool that nothing is known of."""
    return _money(cents or None)


def _plain(value: Any) -> str:
    return "-" if value is None else f"{value:.2f}"
