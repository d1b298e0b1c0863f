"""What a race cannot be stored without: from its answer, else from what was known of it."""

import re
from datetime import datetime
from typing import Any, NamedTuple

from raceday.errors import PayloadError
from raceday.feed import values
from raceday.feed.models import RaceIn
from raceday.feed.parts import odd
from raceday.ids import is_id
from raceday.racing.snapshot import FormerRace, LeftOut

_COUNTRY, _CODE = re.compile(r"[A-Za-z]{2,3}"), re.compile(r"[A-Za-z]{1,2}")
_AN_ID = "an id of 1 to 36 of A-Z a-z 0-9 . _ -"


class RaceIdentity(NamedTuple):
    """Which race it is, when it starts, and where it belongs."""

    meeting_id: str
    number: int
    start: datetime
    country: str
    code: str


def identity(race: RaceIn, race_id: str, known: FormerRace | None, left_out: list[LeftOut]) -> RaceIdentity:
    """Return a race's identity; what was not `known` either raises PayloadError."""
    asked = values.ident(race.event_id)
    # Only of a race that is known may an answer lack whose it is.
    if asked != race_id.lower() and (known is None or known.start is None or is_id(asked)):
        raise PayloadError(race_id, "race.event_id", asked, "the race that was asked for")
    if asked != race_id.lower():
        left_out.append(odd("race.event_id", asked, "the race that was asked for"))

    def stand_in(field: str, value: Any, expected: str, formerly: Any) -> Any:
        if formerly in (None, ""):
            raise PayloadError(race_id, f"race.{field}", value, expected)
        left_out.append(odd(f"race.{field}", value, expected))
        return formerly

    start = values.instant(race.advertised_start) or values.instant(race.advertised_start_string)
    if start is None:
        start = stand_in("advertised_start", race.advertised_start, "epoch seconds", known and known.start)
    number = values.whole(race.race_number)
    if number is None:
        number = stand_in("race_number", race.race_number, "a whole number", known and known.number)
    meeting_id = values.ident(race.meeting_id)
    if not is_id(meeting_id):
        meeting_id = stand_in("meeting_id", race.meeting_id, _AN_ID, known and known.meeting_id)
    country, code = values.text(race.country).upper(), values.text(race.type).upper()
    # Which races are wanted is the filter's to say; a text that no country or code can be says nothing.
    if known and known.country and not _COUNTRY.fullmatch(country):
        country = stand_in("country", race.country, "a country", known.country)
    if known and known.code and not _CODE.fullmatch(code):
        code = stand_in("type", race.type, "a racing code", known.code)
    return RaceIdentity(meeting_id, number, start, country, code)


def required_id(subject: str, field: str, value: Any) -> str:
    """Return an id that a row can have: rows are kept by the feed's own, and a store refuses any other."""
    found = values.ident(value)
    if not is_id(found):
        raise PayloadError(subject, field, value, _AN_ID)
    return found
