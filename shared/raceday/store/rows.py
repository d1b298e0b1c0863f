"""From the feed's snapshots to rows: one place that names columns and cuts texts to their sizes."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from raceday.clock import iso
from raceday.racing.snapshot import Dividend, MeetingEntry, Placing, RaceEntry, Runner, Snapshot, Status
from raceday.store.port import Row
from raceday.store.schema import BY_ID, ENTRANTS, RACE_RESULTS, RACES


def fitted(table: str, row: Mapping[str, Any]) -> Row:
    """Cut every text to its column's size."""
    sizes = BY_ID[table].sizes
    return {k: v[: sizes[k]] if isinstance(v, str) and k in sizes else v for k, v in row.items()}


def cuts(table: str, row: Mapping[str, Any]) -> int:
    """Count the texts that are longer than their columns."""
    sizes = BY_ID[table].sizes
    return sum(1 for k, v in row.items() if isinstance(v, str) and k in sizes and len(v) > sizes[k])


def meeting_row(meeting: MeetingEntry) -> Row:
    """Return a meeting's columns; the date is its NZ race day at 00:00 UTC, as the client asks for it."""
    races = [race.status for race in meeting.races]
    status = "active"
    if races and all(s is Status.ABANDONED for s in races):
        status = "abandoned"
    elif races and all(s is not None and s.over for s in races):
        status = "completed"
    weather = next((race.weather for race in meeting.races if race.weather), "")
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
        "weather": weather,
        "status": status,
        "dataSource": "NZTAB",
    }


def race_row_from_list(race: RaceEntry, meeting: MeetingEntry) -> Row:
    """Return the race columns that the meeting list answers for, its link to the meeting included."""
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
        "weather": race.weather,
        "trackCondition": race.track_condition,
        "type": meeting.code,
        "country": race.country,
        "protestReason": race.protest_reason,
    }


def empty_pools_row(race_id: str) -> Row:
    """Return a race's pool totals before any poll: zeros, so that the client never makes figures up."""
    return {"$id": race_id, "raceId": race_id, "currency": "$"}


def race_row_from_event(snapshot: Snapshot) -> Row:
    """Return the race columns that one event answers for; not the meeting's relationship nor bookkeeping."""
    return fitted(RACES, race_columns(snapshot))


def race_columns(snapshot: Snapshot) -> Row:
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
        "videoChannels": _dump(list(snapshot.video_channels)),
        "protestReason": snapshot.protest_reason,
    }


def entrant_row(snapshot: Snapshot, runner: Runner) -> Row:
    """Return one runner's columns; odds the feed does not have are null, never 0."""
    return fitted(ENTRANTS, entrant_columns(snapshot, runner))


def entrant_columns(snapshot: Snapshot, runner: Runner) -> Row:
    """Return what `entrant_row` gives before its texts are cut."""
    return {
        "entrantId": runner.entrant_id,
        "raceId": snapshot.race_id,
        "name": runner.name,
        "runnerNumber": runner.number,
        "barrier": runner.barrier,
        "barrierText": runner.barrier_text,
        "isScratched": runner.scratched,
        "isLateScratched": runner.late_scratched,
        "scratchTime": runner.scratch_time,
        "favourite": runner.favourite,
        "mover": runner.mover,
        "jockey": runner.jockey,
        "trainerName": runner.trainer,
        "silkColours": runner.silk_colours,
        "silkUrl64": runner.silk_url_64,
        "silkUrl128": runner.silk_url_128,
        "runnerChange": runner.runner_change,
        "fixedWinOdds": _float(runner.odds.fixed_win),
        "fixedPlaceOdds": _float(runner.odds.fixed_place),
        "poolWinOdds": _float(runner.odds.pool_win),
        "poolPlaceOdds": _float(runner.odds.pool_place),
    }


def results_row(snapshot: Snapshot) -> Row:
    """Return the result columns: placings by position, Final dividends hiding Interim ones, fixed odds by number."""
    return fitted(
        RACE_RESULTS,
        {
            "raceId": snapshot.race_id,
            "race": snapshot.race_id,
            "resultsAvailable": bool(snapshot.placings),
            "resultStatus": "final" if snapshot.status is Status.FINAL else "interim",
            "protestLodged": snapshot.protest,
            "protestReason": snapshot.protest_reason,
            "resultsData": _dump(
                [_placing(p) for p in sorted(snapshot.placings, key=lambda p: (p.position, p.number))]
            ),
            "dividendsData": _dump([_dividend(d) for d in shown_dividends(snapshot.dividends)]),
            "fixedOddsData": _dump({str(r.number): _fixed_odds(r) for r in snapshot.runners}),
        },
    )


def shown_dividends(dividends: Sequence[Dividend]) -> list[Dividend]:
    """Return the dividends to show: Final ones alone once there are any."""
    final = [d for d in dividends if d.status.lower() == "final"]
    return final or list(dividends)


def _placing(placing: Placing) -> dict[str, Any]:
    return {
        **placing.raw,
        "position": placing.position,
        "runner_number": placing.number,
        "entrant_id": placing.entrant_id,
        "name": placing.name,
    }


def _dividend(dividend: Dividend) -> dict[str, Any]:
    # The client formats a number and breaks on a text.
    own = {"product_name": dividend.product_name, "status": dividend.status, "dividend": float(dividend.amount)}
    return {**dividend.raw, **own}


def _fixed_odds(runner: Runner) -> dict[str, Any]:
    return {
        "fixed_win": _float(runner.odds.fixed_win),
        "fixed_place": _float(runner.odds.fixed_place),
        "runner_name": runner.name,
        "entrant_id": runner.entrant_id,
    }


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
