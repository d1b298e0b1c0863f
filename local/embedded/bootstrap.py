"""The suite's database, tables and bucket made directly, for simulated days and tests that begin with them."""

from collections.abc import Sequence

from local.embedded.catalog import Column
from local.embedded.server import Embedded
from raceday.store.schema import TABLES, Table

KINDS = {"float": "double"}


def bootstrap(
    server: Embedded, tables: Sequence[Table] = TABLES, *, database: str = "raceday-db", bucket: str = "silks"
) -> None:
    """Make everything that is declared, in a server that has none of it yet."""
    stamp = server.rows.stamp()
    catalog = server.catalog
    catalog.add_database(database, database, stamp)
    for table in tables:
        made = catalog.add_table(database, table.id, table.id, stamp)
        for c in table.columns:
            column = Column(
                c.key, KINDS.get(c.kind, c.kind), c.required, c.default, c.size, related=c.to, created=stamp
            )
            catalog.add_column(made, column)
        for index in table.indexes:
            kind = "unique" if index.unique else "key"
            catalog.add_index(made, index.key, kind, list(index.columns), [], stamp)
    server.files.add_bucket(bucket, {"name": bucket, "allowedFileExtensions": ["svg"]})
    server._db.commit()
