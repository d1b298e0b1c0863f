"""Table `meetings`: a race meeting of one course on one New Zealand race day."""

from typing import Any

from raceday.racing.snapshot import MeetingEntry, Status
from raceday.tables.base import Table, index, moment, varchar

ID = "meetings"

TABLE = Table(
    ID,
    (
        varchar(50, "meetingId", "The feed's id, also the row's id.", required=True),
        varchar(255, "meetingName", "Name of the course.", required=True),
        varchar(10, "country", "Country of the course: AUS or NZ.", required=True),
        varchar(10, "state", "State of the course, as the feed writes it."),
        varchar(10, "category", "Racing code: T gallops, H harness, G greyhounds."),
        varchar(50, "raceType", "Racing code in words; its letter where the feed has none.", required=True),
        varchar(100, "categoryName", "Racing code in the feed's words."),
        moment("date", "New Zealand race day at 00:00 UTC.", required=True),
        varchar(50, "trackCondition", "Going of the track, as the feed writes it."),
        varchar(50, "weather", "Weather, from the first race that has one."),
        varchar(50, "dataSource", "Where the meeting came from: NZTAB."),
        varchar(50, "status", "active, completed, or abandoned when every race is.", required=True),
        moment("lastUpdated", "When another column last changed."),
        moment("apiGeneratedTime", "When the feed made the list that first had the meeting."),
    ),
    (index("date"), index("country"), index("raceType")),
    "One race meeting: a course on one New Zealand race day.",
)


def meeting_row(meeting: MeetingEntry) -> dict[str, Any]:
    """Return a meeting's columns; the date is its NZ race day at 00:00 UTC, as the client asks for it."""
    races = [race.status for race in meeting.races]
    status = "active"
    if races and all(s is Status.ABANDONED for s in races):
        status = "abandoned"
    elif races and all(s is not None and s.over for s in races):
        status = "completed"
    return {
        "meetingId": meeting.meeting_id,
        "meetingName": meeting.name,
        "country": meeting.country,
        "state": meeting.state,
        "raceType": meeting.category_name or meeting.code,
        "category": meeting.code,
        "categoryName": meeting.category_name,
        "date": f"{meeting.day.isoformat()}T00:00:00.000+00:00",
        "trackCondition": meeting.track_condition,
        "weather": meeting.weather,
        "status": status,
        "dataSource": "NZTAB",
    }
