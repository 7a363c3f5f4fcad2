"""A model hub, Hugging Face or a mirror of it: which files a repository has, and their bytes from some point on.

    GET {hub}/api/models/{owner}/{name}/revision/main?blobs=true     the commit, and its files with sizes and digests
    GET {hub}/{owner}/{name}/resolve/{commit}/{file}                 a file; redirects lead to where it is stored

Only what everybody may have is fetched: for the rest there is Hugging Face's own program, whose cache is looked into as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..core.errors import Category, ProviderError
from ..core.http_errors import Failures, category_of_status, retry_after_s
from ..core.resolve import resolve
from .hub_listing import HubFile, Listing, is_unencrypted, listing_of

if TYPE_CHECKING:
    import aiohttp

MAX_LISTING_BYTES = 4 << 20
LISTING_STALLS = 3
"""A listing may take so many times as long as the hub may say nothing."""
BUFFER_BYTES = 1 << 20

log = logging.getLogger(__name__)


class Broken(Exception):
    """A download broke off, and may go on when it is tried again; ``error`` is what to tell when it does not."""

    def __init__(self, error: ProviderError) -> None:
        self.error = error
        super().__init__(str(error))


class Hub:
    """The connection to a hub. ``stall_s``: how long it may say nothing. Raises ProviderError where trying again does not help,
    else Broken; messages end with ``remedy``."""

    def __init__(self, url: str, repository: str, *, provider: str, remedy: str, stall_s: float) -> None:
        self.url = url
        self._repository, self._remedy, self._stall_s = repository, remedy, stall_s
        self._failures = Failures("asr", provider, url, repository)
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Hub:
        if is_unencrypted(self.url):
            message = "%s comes from %s unencrypted, so that others on the way can change it: use an https:// address"
            log.warning(message, self._repository, self.url)
        await asyncio.to_thread(import_module, "aiohttp")
        import aiohttp

        connector = aiohttp.TCPConnector(resolver=_resolver())
        timeout = aiohttp.ClientTimeout(total=None, connect=self._stall_s, sock_read=self._stall_s)
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                trust_env=True,
                read_bufsize=BUFFER_BYTES,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "hayakuchi", "Accept-Encoding": "identity"},
            )
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def listing(self, wanted: Collection[str]) -> Listing:
        """Which of the wanted files the repository has."""
        url = f"{self.url}/api/models/{quote(self._repository)}/revision/main?blobs=true"
        body = bytearray()
        try:
            async with asyncio.timeout(LISTING_STALLS * self._stall_s), self._get(url, {}) as response:
                while (piece := await self._read(response)) and len(body) <= MAX_LISTING_BYTES:
                    body += piece
        except TimeoutError as error:
            raise Broken(self._lost(error)) from error
        listing = listing_of(bytes(body), wanted)
        if listing is None:
            raise self.error(Category.BAD_OUTPUT, f"what answers at {self.url} is no model hub")
        return listing

    @asynccontextmanager
    async def content(self, listing: Listing, file: HubFile, start: int) -> AsyncGenerator[Content | None, None]:
        """A file's bytes from ``start`` on, or from its beginning where the hub cannot do that; None: it is not that long."""
        url = f"{self.url}/{quote(self._repository)}/resolve/{quote(listing.commit)}/{quote(file.name)}"
        async with self._get(url, {"Range": f"bytes={start}-"} if start else {}) as response:
            if response.status == 416:
                yield None
                return
            total = file.size
            if response.status != 206:
                start = 0
                total = response.content_length if total is None else total
            elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                raise self.error(
                    Category.BAD_OUTPUT, f"{self.url} sends another part of {file.name} than was asked for"
                )
            yield Content(self, response, start, total)

    def error(self, category: Category, message: str, *, retry_after: float | None = None) -> ProviderError:
        return self._failures.error(category, f"{message}; {self._remedy}", retry_after_s=retry_after)

    @asynccontextmanager
    async def _get(self, url: str, headers: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        assert self._session is not None
        import aiohttp

        try:
            response = await self._session.get(url, headers=headers)
        except aiohttp.TooManyRedirects:
            raise self.error(Category.BAD_OUTPUT, f"{self.url} sends round in circles") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Broken(self._lost(error)) from error
        try:
            if response.status not in (200, 206, 416):
                raise self._refused(response)
            yield response
        finally:
            response.close()

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        import aiohttp

        try:
            return await response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise Broken(self._lost(error)) from error

    def _lost(self, error: Exception) -> ProviderError:
        import aiohttp

        match error:
            case aiohttp.ClientConnectorDNSError():
                return self.error(Category.CONNECTIVITY, f"the host of {self.url} is not known (is there a network?)")
            case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
                message = (
                    "the proxy that the environment names (HTTPS_PROXY) does not let it through, or is no HTTP proxy"
                )
                return self.error(Category.CONNECTIVITY, message)
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
                said = self._failures.quote(str(error))
                return self.error(Category.CONNECTIVITY, f"no secure connection to {self.url}: {said}")
            case ValueError():
                return self.error(Category.INVALID_REQUEST, f"{self.url} is no address that can be used")
            case TimeoutError():
                message = f"{self.url} sent nothing, or next to nothing, for {self._stall_s:g} s"
                return self.error(Category.TIMEOUT, message)
            case aiohttp.ClientConnectorError():
                return self.error(Category.CONNECTIVITY, f"nothing answers at {self.url}")
            case _:
                return self.error(Category.CONNECTIVITY, f"the connection to {self.url} broke off")

    def _refused(self, response: aiohttp.ClientResponse) -> ProviderError | Broken:
        status = response.status
        category = category_of_status(status)
        # A repository that does not exist is answered with 401, so that nobody learns which private ones do.
        if status in (401, 403, 404, 410):
            message = f"{self.url} does not have {self._repository}, or not for everybody (HTTP {status})"
            return self.error(Category.NOT_FOUND, message)
        if status in (408, 429) or status >= 500:
            pause = retry_after_s(response.headers.get("Retry-After"))
            message = f"{self.url} cannot serve it at the moment (HTTP {status})"
            return Broken(self.error(category, message, retry_after=pause))
        return self.error(category, f"{self.url} refused it (HTTP {status})")


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it comes: from byte ``start`` on, ``total`` bytes in all if that is known."""

    hub: Hub
    response: aiohttp.ClientResponse
    start: int
    total: int | None

    async def read(self) -> bytes:
        """What came since the last read; empty at the end. Raises Broken."""
        return await self.hub._read(self.response)


def _resolver() -> Any:
    """Names are looked up in threads that nobody has to wait for when the program ends."""
    import socket

    from aiohttp.abc import AbstractResolver, ResolveResult

    class Resolver(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            try:
                found = await resolve(host, port)
            except UnicodeError as error:
                raise OSError(str(error)) from error
            return [
                ResolveResult(hostname=host, host=where[0], port=where[1], family=kind, proto=proto, flags=0)
                for kind, _, proto, _, where in found
                if family in (socket.AF_UNSPEC, kind)
            ]

        async def close(self) -> None: ...

    return Resolver()
