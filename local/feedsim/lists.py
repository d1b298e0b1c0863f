"""The bodies of `/meetings`, `/meetings/{id}` and `/list`."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from local.feedsim.day import FeedDay
from local.feedsim.marks import NZ, iso_z, nz_midnight
from local.feedsim.model import FeedRace, MeetingFacts
from local.feedsim.seeded import uuid_of

CATEGORY_NAMES = {"T": "Thoroughbred Horse Racing", "H": "Harness Horse Racing", "G": "Greyhound Racing"}
_DONE = {"Final", "Abandoned"}


def visible(day: FeedDay, at: datetime) -> list[MeetingFacts]:
    """The meetings that are published at an instant, as the feed orders them: by their first race's start."""
    shown = [meeting for meeting in day.meetings if meeting.visible is None or at >= meeting.visible]
    return sorted(shown, key=lambda meeting: (meeting.races[0].advertised, meeting.meeting_id))


def _shown(race: FeedRace, at: datetime) -> bool:
    return race.script.visible is None or at >= race.script.visible


def meeting_row(day: FeedDay, meeting: MeetingFacts, at: datetime, *, full: bool = False) -> dict[str, Any]:
    """One meeting with its races; what does not apply is absent, and there is no status of the meeting itself."""
    races = [race for race in meeting.races if _shown(race, at)]
    row: dict[str, Any] = {
        "meeting": meeting.meeting_id,
        "name": meeting.name,
        "date": f"{meeting.date.isoformat()}T00:00:00Z",
        "track_condition": meeting.track_condition,
        "category": meeting.category,
        "category_name": CATEGORY_NAMES[meeting.category],
        "country": meeting.country,
        "state": meeting.state,
        "races": [race_row(day, meeting, race, at) for race in races],
        **meeting.details,
    }
    if meeting.tote_number is not None:
        done = meeting.country == "NZ" and all(race["status"] in _DONE for race in row["races"])
        row |= {
            "tote_meeting_number": meeting.tote_number,
            "tote_raceday_date": meeting.date.isoformat(),
            "tote_status": "Closed" if done else "Open",
        }
    if full:
        row |= {
            "jetbet_club_name": "",
            "club_day": meeting.date.timetuple().tm_yday,
            "club_mnemonic": "CLUB",
            "jetbet_track_name": meeting.name,
            "sell_date": meeting.date.isoformat(),
            "fob_mnemonic": "",
            "fob_sell_date": "",
            "fob_close_date": "",
            "fob_complete_date": "",
            "fob_club_day": 0,
            "meeting_date": meeting.date.isoformat(),
            "track_mnemonic": "INTL",
            "is_fob_meeting": False,
            "meeting_type": "",
        }
    return row


def race_row(day: FeedDay, meeting: MeetingFacts, race: FeedRace, at: datetime) -> dict[str, Any]:
    """One race inside a meeting, with its status in the list, which may know more than the event does."""
    book = day.books[race.race_id]
    start = race.advertised_at(at)
    row: dict[str, Any] = {
        "id": race.race_id,
        "race_number": race.number,
        "name": race.name,
        "start_time": iso_z(start),
    }
    if meeting.tote_number is not None:
        row["tote_start_time"] = _tote_clock(meeting, start)
    status = book.list_status(at)
    weather, track = race.conditions_at(at)
    row |= {
        "track_condition": track,
        "distance": race.distance,
        "weather": weather,
        "country": race.country,
        "state": race.state,
        "status": status,
    }
    if race.script.protest and status in {"Interim", "Final"}:
        row |= {"protest": True, "protest_reason": race.script.protest}
    return row


def _tote_clock(meeting: MeetingFacts, start: datetime) -> str:
    """Hours since midnight of the meeting's date, past 24 after the next one."""
    local = start.astimezone(NZ)
    midnight = nz_midnight(meeting.date).astimezone(NZ)
    hours = (local.date() - midnight.date()).days * 24 + local.hour
    return f"{hours:02d}:{local.minute:02d}:00"


def list_rows(days: list[FeedDay], first: datetime, last: datetime, at: datetime) -> list[dict[str, Any]]:
    """The flat list of races that start between two instants, with one row that is no race in a day with dogs."""
    rows: list[tuple[datetime, dict[str, Any]]] = []
    for day in days:
        for meeting in visible(day, at):
            for race in meeting.races:
                start = race.advertised_at(at)
                if first <= start <= last and _shown(race, at):
                    state = day.truth(race.race_id, at)
                    row = {
                        "id": race.race_id,
                        "name": race.name,
                        "number": race.number,
                        "meeting_id": meeting.meeting_id,
                        "advertised_start": iso_z(start),
                        "actual_start": iso_z(state.actual_start or start),
                    }
                    if race.category != "G":
                        row["silk_url"] = (
                            f"https://silks.feedsim.invalid/sprites/{race.details['serial']}_SPRITE_64x64.png"
                        )
                    rows.append((start, row))
            rows += [(start, row) for start, row in _no_race(meeting) if first <= start <= last]
    return [row for _, row in sorted(rows, key=lambda pair: (pair[0], str(pair[1]["id"])))]


def _no_race(meeting: MeetingFacts) -> list[tuple[datetime, dict[str, Any]]]:
    """A row without a number that stands for a New Zealand greyhound meeting, hours after its first race."""
    if meeting.country != "NZ" or meeting.category != "G":
        return []
    start = meeting.races[0].advertised + timedelta(hours=3)
    return [
        (
            start,
            {
                "id": uuid_of(meeting.meeting_id, "no race"),
                "name": meeting.name,
                "meeting_id": meeting.meeting_id,
                "advertised_start": iso_z(start),
                "actual_start": iso_z(meeting.races[0].advertised),
            },
        )
    ]


def utc_day(at: datetime) -> datetime:
    """Midnight of the UTC day that holds an instant."""
    return datetime.combine(at.astimezone(UTC).date(), time(), UTC)
