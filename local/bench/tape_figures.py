"""`./raceday bench --tape TAPE`: what a tape costs and what it is good for, measured on that tape."""

import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from local.simulate.lived import lived
from local.tape.export import export_day, open_days, path_of
from local.tape.export_tables import TABLES
from local.tape.made_lists import MadeLists
from local.tape.questions import QUESTIONS
from local.tape.reader import Tape
from local.tape.remade import replayed
from local.tape.replay import Rows
from local.tape.spill import SpilledStore
from local.tape.writer import TapeWriter
from local.taped_ledger import ledger_at
from raceday.feed.taping import Answer

DAYS = 30
MOST_BYTES_A_POLL, MOST_MS_A_POLL, MOST_QUERY_SECS = 3000, 2.0, 2.0
RUNS = 3


@dataclass(frozen=True, slots=True)
class TapeFigure:
    """One line of the table; `goal` is the most that the value may be, None where there is none."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    about: str = ""

    @property
    def met(self) -> bool:
        """Tell whether the goal is met."""
        return self.goal is None or self.value <= self.goal

    def __str__(self) -> str:
        """Return it as a line of a table for people."""
        goal = "" if self.goal is None else f" (at most {self.goal:,g}{'' if self.met else ': MISSED'})"
        return f"{self.name:<34} {self.value:>14,.2f} {self.unit}{goal}  {self.about}".rstrip()


def measure_tape(tape: Tape, store: str = "", told: Callable[[str], None] = lambda line: None) -> list[TapeFigure]:
    """Measure one tape, replayed at the slots of the ledger in `store` where one is given; ValueError without a day."""
    return measured(tape, asyncio.run(ledger_at(store, tape)) if store else None, told)


def measured(tape: Tape, ledger: Rows | None, told: Callable[[str], None] = lambda line: None) -> list[TapeFigure]:
    """Measure one tape, replayed with a ledger or without; raises ValueError where it is of no one day."""
    days = MadeLists(tape).days()
    if len(days) != 1:
        raise ValueError(f"expected a tape of one race day, got {len(days)}")
    told("packing")
    found = [*_sizes(tape), *_packing(tape)]
    told("replaying")
    figure, made = _replay(tape, ledger)
    told("exporting")
    with tempfile.TemporaryDirectory(prefix="raceday-bench-") as place:
        found += [figure, *_export(made, days[0], Path(place))]
        told("asking")
        found += _queries(days[0], Path(place))
    return found


def _sizes(tape: Tape) -> list[TapeFigure]:
    size = sum(part.stat().st_size for part in tape.paths)
    unpacked = sum(len(body) for _, body in tape.bodies())
    answers, races = len(tape.entries), len(tape.race_ids)
    return [
        TapeFigure("races", races, "", about=f"{answers:,} answers"),
        TapeFigure("tape", size / 1e6, "MB", about=f"{unpacked / 1e6:,.1f} MB unpacked"),
        TapeFigure("a poll on the tape", size / answers, "bytes", MOST_BYTES_A_POLL, f"of {unpacked / answers:,.0f}"),
    ]


def _packing(tape: Tape) -> list[TapeFigure]:
    """Write every answer to a new tape; processor time, for the machine may have other work."""
    spent = 0.0
    with tempfile.TemporaryDirectory(prefix="raceday-bench-") as place:
        writer = TapeWriter.create(Path(place) / "again.tape")
        for e in tape.entries:
            answer = Answer(e.url, e.sent, e.received, e.status, {}, tape.body(e), e.error)
            began = time.process_time()
            writer.answer(answer)
            spent += time.process_time() - began
        writer.close()
    return [
        TapeFigure(
            "packing and writing a poll", spent * 1000 / len(tape.entries), "ms", MOST_MS_A_POLL, "processor time"
        )
    ]


def _replay(tape: Tape, ledger: Rows | None) -> tuple[TapeFigure, SpilledStore]:
    """Return simulated seconds for each second of the wall, and what the replay made."""
    simulated = (tape.entries[-1].received - tape.entries[0].received).total_seconds()
    began, worked = time.perf_counter(), time.process_time()
    made = lived(tape) if ledger is None else replayed(tape, ledger)[0]
    spent, worked = time.perf_counter() - began, time.process_time() - worked
    way = "at the ledger's slots" if ledger is not None else "at the schedule's slots"
    about = f"{spent:,.1f} s, {worked:,.1f} s of a processor, {way}"
    return TapeFigure("replay", simulated / spent, "x real time", about=about), made


def _export(made: SpilledStore, day: date, folder: Path) -> list[TapeFigure]:
    counts = asyncio.run(export_day(made, day, folder, "parquet"))
    made.close()
    size = sum(path_of(folder, table.name, day, "parquet").stat().st_size for table in TABLES)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        TapeFigure("the day as Parquet", size / 1e6, "MB", about=f"{sum(counts.values()):,} rows of ten tables"),
        TapeFigure("memory at the most", peak_mb, "MB", about="of the whole process, replay and export included"),
    ]


def _queries(day: date, folder: Path) -> list[TapeFigure]:
    """Ask the six questions over so many such days: the same files under other dates."""
    for table in TABLES:
        path = path_of(folder, table.name, day, "parquet")
        for i in range(1, DAYS):
            other = path_of(folder, table.name, day + timedelta(days=i), "parquet")
            other.parent.mkdir(parents=True)
            other.hardlink_to(path)
    secs: dict[str, float] = {}
    with open_days(folder) as connection:
        polls = connection.execute("SELECT count(*) FROM polls").fetchall()[0][0]
        for name, (_, sql) in QUESTIONS.items():
            each = []
            for _ in range(RUNS):
                began = time.perf_counter()
                connection.execute(sql).fetchall()
                each.append(time.perf_counter() - began)
            secs[name] = statistics.median(each)
    slowest = max(secs, key=lambda name: secs[name])
    about = f"{slowest}, the slowest of six; {polls:,} polls"
    return [TapeFigure(f"a question over {DAYS} such days", secs[slowest], "s", MOST_QUERY_SECS, about)]
