"""A connection to the service: opened, its failures told as ProviderErrors, dropped without a goodbye."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)

from ..core.errors import Category, ProviderError
from ..core.http_errors import category_of_status, retry_after_s
from ..core.remote import is_loopback
from ..core.resolve import resolve
from .edge_service import Service, failure
from .edge_settings import EdgeConfig

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

CONNECT_S = 4.0
MAX_MESSAGE_BYTES = 1 << 20
_QUEUED_MESSAGES = 2
"""Messages that the socket holds beside what a clip holds; then it is not read any more."""
_HAPPY_EYEBALLS_S = 0.25
THROTTLED_S = 10.0
"""How long the service is left alone when it is asked too much and does not say how long."""
_THROTTLED = re.compile(r"throttl|too many|quota|rate limit", re.IGNORECASE)
_INVALID, _TOO_BIG, _TRY_LATER = 1007, 1009, 1013  # RFC 6455 and the registry of close codes


async def connect(service: Service, config: EdgeConfig) -> ClientConnection:
    """A connection that waits for its request: upgraded, and told in which format to answer. Raises ProviderError.

    A refusal for the token's sake (403) is tried once more with the server's clock.
    """
    host = urlsplit(service.base_url).hostname or ""
    try:
        async with asyncio.timeout(CONNECT_S):
            try:
                return await _opened(service, config, host)
            except InvalidStatus as error:
                if error.response.status_code != 403 or not service.correct_clock(error.response.headers.get("Date")):
                    raise
            return await _opened(service, config, host)
    except TimeoutError:
        raise failure(
            Category.TIMEOUT, f"{host} did not let us in within {CONNECT_S:g} s; is the network up?"
        ) from None
    except (OSError, EOFError, UnicodeError, ValueError, WebSocketException) as error:
        # A redirect is not followed, and is told as another error that came of the status.
        status = error if isinstance(error, InvalidStatus) else error.__context__
        if isinstance(status, InvalidStatus):
            raise _of_status(status.response.status_code, status.response.headers, host) from error
        raise failure(*_meaning(error, host)) from error


async def _opened(service: Service, config: EdgeConfig, host: str) -> ClientConnection:
    from websockets.asyncio.client import connect as websocket

    url = service.url()
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    proxy = await _proxy(config, host, secure=secure)
    options: dict[str, Any] = {"ssl": service.tls, "server_hostname": host} if secure else {}
    if proxy is None:
        options["sock"] = await _dialled(host, parts.port or (443 if secure else 80))
    connection = await websocket(
        url,
        proxy=proxy,
        additional_headers=service.headers(),
        user_agent_header=None,
        open_timeout=None,
        ping_interval=None,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=_QUEUED_MESSAGES,
        **options,
    )
    told = False
    try:
        await connection.send(service.speech_config(config.output_format))
        told = True
    finally:
        if not told:
            drop(connection)
    return connection


async def _dialled(host: str, port: int) -> socket.socket:
    """A TCP connection to whichever address of the host answers first."""
    from aiohappyeyeballs import start_connection

    sock = await start_connection(await resolve(host, port), happy_eyeballs_delay=_HAPPY_EYEBALLS_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


async def _proxy(config: EdgeConfig, host: str, *, secure: bool) -> str | None:
    """The proxy that the settings name, else the environment; never for this machine itself."""
    if config.proxy is not None or not config.trust_env or is_loopback(f"//{host}"):
        return config.proxy
    proxy = getproxies().get("https" if secure else "http")
    if proxy is None or await asyncio.to_thread(proxy_bypass, host):
        return None
    return proxy


def drop(connection: ClientConnection) -> None:
    """Close at once: a polite goodbye waits for an answer, and the service would go on speaking meanwhile."""
    connection.transport.abort()


def lost(error: ConnectionClosed, *, begun: bool) -> ProviderError:
    """Why the connection ended before its clip did; ``begun``: some of it has come."""
    frame = error.rcvd or error.sent
    code, reason = (frame.code, frame.reason) if frame else (None, "")
    said = f": {reason[:200]}" if reason else ""
    if code == _TRY_LATER or _THROTTLED.search(reason):
        message = f"the service is asked too often{said}; lower parallel_generation"
        return failure(Category.RATE_LIMITED, message, retry_after_s=THROTTLED_S)
    if code == _INVALID and error.rcvd:
        return failure(Category.INVALID_REQUEST, f"the service refused the request{said}; does the voice exist?")
    if code == _TOO_BIG and error.sent:
        return failure(Category.BAD_OUTPUT, f"the service sent more than {MAX_MESSAGE_BYTES >> 20} MiB at once")
    if error.sent and not error.rcvd:
        return failure(Category.BAD_OUTPUT, f"the service sent what is no WebSocket message{said}")
    when = "in the middle of the clip" if begun else "before it said anything"
    return failure(Category.CONNECTIVITY, f"the service closed the connection {when}{said}")


def _of_status(status: int, headers: Mapping[str, str], host: str) -> ProviderError:
    wait_s = retry_after_s(headers.get("Retry-After"))
    category = category_of_status(status)
    if category is Category.AUTH:
        message = f"{host} refuses us (HTTP {status}), though not for our clock; try: pip install --upgrade edge-tts"
    elif category is Category.RATE_LIMITED:
        message, wait_s = f"{host} is asked too often (HTTP {status})", wait_s or THROTTLED_S
    elif 300 <= status < 400:
        message = f"{host} sends elsewhere (HTTP {status}); is a login to this network needed?"
        category = Category.UNAVAILABLE
    else:
        message = f"{host} did not let us in (HTTP {status})"
    return failure(category, message, retry_after_s=wait_s)


def _meaning(error: Exception, host: str) -> tuple[Category, str]:
    match error:
        case socket.gaierror() | UnicodeError():
            return Category.CONNECTIVITY, f"the host {host} is not known; is this machine online?"
        case ssl.SSLError():
            return Category.CONNECTIVITY, f"no secure connection to {host}: {error}"
        case InvalidProxyStatus():
            return Category.CONNECTIVITY, f"the proxy refused (HTTP {error.response.status_code})"
        case ProxyError() | InvalidURI():
            return Category.CONNECTIVITY, f"the proxy does not work: {error}; or set trust_env: false"
        case InvalidHandshake() | ValueError():
            return Category.BAD_OUTPUT, f"what answers at {host} does not speak the service's protocol: {error}"
        case OSError() if error.strerror:
            return Category.CONNECTIVITY, f"{host} cannot be reached: {error.strerror}"
        case _:
            return Category.CONNECTIVITY, f"the connection to {host} was lost: {error or type(error).__name__}"
