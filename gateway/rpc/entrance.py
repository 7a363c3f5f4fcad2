"""Who calls: the key in a call's metadata, and the address that the call comes from."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol
from urllib.parse import unquote

from ...orchestrator.gateway_settings import Scope
from ..access.caller import Caller
from ..api.problem import Problem
from ..doors import Doors


class Door(Protocol):
    """Who stands at the door. Its errors are Problem and StoreError."""

    async def caller(self, key: str | None, address: str, scope: Scope) -> Caller:
        """Who calls, if it may do this now: its key is good and has the scope, its requests are not too many."""
        ...

    async def while_usable(self, caller: Caller, work: Awaitable[None]) -> bool:
        """Wait for ``work``, which is cancelled when the caller's key ends; whether it came to its end."""
        ...


class SharedDoor:
    """The same callers and limits as over HTTP."""

    def __init__(self, doors: Doors) -> None:
        self._entrance, self._meter = doors.entrance, doors.meter

    async def caller(self, key: str | None, address: str, scope: Scope) -> Caller:
        caller = await self._entrance.identify(key, address)
        self._meter.request(caller)
        self._entrance.require(caller, scope)
        return caller

    async def while_usable(self, caller: Caller, work: Awaitable[None]) -> bool:
        return await self._entrance.keys.while_usable(caller, work)


LOCAL = "127.0.0.1"
"""What stands for whoever comes through a socket of this machine that has no address."""


def bearer(metadata: Any) -> str | None:
    """The key in ``authorization: Bearer KEY``; None without. Raises Problem (401) for anything else in its place."""
    said = [value for name, value in metadata if name == "authorization"]
    if not said:
        return None
    scheme, _, key = said[0].strip().partition(" ")
    if len(said) > 1 or scheme.lower() != "bearer" or not key.strip():
        raise Problem(401, "expected the metadata authorization: Bearer KEY, once", "invalid_api_key")
    return key.strip()


def address_of(peer: str) -> str:
    """The IP address in what gRPC calls a peer: ``ipv4:127.0.0.1:5``, ``ipv6:[::1]:5``, its brackets perhaps as %5B and %5D."""
    kind, _, rest = unquote(peer).partition(":")
    if kind not in ("ipv4", "ipv6"):
        return LOCAL
    host, _, _ = rest.rpartition(":")
    return host.strip("[]").partition("%")[0]
