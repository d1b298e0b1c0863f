"""From the feed's payloads to domain terms; what cannot be read raises PayloadError with race, field and value."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from raceday.catalogue.products import canonical, is_single_race
from raceday.errors import PayloadError
from raceday.feed import values
from raceday.feed.models import EventData, Header, Meeting, MeetingRace, PieceIn, PoolIn, RaceIn, RunnerIn
from raceday.ids import is_id
from raceday.racing.snapshot import (
    Dividend,
    MeetingEntry,
    Odds,
    Placing,
    Pool,
    RaceEntry,
    Runner,
    Snapshot,
    Status,
    Tracker,
)

_STATUSES = {status.value.lower(): status for status in Status}


def status_of(value: Any) -> Status | None:
    """Return a status under any case, None for one that is unknown or empty."""
    return _STATUSES.get(values.text(value).lower())


def generated_at(header: Header, received_at: datetime) -> datetime:
    """Return the feed's own time, the time of receipt where it names none."""
    return values.instant(header.generated_time) or received_at


def snapshot_of(header: Header, data: EventData, race_id: str, received_at: datetime) -> Snapshot:
    """Return the snapshot of one event."""
    race = data.race
    found = values.text(race.event_id)
    if found != race_id:
        raise PayloadError(race_id, "race.event_id", found, "the race that was asked for")
    start = values.instant(race.advertised_start) or values.instant(race.advertised_start_string)
    if start is None:
        raise PayloadError(race_id, "race.advertised_start", race.advertised_start, "epoch seconds")
    status = status_of(race.status)
    if status is None:
        raise PayloadError(race_id, "race.status", race.status, "Open, Closed, Interim, Final or Abandoned")
    number = values.whole(race.race_number)
    if number is None:
        raise PayloadError(race_id, "race.race_number", race.race_number, "a whole number")
    pieces = data.money_tracker.entrants if data.money_tracker else None
    sums = _piece_sums(pieces) if pieces is not None else None
    listed = data.runners.values() if isinstance(data.runners, dict) else data.runners or ()
    runners = tuple(_runner(race_id, r, sums) for r in listed)
    _refuse_doubles(race_id, runners)
    pools, unknown = _pools(race_id, data.tote_pools)
    return Snapshot(
        race_id=race_id,
        meeting_id=_id(race_id, "race.meeting_id", race.meeting_id),
        meeting_name=values.text(race.meeting_name),
        name=values.text(race.description) or f"Race {number}",
        number=number,
        status=status,
        start=start,
        generated_at=generated_at(header, received_at),
        country=values.text(race.country).upper(),
        code=values.text(race.type).upper(),
        actual_start=_actual_start(race, status, start),
        race_date_nz=values.day(race.race_date_nz),
        start_time_nz=values.text(race.start_time_nz),
        state=values.text(race.state),
        distance=values.whole(race.distance),
        weather=values.text(race.weather),
        track_condition=values.text(race.track_condition),
        track_surface=values.text(race.track_surface),
        track_direction=values.text(race.track_direction),
        rail_position=values.text(race.rail_position),
        prize_dollars=values.whole(race.prize_monies.get("total_value"))
        if isinstance(race.prize_monies, dict)
        else None,
        entrant_count=values.whole(race.entrant_count),
        field_size=values.whole(race.field_size),
        positions_paid=values.whole(race.positions_paid),
        silk_url=values.text(race.silk_url),
        silk_base_url=values.text(race.silk_base_url),
        video_channels=tuple(map(values.text, race.video_channels)) if isinstance(race.video_channels, list) else (),
        protest=values.flag(race.protest),
        protest_reason=values.text(race.protest_reason),
        runners=runners,
        pools=pools,
        tracker=_tracker(pieces, {r.entrant_id for r in runners}),
        dividends=tuple(d for raw in data.dividends or () if (d := _dividend(raw)) is not None),
        placings=tuple(p for raw in data.results or () if (p := _placing(raw)) is not None),
        unknown_products=unknown,
    )


def meeting_of(meeting: Meeting, header: Header, received_at: datetime) -> MeetingEntry:
    """Return one meeting of the list; races that cannot be read are named in `rejected`, rows that are none dropped."""
    meeting_id = _id("meeting", "meeting", meeting.meeting)
    day = values.day(meeting.date)
    if day is None:
        raise PayloadError(meeting_id, "date", meeting.date, "a date")
    races, rejected = [], []
    listed = meeting.races or ()
    if not isinstance(listed, (list, tuple)):
        raise PayloadError(meeting_id, "races", listed, "a list")
    for raw in listed:
        try:
            races.append(_entry(meeting, meeting_id, raw))
        except PayloadError as error:
            rejected.append(str(error))
    return MeetingEntry(
        meeting_id=meeting_id,
        name=_required(meeting_id, "name", meeting.name),
        day=day,
        country=values.text(meeting.country).upper(),
        code=values.text(meeting.category).upper(),
        category_name=values.text(meeting.category_name),
        state=values.text(meeting.state),
        track_condition=values.text(meeting.track_condition),
        races=tuple(race for race in races if race is not None),
        generated_at=generated_at(header, received_at),
        rejected=tuple(rejected),
    )


def _entry(meeting: Meeting, meeting_id: str, raw: MeetingRace | Any) -> RaceEntry | None:
    if not isinstance(raw, MeetingRace):
        raise PayloadError(meeting_id, "races", raw, "a race")
    number = values.whole(raw.race_number)
    if not number:
        # Rows without a number are markets and whole meetings that the feed lists among races.
        return None
    race_id = _id(meeting_id, "races.id", raw.id)
    start = values.instant(raw.start_time)
    if start is None:
        raise PayloadError(race_id, "start_time", raw.start_time, "an instant")
    return RaceEntry(
        race_id=race_id,
        meeting_id=meeting_id,
        number=number,
        name=values.text(raw.name) or f"Race {number}",
        start=start,
        status=status_of(raw.status),
        country=values.text(raw.country or meeting.country).upper(),
        state=values.text(raw.state),
        distance=values.whole(raw.distance),
        weather=values.text(raw.weather),
        track_condition=values.text(raw.track_condition),
        tote_start_time=values.text(raw.tote_start_time),
        protest=values.flag(raw.protest),
        protest_reason=values.text(raw.protest_reason),
    )


def _required(subject: str, field: str, value: Any) -> str:
    found = values.text(value)
    if not found or len(found) > 255:
        raise PayloadError(subject, field, value, "a text of 1 to 255 characters")
    return found


def _id(subject: str, field: str, value: Any) -> str:
    """Rows are kept by the feed's own ids: one that no row can have would be refused at each poll's commit."""
    found = values.text(value)
    if not is_id(found):
        raise PayloadError(subject, field, value, "an id of 1 to 36 of A-Z a-z 0-9 . _ -")
    return found


def _actual_start(race: RaceIn, status: Status, start: datetime) -> datetime | None:
    """Before the jump the feed sends 0 or repeats the advertised start: both mean that it is not known."""
    actual = values.instant(race.actual_start)
    return None if status is Status.OPEN or (actual == start and not status.over) else actual


def _runner(race_id: str, raw: RunnerIn, sums: dict[str, tuple[Decimal, Decimal]] | None) -> Runner:
    entrant_id = _id(race_id, "runners.entrant_id", raw.entrant_id)
    number = values.whole(raw.runner_number)
    if number is None:
        raise PayloadError(race_id, f"runners[{entrant_id}].runner_number", raw.runner_number, "a whole number")
    place = values.text(raw.barrier_position) or values.text(raw.barrier)
    barrier = values.whole(raw.barrier)
    odds = raw.odds
    hold, bet = sums.get(entrant_id, (Decimal(0), Decimal(0))) if sums is not None else (None, None)
    return Runner(
        entrant_id=entrant_id,
        number=number,
        name=_required(race_id, f"runners[{entrant_id}].name", raw.name),
        barrier=barrier if barrier is not None else values.first_digits(place),
        barrier_text=place,
        scratched=values.flag(raw.is_scratched),
        late_scratched=values.flag(raw.is_late_scratched),
        scratch_time=values.whole(raw.scratch_time) or None,
        favourite=values.flag(raw.favourite),
        mover=values.flag(raw.mover),
        jockey=values.text(raw.jockey),
        trainer=values.text(raw.trainer_name),
        silk_colours=values.text(raw.silk_colours),
        silk_url_64=values.text(raw.silk_url_64x64),
        silk_url_128=values.text(raw.silk_url_128x128),
        runner_change=values.text(raw.runner_change),
        odds=Odds(*map(values.price, (odds.fixed_win, odds.fixed_place, odds.pool_win, odds.pool_place)))
        if odds
        else Odds(),
        hold_points=hold,
        bet_points=bet,
    )


def _refuse_doubles(race_id: str, runners: Sequence[Runner]) -> None:
    seen: set[str] = set()
    for runner in runners:
        if runner.entrant_id in seen:
            raise PayloadError(race_id, "runners.entrant_id", runner.entrant_id, "each runner once")
        seen.add(runner.entrant_id)


def _piece_sums(pieces: Sequence[PieceIn]) -> dict[str, tuple[Decimal, Decimal]]:
    """Sum the tracker's pieces per entrant: each entrant has many, and no single one means anything."""
    hold: dict[str, Decimal] = defaultdict(Decimal)
    bet: dict[str, Decimal] = defaultdict(Decimal)
    for piece in pieces:
        key = values.text(piece.entrant_id)
        hold[key] += values.number(piece.hold_percentage) or 0
        bet[key] += values.number(piece.bet_percentage) or 0
    return {key: (hold[key], bet[key]) for key in hold}


def _tracker(pieces: Sequence[PieceIn] | None, known: set[str]) -> Tracker | None:
    if not pieces:
        return None
    sums = _piece_sums(pieces)
    unknown = [pair for key, pair in sums.items() if key not in known]
    return Tracker(
        hold_sum=sum((h for h, _ in sums.values()), Decimal(0)),
        bet_sum=sum((b for _, b in sums.values()), Decimal(0)),
        unknown_hold=sum((h for h, _ in unknown), Decimal(0)),
        unknown_bet=sum((b for _, b in unknown), Decimal(0)),
        pieces=len(pieces),
    )


def _pools(race_id: str, raw: Sequence[PoolIn] | None) -> tuple[tuple[Pool, ...] | None, tuple[str, ...]]:
    if raw is None:
        return None, ()
    pools, unknown = [], []
    for pool in raw:
        spelling = values.text(pool.product_type)
        product = canonical(spelling)
        if product is None:
            unknown.append(spelling[:50])
            continue
        total = values.cents(pool.total)
        if total is None:
            raise PayloadError(race_id, f"tote_pools[{spelling}].total", pool.total, "dollars")
        pools.append(Pool(product, total, values.text(pool.status), is_single_race(product)))
    return tuple(pools), tuple(unknown)


def _dividend(raw: Any) -> Dividend | None:
    if not isinstance(raw, dict):
        return None
    amount = values.number(raw.get("dividend"))
    name = values.text(raw.get("product_name"))
    if amount is None or not name:
        return None
    positions = raw.get("positions")
    return Dividend(
        product=canonical(name) or name,
        product_name=name,
        status=values.text(raw.get("status")),
        amount=amount,
        pool_cents=values.cents(raw.get("pool_size")),
        positions=tuple(
            (number, place)
            for p in (positions if isinstance(positions, list) else ())
            if isinstance(p, dict)
            and (number := values.whole(p.get("runner_number"))) is not None
            and (place := values.whole(p.get("position"))) is not None
        ),
        raw=raw,
    )


def _placing(raw: Any) -> Placing | None:
    if not isinstance(raw, dict):
        return None
    position, number = values.whole(raw.get("position")), values.whole(raw.get("runner_number"))
    if position is None or number is None:
        return None
    return Placing(position, number, values.text(raw.get("entrant_id")), values.text(raw.get("name")), raw)
