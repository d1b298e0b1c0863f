"""One module a table: its columns with a sentence each, its keys, and how a row of it is made."""

from raceday.tables import (
    alert_configs,
    alert_filters,
    closing_prices,
    entrants,
    meetings,
    money_flow,
    notifications,
    odds_history,
    quarantine,
    race_polls,
    race_pools,
    race_result_versions,
    race_results,
    races,
    silks,
    suite_state,
)
from raceday.tables.base import Table

MEETINGS = meetings.ID
RACES = races.ID
ENTRANTS = entrants.ID
RACE_RESULTS = race_results.ID
RACE_RESULT_VERSIONS = race_result_versions.ID
ODDS_HISTORY = odds_history.ID
MONEY_FLOW = money_flow.ID
RACE_POOLS = race_pools.ID
RACE_POLLS = race_polls.ID
CLOSING_PRICES = closing_prices.ID
ALERT_CONFIGS = alert_configs.ID
ALERT_FILTERS = alert_filters.ID
NOTIFICATIONS = notifications.ID
SILKS = silks.ID
QUARANTINE = quarantine.ID
SUITE_STATE = suite_state.ID

# In the order in which they are made: a relationship's target comes before the table that points at it.
TABLES: tuple[Table, ...] = (
    meetings.TABLE,
    races.TABLE,
    entrants.TABLE,
    race_results.TABLE,
    race_result_versions.TABLE,
    odds_history.TABLE,
    money_flow.TABLE,
    race_pools.TABLE,
    race_polls.TABLE,
    closing_prices.TABLE,
    alert_configs.TABLE,
    alert_filters.TABLE,
    notifications.TABLE,
    silks.TABLE,
    quarantine.TABLE,
    suite_state.TABLE,
)
BY_ID: dict[str, Table] = {table.id: table for table in TABLES}
