"""A simulated day on tables of another version: refused before anything is written, as in production."""

import json

from local.embedded import Embedded
from local.simulate.full_store import FullBackend
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.world import SimWorld
from raceday.tables import SUITE_STATE
from raceday.tables.suite_state import SCHEMA_VERSION, schema_key


def test_tables_of_another_version_stop_a_simulated_day() -> None:
    """Deployed functions look at the tables' version before they write, and so do those of a simulated day."""
    plan = DayPlan(seed=3, races=1)

    class Newer(FullBackend):
        def open(self, world: SimWorld) -> Embedded:
            fresh = self.server is None
            server = super().open(world)
            if fresh:
                s = world.settings
                path = f"/v1/tablesdb/{s.store_database}/tables/{SUITE_STATE}/rows/{schema_key()}"
                headers = {"x-appwrite-project": s.store_project, "x-appwrite-key": s.store_key}
                body = json.dumps({"data": {"status": str(SCHEMA_VERSION + 1)}}).encode()
                assert server.answer("PATCH", path, [], headers, body).status == 200
            return server

    report = simulate_day(plan, into=Newer())
    assert report["stored"]["meetings"] == report["polls"]["committed"] == 0
