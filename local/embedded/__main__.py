"""`python -m local.embedded`: the embedded server as a process of its own, on loopback."""

import argparse
import asyncio
import os
from pathlib import Path

import uvicorn

from local.embedded.bootstrap import bootstrap
from local.embedded.hooks import WebhookWorker
from local.embedded.http import LOOPBACK, make_server, new_key
from local.embedded.posting import post_delivery
from local.embedded.server import Embedded


async def serve(server: Embedded, port: int) -> None:
    """Answer, and deliver webhooks beside, until stopped."""
    worker = asyncio.create_task(WebhookWorker(server.hooks, post_delivery).run())
    serving = make_server(server, port=port)
    telling = asyncio.create_task(_tell(serving, server.project_id))
    try:
        await serving.serve()
    finally:
        for task in (worker, telling):
            task.cancel()
        await asyncio.gather(worker, telling, return_exceptions=True)


async def _tell(serving: uvicorn.Server, project: str) -> None:
    """Say where it listens once it does: a port of 0 is known only then."""
    while not serving.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.02)
    port = serving.servers[0].sockets[0].getsockname()[1]
    print(f"listening on http://{LOOPBACK}:{port}/v1, project {project}; Ctrl-C stops it", flush=True)


def main() -> None:
    """Serve a file until stopped."""
    parser = argparse.ArgumentParser(prog="python -m local.embedded", description=__doc__)
    parser.add_argument("--path", type=Path, default=Path(".raceday/embedded.db"), help="file of the store")
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    parser.add_argument("--key-file", type=Path, help="where the random API key is written, mode 0600")
    parser.add_argument("--key", help="an API key instead of a random one")
    parser.add_argument("--loopback-webhooks", action="store_true", help="let webhooks go to this machine")
    args = parser.parse_args()
    server = Embedded(args.path, api_key=args.key or new_key(), loopback_hooks=args.loopback_webhooks)
    if not server.catalog.databases:
        bootstrap(server)
    if args.key_file:
        with os.fdopen(os.open(args.key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(server.api_key)
    try:
        asyncio.run(serve(server, args.port))
    except KeyboardInterrupt:
        # Ctrl-C is how it is stopped.
        return
    except SystemExit:
        # uvicorn says why it could not bind, and ends.
        parser.error(f"port {args.port}: cannot be used; 0 takes any free one")


if __name__ == "__main__":
    main()
