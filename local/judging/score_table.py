"""What the score says of sound answers and of answers each broken in one way, and each check's alarms and misses."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from local.feedsim import FeedSim, generate_day
from local.judging.alert_polls import FLAGS
from local.judging.broken_answers import BREAKAGES, Breakage
from raceday.feed.mapping import snapshot_of
from raceday.feed.models import Event
from raceday.racing.compose import PollContext, compose
from raceday.racing.records import LedgerRow
from raceday.racing.score import FAILED_AT_MOST, UNDECIDED_AT_MOST, failed
from raceday.racing.snapshot import Snapshot
from raceday.racing.validation import WEIGHTS

DAY = date(2026, 3, 1)
SOUND_AT_LEAST = 90
# Minutes to the start at which a generated race is looked at: open, then run, and the last after every Final.
_MINUTES = (60, 20, 5, 1, -1.5, -5, -60)
_SECOND = timedelta(seconds=1)


@dataclass
class Half:
    """One half of the answers: scores of the sound ones, and what became of the broken ones."""

    sound: list[tuple[str, int, list[str]]] = field(default_factory=list)
    undecided: list[tuple[str, int]] = field(default_factory=list)
    broken: list[tuple[str, Breakage, int, list[str]]] = field(default_factory=list)

    def alarms(self, check: str) -> int:
        """Return on how many sound answers a check failed; what was set aside rightly is told, and no alarm."""
        return sum(check in names for _, _, names in self.sound if check != "set_aside")

    def tried(self, check: str) -> int:
        """Return how many answers were broken in a way that a check is there to see."""
        return sum(each.check == check for _, each, _, _ in self.broken)

    def misses(self, check: str) -> int:
        """Return at how many of them the check held."""
        return sum(each.check == check and check not in names for _, each, _, names in self.broken)

    @property
    def low(self) -> int:
        """Return how many sound answers score too little."""
        return sum(score < SOUND_AT_LEAST for _, score, _ in self.sound)

    def outside(self) -> list[str]:
        """Name every score on the wrong side: sound under 90, with broken money over 60, undecided over 75."""
        low = [
            f"sound {name}: {score} {','.join(names)}" for name, score, names in self.sound if score < SOUND_AT_LEAST
        ]
        high = [
            f"{each.name}, {name}: {score}"
            for name, each, score, _ in self.broken
            if each.money and score > FAILED_AT_MOST
        ]
        return low + high + [f"undecided {name}: {n}" for name, n in self.undecided if n > UNDECIDED_AT_MOST]


def halves(answers: Iterable[tuple[str, Snapshot]]) -> tuple[Half, Half]:
    """Judge answers: those of every other race are for calibrating, the rest is to be reported.

    Two answers of one race have most of their figures in common, and are of one half.
    """
    found = (Half(), Half())
    order: dict[str, int] = {}
    for name, race in answers:
        _judge(found[order.setdefault(race.race_id, len(order)) % 2], name, race)
    return found


def _judge(half: Half, name: str, race: Snapshot) -> None:
    row = _row(race)
    if row.pools and any(s.word == "undecided" for s in row.pools.settled.values()):
        half.undecided.append((name, row.score or 0))
        return
    half.sound.append((name, row.score or 0, failed(row.checks)))
    for each in BREAKAGES:
        if each.where(race):
            broken = _row(each.change(race), row if each.after else None, race.generated_at + _SECOND)
            half.broken.append((name, each, broken.score or 0, failed(broken.checks)))


def _row(race: Snapshot, base: LedgerRow | None = None, fetched: datetime | None = None) -> LedgerRow:
    at = fetched or race.generated_at + _SECOND
    return compose(race, base, PollContext(at, "slot", at), race.status)


def generated(seed: int, races: int) -> Iterator[tuple[str, Snapshot]]:
    """Yield answers of a generated day without troubles, each race at some minutes before and after its start."""
    day = generate_day(seed, DAY, races, abandoned_races=0, dead_pools=False)
    feed = FeedSim(day)
    for race in day.core_races:
        for minutes in _MINUTES:
            at = race.advertised - timedelta(minutes=minutes)
            if day.truth(race.race_id, at).http_status == 200:
                payload = json.loads(feed.event(f"/events/{race.race_id}", race.race_id, FLAGS, at))
                yield f"{race.race_id[:8]} T{-minutes:+g}", snapshot(payload, race.race_id)


def recorded(folder: Path) -> Iterator[tuple[str, Snapshot]]:
    """Yield the recorded answers of a folder's events."""
    for path in sorted((folder / "events").glob("*.json")):
        payload = json.loads(path.read_text())
        yield path.stem, snapshot(payload, payload["data"]["race"]["event_id"])


def snapshot(payload: Any, race_id: str) -> Snapshot:
    """Read one answer as a poll does that comes a second after it was made."""
    event = Event.model_validate(payload)
    now = datetime.fromisoformat(str(payload["header"]["generated_time"])) + _SECOND
    return snapshot_of(event.header, event.data, race_id, now)


def table(half: Half) -> str:
    """Return the table of checks and the scores as text for the docs."""
    lines = ["| check | false alarms | broken so | misses |", "|---|---|---|---|"]
    lines += [f"| `{check}` | {half.alarms(check)} | {half.tried(check)} | {half.misses(check)} |" for check in WEIGHTS]
    scores = [score for _, score, _ in half.sound]
    money = [score for _, each, score, _ in half.broken if each.money]
    spread = Counter(score // 10 * 10 for score in money)
    lines += [
        "",
        f"Sound answers: {len(scores)}, lowest score {min(scores, default=0)}, under {SOUND_AT_LEAST}:"
        f" {half.low}. Undecided: {len(half.undecided)}, highest"
        f" {max((n for _, n in half.undecided), default=0)}. With a wrong or missing Win or Place figure: {len(money)},"
        f" highest {max(money, default=0)}, over {FAILED_AT_MOST}: {sum(s > FAILED_AT_MOST for s in money)}"
        f" ({', '.join(f'{low} to {low + 9}: {n}' for low, n in sorted(spread.items()))}).",
    ]
    return "\n".join(lines)
