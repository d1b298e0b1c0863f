"""Checks of the pools: totals, their growth, and whose money they are."""

from raceday.racing.evidence import (
    MAIN,
    OUTSIDE,
    SMALL_CENTS,
    THIN_CENTS,
    TINY_CENTS,
    Evidence,
    Finding,
    counted,
    names,
)
from raceday.racing.falls import fallen
from raceday.racing.leaps import out_of_proportion, puts_right, refundable_cents, sound_cents
from raceday.racing.pools import dividend_pools, listed_twice, same_pool
from raceday.racing.records import RunnerLine
from raceday.racing.shares import at_floor, inverse
from raceday.racing.snapshot import Pool, Status

# Win beyond so many times Place, and so many times all other pools together, is no market's.
_WIN_PER_PLACE, _WIN_PER_OTHERS = 15, 3
# Odds of fewer runners are single bets.
_LEAST_SHOWN = 3
# In a pool under a thousand dollars, more of it than this hangs on who shows no odds.
_UNSHOWN_OF_THIN = 0.2
# Nobody is placed beside the winner in a smaller field, and fewer runners leave nothing to choose.
_LEAST_FIELD = {"place": 5, "trifecta": 4, "first4": 5}
EXPECTED_PRODUCTS = ("win", "place", "quinella", "trifecta", "first4")


def pool_products(e: Evidence) -> Finding | None:
    """Check that the products of such a field are listed; without Win or Place the check is worth nothing.

    Nothing is missing of a pool that was called off before, and that the feed lists no more, nor of an abandoned race.
    """
    if e.snapshot.status is Status.ABANDONED:
        return None
    listed = {p.product for p in e.snapshot.pools or ()}
    missing = [p for p in EXPECTED_PRODUCTS if p not in listed and not (listed and (e.dead(p) or not _is_due(e, p)))]
    # Win and Place carry everything downstream: without one of them this check is worth nothing.
    if "win" in missing or "place" in missing:
        return Finding(False, 0.0, f"missing {names(missing)}", "all five products")
    return counted(5 - len(missing), 5, f"missing {names(missing)}", "all five products")


def _is_due(e: Evidence, product: str) -> bool:
    """Tell whether a field is large enough to be bet on so, or whether money or odds say that it is all the same."""
    field = max(len(e.running), e.snapshot.field_size or 0)
    if not e.running or field >= _LEAST_FIELD.get(product, 0):
        return True
    return product in MAIN and (_had_money(e, product) or any(_shown(e, product)))


def pool_values(e: Evidence) -> Finding | None:
    """Check that no total is negative, and that Win and Place hold money once betting is over, or ever was seen to be.

    Odds on all runners tell of a pool with money in it at first sight, and so does what was known before. No
    product may be listed with two totals.
    """
    pools = e.snapshot.pools
    if not pools:
        return None
    shut = e.snapshot.status not in (Status.OPEN, Status.ABANDONED)
    listed = [p for p in pools if not p.dead]
    bad = [p.product for p in listed if p.total_cents is not None and p.total_cents < 0]
    bad += [p.product for p in listed if shut and _empty_main(p) and _is_due(e, p.product)]
    bad += [p.product for p in listed if p.total_cents is None and p.product in MAIN]
    bad += [f"{product} twice" for product in listed_twice(e.snapshot) if product in MAIN]
    bad += [p.product for p in listed if not shut and _empty_main(p) and _had_money(e, p.product)]
    # One that nobody can read counts where it is Win or Place; the others are named among what was left out.
    return counted(
        len(pools) - len(bad), len(pools), f"bad {names(bad)}", "not negative; win and place above 0 at the end"
    )


def _empty_main(pool: Pool) -> bool:
    return pool.product in MAIN and pool.total_cents == 0


def _had_money(e: Evidence, product: str) -> bool:
    """Tell whether a pool that is shown empty cannot be: it had money before, or all runners show odds of it.

    What is left of an abandoned race is refunded.
    """
    if e.snapshot.status is Status.ABANDONED:
        return False
    shown = _shown(e, product)
    return (e.pools is not None and product in e.pools.kept) or (len(shown) >= _LEAST_SHOWN and all(shown))


def _shown(e: Evidence, product: str) -> list[bool]:
    return [bool(inverse(r.odds.pool_win if product == "win" else r.odds.pool_place)) for r in e.running]


def pool_dividends(e: Evidence) -> Finding | None:
    """Check that dividends name the same pools as the totals; None where nothing can be compared."""
    paid = dividend_pools(e.snapshot)
    pairs = [
        (p.product, p.total_cents, paid[p.product])
        for p in e.snapshot.pools or ()
        if p.single_race and p.product in paid and p.total_cents and not p.dead
    ]
    if not pairs:
        return None
    bad = [product for product, total, cents in pairs if not same_pool(total, cents)]
    return counted(len(pairs) - len(bad), len(pairs), f"differing {names(bad)}", "equal within the value's precision")


def pool_balance(e: Evidence) -> Finding | None:
    """Check that Place does not outgrow Win by more than its size allows, nor Win all others; None where one is empty.

    One large bet to place on a favourite at the floor makes as much of a large pool as of a thin one.
    """
    win, place = e.cents("win"), e.cents("place")
    if win == 0 or place == 0:
        return None
    ratio = place / win
    others = sum(e.cents(product) for product in EXPECTED_PRODUCTS if product != "win")
    is_backed = any(at_floor(r.odds.pool_win) for r in e.running)
    if win > max(_WIN_PER_PLACE * place, _WIN_PER_OTHERS * others) and not is_backed:
        return Finding(False, OUTSIDE, ratio, f"Win at most {_WIN_PER_PLACE} times Place")
    limit = 1.0 if win + place >= SMALL_CENTS else 3.0 if win + place >= THIN_CENTS else 10.0
    if any(at_floor(r.odds.pool_place) for r in e.running):
        limit = max(limit, 3.0)
    ok = ratio <= limit
    return Finding(ok, 1.0 if ok else OUTSIDE * limit / ratio, ratio, f"at most {limit:g}")


def pool_growth(e: Evidence) -> Finding | None:
    """Pools grow; a fall is explained by the refund of scratched runners, up to what those held."""
    if e.base is None or e.base.pools is None or e.pools is None:
        return None
    bad: list[str] = []
    for product in MAIN:
        now, before = e.pools.cents(product), sound_cents(e.base.pools, product)
        if now is None or before is None or product in e.pools.kept or _was_called_off(e, product):
            continue
        if (settled := e.base.pools.settled.get(product)) is not None and settled.word == "undecided":
            # How much there was to refund nobody knew.
            continue
        if product not in e.base.pools.unlikely and puts_right(product, e.pools, e.base.pools):
            continue
        if before - now > refundable_cents(e.lines, e.base, product):
            bad.append(f"{product} fell {before - now}")
    return counted(2 - min(2, len(bad)), 2, names(bad), "no fall but by refunds")


def runner_growth(e: Evidence) -> Finding | None:
    """Check that no runner that runs lost money: bets are not taken back."""
    lost = {p: each for p in MAIN if (each := fallen(p, e.lines, e.pools, e.base)) is not None}
    if not lost:
        return None
    bad = [f"{p} {number} fell {cents}" for p, each in lost.items() for number, cents in each.items()]
    return counted(2 - sum(map(bool, lost.values())), 2, names(bad), "no fall beyond rounding on who runs")


def pool_size(e: Evidence) -> Finding | None:
    """Check that no total leapt, none is out of all proportion, and that Final dividends are there and paid from it."""
    if e.pools is None or not any(e.pools.cents(p) for p in MAIN):
        return None
    bad = {p: f"{p} {e.pools.cents(p)} for {sound}" for p, sound in e.pools.unlikely.items()}
    is_backed = any(at_floor(r.odds.pool_win) for r in e.running)
    if (odd := out_of_proportion(e.pools)) and not is_backed:
        bad.setdefault(odd, f"{odd} {e.pools.cents(odd)} beside the others")
    if e.snapshot.status is Status.FINAL:
        paid = {d.product for d in e.snapshot.dividends}
        for p in MAIN:
            if (e.pools.cents(p) or 0) > TINY_CENTS and p not in paid:
                bad.setdefault(p, f"{p} paid nothing")
    return counted(
        2 - len(bad), 2, names(bad.values()), "totals that the others, the poll before and dividends bear out"
    )


def _was_called_off(e: Evidence, product: str) -> bool:
    return e.dead(product) or (e.base is not None and e.base.pools is not None and product in e.base.pools.dead)


def _cents(line: RunnerLine, product: str) -> int | None:
    return line.win_cents if product == "win" else line.place_cents


def runner_amounts(e: Evidence) -> Finding | None:
    """Every runner of a pool with money is listed and shows what it holds, and all parts together are the pool."""
    totals = {p: t for p in MAIN if e.pools is not None and (t := e.pools.cents(p))}
    if not totals:
        return None
    off = [f"{p} {_known_sum(e, p) - t}" for p, t in totals.items() if _known_sum(e, p) != t]
    unknown = [p for p in totals if e.settled(p).unattributed_cents and any(_cents(r, p) is None for r in e.lines)]
    unshown = [p for p, total in totals.items() if p not in unknown and _hangs_on_unshown(e, p, total)]
    bad = {text.split()[0] for text in off} | {*unknown, *unshown}
    value = f"off by {names(off)} cents" if off else f"nobody's {names(unknown)}"
    if unshown and not off:
        value = f"no odds tell {names([*unknown, *unshown])}"
    if (e.snapshot.field_size or 0) > len(e.running):
        bad, value = set(totals), f"{e.snapshot.field_size} run, {len(e.running)} are listed"
    return counted(len(totals) - len(bad), len(totals), value, "all parts are known and sum to the pool")


def _hangs_on_unshown(e: Evidence, product: str, total: int) -> bool:
    """Tell whether a pool's figures are missing: runners show no odds that must hold some of it.

    Everybody is backed in a pool of five thousand dollars. In smaller ones who holds nothing may show nothing, and in
    those under a thousand one bet is much of the pool. Odds under the stake are those of nobody that runs.
    """
    running = [line for line in e.lines if not line.scratched]
    unshown = [line for line in running if not inverse(line.odds(f"pool_{product}"))]
    impossible = any(line.odds(f"pool_{product}") is not None for line in unshown)
    if not unshown or total <= TINY_CENTS or e.snapshot.status is Status.ABANDONED:
        return False
    if impossible or total >= SMALL_CENTS or len(unshown) == len(running):
        return True
    amounts = [_cents(line, product) for line in unshown]
    return None in amounts or sum(c or 0 for c in amounts) > (0 if total >= THIN_CENTS else _UNSHOWN_OF_THIN * total)


def _known_sum(e: Evidence, product: str) -> int:
    beside = e.pools.beside_cents(product) if e.pools else 0
    return sum(_cents(line, product) or 0 for line in e.lines) + beside


def set_aside(e: Evidence) -> Finding | None:
    """Tell of money that stands on no runner, or that counts nowhere, and of what nobody can decide."""
    if e.pools is None:
        return None
    told = [f"{p} {s.word} {sum(s.unrefunded.values())}" for p in MAIN if (s := e.settled(p)).unrefunded]
    told += [f"{p} undecided" for p in MAIN if e.settled(p).word == "undecided" and not e.settled(p).unrefunded]
    told += [f"{p} called off" for p in e.pools.dead]
    return Finding(False, OUTSIDE, names(told), "no unrefunded money, no pool called off") if told else None
