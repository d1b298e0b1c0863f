"""One container: a clean interpreter process that runs one activation at a time."""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.host.activation import Activation
from local.host.function import HostedFunction, StartPath, base_interpreter
from local.host.logs import LogReader
from raceday.catalogue.platform import MAX_PAYLOAD_BYTES

RUNNER = Path(__file__).with_name("runner.py")
_LINE_LIMIT = 64 * 1024 * 1024
_WATCH_SECS = 0.02


class ContainerDied(Exception):
    """The process ended, or was ended, in the middle of an activation; the text is the platform's."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Where a container runs, as its functions see it in `__OW_*`."""

    namespace: str
    api_host: str


class HostContainer:
    """A process with one function's code; `start` first, then `run` as often as wanted, then `close`.

    `load_ms` is the cold start proper: unpacking and importing, in a process that stood ready.
    """

    def __init__(
        self,
        function: HostedFunction,
        identity: Identity,
        path: StartPath = StartPath.PRELAUNCHER,
        interpreter: str = "",
    ) -> None:
        self._function = function
        self._identity = identity
        self._path = path
        self._interpreter = interpreter or base_interpreter()
        self._folder = Path(tempfile.mkdtemp(prefix="raceday-host-"))
        self._process: asyncio.subprocess.Process | None = None
        self._results: asyncio.StreamReader | None = None
        self._logs: list[LogReader] = []
        self._transport: asyncio.ReadTransport | None = None
        self.usable = False
        self.peak_memory_mb = 0.0
        self.load_ms = 0.0

    async def start(self, activation: Activation) -> bool:
        """Spawn, unpack and import within the time limit; a failure is written on `activation` and gives False."""
        began = time.monotonic()
        # The platform keeps processes ready: the time limit begins when the code is sent to one.
        await self._spawn()
        try:
            async with asyncio.timeout(self._function.limits.timeout_ms / 1000):
                await self._receive()
                # Packing the code into a line is this host's work, which no process there waits for.
                line = _line({"value": self._init_value()})
                sent = time.monotonic()
                await self._write(line)
                reply = await self._receive()
                self.load_ms = (time.monotonic() - sent) * 1000
        except TimeoutError:
            return await self._end(activation, self._over_time())
        except ContainerDied as error:
            return await self._end(activation, str(error))
        finally:
            activation.init_ms = round((time.monotonic() - began) * 1000)
        activation.logs += await self._take_logs()
        if reply.get("ok") is not True:
            self._fail(activation, str(reply.get("error")))
            return False
        self.usable = self._within_memory(activation)
        return self.usable

    async def run(self, event: dict[str, Any], activation: Activation) -> None:
        """Run one activation and write its outcome on it; a container that broke is not `usable` afterwards."""
        left_secs = (activation.start_ms + activation.timeout_ms) / 1000 - time.time()
        watcher = asyncio.create_task(self._watch_memory())
        try:
            async with asyncio.timeout(left_secs):
                await self._send({"value": event, **self._request(activation)})
                result = await self._receive()
        except TimeoutError:
            await self._end(activation, self._over_time())
            return
        except ContainerDied as error:
            await self._end(activation, str(error))
            return
        finally:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
        activation.logs += await self._take_logs()
        if self._within_memory(activation):
            self._judge(result, activation)

    async def close(self) -> None:
        """End the process and remove its folder."""
        self.usable = False
        if self._process is not None:
            self._kill()
            await self._process.wait()
            for reader in self._logs:
                await reader.close()
        if self._transport is not None:
            self._transport.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, True)

    async def _spawn(self) -> None:
        read_end, write_end = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                self._interpreter,
                "-I",
                "-S",
                str(RUNNER),
                str(write_end),
                str(self._path),
                *self._function.preinstalled,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._folder,
                env=self._spawn_env(),
                pass_fds=(write_end,),
                limit=_LINE_LIMIT,
            )
        finally:
            os.close(write_end)
        loop = asyncio.get_running_loop()
        self._results = asyncio.StreamReader(limit=_LINE_LIMIT)
        protocol = asyncio.StreamReaderProtocol(self._results)
        self._transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(read_end, "rb"))
        process = self._process
        if process.stdout is None or process.stderr is None:
            raise ContainerDied("the process has no output")
        self._logs = [
            LogReader("stdout", process.stdout, self._function.limits.logs_kb),
            LogReader("stderr", process.stderr, self._function.limits.logs_kb),
        ]

    def _spawn_env(self) -> dict[str, str]:
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self._folder), "LC_CTYPE": "C.UTF-8"}
        env |= {"__OW_WAIT_FOR_ACK": "1", "__OW_PROXY_VERSION": "1"}
        # No zone files from the machine either: the platform's slim images may have none.
        env["PYTHONTZPATH"] = ""
        if self._path is StartPath.LAUNCHER:
            env["LOG_DESTINATIONS"] = "[]"
        return env

    def _init_value(self) -> dict[str, Any]:
        return {
            "name": self._function.name,
            "main": "main",
            "code": base64.b64encode(self._function.archive).decode(),
            "binary": True,
            "env": dict(self._function.environment),
        }

    def _request(self, activation: Activation) -> dict[str, Any]:
        return {
            "action_name": f"/{self._identity.namespace}/{self._function.full_name}",
            "action_version": "0.0.1",
            "activation_id": activation.activation_id,
            "transaction_id": activation.activation_id,
            "deadline": str(activation.start_ms + activation.timeout_ms),
            "api_host": self._identity.api_host,
            "namespace": self._identity.namespace,
        }

    async def _send(self, message: dict[str, Any]) -> None:
        await self._write(_line(message))

    async def _write(self, line: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            raise ContainerDied("the container was not started")
        try:
            self._process.stdin.write(line)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise ContainerDied(self._exit_text()) from None

    async def _receive(self) -> Any:
        if self._results is None:
            raise ContainerDied("the container was not started")
        line = await self._results.readline()
        if not line:
            raise ContainerDied(self._exit_text())
        if len(line) > MAX_PAYLOAD_BYTES + 1:
            raise ContainerDied(
                f"The function produced a response that exceeded the allowed length: {len(line)} > {MAX_PAYLOAD_BYTES}"
            )
        try:
            return json.loads(line, parse_constant=_no_constant)
        except ValueError:
            return None

    def _exit_text(self) -> str:
        if self.peak_memory_mb > self._function.limits.memory_mb:
            return self._over_memory()
        return "command exited"

    def _over_memory(self) -> str:
        return f"The function exhausted its memory of {self._function.limits.memory_mb} MB and was ended."

    def _over_time(self) -> str:
        return f"The function exceeded its time limit of {self._function.limits.timeout_ms} milliseconds."

    def _judge(self, result: Any, activation: Activation) -> None:
        if not isinstance(result, dict):
            self._fail(activation, "The function did not return a dictionary.")
            return
        activation.result = result
        activation.status = Activation.APPLICATION_ERROR if "error" in result else Activation.SUCCESS

    async def _end(self, activation: Activation, text: str) -> bool:
        """Kill the process, then keep what it had logged until then."""
        self._fail(activation, text)
        activation.logs += await self._take_logs()
        return False

    def _fail(self, activation: Activation, text: str) -> None:
        self.usable = False
        self._kill()
        activation.status, activation.result = Activation.DEVELOPER_ERROR, {"error": text}

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _take_logs(self) -> list[str]:
        return [line for reader in self._logs for line in await reader.take()]

    async def _watch_memory(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECS)
            if self._measure() > self._function.limits.memory_mb:
                self._kill()

    def _within_memory(self, activation: Activation) -> bool:
        activation.peak_memory_mb = self._measure()
        if self.peak_memory_mb <= self._function.limits.memory_mb:
            return True
        self._fail(activation, self._over_memory())
        return False

    def _measure(self) -> float:
        """Read the process's highest resident memory so far; where the machine cannot say, 0."""
        if self._process is None:
            return 0.0
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{self._process.pid}/status").read_text("ascii", "replace")
            kb = next((line.split()[1] for line in text.splitlines() if line.startswith("VmHWM")), "0")
            self.peak_memory_mb = max(self.peak_memory_mb, int(kb) / 1024)
        return self.peak_memory_mb


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
