"""What the platform answers to a measuring run, read field by field: nothing is judged by what is no figure."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from raceday.errors import RaceDayError

# A kernel may count a processor's time in ticks of 10 ms, and the work takes a tenth of a second or more: so much may
# the processor's clock be ahead of the wall's.
CPU_OVER_WALL = 1.1
_SHOWN = 80


class MeasureFailed(RaceDayError):
    """A deployed function could not be measured."""


@dataclass(frozen=True, slots=True)
class TimedRun:
    """One activation: milliseconds it waited and was initialised (None where warm), and what it measured itself."""

    wait_ms: float
    init_ms: float | None
    work_ms: float
    work_cpu_ms: float
    import_ms: float | None


def timed_run(function: str, record: Any) -> TimedRun:
    """Read an activation's record; raises MeasureFailed naming function and field."""
    fields = _Fields(function)
    top = fields.object(record, "the answer")
    notes = _notes(fields, top)
    response = fields.object(top.get("response"), "response")
    result = fields.object(response.get("result"), "response.result")
    if "work_ms" not in result:
        raise fields.wrong("response.result.work_ms", "what it measured itself; deploy this code first", result)
    run = TimedRun(
        fields.number(notes.get("waitTime"), "annotations.waitTime", _not_negative),
        fields.number(notes["initTime"], "annotations.initTime", _not_negative) if "initTime" in notes else None,
        fields.number(result["work_ms"], "response.result.work_ms", _positive),
        fields.number(result.get("work_cpu_ms"), "response.result.work_cpu_ms", _positive),
        None if (ms := result.get("import_ms")) is None else fields.number(ms, "response.result.import_ms", _positive),
    )
    if run.work_cpu_ms > run.work_ms * CPU_OVER_WALL:
        most = f"hardly more than the {run.work_ms:g} ms of work_ms"
        raise fields.wrong("response.result.work_cpu_ms", most, run.work_cpu_ms)
    return run


def memory_mb(function: str, described: Any) -> int:
    """Read the memory of a function's description; raises MeasureFailed naming function and field."""
    fields = _Fields(function)
    limits = fields.object(fields.object(described, "the answer").get("limits"), "limits")
    memory = limits.get("memory")
    if not isinstance(memory, int) or isinstance(memory, bool) or memory <= 0:
        raise fields.wrong("limits.memory", "a whole number of megabytes above 0", memory)
    return memory


def _notes(fields: "_Fields", record: dict[str, Any]) -> dict[str, Any]:
    listed = record.get("annotations")
    if not isinstance(listed, list):
        raise fields.wrong("annotations", "a list", listed)
    found = [fields.object(note, "annotations") for note in listed]
    return {note["key"]: note["value"] for note in found if isinstance(note.get("key"), str) and "value" in note}


def _positive(value: float) -> str:
    return "" if value > 0 else "a number above 0"


def _not_negative(value: float) -> str:
    return "" if value >= 0 else "a number, 0 or more"


@dataclass(frozen=True, slots=True)
class _Fields:
    """Reads fields of one function's answers."""

    function: str

    def object(self, value: Any, field: str) -> dict[str, Any]:
        """Return a JSON object."""
        if not isinstance(value, dict):
            raise self.wrong(field, "a JSON object", value)
        return value

    def number(self, value: Any, field: str, told: Callable[[float], str]) -> float:
        """Return a finite number of which `told` has nothing to say."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(field, "a number", value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.wrong(field, "a finite number", value)
        if expected := told(number):
            raise self.wrong(field, expected, value)
        return number

    def wrong(self, field: str, expected: str, value: Any) -> MeasureFailed:
        """Return the error of a field."""
        return MeasureFailed(f"{self.function}: {field}: expected {expected}; got {repr(value)[:_SHOWN]}")
