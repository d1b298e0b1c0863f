"""The calls of one poll, counted: what makes a poll cheap does not get lost."""

import asyncio

import pytest

from local.bench.poll_calls import counted


@pytest.fixture(scope="module")
def calls() -> dict[str, int]:
    """Count one race's polls once."""
    return asyncio.run(counted())


def test_a_changed_poll_asks_the_feed_once_and_the_store_four_times(calls: dict[str, int]) -> None:
    """A poll that found changes is one feed request, one read of the ledger and one transaction of three calls."""
    assert (calls["changed_feed"], calls["changed_store"]) == (1, 4)


def test_an_unchanged_poll_asks_the_feed_once_and_the_store_twice(calls: dict[str, int]) -> None:
    """A poll that found nothing new is one feed request, one read of the ledger and one row."""
    assert (calls["unchanged_feed"], calls["unchanged_store"]) == (1, 2)


def test_rows_are_not_written_one_by_one(calls: dict[str, int]) -> None:
    """The peer, which reads and writes each of the same rows by itself, needs two calls for each."""
    assert calls["rows_written"] > 12
    assert calls["peer_store"] == 2 * calls["rows_written"]
