"""Pool objects of an event: totals in dollars under the feed's names, with trends as XML where the feed has them."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from local.feedsim.book import RaceBook
from local.feedsim.marks import NZ
from local.feedsim.model import MarketState, MeetingFacts
from local.feedsim.multileg import LegPool
from local.feedsim.seeded import apportion, stream

FIRST_FOUR_SPELLINGS = ("FirstFour",) * 8 + ("First Four", "First 4")
PRODUCT_TYPES = {
    "win": "Win",
    "place": "Place",
    "quinella": "Quinella",
    "trifecta": "Trifecta",
    "exacta": "Exacta",
    "first4": "FirstFour",
    "early_quadrella": "EarlyQuadrella",
    "quadrella": "Quadrella",
    "running_double": "RunningDouble",
    "treble": "Treble",
}
_TREND_TYPES = {"trifecta": ("TFA", 3), "first4": ("FT4", 4)}
_OPEN = {"Open"}


def dollars(cents: int) -> int | float:
    """Cents as the dollars the feed writes: an integer where nothing is behind the point."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def tote_pools(
    book: RaceBook, meeting: MeetingFacts, state: MarketState, *, trends: bool, will_pays: bool
) -> list[dict[str, Any]]:
    """All pools of a race in the fixed but arbitrary order that this race has, or what is left of them."""
    chance = stream(book.race.race_id, "pool order")
    rows = [_single(book, meeting, state, product, trends) for product in state.pools]
    rows += [_multi(book, meeting, pool, state, trends, will_pays) for pool in book.legs]
    chance.shuffle(rows)
    if state.told == "zero":
        rows = [{**row, "total": 0} for row in rows]
    return [] if state.told in ("null", "empty") else rows


def _common(product: str, total: int, status: str, commingled: bool) -> dict[str, Any]:
    return {
        "product_type": product,
        "total": dollars(total),
        "status": status,
        "guarantee": 0,
        "brought_forward": 0,
        "terminating": False,
        "jackpot": 0,
        "leg": 0,
        "is_commingled": commingled,
        "commingled_info": commingled,
        "is_concession": False,
    }


def _single(book: RaceBook, meeting: MeetingFacts, state: MarketState, product: str, trends: bool) -> dict[str, Any]:
    cents = int(state.dead.get(product, state.pools[product]) * state.leapt.get(product, 1))
    name = PRODUCT_TYPES[product]
    if product == "first4":
        name = stream(book.race.race_id, "spelling").choice(FIRST_FOUR_SPELLINGS)
    status = "OPEN" if state.status in _OPEN else "ABANDONED" if state.status == "Abandoned" else "CLOSED"
    if product in state.dead:
        status = "ABANDONED"
    row = _common(name, cents, status, book.market.commingled and product != "trifecta")
    row["is_final"] = state.status == "Final"
    row["win_investment"] = str(cents * 3 // 100) if state.status == "Final" else ""
    row["will_pay_live_units"] = 0
    row["will_pay_current_leg"] = 0
    if product in _TREND_TYPES:
        row["tote_trends"] = _trends(book, meeting, state, product, trends)
    return row


def _trends(book: RaceBook, meeting: MeetingFacts, state: MarketState, product: str, with_xml: bool) -> dict[str, Any]:
    """Shares of an exotic pool by place; its total is another snapshot, so it differs from the pool's own."""
    code, places = _TREND_TYPES[product]
    chance = stream(book.race.race_id, "trends", product)
    total = int(state.pools[product] * chance.uniform(0.9, 1.06)) // 10 * 10
    trends: dict[str, Any] = {"pool_total": dollars(total)}
    if with_xml:
        trends["tote_trends_data"] = _trends_xml(book, meeting, state, code, places, total, chance)
    return trends


def _trends_xml(
    book: RaceBook, meeting: MeetingFacts, state: MarketState, code: str, places: int, total: int, chance: Random
) -> str:
    live = [0.0 if runner.scratched else p for runner, p in zip(state.runners, book.market.strength, strict=True)]
    columns = [apportion(total, [share ** (1 - 0.15 * n) if share else 0.0 for share in live]) for n in range(places)]
    number, kind = book.race.number, "R" if book.race.category == "T" else book.race.category
    lines = [
        "<meetings>",
        f"  <date>{meeting.date.isoformat()}</date>",
        f'  <meeting meeting_number="{meeting.tote_number or 0}" meeting_type="{kind}">',
        f'    <meet_ID meet_mnem={quoteattr(meeting.name[:4].upper())} NetSet_Name={quoteattr(meeting.name)} Club=""/>',
        f'    <race race_number="{number}">',
        "      <bet_types>",
        f'        <bet_type type="{code}">',
        f"          <pool_total>{total / 100:.2f}</pool_total>",
        f'          <runners race_number="{number}">',
    ]
    for i, runner in enumerate(book.race.runners):
        lines += [
            f'            <runner runner_number="{runner.number}">',
            f"              <runner_scratched>{state.runners[i].scratched}</runner_scratched>",
            f"              <runner_name>{escape(runner.name)}</runner_name>",
        ]
        lines += [
            f"              <runner_investment{n + 1}>{columns[n][i] / 100:.2f}</runner_investment{n + 1}>"
            for n in range(places)
        ]
        lines.append("            </runner>")
    lines += [
        "          </runners>",
        "        </bet_type>",
        "      </bet_types>",
        "    </race>",
        "  </meeting>",
        "</meetings>",
        "",
    ]
    return "\r\n".join(lines)


def _multi(
    book: RaceBook, meeting: MeetingFacts, pool: LegPool, state: MarketState, trends: bool, will_pays: bool
) -> dict[str, Any]:
    at = state.mark
    row = _common(
        PRODUCT_TYPES[pool.product], state.multi_leg[pool.product], "CLOSED" if pool.closed(at) else "OPEN", False
    )
    run = sum(race.script.final <= at for race in pool.races)
    row |= {
        "jackpot": dollars(pool.jackpot_cents),
        "is_concession": pool.product == "running_double" and run > 0,
        "win_investment": "",
        "will_pay_live_units": round(run * 5.81, 2),
        "will_pay_current_leg": min(run, len(pool.legs) - 1),
    }
    row[pool.member] = [list(pool.legs)] if pool.member.startswith("tote_") else list(pool.legs)
    row["tote_trends"] = {
        "pool_total": round(state.multi_leg[pool.product] / 50_000, 2),
        "final_leg_start_time": _nz_minute(pool.races[-1].advertised_at(at)),
    }
    if trends:
        row["tote_trends"]["tote_trends_data"] = _legs_xml(pool, meeting, row["tote_trends"])
    if will_pays and run:
        whole = state.multi_leg[pool.product] / 100
        row["will_pays"] = [
            {"odds": round(whole / (1 + runner.number % 3), 1), "sel": runner.number}
            for runner in pool.races[-1].runners
        ]
    return row


def _nz_minute(at: datetime) -> str:
    return at.astimezone(NZ).strftime("%Y-%m-%d %H:%M")


def _legs_xml(pool: LegPool, meeting: MeetingFacts, trends: dict[str, Any]) -> str:
    code = {"quadrella": "QAD", "early_quadrella": "QAD", "treble": "TBL", "running_double": "RDB"}[pool.product]
    lines = [
        "<meetings>",
        f"  <date>{meeting.date.isoformat()}</date>",
        "  <bet_types>",
        f'    <bet_type type="{code}">',
        f"      <pool_total>{trends['pool_total']:.2f}</pool_total>",
        f"      <final_leg_start>{trends['final_leg_start_time']}</final_leg_start>",
        *(f'      <leg leg_number="{k}" race_number="{number}"/>' for k, number in enumerate(pool.legs, 1)),
        "    </bet_type>",
        "  </bet_types>",
        "</meetings>",
        "",
    ]
    return "\r\n".join(lines)


def quinella_odds(state: MarketState) -> list[dict[str, Any]]:
    """Approximate quinella pays of each pair, dashes on the diagonal and `scr` for runners that are out."""
    total = sum(runner.win_cents for runner in state.runners) or 1
    shares = [0.0 if runner.scratched else runner.win_cents / total for runner in state.runners]
    rank = {i: k for k, i in enumerate(sorted(range(len(shares)), key=lambda i: (-shares[i], i)), 1)}

    def cell(i: int, j: int) -> str:
        if state.runners[i].scratched or state.runners[j].scratched:
            return "scr"
        if i == j or not shares[i] or not shares[j]:
            return "-"
        return f"{0.8 / (2 * shares[i] * shares[j]):.2f}"

    return [
        {"favouritism": rank[i], "sel": runner.number, "oddsString": "|".join(cell(i, j) for j in range(len(shares)))}
        for i, runner in enumerate(state.runners)
    ]
