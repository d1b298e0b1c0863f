"""Functions look once whether the tables are of a version that they can use, before they write."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from raceday.call import Call
from raceday.catalogue import functions
from raceday.container import Container
from raceday.errors import StoreMissing, StoreUnavailable
from raceday.runtime.function import Function, handle
from raceday.store.port import Row
from raceday.tables import SUITE_STATE
from raceday.tables.suite_state import OLDEST_SCHEMA, SCHEMA_VERSION, schema_key, schema_row
from tests.poll_kit import Kit, WatchedStore, make_kit

WRITES = functions.POLLER._replace(name="f", needs=())


async def write(container: Container, call: Call) -> dict[str, Any]:
    """Write one row."""
    await container.store.upsert(SUITE_STATE, "written", {"kind": "run", "name": "f"})
    return {"ok": True}


def kit(status: str | None) -> Kit:
    """Make a kit whose tables say their version, or nothing of it."""
    made = make_kit()
    made.container.checks_schema = True
    if status is not None:
        made.store.put(SUITE_STATE, schema_key(), {**schema_row("2026-11-24T00:00:00+00:00"), "status": status})
    return made


def run(here: Kit) -> dict[str, Any]:
    """Run one activation that writes."""
    return asyncio.run(handle(here.container, Function(WRITES, write), {}, SimpleNamespace(activation_id="a")))


def test_tables_of_the_same_version_are_used_and_looked_at_once() -> None:
    """The version is read at a process's first activation alone."""
    here = kit(str(SCHEMA_VERSION))
    assert [run(here), run(here)] == [{"ok": True}] * 2
    assert here.store.asked == ["get"]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (str(SCHEMA_VERSION + 1), "newer than"),
        (str(OLDEST_SCHEMA - 1), "older than"),
        ("soon", "is no number"),
        (None, "version 1, older than"),
    ],
)
def test_other_tables_are_refused_before_anything_is_written(status: str | None, told: str) -> None:
    """Tables that are newer or older than the functions can use are refused with both versions, each time.

    Tables from before the version was kept are of the first.
    """
    here = kit(status)
    for _ in range(2):
        answer = run(here)
        assert answer["error"]["kind"] == "schema"
        assert told in answer["error"]["message"]
        assert ("schema plan" in answer["error"]["message"]) is (told != "newer than")
    assert "written" not in here.store.tables[SUITE_STATE]


class Troubled(WatchedStore):
    """A store whose reads fail."""

    trouble: Exception = StoreUnavailable("no answer")

    async def get(self, table: str, row_id: str, *, select: Any = ()) -> Row | None:
        """Fail."""
        raise self.trouble


def test_a_database_without_our_tables_is_refused_by_name() -> None:
    """The predecessor's database has no table for the version: the answer names the command that makes it."""
    here = kit(None)
    store = Troubled(here.clock.now)
    store.trouble = StoreMissing("no table", status=404, kind="table_not_found")
    here.container.store = store
    assert "schema plan" in run(here)["error"]["message"]


def test_a_store_that_does_not_answer_is_asked_again_later() -> None:
    """An outage at a process's first activation neither refuses the tables nor counts as having looked."""
    here = kit("99")
    good, here.container.store = here.store, Troubled(here.clock.now)
    assert run(here) == {"ok": True}
    here.container.store = good
    assert run(here)["error"]["kind"] == "schema"
