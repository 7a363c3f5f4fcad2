"""Who calls: the key in a call's metadata, and the address that the call comes from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import grpc

from ...orchestrator.gateway_settings import Scope
from ..api.problem import Problem
from ..caller import Caller

FindCaller = Callable[[str | None, str], Awaitable[Caller]]
"""By the key, if one was sent, and the address. Raises Problem: 401 for a key that is not known, 429 for too many requests."""

LOCAL = "127.0.0.1"
"""What stands for whoever comes through a socket of this machine that has no address."""


async def caller_of_call(find: FindCaller, context: grpc.aio.ServicerContext, scope: Scope) -> Caller:
    """Raises Problem: what ``find`` raises, and 403 when the caller may not do this."""
    caller = await find(bearer(context.invocation_metadata() or ()), address_of(context.peer()))
    if not caller.may(scope):
        raise Problem(403, f"this needs a key with the scope {scope}", "insufficient_scope")
    return caller


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
