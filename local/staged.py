"""The staged functions of a local world: booted by the platform's contract, with store and feed over loopback."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn

from local.embedded.http import make_server as make_store_server
from local.feedsim import FeedTransport
from local.feedsim.http import make_server as make_feed_server
from local.host.activation import Activation
from local.host.namespace import Namespace
from local.host.server import HostServer
from local.host.suite import hosted_functions
from local.serving import url_of
from local.world import EVENT_URLS, LocalWorld
from raceday.ids import SystemRandomSource
from raceday.settings import Settings, specs

NAMESPACE = "fn-local"


@asynccontextmanager
async def staged(world: LocalWorld) -> AsyncIterator[Namespace]:
    """Stage every function, and let the world's activations and webhooks run in them.

    The functions read the machine's clock, whatever the world's is. Raises PackagingError where staging fails.
    """
    key = f"dof_v1_local:{SystemRandomSource().token()}"
    namespace = Namespace([], name=NAMESPACE)
    async with HostServer(namespace, key) as host, listening(world) as settings:
        world.settings = _placed(settings, host.url, key, embedded=world.embedded is not None)
        env = {**environment(world.settings), "RACEDAY_WEB_SECRET": SystemRandomSource().token()}
        hosted = await asyncio.to_thread(hosted_functions, env, staged=True)
        namespace.functions.update({function.full_name: function for function in hosted})
        world.remote = _Remote(namespace).run
        try:
            yield namespace
        finally:
            # Functions first: they still ask store and feed.
            world.remote = None
            await namespace.close()


class _Remote:
    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace

    async def run(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        activation = await self._namespace.invoke(f"raceday/{name}", event)
        if activation.status == Activation.DEVELOPER_ERROR:
            return {"error": {"kind": "platform", "message": f"{name}: {activation.result['error']}"}}
        return dict(activation.result)


def _placed(settings: Settings, host: str, key: str, *, embedded: bool) -> Settings:
    web = f"{host}/api/v1/web/{NAMESPACE}/raceday"
    # A real Appwrite signs for the URLs that it was told; the embedded store's own are this machine's.
    told = {setting: "" if embedded else getattr(settings, setting) for setting in EVENT_URLS.values()}
    urls: dict[str, Any] = {setting: told[setting] or f"{web}/{name}" for name, setting in EVENT_URLS.items()}
    return dataclasses.replace(
        settings, platform_host=host, platform_namespace=NAMESPACE, platform_key=key, platform_package="raceday", **urls
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return settings as the variables that they are read from."""
    return {spec.env: _text(value) for name, spec in specs().items() if (value := getattr(settings, name)) != ""}


def _text(value: Any) -> str:
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


@asynccontextmanager
async def listening(world: LocalWorld) -> AsyncIterator[Settings]:
    """Serve the world's own store and feed on loopback; gives the settings that reach them there."""
    settings, servers = world.settings, []
    if world.embedded is not None:
        store = make_store_server(world.embedded)
        servers.append(store)
    if isinstance(world.feed_transport, FeedTransport):
        feed = make_feed_server(world.feed_transport.feed, world.clock.now)
        servers.append(feed)
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    try:
        await _started(servers)
        if world.embedded is not None:
            settings = dataclasses.replace(settings, store_endpoint=f"{url_of(store)}/v1")
        if isinstance(world.feed_transport, FeedTransport):
            path = httpx.URL(settings.feed_url).path
            settings = dataclasses.replace(settings, feed_url=f"{url_of(feed)}{path}")
        yield settings
    finally:
        for server in servers:
            server.should_exit = server.force_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)


async def _started(servers: list[uvicorn.Server]) -> None:
    while not all(server.started for server in servers):  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.02)
