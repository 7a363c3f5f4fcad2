"""Paths that lead out of a folder, if nobody looks, asked for as they are written."""

from __future__ import annotations

import asyncio

from keyed import Keyed

SECRET = "hayakuchi-secret-marker"
ESCAPES = [
    "../{name}",
    "../../{name}",
    "..%2f{name}",
    "..%2F..%2f{name}",
    "%2e%2e/{name}",
    "%2e%2e%2f{name}",
    "%252e%252e%252f{name}",
    "..\\{name}",
    "..%5c{name}",
    "..%5C..%5c{name}",
    "....//{name}",
    "./../{name}",
    "audio/../../{name}",
    "audio/..%2f..%2f{name}",
    "/{full}",
    "//{full}",
    "%2f{full}",
    "file:{full}",
    "..%00/{name}",
    "{name}%00.js",
    "%00",
    "..;/{name}",
    "..%c0%af{name}",
    "%c0%ae%c0%ae/{name}",
    "link.txt",
    "folder/{name}",
]


async def exchange(server: Keyed, request: bytes, patience_s: float = 10) -> bytes:
    """Everything that is answered until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    try:
        async with asyncio.timeout(patience_s):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def get(server: Keyed, path: bytes) -> bytes:
    return await exchange(server, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
