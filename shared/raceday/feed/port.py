"""What a stage may ask of the feed."""

from datetime import date
from typing import Protocol

from raceday.errors import PayloadError
from raceday.racing.snapshot import FormerRace, MeetingEntry, Snapshot, Status


class Feed(Protocol):
    """The NZ TAB affiliates API. Every call may raise FeedError and its kinds; see raceday.errors."""

    async def meetings(self, day: date, unreadable: list[PayloadError] | None = None) -> list[MeetingEntry]:
        """Return every meeting of an NZ race day, all countries and codes, all pages.

        Those that cannot be read are left out, and their errors added to `unreadable`.
        """
        ...

    async def meeting(self, meeting_id: str) -> MeetingEntry:
        """Return one meeting."""
        ...

    async def event(
        self, race_id: str, status: Status | None = None, *, urgent: bool = False, known: FormerRace | None = None
    ) -> Snapshot:
        """Return one race in full; `status`, where known, decides which optional parts are asked for.

        An `urgent` request has a slot to keep and does not wait behind an import's. What is `known` of the race stands
        in for what the answer lacks.
        """
        ...
