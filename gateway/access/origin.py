"""Who may talk to the server: Host and Origin checks on every request and every WebSocket, before anything is accepted.

A page of another site that the streamer visits can reach 127.0.0.1 through the browser. Its requests carry that site's
Origin; after DNS rebinding they carry that site's Host. So:

- Host must be ``localhost``, an IP address (a rebound name is never one) or a name that the settings know: ``server.host``, one
  of ``gateway.hosts``, or that of an origin in ``gateway.cors`` (a proxy's).
- Origin, where there is one, must be the server's own, listed in ``gateway.cors``, or a guest's (``guests``) at a path for
  guests. Programs that are no browsers send none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from ..api.problem import Problem
from .door_answers import send_problem
from .guests import NOBODY, Guests
from .recent import Recent

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_HOSTS, MOST_CHARS = 256, 255
"""Of what is remembered about Host headers."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginGuard:
    """Pure ASGI middleware; refuses with 403, WebSockets before they are accepted."""

    def __init__(
        self, app: ASGIApp, *, names: Collection[str] = (), origins: Collection[str] = (), guests: Guests = NOBODY
    ) -> None:
        self._app, self._guests = app, guests
        self._origins = {origin.lower().rstrip("/") for origin in origins}
        own = {urlsplit(origin).hostname or "" for origin in self._origins}
        self._hosts: Recent[str, bool] = Recent(MOST_HOSTS)
        self._names = {name.lower() for name in names} | own | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._allowed(scope):
            await self._app(scope, receive, send)
        else:
            await send_problem(Problem(403, self._why(scope), "origin_not_allowed"), scope, send)

    def _why(self, scope: Scope) -> str:
        hosts = _header(scope, b"host")
        name = host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None:
            return "the Host header is not one"
        if not self._host_allowed(hosts[0]):
            shown = name[:MOST_CHARS]
            return (
                f"this server does not go by the name {shown}; if it should: gateway: {{hosts: [{shown}]}} in conf.yaml"
            )
        remedy = self._guests.remedy(",".join(_header(scope, b"origin")), scope.get("path", ""))
        return remedy or "pages of this origin may not use the server; see gateway.cors in conf.yaml"

    def _allowed(self, scope: Scope) -> bool:
        hosts = _header(scope, b"host")
        if len(hosts) != 1 or not self._host_allowed(hosts[0]):
            return False
        origins = _header(scope, b"origin")
        if not origins:
            return True
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
            return True
        if len(origins) != 1:
            return False
        method = scope["method"] if scope["type"] == "http" else None
        return self._origin_allowed(origins[0].lower(), hosts[0].lower()) or self._guests.welcome(
            origins[0], scope.get("path", ""), method
        )

    def _host_allowed(self, host: str) -> bool:
        allowed = self._hosts.get(host)
        if allowed is None:
            name = host_name(host)
            allowed = name is not None and (name in self._names or _is_address(name))
            if len(host) <= MOST_CHARS:
                self._hosts.put(host, allowed)
        return allowed

    def _origin_allowed(self, origin: str, host: str) -> bool:
        return origin in (f"http://{host}", f"https://{host}") or origin in self._origins


def host_name(host: str) -> str | None:
    """The name in a Host header, lower-case, without port and brackets; None when the header is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment or "@" in host:
        return None
    return parts.hostname


def is_loopback(host: str) -> bool:
    """Whether a bind address is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _header(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]
