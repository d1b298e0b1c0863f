"""Exported tables hold what is stored, typed, with the same bytes each time; six questions have known answers."""

import asyncio
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.functions import ROOT
from local.simulate.port_store import PortBackend
from local.simulate.taped import simulate_tape
from local.simulate.world import settings_from_env
from local.tape.export import DATABASE, CsvFile, documented, export_day, has_polls, make_database, open_days, path_of
from local.tape.export_tables import TABLES, ExportTable, Field, RaceData
from local.tape.questions import QUESTIONS
from local.tape.reader import Tape
from local.tape.remade import REST, read_ledger
from local.tape.replay import Rows, TapeReplay
from local.tape.spill import WHOLE
from local.tape.steps import ReplayStep
from local.tape.stored import DECIDING
from local.testing.memory_store import MemoryStore
from local.work.export import stored_of_tape
from raceday.clock import instant
from raceday.ledger.codec import from_row
from raceday.racing.records import LedgerRow
from raceday.store.port import Row
from raceday.tables import MONEY_FLOW, NOTIFICATIONS, RACE_POLLS, RACE_RESULTS
from tests.tape.kit import DAY, memory_day, taped_day


def stored() -> tuple[MemoryStore, dict[str, dict[str, Row]]]:
    """Return a store that holds a simulated day, and its tables."""
    return memory_day(1, 3), taped_day(1, 3)[1]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one exported day."""
    folder = tmp_path_factory.mktemp("export")
    asyncio.run(export_day(stored()[0], DAY, folder, "parquet"))
    return folder


def test_tables_hold_what_is_stored(exported: Path) -> None:
    """Counts and sums of every exported table are those of the rows that it is made of, money to the cent."""
    _, tables = stored()
    ledger = [from_row(row) for row in tables[RACE_POLLS].values()]
    with open_days(exported) as days:
        counts = {t.name: days.execute(f"SELECT count(*) FROM {t.name}").fetchall()[0][0] for t in TABLES}
        cents = days.execute("SELECT sum(win_cents), sum(place_cents) FROM runners").fetchall()[0]
        first = days.execute("SELECT min(slot), typeof(min(slot)) FROM polls").fetchall()[0]
    assert counts["polls"] == len(ledger)
    assert counts["runners"] == sum(len(poll.runners) for poll in ledger)
    assert counts["checks"] == sum(len(poll.checks) for poll in ledger)
    assert counts["gaps"] == sum(len(poll.gaps) for poll in ledger)
    assert counts["notifications"] == len(tables[NOTIFICATIONS])
    assert counts["labels"] == sum(row["intervalType"] != "live" for row in tables[MONEY_FLOW].values())
    assert min(counts[name] for name in ("results", "dividends", "closing_prices", "odds")) > 0
    assert cents[0] == sum(line.win_cents or 0 for poll in ledger for line in poll.runners)
    assert cents[1] == sum(line.place_cents or 0 for poll in ledger for line in poll.runners)
    assert first == (min(poll.slot for poll in ledger), "TIMESTAMP WITH TIME ZONE")


def assert_same(one: Path, other: Path, *, but: tuple[str, ...] = ()) -> None:
    """Fail where two exports differ, in other columns of closing prices than those named."""
    for table in TABLES:
        made, known = (pq.read_table(path_of(folder, table.name, DAY, "parquet")) for folder in (one, other))
        if table.name == "closing_prices":
            made, known = (each.drop_columns(list(but)) for each in (made, known))
        assert made.num_rows > 0 or table.name in ("gaps", "notifications")
        assert made.equals(known), table.name


def test_a_tape_and_its_ledger_give_the_same_tables(exported: Path, tmp_path: Path) -> None:
    """What the tape's answers make is exported as what was stored, but for when closing prices were written."""
    tape = Tape.open(taped_day(1, 3)[0])
    ledger = asyncio.run(read_ledger(memory_day(1, 3), tape))
    made = stored_of_tape(tape, ledger)
    asyncio.run(export_day(made, DAY, tmp_path, "parquet"))
    assert_same(tmp_path, exported, but=("last_updated",))
    # A race that is over is on disk, and of the ledger only what finds its answers was read.
    assert [made.memory.tables[table] for table in WHOLE] == [{}] * len(WHOLE)
    assert all("runners" not in row for row in ledger[RACE_POLLS].values() if row["kind"] != "closing")
    made.close()


def test_a_tape_alone_gives_what_an_unbroken_memory_gives(tmp_path: Path) -> None:
    """Lived again race by race on disk, the day is exported as one that stays in memory whole."""
    tape = Tape.open(taped_day(1, 3)[0])
    backend = PortBackend()
    simulate_tape(tape, None, settings=settings_from_env(*DECIDING), into=backend, users=False)
    assert backend.memory is not None
    asyncio.run(export_day(backend.memory, DAY, tmp_path / "whole", "parquet"))
    made = stored_of_tape(tape, None)
    assert len(made.memory.tables[RACE_POLLS]) < 0.7 * len(backend.memory.tables[RACE_POLLS])
    asyncio.run(export_day(made, DAY, tmp_path / "spilled", "parquet"))
    assert_same(tmp_path / "spilled", tmp_path / "whole")
    made.close()


def test_the_same_rows_give_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    """A second export of the same day is the same, byte for byte, as Parquet and as CSV."""
    asyncio.run(export_day(stored()[0], DAY, tmp_path, "parquet"))
    for folder in ("once", "again"):
        asyncio.run(export_day(stored()[0], DAY, tmp_path / folder, "csv"))
    for table in TABLES:
        assert (
            path_of(exported, table.name, DAY, "parquet").read_bytes()
            == path_of(tmp_path, table.name, DAY, "parquet").read_bytes()
        )
        assert (
            path_of(tmp_path / "again", table.name, DAY, "csv").read_bytes()
            == path_of(tmp_path / "once", table.name, DAY, "csv").read_bytes()
        )


def test_csv_and_duckdb_hold_the_same_rows(exported: Path, tmp_path: Path) -> None:
    """CSV has the rows of Parquet in their order, and the DuckDB file each table with its columns' sentences."""
    asyncio.run(export_day(stored()[0], DAY, tmp_path, "csv"))
    for table in TABLES:
        rows = pq.read_table(path_of(exported, table.name, DAY, "parquet"), partitioning=None).to_pylist()
        with path_of(tmp_path, table.name, DAY, "csv").open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == len(rows)
        assert [line["race_id"] for line in lines] == [row["race_id"] for row in rows]
    assert make_database(exported).name == DATABASE
    with duckdb.connect(str(exported / DATABASE), read_only=True) as base:
        comments = base.execute("SELECT count(*) FROM duckdb_columns() WHERE comment IS NOT NULL").fetchall()[0][0]
        polls = base.execute("SELECT count(*) FROM polls").fetchall()[0][0]
    assert comments == sum(len(table.fields) for table in TABLES)
    assert polls == len(stored()[1][RACE_POLLS])


NAMES = ExportTable("t", "", (Field("name", "text", ""), Field("no", "int", "")), lambda race: iter(()))


class NoRaces:
    """A store from which all is pruned."""

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Find nothing."""
        return []


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_day_whose_polls_are_pruned_keeps_the_files_of_before(tmp_path: Path, kind: str) -> None:
    """An export over many days replaces none by what is left of it; a day that never had polls is empty."""
    asyncio.run(export_day(stored()[0], DAY, tmp_path, kind))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert asyncio.run(export_day(NoRaces(), DAY, tmp_path, kind))["polls"] == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    asyncio.run(export_day(NoRaces(), DAY + timedelta(days=1), tmp_path, kind))
    assert not has_polls(tmp_path, DAY + timedelta(days=1), kind)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1))
def test_a_csv_reads_as_it_was_written(names: list[str]) -> None:
    """Commas, quotes, line breaks of any kind and a leading = come back as they were."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        file = CsvFile(path, NAMES)
        file.add([{"name": name, "no": i} for i, name in enumerate(names)])
        file.close()
        with path.open(newline="", encoding="utf-8") as lines:
            assert [row["name"] for row in csv.DictReader(lines)] == names
        assert path.read_bytes().startswith(b"name,no\n")


def test_a_carriage_return_alone_ends_no_line_of_a_csv(tmp_path: Path) -> None:
    """It is quoted as a line feed is: DuckDB, whose lines may end in either, reads one row."""
    file = CsvFile(tmp_path / "t.csv", NAMES)
    file.add([{"name": "a\rb", "no": 1}])
    file.close()
    assert (tmp_path / "t.csv").read_bytes() == b'name,no\n"a\rb",1\n'


def test_the_worked_questions_answer_as_the_rows_do(exported: Path) -> None:
    """Each of the six questions of docs/export.md gives the answer that plain Python finds in the stored rows."""
    _, tables = stored()
    races: dict[str, list[LedgerRow]] = {}
    for row in sorted(tables[RACE_POLLS].values(), key=lambda r: r["n"]):
        races.setdefault(row["raceId"], []).append(from_row(row))
    with open_days(exported) as days:
        answers = {name: days.execute(sql).fetchall() for name, (_, sql) in QUESTIONS.items()}
    causes = Counter(gap.cause for polls in races.values() for poll in polls for gap in poll.gaps)
    assert answers["gaps_by_cause"] == sorted(causes.items(), key=lambda item: (-item[1], item[0]))
    scores: dict[str, list[int]] = {}
    for polls in races.values():
        for poll in polls:
            if poll.score is not None:
                scores.setdefault(poll.race.meeting_name, []).append(poll.score)
    assert answers["quality_by_meeting"] == sorted(
        ((name, len(each), round(sum(each) / len(each), 2)) for name, each in scores.items()),
        key=lambda item: (item[2], item[0]),
    )
    last = {
        race_id: sum(r["incrementalWinAmount"] for r in tables[MONEY_FLOW].values()
                     if r["raceId"] == race_id and r["timeInterval"] == 0 and r["intervalType"] != "live")
        for race_id in races
    }  # fmt: skip
    found = dict(answers["money_in_the_last_minute"])
    assert found == {race_id: cents for race_id, cents in last.items() if race_id in found}
    assert sum(found.values()) == sum(last.values()) > 0
    winners = {
        (race_id, p["entrant_id"])
        for race_id, row in tables[RACE_RESULTS].items()
        for p in json.loads(row["resultsData"])
        if p["position"] == 1
    }
    steamers = {(r["raceId"], r["entrantId"]) for r in tables[NOTIFICATIONS].values() if r["type"] == "odds"}
    assert answers["steamers_that_won"] == [(len(steamers), len(steamers & winners))]
    assert all(row[1] >= 1 and row[2] >= 1 for row in answers["final_drift_of_favourites"])
    assert len(answers["final_drift_of_favourites"]) == len(races)
    at_jump = [p for polls in races.values() for p in polls if p.status.value == "Open" and p.slot <= p.start]
    assert len(answers["tote_against_fixed"]) == len({p.race_id for p in at_jump})


def test_the_page_shows_every_column_and_question() -> None:
    """docs/export.md has every exported column as declared and each question as it is asked here."""
    page = (ROOT / "docs" / "export.md").read_text()
    assert documented().rstrip() in page
    assert all(sql.strip() in page and text in page for text, sql in QUESTIONS.values())


class Counted(dict[str, Any]):
    """A row that is counted while anybody holds it."""

    alive = most = 0

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(row)
        Counted.alive += 1
        Counted.most = max(Counted.most, Counted.alive)

    def __del__(self) -> None:
        """Count it out."""
        Counted.alive -= 1


def test_no_more_rows_are_held_than_one_race_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many races a day has, its rows wait as columns: at once there are those of one race and table."""
    sizes: dict[tuple[str, str], int] = Counter()

    def counted(table: ExportTable) -> ExportTable:
        def rows(data: RaceData) -> Iterator[dict[str, Any]]:
            for row in table.rows(data):
                sizes[table.name, data.race["$id"]] += 1
                yield Counted(row)

        return table._replace(rows=rows)

    monkeypatch.setattr("local.tape.export.TABLES", [counted(table) for table in TABLES])
    Counted.alive = Counted.most = 0
    counts = asyncio.run(export_day(stored()[0], DAY, tmp_path, "parquet"))
    assert sum(counts.values()) == sum(sizes.values()) > 2 * Counted.most
    assert Counted.most <= 2 * max(sizes.values())
    assert Counted.alive == 0


def test_a_race_that_is_let_be_has_no_row_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a day is made again of its tape, ledger and timeline in memory are those of races that are being polled."""
    tape = Tape.open(taped_day(1, 3)[0])
    ledger = asyncio.run(read_ledger(memory_day(1, 3), tape))
    held: list[int] = []
    real = TapeReplay.do

    async def do(replay: TapeReplay, step: ReplayStep) -> None:
        await real(replay, step)
        if step.row is not None:
            polled = {row["raceId"] for table in WHOLE for row in replay.store.tables[table].values() if row.get("n")}
            races = polled - {step.row["raceId"]}
            resting = [race for race in races if abs(next_poll(ledger, race, step.at) - step.at) > 2 * REST]
            held.append(len(races))
            assert resting == []

    monkeypatch.setattr(TapeReplay, "do", do)
    made = stored_of_tape(tape, ledger)
    assert len(held) == len(ledger[RACE_POLLS])
    made.close()


def next_poll(ledger: Rows, race_id: str, after: datetime) -> datetime:
    """Return the instant of a race's first poll after an instant, far off where none follows."""
    polls = (instant(row["fetchedAt"]) for row in ledger[RACE_POLLS].values() if row["raceId"] == race_id)
    return min((at for at in polls if at >= after), default=datetime.max.replace(tzinfo=UTC))
