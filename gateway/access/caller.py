"""Who asks: what every door knows of its caller."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from ...orchestrator.gateway_settings import LimitSettings, Scope

ANONYMOUS = ""
"""The owner of what callers without a key have: they share it."""
ADDRESS = "ip:"
"""What the id of a caller without a key begins with."""
_IN_STATE = "caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """A key, or an address without one."""

    id: str
    """What its requests are counted under: the key's id, or ``ip:ADDRESS``. It is no secret."""
    owner: str = ANONYMOUS
    """Whose conversations it sees; keys may share them."""
    scopes: frozenset[Scope] = frozenset(Scope)
    limits: LimitSettings = field(default_factory=LimitSettings)

    @property
    def anonymous(self) -> bool:
        """Whether it came without a key."""
        return self.id.startswith(ADDRESS)

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes


def introduce(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Put the caller into the ASGI scope, for :func:`caller_of`."""
    scope.setdefault("state", {})[_IN_STATE] = caller


def caller_of(scope: MutableMapping[str, Any]) -> Caller:
    """Who sent this request or opened this WebSocket. KeyError where nobody stands at the door: every way in passes one."""
    return scope["state"][_IN_STATE]
