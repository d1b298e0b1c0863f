"""The feed's payloads as far as they are used: shape is checked here, single values are read in mapping.

Members that are not named are skipped while parsing; what may come as several types is left open.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

# What has not the usual shape is kept as it came, so that one odd item does not cost the rest of its list.
_FIRST = Field(union_mode="left_to_right")


class _Part(BaseModel):
    # Built on first use, and the parts within their answers only: most functions' starts read no answer at all.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Header(_Part):
    """The envelope's head."""

    generated_time: Any = None
    error: Any = None


class MeetingRace(_Part):
    """A race inside the meeting list."""

    id: Any = None
    race_number: Any = None
    name: Any = None
    start_time: Any = None
    track_condition: Any = None
    distance: Any = None
    weather: Any = None
    country: Any = None
    state: Any = None
    status: Any = None
    tote_start_time: Any = None
    protest: Any = None
    protest_reason: Any = None


class Meeting(_Part):
    """A meeting of the list."""

    meeting: Any = None
    name: Any = None
    date: Any = None
    track_condition: Any = None
    category: Any = None
    category_name: Any = None
    country: Any = None
    state: Any = None
    races: Annotated[list[Annotated[MeetingRace | Any, _FIRST]] | Any, _FIRST] = None


class MeetingsData(_Part):
    """The data of /meetings."""

    meetings: list[Annotated[Meeting | Any, _FIRST]] | None = None
    error: Any = None


class Meetings(_Part):
    """An answer of /meetings."""

    header: Annotated[Header | Any, _FIRST] = Header()
    data: MeetingsData


class RaceIn(_Part):
    """The race of an event."""

    event_id: Any = None
    meeting_id: Any = None
    meeting_name: Any = None
    description: Any = None
    race_number: Any = None
    status: Any = None
    advertised_start: Any = None
    advertised_start_string: Any = None
    actual_start: Any = None
    race_date_nz: Any = None
    start_time_nz: Any = None
    type: Any = None
    country: Any = None
    state: Any = None
    distance: Any = None
    weather: Any = None
    track_condition: Any = None
    track_surface: Any = None
    track_direction: Any = None
    rail_position: Any = None
    prize_monies: Any = None
    entrant_count: Any = None
    field_size: Any = None
    positions_paid: Any = None
    silk_url: Any = None
    silk_base_url: Any = None
    video_channels: Any = None
    protest: Any = None
    protest_reason: Any = None


class OddsIn(_Part):
    """A runner's odds."""

    fixed_win: Any = None
    fixed_place: Any = None
    pool_win: Any = None
    pool_place: Any = None


class RunnerIn(_Part):
    """A runner of an event."""

    entrant_id: Any = None
    runner_number: Any = None
    name: Any = None
    barrier: Any = None
    barrier_position: Any = None
    is_scratched: Any = None
    is_late_scratched: Any = None
    scratch_time: Any = None
    favourite: Any = None
    mover: Any = None
    jockey: Any = None
    trainer_name: Any = None
    silk_colours: Any = None
    silk_url_64x64: Any = None
    silk_url_128x128: Any = None
    runner_change: Any = None
    odds: Annotated[OddsIn | Any, _FIRST] = None


class PoolIn(_Part):
    """A betting pool."""

    product_type: Any = None
    total: Any = None
    status: Any = None


class PieceIn(_Part):
    """One piece of the money tracker."""

    entrant_id: Any = None
    hold_percentage: Any = None
    bet_percentage: Any = None


class TrackerIn(_Part):
    """The money tracker."""

    entrants: Annotated[list[Annotated[PieceIn | Any, _FIRST]] | Any, _FIRST] = None


class EventData(_Part):
    """The data of /events/{id}."""

    race: Annotated[RaceIn | Any, _FIRST] = None
    runners: Annotated[
        list[Annotated[RunnerIn | Any, _FIRST]] | dict[str, Annotated[RunnerIn | Any, _FIRST]] | Any, _FIRST
    ] = None
    tote_pools: Annotated[list[Annotated[PoolIn | Any, _FIRST]] | Any, _FIRST] = None
    dividends: Any = None
    results: Any = None
    money_tracker: Annotated[TrackerIn | Any, _FIRST] = None
    error: Any = None


class Event(_Part):
    """An answer of /events/{id}."""

    header: Annotated[Header | Any, _FIRST] = Header()
    data: EventData
