"""Where a request bears its key: in a header, or, since browsers let pages set none, among a WebSocket's subprotocols."""

from __future__ import annotations

import re
from typing import Any

SUBPROTOCOL = "hayakuchi"
KEY_PREFIX = "hayakuchi-key."
MAX_CHARS = 512
_SECRET = (b"authorization", b"sec-websocket-protocol")


def bearer(scope: Any) -> str | None:
    """The token of ``Authorization: Bearer``. Two such headers are none that fits."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    if not found:
        return None
    kind, _, token = found[0].decode("latin-1").strip().partition(" ")
    if kind.lower() != "bearer":
        return None
    return token.strip()[:MAX_CHARS] if len(found) == 1 else ""


def offered(scope: Any) -> str | None:
    """The token among a WebSocket's subprotocols. Two of them are none that fits."""
    found = [name for name in scope.get("subprotocols", ()) if name.startswith(KEY_PREFIX)]
    if not found:
        return None
    return found[0].removeprefix(KEY_PREFIX)[:MAX_CHARS] if len(found) == 1 else ""


def without_key(scope: Any) -> Any:
    """The scope for whoever is behind the door: what it does not know, it cannot write into a log. It stays the same object, so
    that those before the door see where the request went."""
    scope["headers"] = [header for header in scope["headers"] if header[0] not in _SECRET]
    if "subprotocols" in scope:
        scope["subprotocols"] = [name for name in scope["subprotocols"] if not name.startswith(KEY_PREFIX)]
    return scope


_LIKE_A_KEY = re.compile(r"hk_([0-9a-z]{8})_[^/]+")


def shown(path: str) -> str:
    """The path for a log: somebody may have put a key into it."""
    return _LIKE_A_KEY.sub(r"hk_\1_...", path)


def host_of(scope: Any) -> str | None:
    """The address that a request came from, as far as it is known."""
    client = scope.get("client")
    return client[0] if client else None
