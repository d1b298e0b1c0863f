"""From the feed's payloads to domain terms; what cannot be read raises PayloadError with race, field and value."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from raceday.catalogue.products import canonical, is_single_race
from raceday.errors import PayloadError
from raceday.feed import head, values
from raceday.feed.models import (
    EventData,
    Header,
    Meeting,
    MeetingRace,
    OddsIn,
    PoolIn,
    RaceIn,
    RunnerIn,
)
from raceday.feed.parts import Sums, odd, piece_sums, pieces_of, read_each, tracker_of, unread_of
from raceday.ids import is_id
from raceday.racing.snapshot import (
    Dividend,
    FormerRace,
    LeftOut,
    MeetingEntry,
    Odds,
    Placing,
    Pool,
    RaceEntry,
    Runner,
    Snapshot,
    Status,
)

MOST_LEFT_OUT = 20
_SETTLED_PROTEST = ("dismiss", "withdrawn", "no protest", "upheld", "relegat")
_STATUSES = {status.value.lower(): status for status in Status}


def status_of(value: Any) -> Status | None:
    """Return a status under any case, None for one that is unknown or empty."""
    return _STATUSES.get(values.text(value).lower())


def generated_at(header: Header | Any, received_at: datetime) -> datetime:
    """Return the feed's own time, the time of receipt where it names none."""
    return values.instant(getattr(header, "generated_time", None)) or received_at


def snapshot_of(
    header: Header | Any, data: EventData, race_id: str, received_at: datetime, known: FormerRace | None = None
) -> Snapshot:
    """Return the snapshot of one event; what is odd costs itself and is named in `left_out`.

    What the answer's race lacks stands in from what was `known`. A status word that nobody knows leaves the race in
    the status that it had.
    """
    left_out: list[LeftOut] = []
    made = getattr(header, "generated_time", None)
    if values.instant(made) is None:
        # The answer counts as made when it came: how old its figures are nobody can tell.
        left_out.append(odd("header.generated_time", made, "an instant"))
    race = _race(data, race_id, known, left_out)
    found = head.identity(race, race_id, known, left_out)
    status = status_of(race.status)
    unknown_status = "" if status else values.text(race.status)[:50] or "none"
    status = status or (known.status if known else None) or Status.OPEN
    number, start = found.number, found.start
    pieces = pieces_of(data.money_tracker, left_out)
    sums = piece_sums(pieces) if pieces is not None else None
    runners = _runners(data.runners, sums, left_out)
    pools, unknown = _pools(data.tote_pools, left_out)
    reason = values.text(race.protest_reason)
    dividends = read_each("dividends", data.dividends, _dividend, left_out)
    placings = read_each("results", data.results, _placing, left_out)
    unread = unread_of(
        status, {"dividends": (data.dividends, dividends), "results": (data.results, placings)}, left_out
    )
    return Snapshot(
        race_id=race_id,
        meeting_id=found.meeting_id,
        meeting_name=values.text(race.meeting_name),
        name=values.text(race.description) or f"Race {number}",
        number=number,
        status=status,
        start=start,
        generated_at=generated_at(header, received_at),
        country=found.country,
        code=found.code,
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
        protest=protest_stands(values.flag(race.protest), reason),
        protest_reason=reason,
        runners=runners,
        pools=pools,
        tracker=tracker_of(pieces, sums, {r.entrant_id for r in runners}),
        dividends=dividends,
        placings=placings,
        unknown_products=unknown,
        left_out=tuple(left_out[:MOST_LEFT_OUT]),
        unknown_status=unknown_status,
        result_changed=changes_result(reason),
        unread=unread,
        odd_dividends=_odd_dividends(data.dividends, dividends),
    )


def _race(data: EventData, race_id: str, known: FormerRace | None, left_out: list[LeftOut]) -> RaceIn:
    """Return the answer's race; without one its runners and pools count all the same, where the race is known."""
    if isinstance(data.race, RaceIn):
        return data.race
    if known is None or known.start is None or not (isinstance(data.runners, (list, dict)) and data.runners):
        raise PayloadError(race_id, "data.race", data.race, "a race")
    left_out.append(odd("race", data.race, "a race", 1.0))
    return RaceIn()


def meeting_of(meeting: Meeting, header: Header | Any, received_at: datetime) -> MeetingEntry:
    """Return one meeting of the list; races that cannot be read are named in `rejected`, rows that are none dropped.

    Of a race that is listed twice the first counts, for one write makes it; another that says otherwise is named too.
    """
    meeting_id = head.required_id("meeting", "meeting", meeting.meeting)
    day = values.day(meeting.date)
    if day is None:
        raise PayloadError(meeting_id, "date", meeting.date, "a date")
    races: dict[str, RaceEntry] = {}
    rejected: list[str] = []
    listed = meeting.races or ()
    if not isinstance(listed, (list, tuple)):
        raise PayloadError(meeting_id, "races", listed, "a list")
    for raw in listed:
        try:
            race = _entry(meeting, meeting_id, raw)
            if race is not None and races.setdefault(race.race_id, race) != race:
                raise PayloadError(race.race_id, "races.id", race.race_id, "a race once in a meeting")
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
        races=tuple(races.values()),
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
    race_id = head.required_id(meeting_id, "races.id", raw.id)
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


def _actual_start(race: RaceIn, status: Status, start: datetime) -> datetime | None:
    """Before the jump the feed sends 0 or repeats the advertised start: both mean that it is not known."""
    actual = values.instant(race.actual_start)
    return None if status is Status.OPEN or (actual == start and not status.over) else actual


def protest_stands(flag: bool, reason: str) -> bool:
    """Tell whether a protest is open: the feed's flag says only that its reason has a text, of whatever kind."""
    text = reason.lower()
    if not text:
        return flag
    return "protest" in text and not any(word in text for word in _SETTLED_PROTEST)


def changes_result(reason: str) -> bool:
    """Tell whether a reason says that the placings were changed by a ruling."""
    text = reason.lower()
    ruled = "relegat" in text or "upheld" in text or "disqualif" in text
    return ruled and not any(word in text for word in ("dismiss", "not upheld", "not relegat"))


def _runners(raw: Any, sums: Sums | None, left_out: list[LeftOut]) -> tuple[Runner, ...]:
    """Read each runner once, by id; one that cannot be read is left out, and nobody's else is touched.

    Of one that is listed twice the copy that tells more counts, then one that runs, then the first.
    """
    listed = list(raw.values()) if isinstance(raw, dict) else raw if isinstance(raw, list) else []
    if raw is not None and not isinstance(raw, (list, dict)):
        left_out.append(odd("runners", raw, "a list", 1.0))
    found: dict[str, Runner] = {}
    for place, each in enumerate(listed):
        runner = _runner(f"runners[{place}]", each, sums, left_out)
        if runner is None:
            continue
        if runner.entrant_id in found:
            left_out.append(odd(f"runners[{place}].entrant_id", runner.entrant_id, "each runner once"))
            if _fullness(runner) <= _fullness(found[runner.entrant_id]):
                continue
        found[runner.entrant_id] = runner
    return tuple(found.values())


def _fullness(runner: Runner) -> tuple[bool, bool]:
    """Return whether a copy of a runner tells who it is and what it costs, and whether it runs."""
    return bool(runner.number) and runner.name != "?" and any(runner.odds), not runner.scratched


def _runner(where: str, raw: Any, sums: Sums | None, left_out: list[LeftOut]) -> Runner | None:
    """Read one runner; a number or a name that cannot be read has a stand-in, for its money is known all the same."""
    entrant_id = values.ident(raw.entrant_id) if isinstance(raw, RunnerIn) else ""
    if not isinstance(raw, RunnerIn) or not is_id(entrant_id):
        left_out.append(odd(where, entrant_id or raw, "a runner with an id", 0.3))
        return None
    number, name = values.whole(raw.runner_number), values.text(raw.name)
    if number is None:
        left_out.append(odd(f"{where}.runner_number", raw.runner_number, "a whole number"))
    if not name or len(name) > 255:
        left_out.append(odd(f"{where}.name", raw.name, "a text of 1 to 255 characters"))
    if not values.is_flag(raw.is_scratched):
        left_out.append(odd(f"{where}.is_scratched", raw.is_scratched, "true or false"))
    place = values.text(raw.barrier_position) or values.text(raw.barrier)
    barrier = values.whole(raw.barrier)
    hold, bet = sums.get(entrant_id, (Decimal(0), Decimal(0))) if sums is not None else (None, None)
    return Runner(
        entrant_id=entrant_id,
        number=number or 0,
        name=name[:255] or "?",
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
        odds=_odds(where, raw.odds, left_out),
        hold_points=hold,
        bet_points=bet,
    )


def _odds(where: str, raw: Any, left_out: list[LeftOut]) -> Odds:
    if isinstance(raw, OddsIn):
        for kind in ("fixed_win", "fixed_place", "pool_win", "pool_place"):
            value = getattr(raw, kind)
            if values.price(value) is None and values.text(value) and values.number(value) is None:
                left_out.append(odd(f"{where}.odds.{kind}", value, "a price"))
        return Odds(*map(values.price, (raw.fixed_win, raw.fixed_place, raw.pool_win, raw.pool_place)))
    if raw is not None:
        left_out.append(odd(f"{where}.odds", raw, "an object of prices"))
    return Odds()


def _pools(raw: Any, left_out: list[LeftOut]) -> tuple[tuple[Pool, ...] | None, tuple[str, ...]]:
    if raw is None:
        return None, ()
    if not isinstance(raw, list):
        left_out.append(odd("tote_pools", raw, "a list", 1.0))
        return None, ()
    pools, unknown = [], []
    for place, pool in enumerate(raw):
        if not isinstance(pool, PoolIn):
            left_out.append(odd(f"tote_pools[{place}]", pool, "a pool"))
            continue
        spelling = values.text(pool.product_type)
        product = canonical(spelling)
        if product is None:
            unknown.append(spelling[:50])
            continue
        total = values.cents(pool.total)
        if total is None:
            left_out.append(odd(f"tote_pools[{spelling[:20]}].total", pool.total, "dollars"))
        pools.append(Pool(product, total, values.text(pool.status), is_single_race(product)))
        if not pools[-1].is_told:
            left_out.append(odd(f"tote_pools[{spelling[:20]}].status", pool.status, "a status that is known"))
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


def _odd_dividends(raw: Any, found: Sequence[Dividend]) -> frozenset[str]:
    """Return the products of dividends that cannot be read, but for Interim ones of products that have Final ones."""
    final = {d.product for d in found if d.status.lower() == "final"}
    odd = (each for each in (raw if isinstance(raw, list) else ()) if _dividend(each) is None)
    named = ((each if isinstance(each, dict) else {}) for each in odd)
    told = ((_product(each), values.text(each.get("status")).lower()) for each in named)
    return frozenset(product for product, status in told if status != "interim" or product not in final)


def _product(raw: Mapping[str, Any]) -> str:
    name = values.text(raw.get("product_name"))
    return canonical(name) or name


def _placing(raw: Any) -> Placing | None:
    if not isinstance(raw, dict):
        return None
    position, number = values.whole(raw.get("position")), values.whole(raw.get("runner_number"))
    if position is None or number is None:
        return None
    return Placing(position, number, values.ident(raw.get("entrant_id")), values.text(raw.get("name")), raw)
