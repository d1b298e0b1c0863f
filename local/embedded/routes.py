"""All routes that the suite and its client use."""

# The order of import is the order of matching: `/tablesdb/transactions` is no database.
from local.embedded import routes_transactions, routes_rows, routes_more, routes_schema  # isort: skip
from local.embedded.request import ROUTES

__all__ = ["ROUTES", "routes_more", "routes_rows", "routes_schema", "routes_transactions"]
