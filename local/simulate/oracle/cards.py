"""Meetings, races and entrants as they must stand at a day's end: lists, events and polls in order of time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from local.simulate.oracle.differences import AnyOf, Findings, Within
from local.simulate.oracle.facts import OVER, Ledger, Poll
from local.simulate.oracle.lists import LIST_DECIDES, ListMeeting
from local.simulate.oracle.reading import ODDS, RawRunner, Reading, Unreadable, read_event, stamp
from local.simulate.served import Record
from raceday.store.port import Row
from raceday.tables import ENTRANTS, MEETINGS, RACES

ODDS_COLUMNS = {
    "fixed_win": "fixedWinOdds",
    "fixed_place": "fixedPlaceOdds",
    "pool_win": "poolWinOdds",
    "pool_place": "poolPlaceOdds",
}
# What an event leaves to others: the status has a rule of its own, the race day is its meeting's.
_IMPORTS = ("daily-races", "daily-entrants")
Columns = dict[str, Any]


def judge_meetings(
    rows: Sequence[Row], lists: Sequence[ListMeeting], day: Within, findings: Findings, sure: datetime,
    imported: Sequence[datetime] = (),
) -> None:  # fmt: skip
    """Compare the meetings with the last list that showed each; one served after `sure` may not have been stored.

    The first list of each may have been served to an import that died: it was surely stored by the first that ended.
    """
    wanted = either(_meetings(lists, day), _meetings([page for page in lists if page.at <= sure], day))
    for key, columns in wanted.items():
        shown = [page for page in lists if page.meeting["meetingId"] == key]
        stored = min((at for at in imported if at >= shown[0].at), default=sure)
        made = [stamp(page.made) if page.made else None for page in shown if page.at <= stored]
        if len(made) > 1:
            columns["apiGeneratedTime"] = AnyOf(tuple(made))
    findings.match(MEETINGS, rows, wanted, lambda row: row["$id"], race_of=lambda key: "")


def _meetings(lists: Sequence[ListMeeting], day: Within) -> dict[str, Columns]:
    """Return each meeting's row; what a list leaves empty is not forgotten."""
    found: dict[str, Columns] = {}
    for page in lists:
        key = page.meeting["meetingId"]
        if key not in found:
            found[key] = {**page.meeting, "apiGeneratedTime": stamp(page.made) if page.made else None}
        else:
            found[key] |= filled(page.meeting)
        found[key]["lastUpdated"] = day
    return found


def either(all_heard: dict[str, Columns], surely: Mapping[str, Columns]) -> dict[str, Columns]:
    """Return rows whose columns may hold what was heard in all, or what was surely stored."""
    for key, columns in all_heard.items():
        for column, value in surely.get(key, {}).items():
            if columns.get(column) != value:
                columns[column] = AnyOf((columns.get(column), value))
    return all_heard


def filled(columns: Mapping[str, Any]) -> Columns:
    """Return the columns that say something."""
    return {key: value for key, value in columns.items() if value not in (None, "")}


class Card:
    """One race's row through the day."""

    def __init__(self, day: Within) -> None:
        self.columns: Columns = {}
        self._day = day
        self._described = self._polled = False

    @property
    def over(self) -> bool:
        """Tell whether the race is over as its row has it."""
        return self.columns.get("status") in OVER

    def list_says(self, said: Columns) -> None:
        """Take what a list says: all of a new race, and less of one that its event has described."""
        if not self.columns:
            self.columns = dict(said)
            return
        for key, value in filled(said).items():
            known = self.columns.get(key)
            if key == "status":
                if value == "Abandoned" and not self.over:
                    self.columns[key] = value
            elif key == "startTime" and (self.over or self._polled):
                continue
            elif not self._described or key in LIST_DECIDES or known in (None, ""):
                self.columns[key] = value

    def event_says(self, reading: Reading) -> None:
        """Take what an event says of everything but status and race day."""
        self._described = True
        self.columns |= filled(reading.columns)
        if reading.actual is not None:
            self.columns["actualStart"] = stamp(reading.actual)

    def poll_says(self, poll: Poll) -> None:
        """Take what a committed poll says, the status and the instants that go with it included."""
        if poll.tells:
            self.event_says(poll.reading)
            self._polled = True
        if poll.held or poll.status == poll.before:
            return
        self.columns |= {"status": poll.status, "lastStatusChange": poll.fetched}
        if poll.status == "Final" and poll.tells:
            self.columns["finalizedAt"] = poll.fetched
        if poll.status == "Abandoned":
            self.columns["abandonedAt"] = poll.fetched

    def wanted(self, row: Row) -> Columns:
        """Return the row as it must be."""
        never = ("actualStart", "lastStatusChange", "finalizedAt", "abandonedAt", "trackSurface", "trackDirection",
                 "railPosition", "startTimeNz", "totalPrizeMoney", "entrantCount", "fieldSize", "positionsPaid",
                 "silkUrl", "silkBaseUrl", "videoChannels")  # fmt: skip
        meeting = self.columns.get("meeting")
        linked = {"meeting": row.get("meeting") if _id_of(row.get("meeting")) == meeting else meeting}
        times: Columns = {"importedAt": self._day, "lastUpdated": self._day}
        for key in ("last_poll_time", "entrantsImportedAt"):
            times[key] = self._day if row.get(key) is not None else None
        return {**dict.fromkeys(never), **self.columns, **linked, **times}


def _id_of(link: Any) -> Any:
    """A relationship is read as the other row's id or as the row."""
    return link.get("$id") if isinstance(link, Mapping) else link


def judge_races(
    rows: Sequence[Row], lists: Sequence[ListMeeting], ledgers: Mapping[str, Ledger], record: Record, day: Within,
    findings: Findings, sure: datetime,
) -> None:  # fmt: skip
    """Compare the races with what lists, imports and polls said; a list after `sure` may not have been stored."""
    surely = [page for page in lists if page.at <= sure]
    heard = [_races(pages, rows, ledgers, record, day) for pages in (lists, surely)]
    findings.match(RACES, rows, either(*heard), lambda row: row["$id"], race_of=str)


def _races(
    lists: Sequence[ListMeeting], rows: Sequence[Row], ledgers: Mapping[str, Ledger], record: Record, day: Within
) -> dict[str, Columns]:
    """Return each race's row, from all that was said of it in order of time."""
    there = {row["$id"]: row for row in rows}
    said: dict[str, list[tuple[datetime, int, Any]]] = {}
    for page in lists:
        for race_id, columns in page.races.items():
            said.setdefault(race_id, []).append((page.at, 0, columns))
    found: dict[str, Columns] = {}
    for race_id, heard in said.items():
        heard += [(answer.at, 1, reading) for answer, reading in imports(record, race_id)]
        ledger = ledgers.get(race_id)
        heard += [(datetime.fromisoformat(p.fetched), 2, p) for p in ledger.polls] if ledger else []
        card = Card(day)
        for _, kind, what in sorted(heard, key=lambda each: each[:2]):
            (card.list_says, card.event_says, card.poll_says)[kind](what)
        found[race_id] = card.wanted(there.get(race_id, {}))
    return found


def imports(record: Record, race_id: str) -> list[tuple[Any, Reading]]:
    """Return the events of a race that the imports were served and could read."""
    found = []
    for answer in record.events.get(race_id, ()):
        if answer.function in _IMPORTS:
            try:
                found.append((answer, read_event(answer.body, race_id)))
            except Unreadable:
                continue
    return found


def first_sight(record: Record, race: Row, ledger: Ledger | None) -> list[RawRunner]:
    """Return the runners that an import was the first to store; a poll before it was the first for those it showed."""
    at, race_id = race.get("entrantsImportedAt"), str(race["$id"])
    answer = record.import_of(race_id, datetime.fromisoformat(at)) if at else None
    try:
        found = read_event(answer.body, race_id).runners if answer else ()
    except Unreadable:
        return []
    before = [poll for poll in ledger.telling if at and poll.fetched < at] if ledger else []
    known = {line.id for poll in before for line in poll.lines}
    return [runner for runner in found if runner.id not in known]


def judge_entrants(
    rows: Sequence[Row], races: Mapping[str, Row], ledgers: Mapping[str, Ledger], record: Record, day: Within,
    findings: Findings,
) -> None:  # fmt: skip
    """Compare the entrants with the last poll that told of each, or with their import where none did."""
    wanted: dict[tuple[str, str], Columns] = {}
    for race_id, race in races.items():
        found: dict[str, Columns] = {}
        for runner in first_sight(record, race, ledgers.get(race_id)):
            none = dict.fromkeys(("holdPercentage", "betPercentage", "winPoolAmount", "placePoolAmount", "shareSource"))
            found[runner.id] = {**runner.columns, **none, **_odds(runner.odds), "importedAt": day}
        before: Poll | None = None
        for poll in ledgers[race_id].telling if race_id in ledgers else ():
            _poll_says(found, poll)
            _leave(found, poll, before)
            before = poll
        for entrant, columns in found.items():
            wanted[race_id, entrant] = {"importedAt": day, **columns, "raceId": race_id, "silkId": None}
            wanted[race_id, entrant]["lastUpdated"] = day
    findings.match(ENTRANTS, rows, wanted, lambda row: (row["raceId"], row["$id"]))


def _odds(odds: Mapping[str, Any]) -> Columns:
    return {ODDS_COLUMNS[kind]: odds[kind] for kind in ODDS}


def _poll_says(found: dict[str, Columns], poll: Poll) -> None:
    lines = {line.id: line for line in poll.lines}
    for runner in poll.reading.runners:
        line = lines[runner.id]
        row = found.setdefault(runner.id, {"holdPercentage": None, "betPercentage": None})
        row |= {**runner.columns, **_odds(line.odds)}
        row |= {"winPoolAmount": line.win.cents, "placePoolAmount": line.place.cents, "shareSource": line.win.source}
        if poll.reading.tracker is not None:
            # An answer without a tracker says nothing of holds and bets: what was known stays.
            row |= {"holdPercentage": line.hold, "betPercentage": line.bet}
    here = {runner.id for runner in poll.reading.runners}
    for line in poll.lines:
        if line.id in found and line.id not in here and not line.scratched:
            # The answer lost it on the way; its money is what the others leave it.
            found[line.id] |= {"winPoolAmount": line.win.cents, "placePoolAmount": line.place.cents}
            found[line.id] |= {"shareSource": line.win.source}
            if poll.reading.tracker is not None:
                found[line.id] |= {"holdPercentage": line.hold, "betPercentage": line.bet}


def _leave(found: dict[str, Columns], poll: Poll, before: Poll | None) -> None:
    """Let runners that an answer lists no more end as scratched and without money; told once, as they go."""
    listed = {runner.id for runner in before.reading.runners} if before else set()
    here = {runner.id for runner in poll.reading.runners}
    for line in poll.lines:
        if line.id in listed and line.id not in here and line.scratched:
            row = found.setdefault(line.id, {})
            row |= {"entrantId": line.id, "name": line.name, "runnerNumber": line.number, "isScratched": True}
            row |= {"winPoolAmount": line.win.cents, "placePoolAmount": line.place.cents}
            row |= {"shareSource": line.win.source, "holdPercentage": line.hold, "betPercentage": line.bet}
