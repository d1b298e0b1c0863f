"""Keeping a tape of functions that run here, simulated or on the real clock."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from local.tape.format import to_micros
from local.tape.writer import TapeWriter
from raceday.catalogue.functions import POLLER
from raceday.container import Container
from raceday.feed.client import FeedClient
from raceday.feed.taping import Answer
from raceday.store.port import Op, Row, Store
from raceday.tables import ENTRANTS, RACES

# What a replay starts again by itself; every other answer finds its place in the ledger.
IMPORTS = ("daily-meetings", "daily-races", "daily-entrants")
ENTRANTS_IMPORT = "daily-entrants"


class Ear:
    """Hears one container's feed, and knows which of its activations is asking."""

    def __init__(self, keeper: "Keeper", function: str) -> None:
        self._keeper, self._function = keeper, function
        self.activation = ""

    def take(self, answer: Answer) -> None:
        """Write one answer to the tape."""
        self._keeper.writer.answer(answer, self._function, self.activation)


def one_race(queries: Sequence[str]) -> str:
    """Return the race that queries ask for and nothing else, "" for others."""
    asked = [json.loads(query) for query in queries]
    if len(asked) == 1 and asked[0]["method"] == "equal" and asked[0]["attribute"] == "raceId":
        values = asked[0]["values"]
        return str(values[0]) if len(values) == 1 else ""
    return ""


class HeardStore:
    """A container's store, heard where an import and a race's first poll may meet: no answer tells which came first."""

    def __init__(self, keeper: "Keeper", function: str, inner: Store) -> None:
        self._keeper, self._function, self._inner = keeper, function, inner

    def __getattr__(self, name: str) -> Any:
        """Return what the store itself has."""
        return getattr(self._inner, name)

    async def find(self, table: str, queries: Sequence[str] = (), **given: Any) -> list[Row]:
        """Find rows, and tell how many entrants of its race a first poll found."""
        rows = await self._inner.find(table, queries, **given)
        race_id = one_race(queries) if table == ENTRANTS and self._function not in IMPORTS else ""
        if race_id:
            self._keeper.writer.mark("read", {"race": race_id, "entrants": len(rows)})
        return rows

    async def commit(self, ops: Sequence[Op], begun: str = "") -> None:
        """Commit, and tell how many entrants of which race an import made."""
        await self._inner.commit(ops, begun)
        if self._function == ENTRANTS_IMPORT:
            made = [row for op in ops if op.table == ENTRANTS for row in op.rows]
            for race_id in {op.row_id for op in ops if op.table == RACES} | {str(row["raceId"]) for row in made}:
                count = sum(row["raceId"] == race_id for row in made)
                self._keeper.writer.mark("stored", {"race": race_id, "entrants": count})


class Keeper:
    """Writes what every container hears, and each import with its event and how it ended."""

    def __init__(self, writer: TapeWriter) -> None:
        self.writer = writer
        self._ears: dict[int, Ear] = {}

    def turn(self, writer: TapeWriter) -> None:
        """Close the part and go on in another."""
        self.writer.close()
        self.writer = writer

    def listen(self, function: str, container: Container) -> None:
        """Hear a new container's feed."""
        if isinstance(container.feed, FeedClient):
            ear = Ear(self, function)
            self._ears[id(container.feed)] = ear
            container.feed.tape = ear.take
            if function in (ENTRANTS_IMPORT, POLLER.name):
                container.store = cast("Store", HeardStore(self, function, container.store))

    def began(self, activation: str, container: Container) -> None:
        """Be told that a container serves an activation from now on."""
        if (ear := self._ears.get(id(container.feed))) is not None:
            ear.activation = activation

    def ended(
        self, function: str, activation: str, event: Mapping[str, Any], began: datetime, ended: datetime, *, whole: bool
    ) -> None:
        """Be told that an activation has ended: `whole` by itself, else by a time limit or a kill."""
        if function not in IMPORTS:
            return
        told = {"function": function, "activation": activation, "event": dict(event), "whole": whole}
        self.writer.mark("activation", {**told, "began": to_micros(began), "ended": to_micros(ended)})
