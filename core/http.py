"""HTTP for providers: one session each, connections kept warm, every failure a ProviderError.

A request is repeated once, and only when it was written to a kept connection that the server had already closed: nothing of
an answer was seen. Whoever takes a response hangs up in a ``finally``: what was read to its end keeps its connection, anything
else loses it at once, so that the server stops working for nobody.

aiohttp takes a quarter of a second to load, so it is loaded in a thread by the first request, not by whoever starts a server.
"""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic_core import from_json

from .background import Background
from .clock import loop_ms
from .errors import Category, ProviderError
from .http_errors import Failures
from .place import trace_headers
from .remote import ServerBlock

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 300.0
FRESH_MS = 50_000.0
"""A connection that was used within this time is taken to be open still: servers commonly close idle ones after a minute."""
CONNECT_S = 2.0
PROBE_S = 2.0
MAX_ERROR_BYTES = 16_384
MAX_BODY_BYTES = 8 << 20
WHOLE_BYTES = 1 << 18
"""What is sent at once at most; more goes piece by piece, so that the loop goes on."""
_ERROR_BODY_S = 1.0
JSON = "application/json"


class HttpClient:
    """The connections of one provider to its server."""

    def __init__(self, block: ServerBlock, kind: str, provider: str, subject: str) -> None:
        self.failures = Failures(kind, provider, block.shown_url, subject, block.secrets())
        self._block = block
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}
        self._open = False
        self._proxy_url: str | None = None
        self._making = asyncio.Lock()
        self._background = Background()
        self._used_at = -FRESH_MS

    async def open(self) -> None:
        """Look for a proxy; nothing is connected yet. Raises ProviderError."""
        self._proxy_url = await self._proxy()
        await self._background.open()
        self._open = True

    def prepare(self) -> None:
        """A request is about to come: connect in the background, unless there is a connection that was used a moment ago.

        Returns at once and never raises. A server on this machine is left alone: it is reached within a millisecond.
        """
        if self._open and not self._block.loopback and loop_ms() - self._used_at > FRESH_MS:
            self._used_at = loop_ms()
            self._background.start(self._connect(), f"connect to {self._block.shown_url}")

    async def _connect(self) -> None:
        try:
            await self.get_json("models")
        except ProviderError as error:
            # The request that is about to come will fail in the same way, and that is told.
            log.debug("cannot connect ahead: %s", error)

    async def _made_session(self) -> aiohttp.ClientSession:
        """The session, made when it is used first. Raises ProviderError when the client is not open."""
        async with self._making:
            await asyncio.to_thread(import_module, "aiohttp")
            if not self._open:
                raise self.failures.error(Category.UNAVAILABLE, "is not open")
            if self._session is None:
                self._session = self._make_session()
            return self._session

    def _make_session(self) -> aiohttp.ClientSession:
        import aiohttp

        trace = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(_note_reuse)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=int(KEEP_ALIVE_S))
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S),
            headers={"User-Agent": "hayakuchi", "Accept-Encoding": "identity"} | self._block.headers(),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            proxy=self._proxy_url,
        )

    async def aclose(self) -> None:
        """Close every connection, also those in use; idempotent."""
        self._open = False
        await self._background.aclose()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, path: str, body: bytes, content_type: str = JSON) -> aiohttp.ClientResponse:
        """Send ``body``; the response, its body unread. Raises ProviderError, also for every status that is not 2xx."""
        response = await self._send("POST", path, body, content_type)
        if not 200 <= response.status < 300:
            raise await self._refusal(response)
        return response

    async def get_json(self, path: str) -> Any:
        """The JSON at ``path``, within 2 s. Raises ProviderError."""
        if self._session is None:
            await self._made_session()
        try:
            async with asyncio.timeout(PROBE_S):
                response = await self._send("GET", path, None)
                try:
                    if not 200 <= response.status < 300:
                        raise await self._refusal(response)
                    return self.json_of(await self.read_all(response))
                finally:
                    hang_up(response)
        except TimeoutError:
            raise self.failures.error(
                Category.TIMEOUT, f"the server at {self._block.shown_url} did not answer within {PROBE_S:g} s"
            ) from None

    def json_of(self, body: bytes) -> Any:
        try:
            return from_json(body)
        except ValueError:
            raise self.failures.bad_output(
                f"sent something else than JSON: {self.failures.quote(body.decode('utf-8', 'replace'))}"
            ) from None

    async def read(self, response: aiohttp.ClientResponse) -> bytes:
        """What came of the body since the last read; empty at its end. Raises ProviderError."""
        import aiohttp

        try:
            return await response.content.readany()
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            raise self.failures.of_exception(error) from error

    async def read_all(self, response: aiohttp.ClientResponse, limit: int | None = None) -> bytes:
        """The whole body, at most ``limit`` bytes, or 8 MiB. Raises ProviderError."""
        limit = MAX_BODY_BYTES if limit is None else limit
        parts, size = list[bytes](), 0
        while chunk := await self.read(response):
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                raise self.failures.bad_output(f"sent more than {limit >> 20} MiB at once")
        return b"".join(parts)

    def hang_up(self, response: aiohttp.ClientResponse) -> None:
        """:func:`hang_up`; when that costs the connection, the next :meth:`prepare` opens another one."""
        if response.connection is not None:
            self._used_at = -FRESH_MS
        hang_up(response)

    async def _send(
        self, method: str, path: str, body: bytes | None, content_type: str = JSON
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            await self._made_session()
        import aiohttp
        from yarl import URL

        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = URL(self._block.endpoint(path), encoded=True)
        trace = SimpleNamespace(reused=False)
        headers = {**trace_headers(), **({"Content-Type": content_type} if body is not None else {})}
        try:
            try:
                return await self._request(method, url, body, headers, trace)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if not trace.reused or isinstance(error, aiohttp.ClientConnectorError):
                    raise
            return await self._request(method, url, body, headers, trace)
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise self.failures.of_exception(error) from error

    async def _request(
        self, method: str, url: URL, body: bytes | None, headers: dict[str, str], trace: SimpleNamespace
    ) -> aiohttp.ClientResponse:
        session = self._session or await self._made_session()
        self._used_at = loop_ms()
        data = BytesIO(body) if body and len(body) > WHOLE_BYTES else body
        return await session.request(
            method, url, data=data, headers=headers, allow_redirects=False, trace_request_ctx=trace
        )

    async def _refusal(self, response: aiohttp.ClientResponse) -> ProviderError:
        """The error that a response with a bad status stands for."""
        import aiohttp

        body = b""
        try:
            async with asyncio.timeout(_ERROR_BODY_S):
                while len(body) < MAX_ERROR_BYTES and (chunk := await response.content.readany()):
                    body += chunk
        except (aiohttp.ClientError, OSError):
            # The status alone says enough; the text would only have explained it.
            pass
        finally:
            hang_up(response)
        return self.failures.of_status(response.status, response.headers, body[:MAX_ERROR_BYTES])

    async def _proxy(self) -> str | None:
        """The proxy that the environment names for this server, if it is to be used."""
        if not self._block.trust_env or self._block.loopback:
            return None
        url = urlsplit(self._block.base_url)
        if await asyncio.to_thread(proxy_bypass, url.netloc):
            return None
        proxy = getproxies().get(url.scheme)
        if proxy and urlsplit(proxy).scheme not in ("http", "https"):
            message = "the proxy that the environment names is not an HTTP proxy; name another, or set trust_env: false"
            raise self.failures.error(Category.INVALID_REQUEST, message)
        return proxy or None


def hang_up(response: aiohttp.ClientResponse) -> None:
    """Let go of a response. A body that was read to its end leaves its connection open; any other loses it at once."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        # A polite TLS goodbye waits for the server's answer, and the server would go on working meanwhile.
        connection.transport.abort()
    response.close()


async def _note_reuse(_session: aiohttp.ClientSession, context: Any, _params: Any) -> None:
    context.trace_request_ctx.reused = True
