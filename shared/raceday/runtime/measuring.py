"""What a deployed function finds of its own machine: how long its imports and a fixed piece of work take there.

It touches neither feed nor store; `./raceday measure` asks for it with the event `{"measure": true}`.
"""

import hashlib
import json
import subprocess
import sys
import time
from typing import Any

from raceday.call import Call
from raceday.container import Container

# What the processor does in this many rounds is about what thirty polls at one instant need of it.
ROUNDS = 1200
IMPORT_SECS = 20.0
_RUNNERS = range(24)
_SAMPLE = [
    {"name": f"runner {i}", "odds": [i / 7, i / 3], "pool": {"win": i * 1001, "place": i * 77}} for i in range(24)
]
# Prints the milliseconds that importing modules takes in an interpreter that has none of them.
_IMPORT = """
import importlib, sys, time
sys.path[:] = sys.argv[1].split("\\n")
began = time.perf_counter()
for name in sys.argv[2].split(","):
    importlib.import_module(name)
print((time.perf_counter() - began) * 1000)
"""


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Measure and tell; raises BadRequest for another parameter beside `measure`."""
    call.allow("measure")
    wall_ms, cpu_ms = work_ms()
    return {
        "ok": True,
        "work_ms": round(wall_ms, 1),
        "work_cpu_ms": round(cpu_ms, 1),
        "import_ms": import_ms(),
        "modules": len(_loaded()),
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def work_ms() -> tuple[float, float]:
    """Do the fixed piece of work; gives its milliseconds on the wall and of a processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    told = ""
    for _ in range(ROUNDS):
        told = hashlib.sha256(json.dumps([told, json.loads(json.dumps(_SAMPLE))]).encode()).hexdigest()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def import_ms() -> float | None:
    """Return how long a new interpreter needs for what this process has imported of ours; None where none may start."""
    command = [sys.executable, "-c", _IMPORT, "\n".join(sys.path), ",".join(_loaded())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=IMPORT_SECS)  # noqa: S603
        return round(float(done.stdout), 1)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _loaded() -> list[str]:
    return sorted(name for name in sys.modules if name.startswith("raceday.") and name != __name__)
