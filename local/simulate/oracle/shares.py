"""Whose money a pool is, by arithmetic of its own: from what its odds prove, else from what was known before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain

from local.simulate.oracle.facts import NOTHING, Aside, Poll
from local.simulate.oracle.holding import Held, PoolToShare, held_in, is_floor
from local.simulate.oracle.money import Amount, book_of, percentages, split, summed
from local.simulate.oracle.reading import RawRunner

# Odds that explain this much of the book leave nothing to runners without any.
NEARLY_ALL = Fraction(97, 100)
# So far off what the book leaves, what is remembered gives way to it; a guess of more puts a pool in doubt.
# In a pool of so many cents everybody has been backed.
THIN = 100_000
APART, GUESS = Fraction(2, 100), Fraction(3, 40)
Money = tuple[dict[str, Amount], Aside]


def share_out(
    product: str, runners: Sequence[RawRunner], total: int | None, *, dead: bool, kept: str, places: int | None,
    run: bool, before: Poll | None, other_total: int = 0,
) -> Money:  # fmt: skip
    """Return each runner's cents and what stands on none; `run` tells that the race is, so that all is refunded.

    `other_total` is that of the other one of the two pools, 0 where it is dead: what that one proves counts here too.
    """
    if total is None:
        return {r.id: Amount(None, "none") for r in runners}, NOTHING
    if total == 0:
        return {r.id: Amount(0, "none") for r in runners}, Aside(word="dead") if dead else NOTHING
    known = before if before is not None and before.cents(product) else None
    running = sum(not r.scratched for r in runners)
    asked = PoolToShare(product, runners, total, book_of(product, places, running), kept, run, known)
    if kept == "before" and known is not None:
        return _with_last(asked, _as_it_was(asked, known))
    if known is not None and _is_again(asked, known):
        return _once_more(asked, known)
    other = "place" if product == "win" else "win"
    told = before if before is not None and before.cents(other) else None
    beside = replace(asked, product=other, total=other_total, book=book_of(other, places, running), before=told)
    return _with_last(asked, _by_odds(asked, beside if other_total else None))


def _with_last(asked: PoolToShare, money: Money) -> Money:
    """Remember what those held who have no amount now."""
    found, aside = money
    last = {i: asked.last(i) for i, amount in found.items() if amount.cents is None}
    return found, replace(aside, last={i: had for i, had in last.items() if had is not None})


def _as_it_was(asked: PoolToShare, before: Poll) -> Money:
    """Leave everybody what they had; who was scratched since has it in the pool still."""
    held, found = dict(before.aside(asked.product).unrefunded), {}
    for runner in asked.runners:
        line = before.line(runner.id)
        had = None if line is None else (line.win if asked.product == "win" else line.place)
        if runner.scratched and had is not None and had.cents:
            held[runner.id] = had.cents
        source = had.source if had is not None else "none"
        found[runner.id] = Amount(0 if runner.scratched else had.cents if had else None, source)
    rest = asked.total - sum(a.cents or 0 for a in found.values()) - sum(held.values())
    return found, Aside(held, rest, "undecided" if before.aside(asked.product).word == "undecided" else "kept")


def _is_again(asked: PoolToShare, before: Poll) -> bool:
    """Tell whether the same stands in an answer as before; the end of a race is news to what was still held."""
    past = before.aside(asked.product)
    first_run = asked.run and before.status not in ("Interim", "Final")
    kept = before.pools.kept.get(asked.product, "") if before.pools else ""
    if (first_run and (past.unrefunded or past.word == "undecided")) or kept != (asked.kept or ""):
        return False
    if before.cents(asked.product) != asked.total or asked.old_book != asked.book:
        return False
    now = {r.id: (r.scratched, asked.odds(r) or None) for r in asked.runners}
    then = {line.id: (line.scratched, asked.old_odds(line.id) or None) for line in before.lines}
    holds = percentages({r.id: r.hold for r in asked.running}, [r.id for r in asked.running])
    return now == then and holds == {line.id: line.hold for line in before.lines if not line.scratched}


def _once_more(asked: PoolToShare, before: Poll) -> Money:
    past = before.aside(asked.product)
    found = {r.id: asked.old(r.id) for r in asked.runners}
    return found, replace(past, word="" if past.word == "refunded" else past.word)


def _by_odds(asked: PoolToShare, beside: PoolToShare | None) -> Money:
    held = held_in(asked, beside)
    doubted = dict.fromkeys(held.doubted, 0)
    if _is_dark(asked):
        return _in_old_proportions(asked, held)
    parts, rest, guess = _parts(asked, held)
    if asked.kept and all(part is None for part, _ in parts.values()) and _had_any(asked):
        return _in_old_proportions(asked, held)
    weights = [*(part or Fraction(0) for part, _ in parts.values())]
    whole = _whole(asked, held, parts, rest)
    weights += [stake / whole for stake in held.stakes.values()]
    cents = split(asked.total, [*weights, rest]) if any(weights) or rest else [0] * len(weights) + [asked.total]
    by_name = dict(zip([*parts, *held.stakes], cents, strict=False))
    found = {i: Amount(None if part is None else by_name[i], source) for i, (part, source) in parts.items()}
    everyone = {r.id: found.get(r.id, Amount(0, "none")) for r in asked.runners}
    word = "undecided" if guess > GUESS else held.word
    return everyone, Aside({i: by_name[i] for i in held.stakes} | doubted, cents[-1], word)


Parts = dict[str, tuple[Fraction | None, str]]


def _had_any(asked: PoolToShare) -> bool:
    return asked.before is not None and any(asked.old(r.id).cents for r in asked.running)


def _is_dark(asked: PoolToShare) -> bool:
    """Tell whether an answer shows nobody's odds, where odds told the shares before."""
    if not _had_any(asked):
        return False
    return not any(asked.odds(r) or asked.old(r.id).source == "hold" for r in asked.running)


def _whole(asked: PoolToShare, held: Held, parts: Parts, rest: Fraction) -> Fraction:
    """Return what inverse odds are shares of: all that is remembered or shown, the book, or what is shown alone."""
    known, doubt = _remembered(asked, held)
    if known:
        return doubt + summed(chain((known.get(r.id, asked.stake(r)) for r in asked.running), held.stakes.values()))
    shown = summed(chain(map(asked.stake, asked.running), held.stakes.values()))
    more = _borne(asked, {r.id: asked.stake(r) for r in asked.running}, 1 - shown / asked.book)
    shown += summed(more.values())
    is_open = rest or any(source not in ("pool_odds", "none") for i, (_, source) in parts.items() if i not in more)
    return asked.book if is_open else shown


def _silent(asked: PoolToShare) -> list[str]:
    return [r.id for r in asked.running if not asked.stake(r) or is_floor(asked.odds(r))]


def _remembered(asked: PoolToShare, held: Held) -> tuple[dict[str, Fraction], Fraction]:
    """Return what the book bears out of that which is remembered of all whose odds do not tell; else nothing.

    Beside it what more there is that may still be a scratched runner's.
    """
    known, silent = asked.remembered, _silent(asked)
    if not known or set(known) != set(silent) or _in_question(asked, held):
        return {}, Fraction(0)
    whole = summed(known.values())
    told = summed(chain((asked.stake(r) for r in asked.running if r.id not in known), held.stakes.values()))
    room = asked.book - told
    doubt = min(summed(held.doubted.values()), max(Fraction(0), room - whole))
    room -= doubt
    if not whole or room <= 0 or abs(room - whole) <= APART * asked.book:
        return known, doubt
    return {i: part * room / whole for i, part in known.items()}, doubt


def _in_question(asked: PoolToShare, held: Held) -> list[str]:
    """Return the runners without odds among whom nobody's memory tells what came in: two or more, none at the floor."""
    out = [r.id for r in asked.running if not asked.stake(r) and asked.remembered.get(r.id, Fraction(1))]
    shown = summed(chain(map(asked.stake, asked.running), held.stakes.values()))
    open_book = 1 - shown / asked.book > 1 - NEARLY_ALL
    return out if len(out) > 1 and open_book and not any(is_floor(asked.odds(r)) for r in asked.running) else []


def _parts(asked: PoolToShare, held: Held) -> tuple[Parts, Fraction, Fraction]:
    """Return each running one's part and source, the part that is nobody's, and the part that is a guess."""
    stakes = {r.id: asked.stake(r) for r in asked.running}
    shown = summed(chain(stakes.values(), held.stakes.values()))
    if not shown:
        return _by_hold(asked.running)
    known, doubt = _remembered(asked, held)
    if known:
        as_it_was = "before" if known == asked.remembered else "book"
        whole = doubt + summed(chain((known.get(i, stake) for i, stake in stakes.items()), held.stakes.values()))
        parts: Parts = {
            i: (known.get(i, stake) / whole, as_it_was if i in known else "pool_odds") for i, stake in stakes.items()
        }
        more = summed(max(Fraction(0), part - stakes[i]) for i, part in known.items())
        return parts, doubt / whole, more / whole if asked.aside.word == "undecided" else Fraction(0)
    mine = _borne(asked, stakes, 1 - shown / asked.book)
    stakes |= mine
    shown += summed(mine.values())
    left = 1 - shown / asked.book
    floored = [r.id for r in asked.running if is_floor(asked.odds(r))]
    silent = [i for i, stake in stakes.items() if not stake]
    is_open = floored if left > 0 else []
    if silent and left > 1 - NEARLY_ALL:
        # Beside one at the floor a silent runner is one that nobody backed, if neither tracker nor memory tells more.
        backed = {r.id for r in asked.running if r.hold or asked.last(r.id)}
        is_open = _in_question(asked, held) or floored + [i for i in silent if not floored or i in backed]
    if not is_open:
        plain: Parts = {i: (stake / shown, "before" if i in mine else "pool_odds") for i, stake in stakes.items()}
        return plain, Fraction(0), Fraction(0)
    parts = {i: (stake / asked.book, "before" if i in mine else "pool_odds") for i, stake in stakes.items()}
    had = {i: Fraction(asked.last(i) or 0, asked.total) for i in is_open}
    # Bets are not taken back: doubt leaves everybody what they had.
    spare = left - summed(max(Fraction(0), part - stakes[i] / asked.book) for i, part in had.items())
    nobodys = min(summed(held.doubted.values()) / asked.book, max(spare, Fraction(0)))
    extra, rest = _open(asked, stakes, is_open, left - nobodys, had)
    for i, (part, source) in extra.items():
        shares = stakes[i] / asked.book
        parts[i] = (None if part is None and not shares else shares + (part or 0), source)
    any_may = asked.total >= THIN or asked.aside.word == "undecided"
    nothing = {i for i in silent if asked.before is None or asked.old(i).cents == 0}
    over = any(i not in is_open and (any_may or i not in nothing) for i in silent)
    guess = left - nobodys if len(is_open) > 1 and not rest else Fraction(0)
    if any(source == "before" for _, source in extra.values()):
        guess = summed(part or Fraction(0) for part, source in extra.values() if source == "before")
    guess = left if over else guess
    return parts, rest + nobodys, guess


def _borne(asked: PoolToShare, stakes: Mapping[str, Fraction], left: Fraction) -> dict[str, Fraction]:
    """Return what of the book those still have who fell silent, where odds leave no more than a take-out moves."""
    had = {i: Fraction(asked.last(i) or 0, asked.total) for i, stake in stakes.items() if not stake}
    whole = summed(had.values())
    if not whole or left > 1 - NEARLY_ALL:
        return {}
    fits = min(Fraction(1), (max(left, Fraction(0)) + APART) / whole)
    return {i: part * fits * asked.book for i, part in had.items() if part}


def _open(
    asked: PoolToShare,
    stakes: Mapping[str, Fraction],
    is_open: Sequence[str],
    left: Fraction,
    had: Mapping[str, Fraction],
) -> tuple[Parts, Fraction]:
    """Share out what is open of the book: to the only one, by hold, by odds, beside memory, or to nobody."""
    if left == 0:
        return {i: (None, "pool_odds" if stakes[i] else "none") for i in is_open}, left
    if len(is_open) == 1:
        return {is_open[0]: (left, "book")}, Fraction(0)
    holds = {r.id: max(r.hold, Fraction(0)) for r in asked.running if r.id in is_open and r.hold is not None}
    if len(holds) == len(is_open) and any(holds.values()):
        return _by_points({i: stakes[i] / asked.book for i in is_open}, holds, left), Fraction(0)
    low, silent = [i for i in is_open if stakes[i]], [i for i in is_open if not stakes[i]]
    if low and all(had[i] for i in silent):
        fits = min(Fraction(1), left / summed(had[j] for j in silent))
        known = {i: had[i] * fits for i in silent}
        more, whole = left - summed(known.values()), summed(stakes[i] for i in low)
        remembered: Parts = {i: (part, "before") for i, part in known.items()}
        return remembered | {i: (more * stakes[i] / whole, "book") for i in low}, Fraction(0)
    return {i: (None, "pool_odds" if stakes[i] else "none") for i in is_open}, left


def _by_points(shown: Mapping[str, Fraction], holds: Mapping[str, Fraction], left: Fraction) -> Parts:
    """Let the open ones stand by their points all in all; who stands above by odds alone gets nothing more."""
    parts: Parts = {}
    order = sorted(shown, key=lambda i: (-shown[i], i))
    for n, i in enumerate(order):
        others = order[n:]
        points, whole = sum(holds[j] for j in others), left + sum(shown[j] for j in others)
        more = (whole * holds[i] / points if points else whole) - shown[i]
        more = min(max(more, Fraction(0)), left)
        parts[i] = (more, "hold")
        left -= more
    return parts


def _by_hold(running: Sequence[RawRunner]) -> tuple[Parts, Fraction, Fraction]:
    holds = {r.id: max(r.hold or Fraction(0), Fraction(0)) for r in running}
    whole = sum(holds.values())
    if not whole:
        return dict.fromkeys(holds, (None, "none")), Fraction(1), Fraction(0)
    return {i: (hold / whole, "hold") for i, hold in holds.items()}, Fraction(0), Fraction(1)


def _in_old_proportions(asked: PoolToShare, held: Held) -> Money:
    """Share out a total as the pool was shared before, but for what scratched runners still hold."""
    aside = {i: round(asked.seen(i) or float(part / asked.book * asked.total)) for i, part in held.stakes.items()}
    left = asked.total - sum(aside.values())
    if left < 0:
        aside, left = {}, asked.total
    had = {r.id: Fraction(asked.old(r.id).cents or 0) for r in asked.running}
    cents = dict(zip(had, split(left, list(had.values())), strict=True))
    found = {r.id: Amount(cents[r.id], "before") if r.id in cents else Amount(0, "none") for r in asked.runners}
    return found, Aside(aside | dict.fromkeys(held.doubted, 0), 0, held.word)


def gone(runners: Sequence[RawRunner], before: Poll | None) -> list[RawRunner]:
    """Return the runners of the poll before that an answer lists no more: scratched, without odds or holds."""
    here = {r.id for r in runners}
    found = []
    for line in before.lines if before else ():
        if line.id not in here:
            found.append(
                RawRunner(line.id, line.number, {"name": line.name}, True, dict.fromkeys(line.odds), None, None)
            )
    if not runners and before:
        # An answer without any runner says nothing of them.
        found = [
            replace(each, scratched=line.scratched, odds=dict(line.odds), hold=line.hold, bet=line.bet)
            for each, line in zip(found, before.lines, strict=True)
        ]
    return found
