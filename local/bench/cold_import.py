"""`cold_import`: importing the poller in a fresh interpreter, against the five libraries it is built on in full."""

import json
import sysconfig
from importlib.metadata import version
from typing import Any

from local.bench.child import output
from local.bench.measure import Measure, Part, in_turn
from local.functions import ROOT
from ops.packaging.lock import read_lock

OWN_MS = 30.0
FIVE = ("appwrite", "httpx", "pydantic", "python-dateutil", "tenacity")


def imported(what: str, under: str = "") -> dict[str, Any]:
    """Import in an isolated interpreter; gives its milliseconds and the modules that came, in order."""
    paths = f"{ROOT / 'shared'}:{sysconfig.get_path('purelib')}"
    probe = ROOT / "local" / "bench" / "import_probe.py"
    found: dict[str, Any] = json.loads(output([str(probe), paths, what, under], flags=["-I", "-S"]))
    return found


def measure(quick: bool) -> Measure:
    """Import each in fresh interpreters, in turn; our own time is taken where what we import is there already."""
    modules = imported("poller")["modules"]
    under = ",".join(name for name in modules if name.partition(".")[0] != "raceday")
    works = {
        "poller": lambda: float(imported("poller")["ms"]),
        "own": lambda: float(imported("poller", under)["ms"]),
        "libraries": lambda: float(imported("libraries")["ms"]),
    }
    found = in_turn(works, 5 if quick else 21)
    own = found["own"].median
    return Measure(
        "cold_import",
        found["poller"].median / found["libraries"].median,
        0.35,
        "import of the poller / import of httpx, pydantic, tenacity, dateutil and appwrite",
        {**found, "versions": _versions()},
        {"own_ms": Part(own, OWN_MS)},
    )


def _versions() -> dict[str, str]:
    """Return the libraries' installed versions, with the pinned one beside it where that is another."""
    found = {}
    for pin in read_lock():
        if pin.name in FIVE:
            there = version(pin.name)
            found[pin.name] = there if there == pin.version else f"{there}, pinned {pin.version}"
    return found
