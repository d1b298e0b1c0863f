"""Two-way relationships: the column that the related table lists for each, and whose rows hold the ids.

A far side that stands for many rows holds nothing itself: it is read off the rows that point at its own, shown only
where it is selected as `key.*` or a former format expands it, and written by pointing those rows at it. All of this
rests on reading 1.9.6's source: no answer of a real server to a two-way relationship is recorded. Nothing of the suite
reads or writes a far side; `schema migrate` deletes near sides alone, and names a far side that would stay.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from local.embedded.catalog import Catalog, SqlTable
from local.embedded.columns import ApiColumn
from local.embedded.errors import ApiRefusal, argument

BOTH_WAYS = ("manyToOne", "oneToMany")


def far_side(table: SqlTable, column: ApiColumn) -> ApiColumn:
    """Return the column that the related table gets."""
    if column.relation not in BOTH_WAYS:
        raise argument(f"Invalid `type` param: both ways this server has only {' and '.join(BOTH_WAYS)}")
    return ApiColumn(
        column.two_way_key,
        "relationship",
        related=table.id,
        relation=column.relation,
        two_way=True,
        two_way_key=column.key,
        side="child",
        on_delete=column.on_delete,
        created=column.created,
    )


def add_link(catalog: Catalog, table: SqlTable, other: SqlTable, column: ApiColumn) -> ApiColumn:
    """Add a relationship, and where it is two-way its far side; neither where either key is taken."""
    column.two_way_key = column.two_way_key or table.id
    if not column.two_way:
        return catalog.add_column(table, column)
    far = far_side(table, column)
    taken = other.columns if other is not table else {**table.columns, column.key: column}
    catalog.check_new(table.columns, column)
    catalog.check_new(taken, far)
    catalog.add_column(table, column)
    catalog.add_column(other, far)
    return column


def change_fate(catalog: Catalog, table: SqlTable, column: ApiColumn, on_delete: str) -> None:
    """Say what becomes of a link when its target goes; both sides tell the same."""
    column.on_delete = on_delete
    if far := catalog.far_of(table, column):
        far[1].on_delete = on_delete
    catalog.save()


def check_links(table: SqlTable, data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the ids that a row's data names for sides that stand for many rows."""
    found = {}
    for column in table.relations:
        if not column.virtual or column.key not in data:
            continue
        given = data[column.key] if data[column.key] is not None else []
        ids = [one.get("$id") if isinstance(one, dict) else one for one in given] if isinstance(given, list) else [None]
        if not all(isinstance(one, str) for one in ids):
            raise ApiRefusal(400, "relationship_value_invalid", f'Invalid relationship value for "{column.key}".')
        found[column.key] = [str(one) for one in ids]
    return found


def point(db: sqlite3.Connection, catalog: Catalog, table: SqlTable, row_id: str, links: dict[str, list[str]]) -> bool:
    """Point the named rows at this one and no others; tells whether any row had pointed elsewhere."""
    moved = 0
    for key, ids in links.items():
        column = table.columns[key]
        other, name = catalog.table(table.database, column.related), f'"c_{column.two_way_key}"'
        marks = ", ".join("?" * len(ids))
        away = f"UPDATE {other.sql} SET {name} = NULL WHERE {name} = ? AND _id NOT IN ({marks})"
        here = f"UPDATE {other.sql} SET {name} = ? WHERE ({name} IS NULL OR {name} <> ?) AND _id IN ({marks})"
        moved += db.execute(away, [row_id, *ids]).rowcount + db.execute(here, [row_id, row_id, *ids]).rowcount
    return moved > 0
