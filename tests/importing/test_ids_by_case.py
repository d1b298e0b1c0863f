"""MariaDB takes ids that differ by case alone for one: no row of ours has a neighbour like that."""

import json
from typing import Any

import httpx

from raceday.tables import BY_ID, ENTRANTS, MEETINGS, RACES
from tests.suite_kit import Suite


class Doubling(httpx.AsyncBaseTransport):
    """A feed that lists each meeting, race and runner a second time, under its id in capitals."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.doubled: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the feed does, with everything doubled."""
        answer = await self._inner.handle_async_request(request)
        body = json.loads(await answer.aread())
        data = body.get("data", {})
        cards = [each for each in data.get("meetings", []) if isinstance(each.get("races"), list)]
        places = [(card, "races", "id") for card in cards]
        for holder, name, key in (*places, (data, "meetings", "meeting"), (data, "runners", "entrant_id")):
            if isinstance(holder.get(name), list):
                self.doubled.add(name)
                holder[name] += [{**each, key: each[key].upper()} for each in holder[name]]
        return httpx.Response(200, json=body)


def doubled_suite() -> tuple[Suite, Doubling]:
    """Return a suite whose feed lists everything twice, and that feed."""
    suite = Suite()
    suite.feed = feed = Doubling(suite.feed)
    suite.container = suite.new_container()
    return suite, feed


async def imported(suite: Suite) -> dict[str, list[dict[str, Any]]]:
    """Import a day, poll one race and draw its silks; gives every table's rows."""
    await suite.imported()
    for name in ("enhanced-race-poller", "jockey-silks-enricher"):
        result = await suite.run(name, {"raceId": suite.day.races[0].race_id})
        assert "error" not in result, result
    return {table: await suite.rows(table) for table in BY_ID}


async def test_every_tables_ids_are_in_lower_case() -> None:
    """What is imported, polled and drawn has ids without a capital, whatever the feed's own were."""
    rows = await imported(doubled_suite()[0])
    told = {table: [row["$id"] for row in found if row["$id"] != row["$id"].lower()] for table, found in rows.items()}
    assert told == {table: [] for table in BY_ID}
    assert {table for table, found in rows.items() if found} >= {MEETINGS, RACES, ENTRANTS, "race-polls"}


async def test_an_id_that_comes_twice_by_case_alone_is_one_row() -> None:
    """A feed that lists everything again in capitals gives the rows that it gives without, and no import fails."""
    plain = await imported(Suite())
    suite, feed = doubled_suite()
    doubled = await imported(suite)
    for table in (MEETINGS, RACES, ENTRANTS):
        assert {row["$id"] for row in doubled[table]} == {row["$id"] for row in plain[table]}, table
    assert feed.doubled == {"meetings", "races", "runners"}
