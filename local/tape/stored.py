"""What a store holds, read whole for a replay to be compared with."""

import dataclasses

from local.tape.replay import Rows, tables_of
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
