"""One throw-away database per module, on the embedded server and on a real Appwrite where one is named."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local.embedded import Embedded
from tests.embedded.api import Api, real_is_named


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test works: a database with tables `cars` and `teams`, and `races` linked to `teams`."""

    api: Api
    db: str

    def rows(self, table: str = "cars") -> str:
        """Return the path of a table's rows."""
        return f"/tablesdb/{self.db}/tables/{table}/rows"


def _build(api: Api) -> Place:
    db = f"contract-{secrets.token_hex(4)}"
    assert api("POST", "/tablesdb", {"databaseId": db, "name": db}).status == 201
    for table in ("cars", "teams", "races"):
        assert api("POST", f"/tablesdb/{db}/tables", {"tableId": table, "name": table}).status == 201
    cars = f"/tablesdb/{db}/tables/cars"
    api.make(f"{cars}/columns/varchar", {"key": "name", "size": 64, "required": False})
    api.make(f"{cars}/columns/integer", {"key": "num", "required": True})
    api.make(f"{cars}/columns/integer", {"key": "laps", "required": False, "min": 0, "max": 1000})
    api.make(f"{cars}/columns/float", {"key": "best", "required": False})
    api.make(f"{cars}/columns/datetime", {"key": "at", "required": False})
    api.make(f"{cars}/columns/boolean", {"key": "active", "required": False, "default": False})
    api.make(f"{cars}/indexes", {"key": "by_num", "type": "key", "columns": ["num"]})
    api.make(f"/tablesdb/{db}/tables/teams/columns/varchar", {"key": "name", "size": 64, "required": True})
    api.make(f"/tablesdb/{db}/tables/races/columns/varchar", {"key": "name", "size": 64, "required": True})
    link = {"relatedTableId": "teams", "type": "manyToOne", "twoWay": False, "key": "team", "onDelete": "setNull"}
    api.make(f"/tablesdb/{db}/tables/races/columns/relationship", link)
    return Place(api, db)


@pytest.fixture(params=["embedded", "real"] if real_is_named() else ["embedded"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Return a fresh database."""
    api = Api(Embedded() if request.param == "embedded" else None)
    try:
        made = _build(api)
    except BaseException:
        api.close()
        raise
    yield made
    api("DELETE", f"/tablesdb/{made.db}")
    api.close()
