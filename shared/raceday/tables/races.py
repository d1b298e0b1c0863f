"""Table `races`: one race with its details and its state."""

import json
from typing import Any

from raceday.clock import iso
from raceday.racing.snapshot import MeetingEntry, RaceEntry, Snapshot, Status
from raceday.tables import meetings
from raceday.tables.base import Column, Table, index, moment, varchar, whole

ID = "races"

TABLE = Table(
    ID,
    (
        varchar(50, "raceId", "The feed's id, also the row's id.", required=True),
        varchar(255, "name", "Name of the race.", required=True),
        whole("raceNumber", "Number of the race at its meeting.", required=True),
        moment("startTime", "Advertised start.", required=True),
        moment("actualStart", "Jump, once the feed tells it."),
        moment("lastUpdated", "When another column last changed."),
        moment("importedAt", "When the race was first stored."),
        moment("last_poll_time", "When the poll that last changed the row was fetched."),
        moment("lastStatusChange", "When the status last changed."),
        moment("finalizedAt", "When the race was first seen Final."),
        moment("abandonedAt", "When the race was first seen Abandoned."),
        moment("entrantsImportedAt", "When the day's import of its entrants was done."),
        varchar(20, "toteStartTime", "The tote's start time, as the feed writes it."),
        varchar(30, "startTimeNz", "Advertised start in New Zealand's time, as the feed writes it."),
        varchar(15, "raceDateNz", "New Zealand race day of the meeting, YYYY-MM-DD."),
        varchar(100, "trackCondition", "Going of the track."),
        varchar(50, "trackSurface", "Surface of the track."),
        varchar(50, "weather", "Weather at the course."),
        varchar(50, "meetingId", "Id of the meeting."),
        varchar(50, "status", "Open, Closed, Interim, Final or Abandoned.", required=True),
        varchar(10, "type", "Racing code: T, H or G."),
        varchar(10, "country", "Country of the course."),
        whole("distance", "Distance in metres."),
        whole("totalPrizeMoney", "Prize money in dollars."),
        whole("entrantCount", "Entrants that the feed counts, scratched ones too."),
        whole("fieldSize", "Runners that the feed expects to start."),
        whole("positionsPaid", "Places that the Place pool pays."),
        varchar(500, "silkUrl", "Picture of all silks of the race."),
        varchar(500, "videoChannels", "Channels that show the race, as a JSON list."),
        varchar(200, "silkBaseUrl", "Host of the silks' pictures."),
        varchar(20, "trackDirection", "Direction of running."),
        varchar(100, "railPosition", "Position of the rail."),
        varchar(500, "protestReason", "The feed's text about protests and inquiries."),
        Column("meeting", "relationship", to=meetings.ID, about="The meeting's row: the suite's only relationship."),
    ),
    (
        index("startTime"),
        index("raceNumber"),
        index("meetingId"),
        index("raceDateNz"),
        index("status", "startTime"),
    ),
    "One race: its details, and its state as polls found it.",
)


def race_row_from_list(race: RaceEntry, meeting: MeetingEntry) -> dict[str, Any]:
    """Return the race columns that the meeting list answers for, its link to the meeting included.

    Weather and going that a race lacks are its meeting's: the client makes up a fine day of its own.
    """
    return {
        "raceId": race.race_id,
        "meetingId": meeting.meeting_id,
        "meeting": meeting.meeting_id,
        "name": race.name,
        "raceNumber": race.number,
        "startTime": iso(race.start),
        "status": (race.status or Status.OPEN).value,
        "toteStartTime": race.tote_start_time,
        "raceDateNz": meeting.day.isoformat(),
        "distance": race.distance,
        "weather": race.weather or meeting.weather,
        "trackCondition": race.track_condition or meeting.track_condition,
        "type": meeting.code,
        "country": race.country,
        "protestReason": race.protest_reason,
    }


def race_row_from_event(snapshot: Snapshot) -> dict[str, Any]:
    """Return the race columns that one event answers for; not the meeting's relationship nor bookkeeping."""
    return TABLE.fitted(race_columns(snapshot))


def race_columns(snapshot: Snapshot) -> dict[str, Any]:
    """Return what `race_row_from_event` gives before its texts are cut."""
    return {
        "raceId": snapshot.race_id,
        "meetingId": snapshot.meeting_id,
        "name": snapshot.name,
        "raceNumber": snapshot.number,
        "startTime": iso(snapshot.start),
        "status": snapshot.status.value,
        "actualStart": iso(snapshot.actual_start) if snapshot.actual_start else None,
        "raceDateNz": snapshot.race_date_nz.isoformat() if snapshot.race_date_nz else None,
        "startTimeNz": snapshot.start_time_nz,
        "distance": snapshot.distance,
        "weather": snapshot.weather,
        "trackCondition": snapshot.track_condition,
        "trackSurface": snapshot.track_surface,
        "trackDirection": snapshot.track_direction,
        "railPosition": snapshot.rail_position,
        "type": snapshot.code,
        "country": snapshot.country,
        "totalPrizeMoney": snapshot.prize_dollars,
        "entrantCount": snapshot.entrant_count,
        "fieldSize": snapshot.field_size,
        "positionsPaid": snapshot.positions_paid,
        "silkUrl": snapshot.silk_url,
        "silkBaseUrl": snapshot.silk_base_url,
        "videoChannels": json.dumps(list(snapshot.video_channels), ensure_ascii=False, separators=(",", ":")),
        "protestReason": snapshot.protest_reason,
    }
