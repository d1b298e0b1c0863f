"""An import and the first poll of one race at the same time: what the poll wrote stands, whatever comes between."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from raceday.clock import instant, iso
from raceday.ledger import log as ledger
from raceday.ledger.log import key
from raceday.tables import ENTRANTS, RACE_POLLS, RACES
from tests.importing.test_imports_edges import Rewritten
from tests.suite_kit import Suite, go

IMPORTED, POLLED = 2.67, 1.5


class Between(httpx.AsyncBaseTransport):
    """A store before whose first call of one kind something else happens."""

    def __init__(self, inner: httpx.AsyncBaseTransport, path: str, method: str, work: Callable[[], Awaitable[Any]]):
        self.inner, self.path, self.method, self.work, self.done = inner, path, method, work, False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on a request, after the other work where it is the one that is waited for."""
        if not self.done and request.method == self.method and self.path in str(request.url):
            self.done = True
            await self.work()
        return await self.inner.handle_async_request(request)


class Race:
    """A suite whose imports see other prices and another weather than its polls, and the race that both meet on."""

    def __init__(self) -> None:
        self.suite = Suite()
        self.race_id = self.suite.day.races[0].race_id
        self.feed, self.plain = self.suite.feed, self.suite.transport
        self.without = ""
        self.start: datetime | None = None

    def use(self, price: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Let what runs next see one price, on a store that may be meddled with."""
        self.suite.feed = Rewritten(self.feed, lambda path, data: self._change(path, data, price))
        self.suite.transport = transport or self.plain  # type: ignore[assignment]
        self.suite.container = self.suite.new_container()

    def _change(self, path: str, data: dict[str, Any], price: float) -> None:
        if self.start is not None and path.endswith("/meetings"):
            for race in (race for meeting in data["meetings"] for race in meeting["races"]):
                if race["id"] == self.race_id:
                    race["start_time"] = iso(self.start)
        if path.endswith(self.race_id):
            data["race"]["weather"] = "FINE" if price == IMPORTED else "SHOWERY"
            gone = self.without if price == POLLED else ""
            data["runners"] = [r for r in data["runners"] if r["entrant_id"] != gone]
            for runner in data["runners"]:
                runner["odds"] = {**(runner.get("odds") or {}), "fixed_win": price}

    async def poll(self) -> None:
        """Poll the race once, as the poller does, a second later, on a store that nobody meddles with."""
        self.suite.clock.advance(1)
        self.use(POLLED)
        answer = await self.suite.run("enhanced-race-poller", {"raceId": self.race_id})
        assert answer["committed"] == 1, answer

    async def prices(self) -> set[float]:
        """Return the prices that the entrants show."""
        rows = await self.suite.rows(ENTRANTS)
        return {row["fixedWinOdds"] for row in rows if row["raceId"] == self.race_id and not row["isScratched"]}

    async def weather(self) -> str:
        """Return the weather that the race shows."""
        return next(str(row["weather"]) for row in await self.suite.rows(RACES) if row["$id"] == self.race_id)

    async def settled(self) -> tuple[set[float], str]:
        """Return prices and weather after one more poll of a feed that stays as it was."""
        self.suite.clock.advance(60)
        await self.poll()
        return await self.prices(), await self.weather()


async def _prepared(*names: str) -> Race:
    race = Race()
    race.use(IMPORTED)
    for name in names:
        await race.suite.run(name)
    return race


@pytest.mark.parametrize(
    ("path", "method"),
    [("tables/entrants/rows", "GET"), ("tables/race-polls/rows", "GET"), ("/transactions", "POST")],
    ids=["before its look", "within its look", "between its look and its commit"],
)
def test_the_import_of_entrants_leaves_what_a_first_poll_writes_meanwhile(path: str, method: str) -> None:
    """Wherever the first poll commits between an import's answer and its write, tables show the poll's figures."""

    async def work() -> None:
        race = await _prepared("daily-meetings", "daily-races")
        meddled = Between(race.plain, path, method, race.poll)
        race.use(IMPORTED, meddled)
        result = await race.suite.run("daily-entrants")
        assert meddled.done
        assert not result["failures"], result
        assert (await race.prices(), await race.weather()) == ({POLLED}, "SHOWERY")
        assert await race.settled() == ({POLLED}, "SHOWERY")
        stored = await race.suite.store.get(RACES, race.race_id)
        assert stored is not None
        assert stored["entrantsImportedAt"], "the import of this race is done"

    go(work)


def test_the_import_of_races_leaves_what_a_first_poll_writes_meanwhile() -> None:
    """A poll that commits between an answer to the import of races and its write keeps the race as it saw it."""

    async def work() -> None:
        race = await _prepared("daily-meetings")
        meddled = Between(race.plain, f"tables/races/rows/{race.race_id}", "PATCH", race.poll)
        race.use(IMPORTED, meddled)
        result = await race.suite.run("daily-races")
        assert meddled.done
        assert not result["failures"], result
        assert await race.weather() == "SHOWERY"
        assert await race.settled() == ({POLLED}, "SHOWERY")

    go(work)


def test_a_first_poll_writes_over_an_import_that_came_between_its_look_and_its_commit() -> None:
    """What an import writes after the first poll has looked is the poll's after it, though nothing seemed changed."""

    async def work() -> None:
        race = await _prepared("daily-meetings", "daily-races", "daily-entrants")
        await race.poll()
        # The tables show what the poll will see, as after an import of the same answer; the race has no poll yet.
        await race.suite.store.delete(RACE_POLLS, key(race.race_id, 1))
        rows = [row for row in await race.suite.rows(ENTRANTS) if row["raceId"] == race.race_id]

        async def older() -> None:
            for row in rows:
                await race.suite.store.update(ENTRANTS, row["$id"], {"fixedWinOdds": IMPORTED})
            await race.suite.store.update(RACES, race.race_id, {"weather": "FINE"})

        race.suite.clock.advance(60)
        race.use(POLLED, Between(race.plain, "race-polls/rows", "POST", older))
        transport: Any = race.suite.transport
        transport.path = "/transactions"
        await race.suite.run("enhanced-race-poller", {"raceId": race.race_id})
        assert transport.done
        assert (await race.prices(), await race.weather()) == ({POLLED}, "SHOWERY")

    go(work)


def test_an_import_brings_no_runner_back_that_the_polls_list_lacks() -> None:
    """A runner in an import's older list, and in no poll's, is not stored as one that runs."""

    async def work() -> None:
        race = await _prepared("daily-meetings", "daily-races")
        race.without = race.suite.day.races[0].runners[0].entrant_id
        race.use(IMPORTED, Between(race.plain, "/transactions", "POST", race.poll))
        await race.suite.run("daily-entrants")
        assert race.without not in {row["$id"] for row in await race.suite.rows(ENTRANTS) if not row["isScratched"]}

    go(work)


def test_a_list_that_was_read_before_the_first_poll_moves_no_start_that_the_poll_wrote() -> None:
    """The poll comes between the list's look at the stored race and its write: the start is the event's."""

    async def work() -> None:
        race = await _prepared("daily-meetings", "daily-races")
        stored = await race.suite.store.get(RACES, race.race_id)
        assert stored is not None
        start = instant(stored["startTime"])
        race.start = start + timedelta(minutes=7)
        race.use(IMPORTED, Between(race.plain, "/transactions", "POST", race.poll))
        race.suite.transport.path = f"tables/races/rows/{race.race_id}"  # type: ignore[attr-defined]
        race.suite.transport.method = "PATCH"  # type: ignore[attr-defined]
        result = await race.suite.run("daily-meetings")
        assert race.suite.transport is race.plain, "the poll came between"
        assert not result["failures"], result
        after = await race.suite.store.get(RACES, race.race_id)
        assert after is not None
        assert (instant(after["startTime"]), bool(after["last_poll_time"])) == (start, True)

    go(work)


def test_a_list_moves_the_start_of_a_race_that_nobody_polled() -> None:
    """Without a poll in between the list's word is the newest."""

    async def work() -> None:
        race = await _prepared("daily-meetings", "daily-races")
        stored = await race.suite.store.get(RACES, race.race_id)
        assert stored is not None
        race.start = instant(stored["startTime"]) + timedelta(minutes=7)
        result = await race.suite.run("daily-meetings")
        assert not result["failures"], result
        after = await race.suite.store.get(RACES, race.race_id)
        assert after is not None
        assert instant(after["startTime"]) == race.start

    go(work)


def test_a_runner_imported_while_the_first_poll_asks_and_gone_from_its_answer_ends_scratched() -> None:
    """The import's older list still has it; the poll's row names it, so that it stands nowhere as one that runs."""

    async def work() -> None:
        race = await _prepared("daily-meetings", "daily-races")
        race.without = race.suite.day.races[0].runners[0].entrant_id

        async def imports() -> None:
            race.use(IMPORTED)
            await race.suite.run("daily-entrants")

        asking = Between(race.feed, race.race_id, "GET", imports)
        race.feed = asking
        await race.poll()
        assert asking.done
        row = next(row for row in await race.suite.rows(ENTRANTS) if row["$id"] == race.without)
        assert (row["isScratched"], row["winPoolAmount"], row["placePoolAmount"]) == (True, 0, 0)

    go(work)


def test_a_runner_imported_and_gone_at_the_first_poll_ends_scratched_without_money() -> None:
    """By its id: another runner with its number runs on, and the ledger tells of both."""

    async def work() -> None:
        race = await _prepared("daily-meetings", "daily-races", "daily-entrants")
        gone, other = (runner.entrant_id for runner in race.suite.day.races[0].runners[:2])
        race.without = gone
        number = next(row["runnerNumber"] for row in await race.suite.rows(ENTRANTS) if row["$id"] == gone)
        former = race._change

        def same_number(path: str, data: dict[str, Any], price: float) -> None:
            former(path, data, price)
            for runner in data.get("runners", []):
                if runner["entrant_id"] == other:
                    runner["runner_number"] = number

        race._change = same_number  # type: ignore[method-assign]
        await race.poll()
        rows = {row["$id"]: row for row in await race.suite.rows(ENTRANTS)}
        assert rows[gone]["isScratched"] is True
        assert (rows[gone]["winPoolAmount"], rows[gone]["placePoolAmount"]) == (0, 0)
        assert rows[other]["isScratched"] is False
        assert rows[gone]["runnerNumber"] == rows[other]["runnerNumber"] == number
        newest = await ledger.newest(race.suite.store, race.race_id)
        assert newest is not None
        line = newest.runner(gone)
        assert line is not None
        assert (line.scratched, line.win_cents or 0) == (True, 0)
        # The next poll has nothing to add.
        race.suite.clock.advance(60)
        before = rows[gone]["lastUpdated"]
        await race.poll()
        after = {row["$id"]: row for row in await race.suite.rows(ENTRANTS)}
        assert after[gone]["lastUpdated"] == before

    go(work)
