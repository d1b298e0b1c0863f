"""Virtual sockets: bytes between named ends on the loop's own clock, for the real httpx and httpcore to run over."""

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

import anyio
import httpcore

READ_BYTES = 65_536


class Weather(Protocol):
    """What a link between two ends is like at the moment; `number` counts its connections."""

    def latency_secs(self, client: str, host: str) -> float:
        """Return how long bytes take one way."""
        ...

    def clogged_secs(self, client: str, host: str) -> float:
        """Return how long the link passes nothing from now on; what is sent meanwhile arrives afterwards."""
        ...


class SteadyNetwork:
    """A network on which every byte takes the same short time."""

    def latency_secs(self, client: str, host: str) -> float:
        """Return half a millisecond."""
        return 0.0005

    def clogged_secs(self, client: str, host: str) -> float:
        """Return none."""
        return 0.0


class Pipe:
    """One direction of a connection: what was sent arrives in order, each piece after its delay."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._data = bytearray()
        self._sent: deque[bytes | None] = deque()
        self._arrival = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self.ended = self.cut = self.lost = False

    @property
    def readable(self) -> bool:
        """Tell whether a read would return, or raise, at once."""
        return bool(self._data) or self.ended or self.cut

    def send(self, data: bytes | None, delay_secs: float) -> None:
        """Put bytes on their way, None for the end of the stream; those of a lost direction never arrive."""
        if self.lost:
            return
        self._arrival = max(self._arrival, self._loop.time() + delay_secs)
        # Timers of one instant fire in any order: each takes what was sent first.
        self._sent.append(data)
        self._loop.call_at(self._arrival, self._arrive)

    def reset(self) -> None:
        """Cut this direction now: whoever reads learns of it."""
        self.cut = True
        self._wake()

    async def read(self, most: int) -> bytes:
        """Return what is there, b"" at the end; raises ConnectionResetError where the connection was cut."""
        while not self.readable:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self.cut:
            raise ConnectionResetError
        taken = bytes(self._data[:most])
        del self._data[:most]
        return taken

    def _arrive(self) -> None:
        data = self._sent.popleft()
        if data is None:
            self.ended = True
        else:
            self._data += data
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Connection:
    """Two pipes between a client and a host; `serial` tells it from every other of the network."""

    def __init__(self, network: "Network", client: str, host: str, serial: int) -> None:
        self._network, self.client, self.host, self.serial = network, client, host, serial
        self.up, self.down = Pipe(network.loop), Pipe(network.loop)
        self.closed = False

    def send_up(self, data: bytes | None) -> None:
        """Send from the client to the host."""
        self.up.send(data, self._network.delay_secs(self.client, self.host))

    def send_down(self, data: bytes | None) -> None:
        """Send from the host to the client."""
        self.down.send(data, self._network.delay_secs(self.client, self.host))

    def reset(self) -> None:
        """Break the connection for both ends at once."""
        self.up.reset()
        self.down.reset()

    def vanish(self) -> None:
        """Let neither end hear of the other again, nor of its going: a half-open connection."""
        self.up.lost = self.down.lost = True


class Listener(Protocol):
    """What accepts connections to a host."""

    def accept(self, connection: Connection) -> bool:
        """Begin to serve a connection; False refuses it."""
        ...


class Network:
    """Every host and every connection of one simulated world."""

    def __init__(self, loop: asyncio.AbstractEventLoop, weather: Weather | None = None) -> None:
        self.loop, self.weather = loop, weather or SteadyNetwork()
        self.hosts: dict[str, Listener] = {}
        self._serial = 0

    def delay_secs(self, client: str, host: str) -> float:
        """Return how long what is sent now takes to arrive."""
        return self.weather.clogged_secs(client, host) + self.weather.latency_secs(client, host)

    async def connect(self, client: str, host: str) -> Connection:
        """Connect as a client of a name; raises ConnectionRefusedError where nobody listens."""
        await asyncio.sleep(2 * self.delay_secs(client, host))
        self._serial += 1
        connection = Connection(self, client, host, self._serial)
        listener = self.hosts.get(host)
        if listener is None or not listener.accept(connection):
            raise ConnectionRefusedError(f"{host} refuses connections")
        return connection


class VirtualStream(httpcore.AsyncNetworkStream):
    """A client's end of a connection as httpcore uses it; its waits end as those of httpcore's own sockets do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return some bytes, b"" at the end."""
        try:
            with anyio.fail_after(timeout):
                return await self._connection.down.read(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout from None
        except ConnectionResetError as error:
            raise httpcore.ReadError(str(error)) from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes; the network takes any number at once."""
        if not buffer:
            return
        await asyncio.sleep(0)
        if self._connection.down.cut or self._connection.closed:
            raise httpcore.WriteError("the connection was reset")
        self._connection.send_up(buffer)

    async def aclose(self) -> None:
        """Close, so that the host reads an end."""
        if not self._connection.closed:
            self._connection.closed = True
            self._connection.send_up(None)
            self._connection.down.reset()
        await asyncio.sleep(0)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Take a handshake's time; nothing is encrypted here."""
        connection = self._connection
        try:
            with anyio.fail_after(timeout):
                await asyncio.sleep(2 * connection._network.delay_secs(connection.client, connection.host))
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        return self

    def get_extra_info(self, info: str) -> Any:
        """Tell whether an idle connection has something to read, which its end is."""
        return self._connection.down.readable if info == "is_readable" else None


class VirtualBackend(httpcore.AsyncNetworkBackend):
    """httpcore's network for one client of a name."""

    def __init__(self, network: Network, client: str) -> None:
        self._network, self._client = network, client

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect within `timeout`."""
        try:
            with anyio.fail_after(timeout):
                return VirtualStream(await self._network.connect(self._client, host))
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except ConnectionRefusedError as error:
            raise httpcore.ConnectError(str(error)) from None

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(seconds)
