"""What options choose among, and their defaults: declared once for the commands' help and for what does the work."""

from datetime import date

# The race day of a simulation that is given none.
SIMULATED_DAY = date(2026, 2, 14)
STORE_PROFILES = ("fast", "appwrite-1.9")
EXPORT_FORMATS = ("parquet", "csv", "duckdb")
# A demo's first race starts so long after `up --demo`.
DEMO_MINUTES = 10
FUNCTIONS_PORT = 8082
WATCH_SECS = 5
# The switch of all functions.
ALL = "all"
LIVE = "live"
