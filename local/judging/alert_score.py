"""How well the alert evaluator tells real moves, over generated days with faults in their answers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from local.feedsim import FeedDay, FeedSim, generate_day
from local.feedsim.model import FeedRace
from local.judging.alert_polls import AnswerFaults, polls
from local.judging.alert_truth import KINDS, POINTS, ColumnInstants, Truth
from local.progress import counted
from raceday.ledger.timeline import Label
from raceday.projections import alerts
from raceday.projections.alert_cursor import Cursor
from raceday.racing.buckets import BASELINE, next_label
from raceday.racing.records import LedgerRow

FIRST_DAY = date(2026, 11, 24)
LEAST_RECALL = 0.99


@dataclass(slots=True)
class KindScore:
    """One kind's counts. `real` moves reached the threshold, `shown` ones are those that the answers prove.

    `right` are alerts of shown moves, `beyond` of real ones that the judge's plain bounds did not prove, `tote` of
    tote odds where no fixed price is shown, `false` of moves that were not real. `hidden` counts the real moves that no
    answer proves, by why.
    """

    real: int = 0
    shown: int = 0
    right: int = 0
    beyond: int = 0
    tote: int = 0
    false: int = 0
    hidden: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        """Return the share of shown moves that were told, None where there was none."""
        return self.right / self.shown if self.shown else None


@dataclass(slots=True)
class Score:
    """What a run counted."""

    days: int
    races: int = 0
    polls: int = 0
    pairs: int = 0
    spanning: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, KindScore] = field(default_factory=lambda: {kind: KindScore() for kind in KINDS})

    @property
    def good(self) -> bool:
        """Tell whether no alert was false, and of each kind enough was shown and told."""
        return all(k.false == 0 and k.recall is not None and k.recall >= LEAST_RECALL for k in self.kinds.values())

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        kinds = {
            name: {
                "real": k.real, "shown": k.shown, "right": k.right, "beyond": k.beyond,
                "tote": k.tote, "false": k.false, "recall": k.recall,
                "hidden": dict(k.hidden), "missed": k.missed[:20], "wrong": k.wrong[:20],
            }
            for name, k in self.kinds.items()
        }  # fmt: skip
        head = {"days": self.days, "races": self.races, "polls": self.polls, "pairs": self.pairs}
        return {**head, "spanning": self.spanning, "faults": dict(self.faults), "kinds": kinds, "good": self.good}


def score(days: int, *, seed: int = 1, races: int = 24) -> Score:
    """Judge the evaluator over generated days; a fifth of the races and more have a late scratching."""
    found = Score(days)
    for n in counted(range(days), "days", days):
        day = generate_day(seed + n, FIRST_DAY + timedelta(days=n), races, late_scratchings=races // 3)
        feed = FeedSim(day)
        for race in day.core_races:
            _judge(found, day, feed, race, seed)
    return found


def _judge(found: Score, day: FeedDay, feed: FeedSim, race: FeedRace, seed: int) -> None:
    faults = AnswerFaults.of(race, seed)
    ledger = polls(day, feed, race, faults)
    pairs, _ = alerts.walk(ledger, Cursor())
    found.races += 1
    found.polls += len(ledger)
    _count_faults(found, race, faults, sum(len(row.gaps) for row in ledger))
    truth = Truth(day, race.race_id, faults)
    for before, now in pairs:
        if now.state.status.over:
            continue
        found.pairs += 1
        found.spanning += next_label(before.label) != now.label
        _judge_pair(found, truth, before, now)


def _count_faults(found: Score, race: FeedRace, faults: AnswerFaults, gaps: int) -> None:
    found.faults["suspensions"] += sum(map(len, faults.suspended.values()))
    found.faults["odds missing"] += sum(map(len, faults.odds_gone.values()))
    found.faults["gaps"] += gaps
    found.faults["late scratchings"] += sum(s.late for s in race.script.scratchings)


def _judge_pair(found: Score, truth: Truth, before: Label, now: Label) -> None:
    told = {(m.entrant_id, m.kind): m for m in alerts.moved(before, now)}
    moment = ColumnInstants(before.base.slot if before.base else None, before.state.slot, now.state.slot)
    compared = before.base is not None or before.label == BASELINE
    for kind, entrant_id in _questions(now):
        counts = found.kinds[kind]
        real = truth.moved(moment, entrant_id, kind) >= POINTS and (compared or kind == "odds")
        alert = told.get((entrant_id, kind))
        where = f"{truth.race_id} {entrant_id} {before.label}->{now.label} {kind}"
        if alert is not None and kind == "odds" and alert.market == "pool":
            # Where no fixed price is shown the tote's odds speak, and are judged by the tote's money.
            right = truth.tote_shortened(moment, entrant_id) >= POINTS
            counts.tote += right
            counts.false += not right
            counts.wrong += [] if right else [where]
            continue
        if not real:
            counts.false += alert is not None
            counts.wrong += [where] * (alert is not None)
            continue
        hidden = truth.hidden(moment, entrant_id, kind) or _undecided((before.base, before.state, now.state), kind)
        _count_real(counts, hidden, told=alert is not None, where=where)


def _undecided(rows: Sequence[LedgerRow | None], kind: str) -> str:
    """Return "undecided" where a poll could not tell whether a pool still holds a scratched runner's money."""
    product = kind.removeprefix("money_")
    settled = [row.pools.settled.get(product) for row in rows if row is not None and row.pools is not None]
    return "undecided" if any(s is not None and s.word == "undecided" for s in settled) else ""


def _questions(now: Label) -> Iterator[tuple[str, str]]:
    for line in now.state.runners:
        for kind in KINDS:
            yield kind, line.entrant_id


def _count_real(counts: KindScore, hidden: str, *, told: bool, where: str) -> None:
    counts.real += 1
    if hidden == "scratching" and told:
        # Whatever it was, nobody may be told between two columns of which one has a new scratching.
        counts.false += 1
        counts.wrong.append(where)
    elif hidden:
        counts.beyond += told
        counts.hidden[hidden] += not told
    else:
        counts.shown += 1
        counts.right += told
        counts.missed += [] if told else [where]


def table(found: Score) -> str:
    """Return the counts as a table for people."""
    head = ("kind", "real", "shown", "told", "recall", "false", "beyond", "tote", "hidden, by why")
    rows: list[Sequence[str]] = [head]
    for name, k in found.kinds.items():
        recall = "-" if k.recall is None else f"{k.recall:.1%}"
        why = ", ".join(f"{word} {n}" for word, n in k.hidden.most_common())
        rows.append(
            (name, *map(str, (k.real, k.shown, k.right)), recall, str(k.false), str(k.beyond), str(k.tote), why)
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    faults = ", ".join(f"{n} {word}" for word, n in found.faults.items())
    said = f"{found.days} days, {found.races} races, {found.polls} polls; {found.pairs} pairs of columns, "
    return "\n".join([f"{said}{found.spanning} of them over a gap; {faults}", *lines])
