"""A model hub on an ephemeral port of this machine, which answers as Hugging Face does and breaks off where a test says so."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass
class FakeHub:
    """Serves ``files`` as repository ``owner/name``; those in ``large`` are stored elsewhere, with digests, as LFS files are.

    ``cut`` says after how many bytes the answer to the nth request (from 0) for a file is broken off, or None. ``stall`` makes
    it say nothing more instead. ``refuse`` gives a status for a path, or None.
    """

    repository: str
    files: dict[str, bytes]
    large: tuple[str, ...] = ("model.bin",)
    commit: str = "5f3d" * 10
    cut: Callable[[str, int], int | None] = lambda name, nth: None
    stall: bool = False
    refuse: Callable[[str], int | None] = lambda path: None
    ranges: bool = True
    sizes: bool = True
    slow: asyncio.Event | None = None
    """Where set, an answer that is broken off waits for it and goes on."""
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each."""
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    """An answer has stopped, and its client waits."""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/api/models/{owner}/{name}/revision/main", self._listing)
        app.router.add_route("*", "/{owner}/{name}/resolve/{commit}/{file}", self._resolve)
        app.router.add_get("/storage/{file}", self._stored)
        # As the client library of Hugging Face asks.
        app.router.add_get("/api/models/{owner}/{name}/tree/{commit}", self._tree)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        server: Any = site._server
        port = server.sockets[0].getsockname()[1]
        # Another host, as where Hugging Face keeps large files.
        self.url, self.storage = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def asked_for(self, name: str) -> list[str | None]:
        """The Range headers of the requests for a file's bytes."""
        return [
            of
            for path, of in self.requests
            if path.endswith("/" + name) and ("storage" in path or name not in self.large)
        ]

    def _note(self, request: web.Request) -> None:
        self.requests.append((request.path, request.headers.get("Range")))
        status = self.refuse(request.path)
        if status is not None:
            raise _Refused(status)

    async def _listing(self, request: web.Request) -> web.Response:
        self._note(request)
        if f"{request.match_info['owner']}/{request.match_info['name']}" != self.repository:
            return web.json_response({"error": "Invalid username or password."}, status=401)
        return web.json_response(
            {"id": self.repository, "sha": self.commit, "siblings": [*map(self._sibling, self.files)]}
        )

    def _sibling(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = {"rfilename": name}
        if self.sizes:
            told["size"] = len(self.files[name])
        if name in self.large and self.sizes:
            told["lfs"] = {"sha256": self.digest(name), "size": len(self.files[name]), "pointerSize": 134}
        return told

    def digest(self, name: str) -> str:
        return hashlib.sha256(self.files[name]).hexdigest()

    async def _tree(self, request: web.Request) -> web.Response:
        entries = []
        for name, content in self.files.items():
            entry: dict[str, Any] = {
                "type": "file",
                "path": name,
                "size": len(content),
                "oid": hashlib.sha1(content).hexdigest(),
            }
            if name in self.large:
                entry["lfs"] = {"oid": self.digest(name), "size": len(content), "pointerSize": 134}
            entries.append(entry)
        return web.json_response(entries)

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["file"]
        if name not in self.files:
            return web.json_response({"error": "Entry not found"}, status=404)
        tag = self.digest(name) if name in self.large else hashlib.sha1(self.files[name]).hexdigest()
        headers = {"X-Repo-Commit": self.commit, "ETag": f'"{tag}"', "X-Linked-Size": str(len(self.files[name]))}
        if name in self.large:
            self._note(request)
            return web.Response(
                status=302,
                headers={**headers, "X-Linked-ETag": f'"{tag}"', "Location": f"{self.storage}/storage/{name}"},
            )
        return await self._send(request, name, headers)

    async def _stored(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, request.match_info["file"], {})

    async def _send(self, request: web.Request, name: str, headers: dict[str, str]) -> web.StreamResponse:
        self._note(request)
        content, status = self.files[name], 200
        size = len(content)
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if wanted and self.ranges:
            start = int(wanted[1])
            if start >= size:
                return web.Response(status=416)
            content, status = content[start:], 206
            headers = {**headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"}
        response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(content))})
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        end = self.cut(name, len(self.asked_for(name)) - 1)
        await response.write(content[:end])
        if end is not None:
            await self._break_off(request)
            await response.write(content[end:])
        return response

    async def _break_off(self, request: web.Request) -> None:
        self.waiting.set()
        if self.slow:
            await self.slow.wait()
        elif self.stall:
            await asyncio.Event().wait()
        elif request.transport:
            # What was written goes out before the connection is closed.
            request.transport.close()
            await asyncio.Event().wait()


class _Refused(web.HTTPException):
    def __init__(self, status: int) -> None:
        self.status_code = status
        super().__init__(text="no")
