"""The generated day as an oracle asks for it: what is served of a race at an instant."""

from datetime import datetime

from local.feedsim import FeedDay
from local.feedsim.marks import floor_mark


class DayServed:
    """Statuses and starts of a generated day, as served."""

    def __init__(self, day: FeedDay) -> None:
        self._day = day

    def status(self, race_id: str, at: datetime) -> str:
        """Return the event's status."""
        return self._day.books[race_id].status(floor_mark(at))

    def list_status(self, race_id: str, at: datetime) -> str:
        """Return the status in the meeting list."""
        return self._day.books[race_id].list_status(floor_mark(at))

    def start(self, race_id: str, at: datetime) -> datetime:
        """Return the advertised start."""
        return self._day.books[race_id].race.advertised_at(floor_mark(at))

    def there(self, race_id: str, at: datetime) -> bool:
        """Tell whether the event answers."""
        return self._day.books[race_id].http_status(floor_mark(at)) == 200
