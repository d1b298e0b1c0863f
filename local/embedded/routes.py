"""All routes that the suite and its client use."""

from local.embedded import routes_more, routes_rows, routes_schema, routes_transactions
from local.embedded.request import Routes

ROUTES = Routes()
# The order is that of matching: `/tablesdb/transactions` is no database.
for part in (routes_transactions, routes_rows, routes_more, routes_schema):
    ROUTES.join(part.ROUTES)
