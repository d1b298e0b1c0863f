"""One container's process: takes the code, then one activation after another.

It runs by path in an interpreter that has none of our packages, so it imports the standard library only. Results go
to the file descriptor given as first argument, requests come on stdin, logs go to stdout and stderr.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import time
import traceback
import zipfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

SENTINEL = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"


# Results go to this descriptor, where a function's own writing can reach them, as on the platform.
RESULTS = 3


class RunnerContext:
    """What the platform hands to `main` beside the event."""

    def __init__(self, env: dict[str, str]) -> None:
        self.function_name = env["__OW_ACTION_NAME"]
        self.function_version = env["__OW_ACTION_VERSION"]
        self.activation_id = env["__OW_ACTIVATION_ID"]
        self.request_id = env["__OW_TRANSACTION_ID"]
        self.deadline = int(env["__OW_DEADLINE"])
        self.api_host = env["__OW_API_HOST"]
        self.api_key = env.get("__OW_API_KEY", "")
        self.namespace = env["__OW_NAMESPACE"]

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the platform ends this activation, 0 when they are over."""
        return max(0, self.deadline - int(time.time() * 1000))


def answer(out: TextIO, value: Any) -> None:
    """Write one result line; a value that is no JSON ends the process, as on the platform."""
    # Letters go out as UTF-8, so half of a surrogate pair ends the process too.
    text = json.dumps(value, ensure_ascii=False)
    out.write(text + "\n")
    out.flush()


def end_logs() -> None:
    """Mark the end of an activation's logs on both streams."""
    for stream in (sys.stdout, sys.stderr):
        stream.write(SENTINEL + "\n")
        stream.flush()


def set_env(values: dict[str, Any]) -> None:
    """Put values into the environment, everything but text as JSON."""
    for key, value in values.items():
        os.environ[key] = value if isinstance(value, str) else json.dumps(value)


def load(value: dict[str, Any], launcher: bool) -> Callable[..., Any]:
    """Unpack and import a function; gives its `main`, raises whatever importing raises."""
    set_env(value.get("env") or {})
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(value["code"]))) as archive:
        archive.extractall(".")
    os.rename("__main__.py", "main__.py")
    if os.path.isdir("virtualenv"):
        activate = os.path.join("virtualenv", "bin", "activate_this.py")
        if not os.path.exists(activate):
            raise RuntimeError("Invalid virtualenv: Zip file does not include 'activate_this.py'.")
        with open(activate) as file:
            exec(compile(file.read(), activate, "exec"), {"__file__": os.path.abspath(activate)})
    elif launcher and os.path.exists("requirements.txt"):
        raise RuntimeError("requirements.txt without virtualenv/: the platform would run pip at every cold start")
    if launcher:
        sys.path.insert(0, os.getcwd())
    else:
        sys.path.append(os.getcwd())
    module = __import__("main__")
    found: Callable[..., Any] = getattr(module, value.get("main") or "main")
    return found


def call(main: Callable[..., Any], event: dict[str, Any], env: dict[str, str]) -> Any:
    """Call `main` with as many of event and context as its code object counts."""
    count = main.__code__.co_argcount
    if count == 0:
        return main()
    if count == 1:
        return main(event)
    return main(event, RunnerContext(env))


def serve(main: Callable[..., Any], out: TextIO) -> None:
    """Run activations until stdin ends."""
    while line := sys.stdin.readline():
        request = json.loads(line)
        env = {f"__OW_{key.upper()}": value for key, value in request.items() if key != "value"}
        set_env(env)
        try:
            result = call(main, request.get("value") or {}, {k: str(v) for k, v in env.items()}) or {}
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            result = {"error": str(error)}
        answer(out, result)
        end_logs()


def start() -> None:
    """Boot by the start path named in argv and serve."""
    results = int(sys.argv[1])
    if results != RESULTS:
        os.dup2(results, RESULTS)
        os.close(results)
    out = os.fdopen(RESULTS, "w", encoding="utf-8")
    launcher = sys.argv[2] == "launcher"
    sys.path[:0] = sys.argv[3:]
    answer(out, {"ok": True})
    line = sys.stdin.readline()
    if not line:
        return
    try:
        main = load(json.loads(line)["value"], launcher)
    except BaseException as error:
        sys.stderr.write(f"Invalid function: {error}\n")
        traceback.print_exc(file=sys.stderr)
        answer(out, {"error": "Cannot start function. Check logs for details."})
        end_logs()
        return
    answer(out, {"ok": True})
    end_logs()
    serve(main, out)


start()
