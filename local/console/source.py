"""Where the console reads: the store's port, a clock, the activity file, and the webhooks of an embedded server."""

import asyncio
import json
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appwrite.query import Query

from local import logfile
from local.console.activity import Activity
from local.console.missing import KnownCauses, MissedSlot, Switched, pauses_of
from local.console.words import at
from raceday.clock import Clock, iso
from raceday.ledger.log import newest_with_pools
from raceday.racing.nzday import race_day
from raceday.scheduling.state import HEALTH, IMPORT, PAUSE, PAUSED, TICK
from raceday.settings import Settings
from raceday.store.port import Row, Store
from raceday.tables import (
    ALERT_CONFIGS,
    ENTRANTS,
    MEETINGS,
    MONEY_FLOW,
    NOTIFICATIONS,
    QUARANTINE,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULTS,
    RACES,
    SILKS,
    SUITE_STATE,
)

if TYPE_CHECKING:
    from local.console.actions import Actions
    from local.tape.opening import OpenTape

Hooks = Callable[[], list[dict[str, Any]]]
LIGHT = ("$id", "raceId", "n", "slot", "kind", "status", "finishedAt", "score", "lateMs", "feedMs", "storeMs",
         "fetchedAt", "gaps")  # fmt: skip
RACE_COLUMNS = (
    "$id", "raceId", "meetingId", "name", "raceNumber", "startTime", "status", "country", "type", "distance",
    "trackCondition", "weather", "last_poll_time", "finalizedAt", "abandonedAt", "actualStart", "raceDateNz",
    "$createdAt",
)  # fmt: skip
_RECENT = timedelta(minutes=35)
_AT_ONCE = 16
_MOST_FAILED = 20_000


@dataclass(slots=True)
class Source:
    """Reads for the views. `generated` tells that the feed is a simulated one; `hooks` gives the subscriptions.

    `name` is the store as commands tell it, `log_file` the log beside it, and `actions` what may be done to it, None
    where it is only read. `lost` holds each race's slots that the last half hour's rows tell as lost.
    """

    store: Store
    clock: Clock
    activity: Activity = field(default_factory=Activity)
    hooks: Hooks | None = None
    settings: Settings = field(default_factory=Settings)
    generated: bool = True
    name: str = ""
    actions: "Actions | None" = None
    log_file: Path | None = None
    tape: "OpenTape | None" = None
    lost: dict[str, list[MissedSlot]] = field(default_factory=dict)
    _failed: dict[tuple[str, datetime], str] = field(default_factory=dict)
    _switched: list[Switched] = field(default_factory=list)
    _read_to: int = 0
    _latest: dict[str, Row] = field(default_factory=dict)
    _unpolled: set[str] = field(default_factory=set)

    @property
    def place(self) -> str:
        """Return what a terminal's `--store` takes for this store."""
        return "env" if self.name.startswith("Appwrite at ") else shlex.quote(self.name)

    async def aclose(self) -> None:
        """Close the connections and the files."""
        close = getattr(self.store, "aclose", None)
        if close is not None:
            await close()
        self.activity.close()

    def lines_of(self, activations: Collection[str]) -> dict[str, list[str]]:
        """Return the log lines of activations, as people read them, from the file beside the store."""
        found: dict[str, list[str]] = {}
        if self.log_file is None or not self.log_file.exists():
            return found
        for line, _ in logfile.read(self.log_file):
            if line.get("activation") in activations:
                found.setdefault(str(line["activation"]), []).append(logfile.written(line))
        return found

    async def told(self) -> KnownCauses:
        """Return what the log beside the store and the switches tell of missed slots.

        A race's next ledger row tells a poll that failed; until then the log alone knows. Former pauses stand in the
        log alone, the newest act on each switch in the store.
        """
        self._read_log()
        rows = await self.store.find(SUITE_STATE, [Query.equal("kind", [PAUSE])])
        acts = [Switched(t, str(row["name"]), row.get("status") == PAUSED) for row in rows if (t := at(row["at"]))]
        return KnownCauses(self._failed, pauses_of([*self._switched, *acts]))

    def _read_log(self) -> None:
        if self.log_file is None or not self.log_file.exists():
            return
        if self.log_file.stat().st_size < self._read_to:
            # A full file has made way for a new one.
            self._read_to = 0
        lines, self._read_to = logfile.having(self.log_file, self._read_to, '"poll.failed"', '.switched"')
        for line in lines:
            if str(line.get("event")) in logfile.SWITCHED:
                if (when := at(line.get("at"))) is not None:
                    self._switched.append(Switched(when, str(line.get("switched")), line.get("state") == PAUSED))
            elif (slot := at(line.get("slot"))) is not None:
                self._failed[str(line.get("race")), slot] = str(line.get("cause") or "")
        for key in list(self._failed)[:-_MOST_FAILED]:
            del self._failed[key]

    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.now()

    def today(self) -> date:
        """Return the NZ race day that it is."""
        return race_day(self.now())

    async def days(self, around: date) -> list[date]:
        """Return the race days next to one on which the store holds meetings: it, up to one before and one after."""
        stamp = f"{around.isoformat()}T00:00:00.000+00:00"
        asked = (
            [Query.less_than("date", stamp), Query.order_desc("date")],
            [Query.greater_than_equal("date", stamp), Query.order_asc("date")],
            [Query.greater_than("date", stamp), Query.order_asc("date")],
        )
        found = [await self.store.find(MEETINGS, queries, limit=1, select=("$id", "date")) for queries in asked]
        return sorted({date.fromisoformat(str(row["date"])[:10]) for rows in found for row in rows})

    async def newest_day(self) -> date | None:
        """Return the newest race day that the store holds meetings of."""
        rows = await self.store.find(MEETINGS, [Query.order_desc("date")], limit=1, select=("$id", "date"))
        return date.fromisoformat(str(rows[0]["date"])[:10]) if rows else None

    async def races_of(self, day: date) -> list[Row]:
        """Return the races of an NZ race day in order of start."""
        queries = [Query.equal("raceDateNz", [day.isoformat()]), Query.order_asc("startTime")]
        return await self.store.find(RACES, queries, select=RACE_COLUMNS)

    async def meetings_of(self, day: date) -> dict[str, Row]:
        """Return the meetings of an NZ race day by id."""
        stamp = f"{day.isoformat()}T00:00:00.000+00:00"
        rows = await self.store.find(MEETINGS, [Query.equal("date", [stamp])])
        return {row["meetingId"]: row for row in rows}

    async def latest_polls(self, race_ids: Sequence[str], budget_secs: float = 0.4) -> dict[str, Row]:
        """Return the newest ledger row known of each race, without its heavy columns.

        Recent rows come in one query; races that were polled longer ago are looked up one by one while `budget_secs`
        lasts, and by the next calls otherwise.
        """
        since = self.now() - _RECENT
        recent = await self.store.find(RACE_POLLS, [Query.greater_than("slot", iso(since))], select=LIGHT)
        self._learn(recent)
        self.lost = _lost(recent, since)
        until = self.clock.monotonic() + budget_secs
        missing = [race for race in race_ids if race not in self._latest and race not in self._unpolled]
        for i in range(0, len(missing), _AT_ONCE):
            if self.clock.monotonic() > until:
                break
            chunk = missing[i : i + _AT_ONCE]
            found = await asyncio.gather(*(self._newest(race) for race in chunk))
            for race, row in zip(chunk, found, strict=True):
                if row is None:
                    self._unpolled.add(race)
                else:
                    self._learn([row])
        return {race: self._latest[race] for race in race_ids if race in self._latest}

    def _learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            known = self._latest.get(row["raceId"])
            if known is None or row["n"] >= known["n"]:
                self._latest[row["raceId"]] = row

    async def _newest(self, race_id: str) -> Row | None:
        queries = [Query.equal("raceId", [race_id]), Query.order_desc("n")]
        rows = await self.store.find(RACE_POLLS, queries, limit=1, select=LIGHT)
        return rows[0] if rows else None

    async def behind(self, newest: Mapping[str, Row], after: timedelta) -> dict[str, datetime]:
        """Return the races whose pool totals are of an earlier poll than their newest, with that poll's instant.

        A poll counts from `after` its slot on; one whose answer had no pools makes no totals and does not count.
        """
        due = self.now() - after
        ids = [race_id for race_id, row in newest.items() if (slot := at(row["slot"])) and slot <= due]
        reached: dict[str, int] = {}
        for i in range(0, len(ids), 100):
            queries = [Query.equal("raceId", ids[i : i + 100])]
            rows = await self.store.find(RACE_POOLS, queries, select=("$id", "raceId", "n"))
            reached |= {row["raceId"]: int(row.get("n") or 0) for row in rows}
        found: dict[str, datetime] = {}
        for race_id in ids:
            n = reached.get(race_id, 0)
            if n < newest[race_id]["n"]:
                owed = await newest_with_pools(self.store, race_id, n)
                if owed is not None and owed.slot <= due:
                    found[race_id] = owed.slot
        return found

    async def race(self, race_id: str) -> Row | None:
        """Return one race."""
        return await self.store.get(RACES, race_id)

    async def meeting(self, meeting_id: str) -> Row | None:
        """Return one meeting."""
        return await self.store.get(MEETINGS, meeting_id)

    async def entrants(self, race_id: str) -> list[Row]:
        """Return a race's runners by number."""
        return await self.store.find(ENTRANTS, [Query.equal("raceId", [race_id]), Query.order_asc("runnerNumber")])

    async def flow(self, race_id: str) -> list[Row]:
        """Return a race's timeline rows, oldest first, as the client asks for them."""
        queries = [
            Query.equal("raceId", [race_id]),
            Query.equal("type", ["bucketed_aggregation"]),
            Query.order_asc("$createdAt"),
        ]
        return await self.store.find(MONEY_FLOW, queries)

    async def polls(self, race_id: str) -> list[Row]:
        """Return a race's ledger in order."""
        return await self.store.find(RACE_POLLS, [Query.equal("raceId", [race_id]), Query.order_asc("n")])

    async def pools(self, race_id: str) -> Row | None:
        """Return a race's pool totals."""
        rows = await self.store.find(RACE_POOLS, [Query.equal("raceId", [race_id])], limit=1)
        return rows[0] if rows else None

    async def results(self, race_id: str) -> Row | None:
        """Return a race's results."""
        rows = await self.store.find(RACE_RESULTS, [Query.equal("raceId", [race_id])], limit=1)
        return rows[0] if rows else None

    async def alerts(self, race_id: str) -> list[Row]:
        """Return what users were told of a race, oldest first."""
        queries = [Query.equal("raceId", [race_id]), Query.order_asc("eventTimestamp")]
        return await self.store.find(NOTIFICATIONS, queries, limit=500)

    async def bands(self, user: str = "Default User") -> list[Row]:
        """Return a user's alert bands in order."""
        return await self.store.find(ALERT_CONFIGS, [Query.equal("userId", [user]), Query.order_asc("displayOrder")])

    async def silk(self, silk_id: str) -> Row | None:
        """Return one drawn silk."""
        return await self.store.get(SILKS, silk_id)

    async def drawn(self, silk_ids: Sequence[str]) -> set[str]:
        """Return which of these silks have a drawing."""
        wanted = sorted({silk for silk in silk_ids if silk})
        if not wanted:
            return set()
        rows = await self.store.find(SILKS, [Query.equal("$id", wanted[:100])], select=("$id", "drawingVersion"))
        return {row["$id"] for row in rows}

    async def slots_of(self, since: datetime, until: datetime) -> list[Row]:
        """Return the ledger rows of a stretch of time, without their heavy columns."""
        queries = [Query.greater_than_equal("slot", iso(since)), Query.less_than("slot", iso(until))]
        return await self.store.find(RACE_POLLS, queries, select=LIGHT)

    async def quarantine(self, limit: int = 50) -> list[Row]:
        """Return the newest payloads that could not be read."""
        return await self.store.find(QUARANTINE, [Query.order_desc("seenAt")], limit=limit)

    async def notifications(self, limit: int = 30) -> list[Row]:
        """Return the newest notifications."""
        return await self.store.find(NOTIFICATIONS, [Query.order_desc("eventTimestamp")], limit=limit)

    async def state(self) -> list[Row]:
        """Return the switches, the newest ticks and imports, and the newest look at the suite's health."""
        # Each race has a row there too: the newest of all kinds would hold no switch after an hour.
        queries = [Query.equal("kind", [PAUSE, TICK, IMPORT, HEALTH]), Query.order_desc("at")]
        return await self.store.find(SUITE_STATE, queries, limit=200)


def _lost(rows: Iterable[Row], since: datetime) -> dict[str, list[MissedSlot]]:
    """Return the slots that rows tell as lost, by race."""
    found: dict[str, list[MissedSlot]] = {}
    for row in rows:
        for gap in json.loads(row.get("gaps") or "[]"):
            slot = at(gap.get("slot"))
            if slot is not None and slot >= since:
                found.setdefault(row["raceId"], []).append(MissedSlot(slot, row["raceId"], str(gap.get("cause", ""))))
    return found
