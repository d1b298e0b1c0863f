"""Pool totals per race as they must be: those of the newest poll that knew any."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from local.simulate.oracle.differences import Findings, Json
from local.simulate.oracle.facts import Ledger, Poll
from local.simulate.oracle.pools import differs, paid_pools
from local.simulate.oracle.reading import SINGLE, stamp
from local.simulate.tables import when
from raceday.store.port import Row
from raceday.tables import RACE_POOLS

WITH_ITS_RACE = timedelta(minutes=1)


def judge_totals(
    rows: Sequence[Row], races: Mapping[str, Row], ledgers: Mapping[str, Ledger], findings: Findings, *, sound: bool
) -> None:
    """Compare each race's totals; a race that no poll knew pools of has zeros, and on a sound day from its list on."""
    wanted = {race_id: _totals(race_id, _newest(ledgers.get(race_id))) for race_id in races}
    findings.match(RACE_POOLS, rows, wanted, lambda row: row["$id"], race_of=str)
    for row in rows if sound else ():
        race = races.get(row["$id"])
        if race is not None and when(row["$createdAt"]) > when(race["$createdAt"]) + WITH_ITS_RACE:
            findings.add(RACE_POOLS, "late", race=row["$id"], key=f"made at {row['$createdAt']}, not with its race")


def _newest(ledger: Ledger | None) -> Poll | None:
    return next((p for p in reversed(ledger.polls if ledger else ()) if p.pools is not None and not p.held), None)


def _totals(race_id: str, poll: Poll | None) -> dict[str, Any]:
    single = poll.pools.single if poll and poll.pools else {}
    multi = poll.pools.multi if poll and poll.pools else {}
    paid = paid_pools(poll.reading, final_only=True) if poll else {}
    differing = {
        product: {"pool_cents": single[product], "dividend_pool_cents": cents}
        for product, cents in paid.items()
        if single.get(product) and differs(single[product], cents)
    }
    return {
        "raceId": race_id,
        **{f"{product}PoolTotal": single.get(product, 0) for product in SINGLE},
        "totalRacePool": sum(single.get(product, 0) for product in SINGLE),
        "multiLegTotal": sum(multi.values()),
        "currency": "$",
        "n": poll.n if poll else 0,
        "lastUpdated": stamp(poll.slot) if poll else None,
        "dividendDifferences": Json(differing) if differing else None,
    }
