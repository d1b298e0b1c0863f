"""From a stored figure back to the feed: every figure on the way is made again and held to the stored one."""

import json
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from local.tape.capped import cap_of
from local.tape.explain_ends import closing_figures, movement_steps, race_figures, result_figures
from local.tape.figure import Figure, equal
from local.tape.reader import Tape
from local.tape.replay import Rows
from local.tape.story import RaceStory, Told
from raceday.ledger.codec import to_row
from raceday.ledger.timeline import Label
from raceday.projections.money_flow import entry_rows
from raceday.racing.records import Check, LedgerRow, RunnerLine
from raceday.racing.shares import inverse
from raceday.tables import MONEY_FLOW

# What the ledger says of the run, and of what was written before: no rule makes it of one answer.
_OF_THE_RUN = frozenset({"gaps", "feedCalls", "feedMs", "storeMs", "lateMs", "digests"})


def ledger_figures(told: Told) -> list[Figure]:
    """Return every column of one ledger row that an answer decides, checks and runners taken apart."""
    stored, made = to_row(told.stored), to_row(told.made)
    found = []
    for column in stored.keys() - _OF_THE_RUN - {"checks", "runners"}:
        found.append(Figure(f"poll {told.stored.n} {column}", stored[column], made[column]))
    for part, key in (("checks", "name"), ("runners", "no")):
        old, new = json.loads(stored[part]), {item[key]: item for item in json.loads(made[part])}
        for item in old:
            other = new.get(item[key], {})
            found += [Figure(f"{part} {item[key]} {k}", v, other.get(k)) for k, v in item.items()]
        found += [Figure(f"{part} {key_}", None, "made") for key_ in new.keys() - {item[key] for item in old}]
    return found


def label_figures(story: RaceStory, entry: Label) -> list[Figure]:
    """Return every column of one label's rows, for all runners."""
    stored = story.recorded.get(MONEY_FLOW, {})
    found = []
    for made in entry_rows(entry):
        row = stored.get(made["$id"], {})
        name = f"T{-entry.label:+d} {made['entrantId']}"
        found += [Figure(f"{name} {k}", row.get(k), v) for k, v in made.items() if k != "$id"]
    return found


def day_figures(recorded: Rows, tape: Tape | None, races: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    """Return the figures of ledger, timeline and what they led to of some races, race by race."""
    for race_id in races:
        story = RaceStory(recorded, tape, race_id)
        answered = {told.stored.n for told in story.told if told.entry is not None}
        for told in story.told:
            # Without its answer a row is not made again: held to itself it would seem to be.
            if told.entry is not None:
                yield from ((race_id, figure) for figure in ledger_figures(told))
        for entry in story.labels:
            taken = not {entry.state.n, entry.base.n if entry.base else entry.state.n} <= answered
            yield from ((race_id, figure._replace(taken=taken)) for figure in label_figures(story, entry))
        owed = {row["$id"] for entry in story.labels for row in entry_rows(entry)}
        for key, row in recorded.get(MONEY_FLOW, {}).items():
            if row["raceId"] == race_id and row["intervalType"] != "live" and key not in owed:
                yield race_id, Figure(f"T{-row['timeInterval']:+d} {row['entrantId']}", "stored", None, "no rule")
        taken = any(told.entry is None and told.stored.kind != "closing" for told in story.told)
        yield from ((race_id, figure._replace(taken=taken)) for figure in race_figures(story))


class Step(NamedTuple):
    """One step towards a stored figure: its part, as answer, money or checks, and what it tells."""

    part: str
    told: Figure | str


def runner_steps(story: RaceStory, number: int, label: int) -> list[Step]:
    """Explain one runner at one label, step by step; raises LookupError where there is none such."""
    entry = story.label(label)
    line = next((r for r in entry.state.runners if r.number == number), None) if entry else None
    if entry is None or line is None:
        known = ", ".join(str(each.label) for each in story.labels)
        raise LookupError(f"no runner {number} at label {label}; the race has labels {known}")
    told = story.by_n(entry.state.n)
    parts: dict[str, Iterable[Figure | str]] = {
        "answer": [where(told)],
        "money": _money(told, line.entrant_id),
        "label": _label(story, entry, line.entrant_id),
        "alerts": movement_steps(story, entry, line.entrant_id),
        "closing": closing_figures(story, line.entrant_id),
        "results": result_figures(story, number),
        "checks": check_lines(told),
    }
    return [Step(part, each) for part, steps in parts.items() for each in steps]


def runner_lines(story: RaceStory, number: int, label: int) -> list[str]:
    """Explain one runner at one label as lines for people; raises LookupError where there is none such."""
    return [str(step.told) for step in runner_steps(story, number, label)]


def _label(story: RaceStory, entry: Label, entrant_id: str) -> Iterator[Figure]:
    """Return what one label's row has of one runner."""
    rows = {row["entrantId"]: row for row in entry_rows(entry)}
    stored = story.recorded.get(MONEY_FLOW, {}).get(rows[entrant_id]["$id"], {})
    base = f"since poll {entry.base.n} at {entry.base.slot:%H:%M:%S}" if entry.base else "the first label"
    hows = {"incrementalWinAmount": base, "incrementalPlaceAmount": base, "winPoolPercentage": "of the Win pool"}
    for column in ("winPoolAmount", "placePoolAmount", "incrementalWinAmount", "incrementalPlaceAmount",
                   "winPoolPercentage", "placePoolPercentage", "holdPercentage", "dataQualityScore"):  # fmt: skip
        yield Figure(column, stored.get(column), rows[entrant_id][column], hows.get(column, ""))


def where(told: Told) -> str:
    """Name a poll, and where on the tape its answer lies."""
    row = told.stored
    head = f"poll {row.n} ({row.kind}) of slot {row.slot:%Y-%m-%d %H:%M:%S}"
    if told.entry is None:
        return f"{head}: no answer on a tape, so it is taken from the ledger; fetched {row.fetched_at:%H:%M:%S.%f}"
    age = (told.entry.received - row.generated_at).total_seconds()
    return f"{head}: {told.entry.place}, received {told.entry.received:%H:%M:%S.%f}, made {age:.1f} s before"


def _money(told: Told, entrant_id: str) -> Iterator[Figure]:
    """Return pool, odds, share and cents of one runner, for Win and Place."""
    stored, made = told.stored.runner(entrant_id), told.made.runner(entrant_id)
    for product in ("win", "place"):
        before, total = (row.pools.cents(product) if row.pools else None for row in (told.stored, told.made))
        yield Figure(f"{product} pool", before, total, "cents, from the feed's total")
        odds = f"pool_{product}"
        yield Figure(odds, getattr(stored, odds, None), getattr(made, odds, None), "from the feed's odds")
        found = _share(told.made, product, entrant_id)
        source, cents = f"{product}_source", f"{product}_cents"
        shown = f"share {float(found[0]):.6f} of {found[1]} cents{_left(told.made, product, found[1])}" if found else (
            _NO_SHARE.get(getattr(made, source, ""), "no share"))  # fmt: skip
        yield Figure(f"{product} share's source", getattr(stored, source, None), getattr(made, source, None), shown)
        exact = f"{float(found[0] * found[1]):.4f} before apportioning" if found else ""
        yield Figure(f"{product} cents", getattr(stored, cents, None), getattr(made, cents, None), exact)
        beside = [row.pools.beside_cents(product) if row.pools else 0 for row in (told.stored, told.made)]
        if any(beside):
            yield Figure(f"{product} on no runner", beside[0], beside[1], "cents, unrefunded or unattributed")
    for kind in ("hold", "bet", "fixed_win", "fixed_place"):
        yield Figure(kind, getattr(stored, kind, None), getattr(made, kind, None))


_NO_SHARE = {
    "before": "shared as at the poll before: this answer's odds do not tell whose the money is",
    "none": "no share: neither odds nor the tracker tell whose the money is",
}


def _share(row: LedgerRow, product: str, entrant_id: str) -> tuple[Fraction, int] | None:
    """Return a runner's share of the money that stands on runners of one source, and that money in cents."""
    line = row.runner(entrant_id)
    source = getattr(line, f"{product}_source", "none")
    if line is None or line.scratched or source not in ("pool_odds", "hold"):
        return None
    same = [r for r in row.runners if not r.scratched and getattr(r, f"{product}_source") == source]
    weights = {r.entrant_id: _weight(r, product, source) for r in same}
    whole = sum(weights.values())
    money = sum(getattr(r, f"{product}_cents") or 0 for r in same)
    return (weights[entrant_id] / whole, money) if whole else None


def _left(row: LedgerRow, product: str, shared_cents: int) -> str:
    """Say what a shared sum is, where it is not the whole pool: what is left of it after other runners' money."""
    pool = row.pools.cents(product) if row.pools else None
    if row.pools is None or pool is None or pool == shared_cents:
        return ""
    beside = row.pools.beside_cents(product)
    other = sum(getattr(runner, f"{product}_cents") or 0 for runner in row.runners) - shared_cents
    taken = {"on runners of another source": other, "on no runner": beside}
    taken["that nothing tells the runners of"] = pool - shared_cents - beside - other
    return f", left of the pool's {pool} after " + ", ".join(f"{n} {what}" for what, n in taken.items() if n)


def _weight(line: RunnerLine, product: str, source: str) -> Fraction:
    return inverse(line.odds(f"pool_{product}")) if source == "pool_odds" else Fraction(line.hold or 0)


def check_lines(told: Told) -> list[str]:
    """Return every check of one poll with its value, tolerance, weight and score."""
    made = {check.name: check for check in told.made.checks}
    out = []
    for check in told.stored.checks:
        other = made.get(check.name)
        same = other == check or (other is not None and equal(list(other), list(check)))
        state = "holds" if check.ok else "FAILS"
        text = f"{state} {check.value} ({check.expected})" if check.applies else "does not apply"
        mark = "" if same else f"  != made again {_otherwise(check, other)}"
        out.append(f"check {check.name:<20} weight {check.weight:g} score {check.score:g}: {text}{mark}")
    capped = cap_of(told.stored)
    return [*out, f"quality {capped}"] if capped else out


def _otherwise(stored: Check, made: Check | None) -> str:
    """Name each part of a check that came out otherwise, with what was made of it."""
    if made is None:
        return "None"
    pairs = zip(stored._fields, stored, made, strict=True)
    return ", ".join(f"{name} {other}" for name, one, other in pairs if not equal(one, other))
