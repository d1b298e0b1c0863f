"""What a generated day may hold besides its races: how many of each disruption, and which extra meetings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

MONEY_TROUBLES = (
    "unrefunded",
    "leavers",
    "dead_places",
    "called_off",
    "dropped_pools",
    "suspensions",
    "late_amendments",
    "leaps",
)
_COUNTS = (
    "moved_starts",
    "abandoned_races",
    "abandoned_tails",
    "abandoned_meetings",
    "protests",
    "dead_heats",
    "corrections",
    "late_scratchings",
    *MONEY_TROUBLES,
    "unfinished",
    "late_meetings",
    "late_races",
    "greyhound_meetings",
    "foreign_meetings",
)


@dataclass(frozen=True, slots=True)
class DayOptions:
    """Options of one day; a count of None means the usual number for a day of that size.

    `form` is "compact" (about 20 kB an event) or "full" (about 200 kB, with form history). Every `abandoned_tails`
    covers the last races of one meeting: its first event stays Open although the list says Abandoned, its last one
    answers 404. `late_meetings` and `late_races` appear in the lists only some hours into the day. A dead pool is
    one called off although its race is run.

    `first_race_minutes` is when the first meeting begins, in minutes after midnight in New Zealand.

    Trouble with money comes by asking alone: `unrefunded` scratchings are refunded a refresh or more later, `leavers`
    are listed no more, `dead_places` lose their Place pool, `called_off` races lose that first and are then
    abandoned, `dropped_pools` lose their totals at the end, `suspensions` miss prices for a while, `late_amendments`
    change a result an hour or more after Final, `leaps` show totals many times too large or too small for a while.
    `unfinished` races stay Closed for longer than anybody polls.
    """

    form: str = "compact"
    moved_starts: int | None = None
    abandoned_races: int | None = None
    abandoned_tails: int | None = None
    abandoned_meetings: int | None = None
    protests: int | None = None
    dead_heats: int | None = None
    corrections: int | None = None
    late_scratchings: int | None = None
    unrefunded: int | None = None
    leavers: int | None = None
    dead_places: int | None = None
    called_off: int | None = None
    dropped_pools: int | None = None
    suspensions: int | None = None
    late_amendments: int | None = None
    leaps: int | None = None
    unfinished: int | None = None
    late_meetings: int | None = None
    late_races: int | None = None
    greyhound_meetings: int | None = None
    foreign_meetings: int | None = None
    first_race_minutes: int = 11 * 60 + 45
    delays: bool = True
    dead_pools: bool = True
    string_barriers: bool = False

    def __post_init__(self) -> None:
        if self.form not in {"compact", "full"}:
            raise ValueError(f"form: expected 'compact' or 'full', got {self.form!r}")
        for name in _COUNTS:
            count = getattr(self, name)
            if count is not None and count < 0:
                raise ValueError(f"{name}: expected 0 or more, got {count!r}")

    def resolved(self, races: int, meetings: int) -> DayOptions:
        """The same options with every None replaced by the usual number for `races` in `meetings` meetings."""
        usual = {
            "moved_starts": -(-races // 30),
            "abandoned_races": -(-races // 40) if races >= 8 else 0,
            "abandoned_tails": races // 48,
            "abandoned_meetings": races // 96,
            "protests": -(-races // 20) if races >= 4 else 0,
            "dead_heats": -(-races // 24) if races >= 6 else 0,
            "corrections": -(-races // 16) if races >= 6 else 0,
            "late_scratchings": -(-races // 5),
            **dict.fromkeys(MONEY_TROUBLES, 0),
            "unfinished": 0,
            "late_meetings": 0,
            "late_races": 0,
            "greyhound_meetings": max(1, meetings // 2),
            "foreign_meetings": max(2, meetings // 2),
        }
        unset: dict[str, Any] = {name: count for name, count in usual.items() if getattr(self, name) is None}
        return replace(self, **unset)

    def count(self, name: str) -> int:
        """A resolved count as an int; 0 while it is not resolved."""
        value = getattr(self, name)
        return value if isinstance(value, int) else 0

    @classmethod
    def calm(cls, form: str = "compact") -> DayOptions:
        """A day on which nothing is delayed, moved, scratched late, abandoned, protested or corrected."""
        zero: dict[str, Any] = dict.fromkeys(_COUNTS, 0)
        return cls(form=form, delays=False, dead_pools=False, **zero)
