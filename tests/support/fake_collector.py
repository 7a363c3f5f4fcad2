"""An OpenTelemetry collector on loopback that takes traces over HTTP, or does not."""

from __future__ import annotations

import asyncio
import gzip
import socket
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class FakeCollector:
    """``spans`` are those that came. ``trouble``: it ``refuses`` all with 503, ``hangs``, or is ``absent``."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.spans: list[Any] = []
        self.paths: list[str] = []
        self.received = b""
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._done = asyncio.Event()

    async def __aenter__(self) -> FakeCollector:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        if self.trouble != "absent":
            await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._done.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.trouble == "hangs":
            await self._done.wait()
        if self.trouble:
            return web.Response(status=503)
        self.received += body
        self.paths.append(request.path)
        taken = ExportTraceServiceRequest.FromString(body)
        self.spans += [s for resource in taken.resource_spans for scope in resource.scope_spans for s in scope.spans]
        return web.Response(body=b"", content_type="application/x-protobuf")

    @staticmethod
    def attributes(span: Any) -> dict[str, Any]:
        return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}
