"""Writes read back at wire depth: what a store drops silently is found, whoever sent it and however."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.embedded.catalog import SqlTable
from local.embedded.rows import Rows
from local.simulate.plan import DayPlan
from local.simulate.run import make_backend, simulate_day
from local.simulate.verdict import troubles
from local.simulate.wire_depth import WireBackend
from raceday.tables import ENTRANTS

PLAN = DayPlan(seed=3, races=1, depth="wire")


def test_what_a_sound_store_keeps_is_found_there() -> None:
    """Of a day's writes, single ones, bulk ones and those of transactions, one in twenty is read and none is lost."""
    backend = make_backend(PLAN)
    assert isinstance(backend, WireBackend)
    report = simulate_day(PLAN, into=backend)
    assert troubles(report) == {}
    assert backend.read_back is not None
    assert backend.read_back.lost == []
    assert 0.02 < backend.read_back.read / backend.read_back.writes < 0.1
    assert backend.read_back.read > 20


def test_a_write_that_is_answered_and_not_kept_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entrants' changes are committed with 200 and dropped, unknown to the store itself: some are found, and told."""
    kept = Rows._set

    def dropping(self: Rows, table: SqlTable, row_id: str, values: Mapping[str, Any], stamp: str) -> dict[str, Any]:
        return self.need(table, row_id) if table.id == ENTRANTS else kept(self, table, row_id, values, stamp)

    monkeypatch.setattr(Rows, "_set", dropping)
    backend = make_backend(PLAN)
    assert isinstance(backend, WireBackend)
    found = troubles(simulate_day(PLAN, into=backend))
    assert backend.server is not None
    assert backend.read_back is not None
    assert backend.server.rows.dropped == []
    assert backend.read_back.lost
    assert {name.split("/")[0] for name in backend.read_back.lost} == {ENTRANTS}
    assert found["writes that the store dropped"] == len(backend.read_back.lost)
