"""The oracle's own arithmetic against days that are told by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local.simulate.oracle.slots import Every, expect, on_grid

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
