"""All routes that the suite and its client use."""

from local.embedded import routes_more, routes_rows, routes_schema, routes_transactions
from local.embedded.request import ROUTES

__all__ = ["ROUTES", "routes_more", "routes_rows", "routes_schema", "routes_transactions"]
