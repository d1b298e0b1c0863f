"""The oracle's own arithmetic against days that are told by hand."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from local.feedsim import generate_day
from local.simulate.oracle.slots import Every, expect, on_grid
from local.simulate.report import expectations
from local.simulate.tables import Tables
from local.simulate.world import SETTINGS
from raceday.tables import RACE_POLLS

START = datetime(2026, 2, 14, 2, 30, tzinfo=UTC)
LIST = START - timedelta(minutes=80)
END = START + timedelta(hours=8)


@dataclass
class Told:
    """One race: when it is over in its event and in the list, and when its start moves to where."""

    final: datetime = START + timedelta(minutes=6)
    abandoned_list: datetime = END
    moved_at: datetime = END
    moved_to: datetime = START

    def status(self, race_id: str, at: datetime) -> str:
        """Return the event's status."""
        return "Final" if at >= self.final else "Closed" if at >= START else "Open"

    def list_status(self, race_id: str, at: datetime) -> str:
        """Return the list's status."""
        return "Abandoned" if at >= self.abandoned_list else self.status(race_id, at)

    def start(self, race_id: str, at: datetime) -> datetime:
        """Return the advertised start."""
        return self.moved_to if at >= self.moved_at else START

    def there(self, race_id: str, at: datetime) -> bool:
        """Tell whether the event answers."""
        return True


def test_a_plain_race() -> None:
    """A race known from T-80 to a Final at T+6 has 24 far slots, 10 near ones, 13 after the start and 3 re-checks."""
    found = expect(Told(), "r1", [LIST], END)
    assert len(found.sure) == 24 + 10 + 13
    assert found.finished == START + timedelta(minutes=6)
    assert found.rechecks == {START + timedelta(minutes=6 + m) for m in (5, 15, 30)}


def test_a_moved_start_moves_the_rest() -> None:
    """The poll that sees the new start is the last one of the old grid."""
    told = Told(
        final=START + timedelta(minutes=14),
        moved_at=START - timedelta(minutes=12),
        moved_to=START + timedelta(minutes=8),
    )
    found = expect(told, "r1", [LIST], END)
    assert START - timedelta(minutes=10) in found.sure
    assert START - timedelta(minutes=7.5) not in found.sure
    assert START + timedelta(minutes=8) - timedelta(minutes=15) in found.sure


def test_a_poll_that_was_not_made_tells_nothing_of_a_moved_start() -> None:
    """While the feed was down at the move, the grid of before goes on to the first poll that shows the new start."""
    told = Told(
        final=START + timedelta(minutes=14),
        moved_at=START - timedelta(minutes=4),
        moved_to=START + timedelta(minutes=8),
    )
    at, then = told.moved_at, told.moved_at + timedelta(seconds=30)
    found = expect(told, "r1", [LIST], END, shown=lambda slot: None if slot == at else slot)
    assert {at, then} <= found.sure
    assert (found.lives[at], found.lives[then]) == (15, 15)
    assert not {slot for slot in found.sure if then < slot < START - timedelta(seconds=120)}


def test_a_late_poll_tells_what_was_served_when_it_came() -> None:
    """A slot that was answered 40 s late after the move has shown the new start: no slot of the old grid follows."""
    told = Told(
        final=START + timedelta(minutes=20),
        moved_at=START - timedelta(minutes=12),
        moved_to=START + timedelta(minutes=9),
    )
    late = START - timedelta(minutes=12.5)
    found = expect(told, "r1", [LIST], END, shown=lambda at: at + timedelta(seconds=40) if at == late else at)
    assert late in found.sure
    assert START - timedelta(minutes=10) not in found.sure


def test_slots_and_re_checks_have_the_life_that_is_documented() -> None:
    """A slot lives half its interval as settings chose it, a minute at most; a re-check lives a minute."""
    found = expect(Told(), "r1", [LIST], END, every=Every(20, 30))
    assert found.lives.keys() == found.sure | found.rechecks
    assert found.lives[START - timedelta(minutes=10)] == 60
    assert found.lives[START - timedelta(minutes=4)] == 10
    assert found.lives[START - timedelta(minutes=2)] == 15
    assert {found.lives[at] for at in found.rechecks} == {60}


def test_a_race_is_over_where_a_poll_has_shown_it_so() -> None:
    """Re-checks follow from the first poll that was made and saw the race over."""
    first, then = START + timedelta(minutes=6), START + timedelta(minutes=6.5)
    found = expect(Told(), "r1", [LIST], END, shown=lambda at: None if at == first else at)
    assert (found.finished, {first, then} <= found.sure) == (then, True)
    assert found.rechecks == {then + timedelta(minutes=m) for m in (5, 15, 30)}


def test_a_race_abandoned_by_its_list_ends_there() -> None:
    """After a list that says Abandoned nothing is certain for two minutes, and nothing expected after."""
    told = Told(abandoned_list=START - timedelta(minutes=20))
    found = expect(told, "r1", [LIST, START - timedelta(minutes=15)], END)
    assert max(found.sure) <= START - timedelta(minutes=15)
    assert max(found.either) <= START - timedelta(minutes=12)
    assert not found.rechecks


def test_labels_are_on_the_grid() -> None:
    """Every label of the timeline is on the oracle's grid too."""
    for label in (*range(60, 4, -5), 4, 3, 2, 1, 0, -1, -30):
        assert on_grid(START, "Open", START - timedelta(minutes=label))


def test_the_intervals_that_settings_choose_end_with_the_start() -> None:
    """Each 20 s from T-5 and each 15 s from T-3 gives 6 and 12 slots; after the start it is 30 s whatever they say."""
    found = expect(Told(), "r1", [LIST], END, every=Every(20, 15))
    near = {at for at in found.sure if at >= START - timedelta(minutes=5)}
    assert len({at for at in near if at < START - timedelta(minutes=3)}) == 6
    assert len({at for at in near if START - timedelta(minutes=3) <= at < START}) == 12
    assert {(at - START).total_seconds() for at in near if at >= START} == {30 * i for i in range(13)}


def test_a_day_that_saw_its_move_late_is_held_to_what_its_ledger_shows() -> None:
    """Where the feed was down as a start moved, the ledger's next row of the old grid is asked for, and not unasked."""
    day = generate_day(899997849, date(2026, 2, 14), 2)
    moved = next(race for race in day.core_races if race.script.moved_at)
    at = moved.script.moved_at
    assert at is not None
    counts = SimpleNamespace(feed_lists=[at - timedelta(hours=3)])
    world: Any = SimpleNamespace(counts=counts, settings=SETTINGS, paused=None)
    row = {"raceId": moved.race_id, "kind": "slot", "startTime": moved.advertised_at(at - timedelta(seconds=15))}

    def polled(slot: datetime) -> dict[str, Any]:
        return row | {"slot": slot.isoformat(), "generatedAt": slot.isoformat()}

    slots = [at - timedelta(seconds=30), at + timedelta(seconds=30)]
    tables = Tables({RACE_POLLS: [polled(slot) for slot in slots]})
    found = expectations(day, world, tables, at + timedelta(hours=2))[moved.race_id]
    assert {*slots, at} <= found.sure
    assert at + timedelta(seconds=60) not in found.sure
    whole = Tables({RACE_POLLS: [polled(slot) for slot in (slots[0], at)]})
    assert slots[1] not in expectations(day, world, whole, at + timedelta(hours=2))[moved.race_id].sure
