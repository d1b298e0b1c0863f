"""What a race's labels and its end led to: who was told of what, closing prices and results, each made again."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from local.tape.figure import Figure
from local.tape.story import RaceStory
from raceday.catalogue.alert_kinds import BAND_KIND
from raceday.clock import instant
from raceday.ledger.timeline import Label
from raceday.projections.alerts import REMINDER, due_reminder, told
from raceday.projections.audience import KEPT_FOR, User, users_of
from raceday.projections.closing_prices import rows_of
from raceday.racing.closing import is_closed
from raceday.racing.movements import Movement
from raceday.racing.records import LedgerRow
from raceday.store.port import Row
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS, CLOSING_PRICES, NOTIFICATIONS, RACE_RESULT_VERSIONS
from raceday.tables.closing_prices import column_of

# Which poll woke the projection last, and when it wrote, is no figure of the race.
_PASSING = frozenset({"$id", "n", "lastUpdated"})
# Told of a runner by the page and the lines around.
_NAMES = frozenset({"raceId", "entrantId", "runnerNumber", "name", "detail"})
_MADE_AGAIN = ("poll", "watch")
CHANGED_SINCE = "the user has changed bands or filters since: not made again"


def race_figures(story: RaceStory) -> Iterator[Figure]:
    """Return every notification, closing price and version of the results of one race."""
    for entry in story.labels:
        for line in entry.state.runners:
            yield from movement_steps(story, entry, line.entrant_id)
    yield from _reminders(story)
    yield from closing_figures(story)
    yield from result_figures(story)


def movement_steps(story: RaceStory, entry: Label, entrant_id: str) -> list[Figure]:
    """Return for each user what a label told of a runner: the movement, the band that it fell into, and whose it is."""
    before = next((a for a, b in pairwise(story.labels) if b is entry), None)
    movements = [m for _, _, m in told([(before, entry)]) if m.entrant_id == entrant_id] if before else []
    stored = {
        (row["type"], row["userId"]): row
        for row in _notifications(story)
        if row.get("entrantId") == entrant_id and row.get("timeInterval") == entry.label
    }
    out: list[Figure] = []
    for found in movements:
        moved = f"{found.was:g} -> {found.now:g} ({found.market})"
        out.append(Figure(f"movement {found.kind}", round(found.value, 4), round(found.value, 4), moved))
        for user in _users(story):
            there = stored.pop((found.kind, user.user_id), None)
            out += (
                _told_user(user, found, entry, there)
                if _as_now(story, user.user_id, entry.state)
                else _told_before(user.user_id, found.kind, there)
            )
    return out + [Figure(f"told {user} of {kind}", row.get("value"), None, "no rule")
                  for (kind, user), row in stored.items()]  # fmt: skip


def _as_now(story: RaceStory, user_id: str, state: LedgerRow) -> bool:
    """Tell whether a user's bands and filters stood at a poll as they are stored: the former ones are kept nowhere."""
    rows = [*story.recorded.get(ALERT_CONFIGS, {}).values(), *story.recorded.get(ALERT_FILTERS, {}).values()]
    changed = [instant(row["$updatedAt"]) for row in rows if row["userId"] == user_id and row.get("$updatedAt")]
    return all(at + KEPT_FOR < state.slot for at in changed)


def _told_before(user_id: str, kind: str, row: Row | None) -> list[Figure]:
    """Return what a user was told under bands or filters that he has changed since, as it is stored."""
    return [Figure(f"told {user_id} of {kind}", _said(row), _said(row), CHANGED_SINCE)] if row else []


def _told_user(user: User, found: Movement, entry: Label, row: Row | None) -> Iterator[Figure]:
    """Return what one user should have been told of a movement, and was."""
    name = f"told {user.user_id} of {found.kind}"
    band = next((band for band in user.bands if band.holds(found.value)), None)
    if not user.wants(entry.state):
        yield Figure(name, _said(row), None, "a filter of the user's leaves this race out")
    elif band is None:
        yield Figure(name, _said(row), None, "in none of the user's enabled bands")
    else:
        top = "and more" if band.high is None else f"to {band.high:g}"
        how = f"in the band {band.low:g} {top}, {band.color}"
        yield Figure(name, _said(row), (round(found.value, 4), band.color), how)


def _said(row: Row | None) -> Any:
    return None if row is None else (row.get("value"), row.get("color"))


def _reminders(story: RaceStory) -> Iterator[Figure]:
    state = due_reminder([each.made for each in story.told])
    owed = {u.user_id for u in _users(story) if state and u.audible and u.wants(state)}
    known = {row["userId"] for row in _notifications(story) if row["type"] == REMINDER.name}
    for user in sorted(owed | known):
        how = f"poll {state.n} is the first in the last minute" if state else "no poll in the last minute"
        if state and not _as_now(story, user, state):
            yield Figure(f"told {user} of the start", user in known, user in known, CHANGED_SINCE)
        else:
            yield Figure(f"told {user} of the start", user in known, user in owed, how)


def _notifications(story: RaceStory) -> list[Row]:
    return [row for row in story.recorded.get(NOTIFICATIONS, {}).values() if row["raceId"] == story.race_id]


def _users(story: RaceStory) -> tuple[User, ...]:
    """Return everybody with bands, as they are stored now."""
    configs = story.recorded.get(ALERT_CONFIGS, {}).values()
    filters = story.recorded.get(ALERT_FILTERS, {}).values()
    return users_of([row for row in configs if row["indicatorType"] == BAND_KIND], list(filters))


def closing_figures(story: RaceStory, entrant_id: str = "") -> Iterator[Figure]:
    """Return a runner's closing prices, or those of all, with where each is from."""
    history = [each.made for each in story.told]
    made = {row["$id"]: row for row in rows_of(history, story.results)} if history and is_closed(history) else {}
    stored = {key: row for key, row in story.recorded.get(CLOSING_PRICES, {}).items() if row["raceId"] == story.race_id}
    for key in sorted(made.keys() | stored.keys()):
        new, old = made.get(key, {}), stored.get(key, {})
        owner = (new or old)["entrantId"]
        if entrant_id in ("", owner):
            passing = _PASSING | _NAMES if entrant_id else _PASSING
            whose, hows = ("", _hows(new)) if entrant_id else (f" {owner}", {})
            for name in sorted((new or old).keys() - passing):
                if not name.startswith("$"):
                    yield Figure(f"closing{whose} {name}", old.get(name), new.get(name), hows.get(name, ""))


def _hows(row: Row) -> dict[str, str]:
    """Return from which poll each price is, or why there is none, by its column."""
    found = {}
    for kind, moments in json.loads(row.get("detail") or "{}").items():
        for when, told_of in moments.items():
            at, stale = (told_of.get("at") or "")[11:19], told_of.get("stale_secs")
            age = f", {stale} s before its moment" if stale else ""
            known = f"{told_of.get('source')} at {at}{age}" if told_of.get("source") else told_of.get("reason", "")
            found[column_of(kind, when)] = known.replace(" at ,", ",").removesuffix(" at ")
    return found


def result_figures(story: RaceStory, number: int = 0) -> Iterator[Figure]:
    """Return each version of the results that polls and looks saw, made again; of one runner place and dividends."""
    versions = story.recorded.get(RACE_RESULT_VERSIONS, {})
    seen = {key for key, row in versions.items()
            if row["raceId"] == story.race_id and row["seenBy"] in _MADE_AGAIN}  # fmt: skip
    made = {row["$id"]: row for row in story.versions if row["$id"] not in story.taken}
    seen -= story.taken
    if any(each.entry is None and each.stored.kind != "closing" for each in story.told):
        # Without its answer a poll's results are not made again.
        return
    for key in sorted(made.keys() | seen, key=lambda key: (made.get(key) or versions[key])["version"]):
        new, old = made.get(key, {}), versions.get(key, {})
        if number:
            old, new = _of_runner(old, number), _of_runner(new, number)
        version = (made.get(key) or versions[key])["version"]
        for name in (column for column in (new or old) if not column.startswith("$")):
            yield Figure(f"results {version} {name}", old.get(name), new.get(name))


def _of_runner(row: Row, number: int) -> Row:
    """Return what a version of the results says of a runner; nothing where there is no such version."""
    if not row:
        return {}
    placings, dividends = (json.loads(row.get(column) or "[]") for column in ("resultsData", "dividendsData"))
    places = [str(each.get("position")) for each in placings if each.get("runner_number") == number]
    paid = [f"{each.get('product_name')} {each.get('dividend')}" for each in dividends
            if number in [p.get("runner_number") for p in each.get("positions") or []]]  # fmt: skip
    return {"status": row.get("resultStatus"), "place": ", ".join(places), "dividends": ", ".join(paid)}
