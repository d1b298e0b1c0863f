"""The suite's database, tables and bucket made directly, for simulated days and tests that begin with them."""

from collections.abc import Sequence

from local.embedded.columns import ApiColumn
from local.embedded.server import Embedded
from ops.schema import BANDS, DEFAULT_USER, band_row
from raceday.ids import row_key
from raceday.tables import ALERT_CONFIGS, SUITE_STATE, TABLES
from raceday.tables.base import Table
from raceday.tables.suite_state import schema_key, schema_row

KINDS = {"float": "double"}


def bootstrap(
    server: Embedded, tables: Sequence[Table] = TABLES, *, database: str = "raceday-db", bucket: str = "silks"
) -> None:
    """Make everything that is declared, in a server that has none of it yet."""
    stamp = server.rows.stamp()
    with server.whole():
        with server.catalog.saved_once():
            _make(server, tables, database, stamp)
        server.files.add_bucket(bucket, {"name": bucket, "allowedFileExtensions": ["svg", "png"]})


def _make(server: Embedded, tables: Sequence[Table], database: str, stamp: str) -> None:
    catalog = server.catalog
    catalog.add_database(database, database, stamp)
    for table in tables:
        made = catalog.add_table(database, table.id, table.id, stamp)
        for c in table.columns:
            column = ApiColumn(
                c.key, KINDS.get(c.kind, c.kind), c.required, c.default, c.size, related=c.to, created=stamp
            )
            catalog.add_column(made, column)
        for index in table.indexes:
            kind = "unique" if index.unique else "key"
            catalog.add_index(made, index.key, kind, list(index.columns), [], stamp)
    if SUITE_STATE in {t.id for t in tables}:
        server.rows.create(catalog.table(database, SUITE_STATE), schema_key(), schema_row(stamp))
    configs = catalog.table(database, ALERT_CONFIGS) if ALERT_CONFIGS in {t.id for t in tables} else None
    for order, (low, high, color) in enumerate(BANDS, 1):
        if configs is not None:
            server.rows.create(configs, row_key("band", DEFAULT_USER, order), band_row(order, low, high, color))
