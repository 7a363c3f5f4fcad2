"""Pairs of Host and Origin that pages of other sites send, and requests as they are written."""

from __future__ import annotations

import asyncio

from keyed import Keyed, asking, bearing

OVERLAY = "https://overlay.example"
HOSTILE = [
    ("{us}", "https://evil.example"),
    ("{us}", "null"),
    ("{us}", "file://"),
    ("{us}", "http://127.0.0.1:1"),
    ("{us}", "http://{us}.evil.example"),
    ("{us}", "http://evil.example#{us}"),
    ("{us}", "https://overlay.example.evil.example"),
    ("{us}", "https://overlay.example@evil.example"),
    ("evil.example", None),
    ("evil.example:{port}", "http://evil.example:{port}"),
    ("{us}.nip.example", "http://{us}.nip.example"),
    ("user@{us}", "http://{us}"),
]


async def status_of(server: Keyed, request: str, headers: dict[str, str]) -> int:
    """Of a request as it is written, nothing added and nothing mended."""
    lines = [f"{request} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write("\r\n".join(lines).encode())
    try:
        async with asyncio.timeout(10):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()


def headers_for(server: Keyed, host: str, origin: str | None, token: str) -> dict[str, str]:
    us = f"127.0.0.1:{server.port}"
    headers = {"Host": host.format(us=us, port=server.port), **bearing(token)}
    return headers | ({"Origin": origin.format(us=us, port=server.port)} if origin is not None else {})


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def preflight(server: Keyed, origin: str, path: str = "/metrics/reset") -> tuple[int, dict[str, str]]:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with asking() as client, client.options(server.url + path, headers=asked) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}
