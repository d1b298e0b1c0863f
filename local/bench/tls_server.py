"""`python -m local.bench.tls_server CERT KEY`: one fixed row over HTTPS and kept connections, at next to no cost."""

import asyncio
import json
import ssl
import sys

ROW_ID = "3f1c2a90-5a35-4c11-9a76-0f2f9f6f0c11"
_ROW = {
    "$id": ROW_ID,
    "$sequence": "7",
    "$tableId": "races",
    "$databaseId": "raceday-db",
    "$createdAt": "2026-02-14T00:00:00.000+00:00",
    "$updatedAt": "2026-02-14T00:00:00.000+00:00",
    "$permissions": [],
    "raceId": ROW_ID,
    "name": "Bench Stakes",
    "raceNumber": 5,
    "status": "Open",
    "startTime": "2026-02-14T03:30:00.000+00:00",
}
_BODY = json.dumps(_ROW).encode()
_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + str(len(_BODY)).encode() + b"\r\n\r\n"
)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_ANSWER + _BODY)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(cert: str, key: str) -> None:
    """Serve on a free port of loopback, which is written to standard output, until stopped."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
