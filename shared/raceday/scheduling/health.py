"""The suite's health row, kept by the scheduler every five minutes, and alarms of what is newly wrong."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from appwrite.query import Query

from raceday.catalogue.functions import EVENT_FUNCTIONS, IMPORTS
from raceday.clock import instant, iso
from raceday.container import Container
from raceday.errors import RaceDayError
from raceday.ids import row_key
from raceday.ledger import log as ledger
from raceday.racing.planning import Race
from raceday.scheduling.alarms import FAILING, WARNING, Trouble, new_alarms, tell
from raceday.scheduling.cards import card, is_small
from raceday.scheduling.schedules import Run
from raceday.scheduling.state import HEALTH, SCHEDULER
from raceday.scheduling.tick import Tick
from raceday.store.port import Row
from raceday.tables import QUARANTINE, SUITE_STATE

NAME = "suite"
OK = "ok"
EVERY = timedelta(minutes=5)
HOUR = timedelta(hours=1)
# Ticks come each minute: more than this between two means that none came for a while.
STILL = timedelta(minutes=3)
# The last import of a day takes five minutes at most, and is tried again after ten.
IMPORT_PATIENCE = timedelta(minutes=25)
# A new key is made, connected and deployed within this.
KEY_WARNING_DAYS = 14
_JITTER = timedelta(seconds=20)
# A gap is told by the next row of its race, which may be committed a little after its slot.
_OVERLAP = timedelta(minutes=3)
_MOST_KEPT = 100


async def note_health(tick: Tick, races: Sequence[Race]) -> None:
    """Look over the last minutes and keep what is wrong; costs two queries and a write each five minutes.

    Nothing that fails here fails the tick: the next one looks again.
    """
    before = _data(tick.state.health)
    stood = _standstill(tick, before)
    if not stood and not _is_due(tick.state.health, tick.at):
        return
    try:
        await _look(tick, races, before, stood)
    except RaceDayError as error:
        tick.fail(HEALTH, error)


def _is_due(health: Row | None, now: datetime) -> bool:
    at = health.get("at") if health else None
    return not at or abs(now - instant(str(at))) >= EVERY - _JITTER


async def _look(tick: Tick, races: Sequence[Race], before: Mapping[str, Any], stood: list[dict[str, str]]) -> None:
    now, container = tick.at, tick.container
    found: dict[str, Any] = {
        "tick": iso(now),
        "standstills": _recent([*before.get("standstills", []), *stood], "to", now),
        "gaps": _merged(before.get("gaps", []), await _gaps(container, now, _since(tick.state.health, now)), now),
        "quarantined": await _quarantined(container, now),
        "imports": _unfinished(tick),
        "card": await card(tick, before),
        "races": _in_trouble(races, now),
        "lagging": _lagging(tick, before),
        "failures": [f["item"] for f in tick.failures][:20],
        "paused": sorted(tick.state.pauses),
        "key": _key(tick),
        "stood_in": _stood_in(tick),
    }
    troubles = list(troubles_of(found))
    told = dict(before.get("told", {}))
    told |= await tell(container, new_alarms(troubles, told, now), now)
    found |= {"causes": dict(Counter(gap["cause"] for gap in found["gaps"])), "told": told}
    status = status_of(troubles)
    tick.report["health"] = status
    row = {"kind": HEALTH, "name": NAME, "status": status, "at": iso(now), "data": json.dumps(found)}
    await container.store.upsert(SUITE_STATE, row_key(HEALTH, NAME), row)


def _key(tick: Tick) -> dict[str, Any]:
    """Return when the namespace key expires and in how many days, nothing for one that is not near its end."""
    expires = tick.container.settings.platform_key_expires
    days = (date.fromisoformat(expires) - tick.at.date()).days if expires else KEY_WARNING_DAYS + 1
    return {"expires": expires, "days": days} if days <= KEY_WARNING_DAYS else {}


def _stood_in(tick: Tick) -> str:
    """Return since when the scheduler is stood in for, empty where it ticks itself."""
    if tick.keeper == SCHEDULER:
        return ""
    return iso(tick.state.own_last) if tick.state.own_last else "its deployment"


def _data(health: Row | None) -> Mapping[str, Any]:
    data = (health or {}).get("data")
    return data if isinstance(data, Mapping) else {}


def _standstill(tick: Tick, before: Mapping[str, Any]) -> list[dict[str, str]]:
    last = tick.state.last
    if last is None or tick.at - last <= STILL:
        return []
    known = {gone.get("from") for gone in before.get("standstills", [])}
    return [] if iso(last) in known else [{"from": iso(last), "to": iso(tick.at)}]


def _since(health: Row | None, now: datetime) -> datetime:
    at = instant(str(health["at"])) if health and health.get("at") else now - HOUR
    return max(now - HOUR, min(at, now) - _OVERLAP)


async def _gaps(container: Container, now: datetime, since: datetime) -> list[dict[str, str]]:
    found = await ledger.gaps(container.store, since, now)
    return [{"race": race_id, "slot": iso(gap.slot), "cause": gap.cause} for race_id, gap in found]


def _merged(known: Sequence[dict[str, str]], new: Sequence[dict[str, str]], now: datetime) -> list[dict[str, str]]:
    unique = {(gap["race"], gap["slot"]): gap for gap in [*known, *new]}
    return _recent(sorted(unique.values(), key=lambda gap: (gap["slot"], gap["race"])), "slot", now)


def _recent(items: Iterable[dict[str, str]], key: str, now: datetime) -> list[dict[str, str]]:
    return [item for item in items if now - instant(item[key]) <= HOUR][-_MOST_KEPT:]


async def _quarantined(container: Container, now: datetime) -> list[dict[str, str]]:
    queries = [Query.greater_than_equal("seenAt", iso(now - HOUR)), Query.order_desc("seenAt")]
    rows = await container.store.find(QUARANTINE, queries, limit=20, select=("subject", "field", "seenAt"))
    return [{"subject": r["subject"], "field": r["field"], "at": str(r["seenAt"])} for r in rows]


def _unfinished(tick: Tick) -> list[dict[str, Any]]:
    runs = [tick.state.runs[name] for name in IMPORTS if name in tick.state.runs]
    return [
        {"name": run.name, "due": iso(run.due), "tries": run.tries}
        for run in runs
        if _is_unfinished(run, tick.at) or (not run.finished and _met_nothing(tick, run))
    ]


def _met_nothing(tick: Tick, run: Run) -> bool:
    """Tell whether an import noted since its minute that the feed listed nothing: that is told at once."""
    row = tick.state.imports.get(run.name) or {}
    return row.get("status") == "empty" and bool(row.get("at")) and instant(str(row["at"])) >= run.due


def _is_unfinished(run: Run, now: datetime) -> bool:
    """Tell whether a run had its time; one made up hours after its minute has it from its start, or in three tries."""
    waited = run.tries > 2 or now - run.started_at >= IMPORT_PATIENCE
    return not run.finished and now - run.due >= IMPORT_PATIENCE and waited


def _in_trouble(races: Sequence[Race], now: datetime) -> list[dict[str, str]]:
    """Return the races that are unfinished an hour after their start, or near it without entrants."""
    found = []
    for race in races:
        if race.status.over:
            continue
        if now - race.start >= HOUR:
            found.append({"race": race.race_id, "why": "unfinished an hour after its start"})
        elif not race.has_entrants and abs(race.start - now) < HOUR:
            found.append({"race": race.race_id, "why": "without entrants within an hour of its start"})
    return found[:_MOST_KEPT]


def _lagging(tick: Tick, before: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Count for each event function this tick's races behind, and the looks in a row at which most of them were."""
    found: dict[str, dict[str, int]] = {}
    for function in EVENT_FUNCTIONS:
        behind, of = tick.lags.get(function, (0, 0))
        known = before.get("lagging", {}).get(function)
        looks = int(known["looks"]) if isinstance(known, Mapping) else 0
        # A minute without polls says nothing about webhooks.
        looks = looks + 1 if 2 * behind > of else 0 if of else looks
        found[function] = {"behind": behind, "of": of, "looks": looks}
    return found


def troubles_of(found: Mapping[str, Any]) -> Iterable[Trouble]:
    """Say what is wrong, one trouble of each kind."""
    for gone in found["standstills"][-1:]:
        yield Trouble("standstill", f"the scheduler stood still from {gone['from']} to {gone['to']}", gone["to"])
    if gaps := found["gaps"]:
        causes = ", ".join(f"{n} {cause}" for cause, n in Counter(gap["cause"] for gap in gaps).most_common())
        yield Trouble("gaps", f"{len(gaps)} slots of the last hour were not polled ({causes})", gaps[-1]["slot"])
    if kept := found["quarantined"]:
        what = f"{kept[0]['subject']}: {kept[0]['field']}"
        text = f"{len(kept)} kinds of payload of the last hour could not be read, last {what}"
        yield Trouble("quarantine", text, kept[0]["at"])
    for run in found["imports"]:
        text = f"{run['name']} of {run['due']} has not finished after {run['tries']} tries"
        yield Trouble(f"import:{run['name']}", text, level=FAILING)
    if is_small(small := found.get("card") or {}):
        text = f"{small['races']} races on {small['day']}, {small['week_ago']} a week before; is the list whole?"
        yield Trouble("card", text, small["day"])
    late = {function: lag for function, lag in found["lagging"].items() if lag["looks"] >= 2}
    if late:
        what = ", ".join(f"{function} for {lag['behind']} of {lag['of']} races" for function, lag in late.items())
        yield Trouble("webhook", f"behind the ledger: {what}; is the webhook switched off?")
    if troubled := found["races"]:
        text = f"{len(troubled)} races in trouble, first {troubled[0]['race']}: {troubled[0]['why']}"
        yield Trouble("races", text, ",".join(sorted(race["race"] for race in troubled))[:500])
    if key := found.get("key"):
        ends = "expires on" if key["days"] >= 0 else "expired on"
        text = f"the namespace key {ends} {key['expires']}; without a new one no function is started any more"
        yield Trouble("key", text, level=FAILING if key["days"] < 3 else WARNING)
    if since := found.get("stood_in"):
        text = f"{SCHEDULER} has not ticked since {since}; the watchdog does its work"
        yield Trouble("watchdog", text, level=FAILING)
    if failures := found["failures"]:
        yield Trouble("tick", "a tick could not do everything: " + ", ".join(sorted(set(failures))), level=FAILING)


def status_of(troubles: Sequence[Trouble]) -> str:
    """Return the worst level, ok where there is no trouble."""
    levels = {trouble.level for trouble in troubles}
    return FAILING if FAILING in levels else WARNING if levels else OK
