"""Tiny functions that tell whether the host keeps the real proxy's contract, and those recorded on the real one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from local.host.activation import Activation
from local.host.function import StartPath
from tests.host.test_contract import PATHS, hosted, once, run

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "doctl" / "runtime.jsonl"
EXITED, NO_DICT = "command exited", "The function did not return a dictionary."
# What belongs to the invoker (time and size limits), or to a proxy that stands without one.
NOT_THE_HOSTS = {
    "sleep over the deadline", "result of 1.2 MB", "read stdin", "close stdout", "context attributes",
    "environment", "files in the working folder", "event is null",
}  # fmt: skip
# The recorded functions had this file beside them.
BESIDE = {"data/x.txt": b"1"}
TABLE: dict[str, tuple[str, Any]] = {
    "half a surrogate": ("    return {'x': chr(0xD800)}", EXITED),
    "an error with half a surrogate": ("    raise ValueError(chr(0xDFFF))", EXITED),
    "letters beyond ASCII": ("    return {'x': 'M\u0101ori'}", {"x": "M\u0101ori"}),
    "no time left": (
        "    context.deadline = 1\n    return {'left': context.get_remaining_time_in_millis()}", {"left": 0}
    ),
    "writing to descriptor 3": (
        "    import os\n    os.write(3, b'{\"fake\": 1}\\n')\n    return {'real': 1}", {"fake": 1}
    ),
    "the proxy's variables": (
        "    import os\n    return {k: k in os.environ for k in ('__OW_WAIT_FOR_ACK', '__OW_PROXY_VERSION', 'TZ')}",
        {"__OW_WAIT_FOR_ACK": True, "__OW_PROXY_VERSION": True, "TZ": False},
    ),
    "400 000 letters of two bytes": ("    return {'x': 'a' * 2 + '\u0101' * 400_000}", len),
    "600 000 letters of two bytes": ("    return {'x': '\u0101' * 600_000}", "exceeded the allowed length"),
    "a list": ("    return [1]", NO_DICT),
    "not a number": ("    return {'x': float('nan')}", NO_DICT),
    "a set": ("    return {'x': {1}}", EXITED),
    "an exit": ("    raise SystemExit", EXITED),
    "an exception": ("    raise KeyError('k')", {"error": "'k'"}),
    "nothing": ("    return None", {}),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "meant"), TABLE.values(), ids=TABLE.keys())
def test_a_tiny_function_ends_as_on_the_platform(body: str, meant: Any, path: StartPath) -> None:
    """Results, errors, exits and sizes are those of the real proxy on both start paths."""
    found = once(hosted(f"def main(event, context):\n{body}\n"), path=path)
    if callable(meant):
        assert found.ok
        assert meant(found.result["x"]) == 400_002
    elif isinstance(meant, str):
        assert found.status == Activation.DEVELOPER_ERROR
        assert meant in found.result["error"]
    else:
        assert found.result == meant


def recorded() -> list[dict[str, Any]]:
    """Return the recorded runs that the host is held to, none where they are not here."""
    if not RECORDED.is_file():
        return []
    rows = [json.loads(line) for line in RECORDED.read_text("utf-8").splitlines()]
    return [row for row in rows if row["name"] not in NOT_THE_HOSTS and "zip" not in row["name"]]


@pytest.mark.skipif(not RECORDED.is_file(), reason="no recorded runs beside this checkout (../shared/doctl)")
def test_the_recorded_functions_end_as_they_did_on_the_real_proxy() -> None:
    """Each run of each recorded function ends here with the same result, or dies of the same cause.

    What the proxy says after the death of its process is left out: on the platform a new container takes its place.
    """
    rows = recorded()
    differing = []
    later = 0
    for row in rows:
        function = hosted(row["source"], environment={k: str(v) for k, v in row["env"].items()}, files=BESIDE)
        path = StartPath.LAUNCHER if row["path"] == "launcher" else StartPath.PRELAUNCHER
        ended = asyncio.run(run(function, *row["event"], path=path))
        real, ours = _real(row["real"], 0), _ours(ended[0])
        # A process that dies while it imports tells nothing, which the host says in the words of any death.
        ours = "not started" if (real, ours) == ("not started", EXITED) else ours
        if real != ours:
            differing.append(f"{row['name']} ({row['path']}): real {real!r:.200}, here {ours!r:.200}")
        for number, again in enumerate(ended[1:] if real not in ("not started", EXITED) else [], 1):
            later += 1
            if (real := _real(row["real"], number)) != _ours(again):
                differing.append(f"{row['name']} ({row['path']}), run {number}: real {real!r:.200}, here {again}")
    assert (len(rows) > 60, later > 10, differing) == (True, True, [])


def _real(real: dict[str, Any], number: int) -> Any:
    if real["init"]["status"] != 200:
        return "not started"
    told = real["runs"][number]
    if told["status"] != 200:
        return json.loads(told["body"])["error"].rstrip(".")
    cut = told.get("body_chars")
    return ("chars", cut) if cut else json.loads(told["body"])


def _ours(found: Activation) -> Any:
    if found.status == Activation.DEVELOPER_ERROR:
        error = str(found.result["error"])
        return "not started" if "Cannot start function" in error else error.rstrip(".")
    text = json.dumps(found.result, ensure_ascii=False)
    return ("chars", len(text)) if len(text) > 10_000 else found.result
