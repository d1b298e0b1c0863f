"""A generated race day: meetings, races and, for any instant, the truth about each market."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from local.feedsim.book import RaceBook
from local.feedsim.card import meeting_count as _meeting_count
from local.feedsim.card import programme
from local.feedsim.model import DayEvent, FeedRace, MarketState, MeetingFacts
from local.feedsim.multileg import leg_pools
from local.feedsim.options import DayOptions
from local.feedsim.script import is_core, write_scripts
from local.feedsim.seeded import stream


class FeedDay:
    """One day of racing, fixed by its seed, date, number of races and options."""

    def __init__(self, seed: int, day: date, races: int, options: DayOptions) -> None:
        self.seed = seed
        self.date = day
        self.options = options.resolved(races, _meeting_count(races))
        self.meetings: list[MeetingFacts] = programme(seed, day, races, self.options)
        write_scripts(seed, day, self.meetings, self.options)
        self.races: list[FeedRace] = [race for meeting in self.meetings for race in meeting.races]
        self.books: dict[str, RaceBook] = dict(self._make_books())
        self._meetings = {meeting.meeting_id: meeting for meeting in self.meetings}

    def _make_books(self) -> Iterable[tuple[str, RaceBook]]:
        core = [race for race in self.races if is_core(race)]
        feature = stream(self.seed, self.date, "feature").choice(core).race_id if len(core) >= 12 else ""
        for meeting in self.meetings:
            legs = leg_pools(meeting)
            books = {
                race.number: RaceBook(
                    race,
                    legs.get(race.number, []),
                    feature=race.race_id == feature,
                    dead_pools=self.options.dead_pools,
                )
                for race in meeting.races
            }
            for book in books.values():
                book.siblings = books
                yield book.race.race_id, book

    @property
    def core_races(self) -> list[FeedRace]:
        """The races asked for: Australian and New Zealand gallops and harness, in order of their starts."""
        return sorted((race for race in self.races if is_core(race)), key=lambda race: (race.advertised, race.race_id))

    def meeting(self, meeting_id: str) -> MeetingFacts:
        """A meeting by id; KeyError when the day has none such."""
        return self._meetings[meeting_id]

    def truth(self, race_id: str, at: datetime) -> MarketState:
        """What a correct poll of a race at an instant could know; KeyError for an unknown race."""
        return self.books[race_id].state(at)

    def over_at(self, race_id: str) -> datetime | None:
        """The mark from which the event itself is served as Final or Abandoned; None when it stays Open for good."""
        script = self.books[race_id].race.script
        return None if script.stuck_open else script.abandoned_event or script.final

    def events(self, *, core: bool = True) -> list[DayEvent]:
        """Status changes, scratchings, moved starts and corrections in order of time; of all races unless `core`."""
        races = self.core_races if core else self.races
        events = [event for race in races for event in self.books[race.race_id].events()]
        return sorted(events, key=lambda event: (event.at, event.race_id, event.kind, event.detail))


def generate_day(seed: int, date: date, races: int = 24, **options: Any) -> FeedDay:
    """Generate a day with `races` Australian and New Zealand gallops and harness races, and others beside them.

    `options` are the fields of DayOptions, or `options=` a ready one. Raises ValueError for a bad number or option.
    """
    if races < 1:
        raise ValueError(f"races: expected 1 or more, got {races!r}")
    given = options.pop("options", None)
    if given is not None and options:
        raise ValueError(f"options: expected a DayOptions or its fields, not both: {sorted(options)}")
    return FeedDay(seed, date, races, given if given is not None else DayOptions(**options))
