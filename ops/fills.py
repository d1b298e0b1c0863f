"""Rows of the predecessor's that get the ids which their links told, before a link goes: counted, told and written."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from appwrite.query import Query

from ops.schema import Server
from raceday.tables import ENTRANTS, MEETINGS, MONEY_FLOW, ODDS_HISTORY, RACE_POOLS, RACE_RESULTS, RACES

PAGE = 500
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship of the predecessor's that becomes a plain id: `fills` is the column that takes the id over."""

    table: str
    key: str
    fills: str

    @property
    def sources(self) -> dict[str, str]:
        """Return each column that is filled, in order, with where its value comes from."""
        found = {self.fills: f"the link {self.key}"}
        if self.table == RACES:
            return {**found, "country": "the meeting's"}
        if self.fills != "raceId":
            return {**found, "raceId": "the runner's race"}
        return {**found, "race": "raceId"} if self.table == RACE_RESULTS else found

    @property
    def believed(self) -> bool:
        """Tell whether the link counts where a row's id differs from it: the client asks for results by `race`."""
        return self.table == RACE_RESULTS


# A relationship makes a table refuse every bulk, and ours are written in bulk.
LINKS = (
    Link(RACE_RESULTS, "race", "raceId"),
    Link(ENTRANTS, "race", "raceId"),
    Link(MONEY_FLOW, "entrant", "entrantId"),
    Link(ODDS_HISTORY, "entrant", "entrantId"),
    Link(RACE_POOLS, "race", "raceId"),
)
# The client expands a race's meeting, so this link stays; what ours keep beside it is filled all the same.
FILLED = (*LINKS, Link(RACES, "meeting", "meetingId"))


@dataclass(frozen=True, slots=True)
class Fill:
    """What one table's rows lack and get: rows by column, and ids of those that keep a column empty for good.

    `replaced` are rows whose id another one takes the place of, each with both in words.
    """

    link: Link
    rows: dict[str, int]
    kept_empty: dict[str, list[str]]
    replaced: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Say what is filled with what, in how many rows."""
        sources = self.link.sources
        told = [f"{key} of {rows_of(count)} from {sources[key]}" for key, count in self.rows.items()]
        return f"fill {self.link.table}: {', '.join(told)}"

    @property
    def loses(self) -> str:
        """Say of which rows no id is known, and whose is replaced, "" where there are none."""
        table = self.link.table
        told = [
            f"{rows_of(len(ids))} of {table} {'keeps' if len(ids) == 1 else 'keep'} no {key} ({named(ids)})"
            for key, ids in self.kept_empty.items()
        ]
        empty = [f"{', '.join(told)}: nothing that is stored tells it"] if told else []
        if self.replaced:
            what = f"{self.link.fills} of {rows_of(len(self.replaced))} of {table}"
            empty.append(f"{what} that the link, which the client reads, contradicts ({named(self.replaced)})")
        return "; ".join(empty)


def rows_of(count: int) -> str:
    """Return a number of rows in words."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def named(each: Sequence[str]) -> str:
    """Return the first of many by name and how many more there are."""
    more = f" and {len(each) - MOST_NAMED:,} more" if len(each) > MOST_NAMED else ""
    return f"{', '.join(each[:MOST_NAMED])}{more}"


class LinkedRows:
    """Reads what rows and links tell; runners are read once, when first asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._linked: dict[str, bool] = {}
        self._races: dict[str, str] | None = None
        self._countries: dict[str, str] | None = None

    def columns(self, table: str) -> dict[str, dict[str, Any]]:
        """Return a stored table's columns by key, none where there is no table."""
        there = self._server.get(f"/tablesdb/{self._server.database}/tables/{table}")
        return {column["key"]: column for column in (there or {}).get("columns", [])}

    def fillable(self, link: Link, there: dict[str, dict[str, Any]]) -> list[str]:
        """Return the columns of a link's fill that are there and plain."""
        return [key for key in link.sources if key in there and there[key]["type"] != "relationship"]

    def patches(self, link: Link) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield id and missing ids of each row that lacks some that its link or its runner tells.

        `$updatedAt` stays as it is, by which the newest of a race's rows is known.
        """
        there = self.columns(link.table)
        columns = self.fillable(link, there)
        for row in self._unfilled(link, columns):
            known = self.ids(link, row)
            # A required column that stays empty would have the whole patch refused.
            if all(known.get(key) for key in columns if there[key].get("required")):
                patch = {key: known[key] for key in columns if known.get(key) and self._wants(link, row, key, known)}
                if patch:
                    yield row["$id"], {**patch, "$updatedAt": row["$updatedAt"]}

    def foreseen(self, link: Link, columns: list[str]) -> Fill | None:
        """Return what will be filled once `columns` are there and empty, None where no row lacks any."""
        there = self.columns(link.table)
        present = self.fillable(link, there)
        rows = self._unfilled(link, columns if set(columns) <= set(present) else [])
        filled, kept, replaced = Counter[str](), defaultdict[str, list[str]](list), list[str]()
        for row in rows if there else ():
            known = self.ids(link, row)
            barred = any(there[key].get("required") and not known.get(key) for key in columns if key in present)
            for key in columns:
                if key in present and not self._wants(link, row, key, known):
                    continue
                if known.get(key) and not barred:
                    filled[key] += 1
                    if key in present and (former := plain_id(row.get(key))):
                        replaced.append(f"{row['$id']}: {known[key]} for {former}")
                else:
                    kept[key].append(row["$id"])
        if not filled:
            return None
        counts = {key: filled[key] for key in columns if filled[key]}
        return Fill(link, counts, {key: kept[key] for key in columns if key in kept}, replaced)

    def contradicted(self, link: Link) -> list[str]:
        """Return the rows whose own id, which stays, is not the link's: each with both in words."""
        if link.believed or link.fills not in self.fillable(link, self.columns(link.table)):
            return []
        pairs = (
            (row["$id"], plain_id(row.get(link.fills)), plain_id(row.get(link.key))) for row in self.all(link.table)
        )
        return [f"{row_id}: {own}, link {linked}" for row_id, own, linked in pairs if own and linked and own != linked]

    def write(self, link: Link, done: Callable[[int], None]) -> None:
        """Fill every row that lacks an id, page after page; `done` hears of each row."""
        for count, (row_id, patch) in enumerate(self.patches(link), 1):
            self._server.send("PATCH", f"{self._path(link.table)}/{row_id}", {"data": patch})
            done(count)

    def all(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield every row of a table."""
        return self._lacking(table, [])

    def ids(self, link: Link, row: dict[str, Any]) -> dict[str, str]:
        """Return the ids that a row tells: its own columns, its link, and its runner's race or meeting's country."""
        own = {key: plain_id(row.get(key)) for key in ("raceId", "meetingId", "country", link.fills, link.key)}
        if link.table == RACES:
            meeting = own["meetingId"] or own["meeting"]
            return {"meetingId": meeting, "country": own["country"] or self._country_of(meeting)}
        told = [own[link.fills], own[link.key]]
        if link.believed and self._is_linked(link):
            told.reverse()
        known = {"raceId": own["raceId"], link.fills: told[0] or told[1]}
        if link.fills == "entrantId" and known["entrantId"] and not known["raceId"]:
            known["raceId"] = self._race_of(known["entrantId"])
        return {**known, "race": known["raceId"]}

    def _wants(self, link: Link, row: dict[str, Any], key: str, known: dict[str, str]) -> bool:
        """Tell whether a row's column lacks an id, or has another than the link that is believed."""
        own = plain_id(row.get(key))
        return not own or (key == link.fills and link.believed and own != known[key])

    def _is_linked(self, link: Link) -> bool:
        if link.table not in self._linked:
            self._linked[link.table] = self.columns(link.table).get(link.key, {}).get("type") == "relationship"
        return self._linked[link.table]

    def _unfilled(self, link: Link, columns: list[str]) -> Iterator[dict[str, Any]]:
        """Yield every row that may get an id: where a link is believed, each can contradict its own."""
        return self._lacking(link.table, [] if link.believed and self._is_linked(link) else columns)

    def _country_of(self, meeting: str) -> str:
        if self._countries is None:
            self._countries = {row["$id"]: plain_id(row.get("country")) for row in self.all(MEETINGS)}
        return self._countries.get(meeting, "")

    def _race_of(self, runner: str) -> str:
        if self._races is None:
            runners = (
                (row["$id"], plain_id(row.get("raceId")), plain_id(row.get("race"))) for row in self.all(ENTRANTS)
            )
            self._races = {runner: own or linked for runner, own, linked in runners}
        return self._races.get(runner, "")

    def _lacking(self, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
        """Yield every row of a table in which one of the columns is null or an empty text; all rows for no column."""
        empty = [query for key in columns for query in (Query.is_null(key), Query.equal(key, [""]))]
        wanted = [Query.or_queries(empty)] if empty else []
        after = ""
        while True:
            queries = [*wanted, Query.limit(PAGE), *([Query.cursor_after(after)] if after else [])]
            params = httpx.QueryParams({f"queries[{i}]": q for i, q in enumerate(queries)})
            rows = (self._server.get(f"{self._path(table)}?{params}") or {}).get("rows", [])
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1]["$id"]

    def _path(self, table: str) -> str:
        return f"/tablesdb/{self._server.database}/tables/{table}/rows"


def plain_id(told: Any) -> str:
    """Return the id that a column or a link tells, "" for none: a text of blanks tells none."""
    return str((told.get("$id", "") if isinstance(told, dict) else told) or "").strip()
