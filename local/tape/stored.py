"""What a store holds, read whole for a replay to be compared with."""

import dataclasses
from pathlib import Path

from local.tape.replay import Rows, tables_of
from local.world import open_world
from raceday.settings import Settings, read_settings
from raceday.store.port import Store
from raceday.tables import BY_ID

# What decides which races are imported and when they are polled; the rest of the settings is the replay's own.
DECIDING = ("countries", "codes", "greyhounds", "near_interval_secs", "last_interval_secs")
REACHES_NOTHING = Settings(
    feed_url="https://feed.invalid/affiliates/v1/racing",
    feed_from="replay@localhost",
    feed_partner="replay",
    feed_partner_id="replay",
    store_endpoint="https://store.invalid/v1",
    store_project="replay",
    store_key="replay",
)


def settings_of_replay() -> Settings:
    """Return settings that reach nothing, with the environment's own filters and intervals."""
    found = read_settings()
    return dataclasses.replace(REACHES_NOTHING, **{name: getattr(found, name) for name in DECIDING})


async def read_rows(store: Store) -> Rows:
    """Return every table of a store by row ids."""
    return tables_of({table: await store.find(table) for table in BY_ID})


async def read_place(place: str) -> Rows:
    """Return every table of an embedded store's file, or of the environment's Appwrite for `env`.

    Raises FileNotFoundError where there is no such file.
    """
    if place != "env" and not Path(place).exists():  # noqa: ASYNC240
        raise FileNotFoundError(f"there is no store at {place}")
    world = open_world("generated", place, lambda _: None)
    try:
        return await read_rows(world.container("money-flow-tracker").store)
    finally:
        await world.aclose()
