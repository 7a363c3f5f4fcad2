"""API keys: ``hk_<id>_<secret>``. The file holds their SHA-256 only, so who reads it cannot use them.

The secret is 256 random bits: a plain digest is as hard to turn back as a slow one, and does not hold up the event loop.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...orchestrator.gateway_settings import LimitSettings, Scope
from .caller import Caller

TOKEN = re.compile(r"hk_([0-9a-z]{8})_[A-Za-z0-9_-]{43}")
_ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_COLUMNS = "id, digest, name, owner, scopes, limits, created_at, expires_at, revoked_at"


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. Times are Unix seconds."""

    id: str
    digest: bytes = field(repr=False)
    name: str
    owner: str
    """Whose conversations it sees: its own id, that of a key it shares with, or "" for those of callers without keys."""
    scopes: frozenset[Scope]
    limits: Mapping[str, int]
    """Its own; what is not named is as the settings say."""
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None

    def state(self, now: float) -> str:
        """``usable``, ``revoked`` or ``expired``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "usable"

    def caller(self, limits: LimitSettings) -> Caller:
        own = limits.model_copy(update=dict(self.limits)) if self.limits else limits
        return Caller(self.id, self.owner, self.scopes, own)


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def new_key(
    name: str,
    scopes: Iterable[Scope],
    now: float,
    *,
    owner: str | None = None,
    limits: Mapping[str, int] | None = None,
    expires_at: float | None = None,
) -> tuple[Key, str]:
    """A key and its token, which is nowhere else. ``owner`` None: the key has conversations of its own."""
    number = "".join(secrets.choice(_ID_LETTERS) for _ in range(8))
    token = f"hk_{number}_{secrets.token_urlsafe(32)}"
    mine = number if owner is None else owner
    return Key(number, digest_of(token), name, mine, frozenset(scopes), dict(limits or {}), now, expires_at), token


def insert(connection: sqlite3.Connection, key: Key) -> None:
    row = (
        key.id,
        key.digest,
        key.name,
        key.owner,
        " ".join(sorted(key.scopes)),
        json.dumps(dict(key.limits)),
        key.created_at,
        key.expires_at,
        key.revoked_at,
    )
    connection.execute(f"INSERT INTO keys ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)


def all_keys(connection: sqlite3.Connection) -> list[Key]:
    """Every key there ever was, oldest first."""
    return [_key(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created_at, id")]


def revoke(connection: sqlite3.Connection, number: str, now: float) -> bool:
    """Whether there is such a key; one that is revoked already stays as it is."""
    connection.execute("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now, number))
    return connection.execute("SELECT 1 FROM keys WHERE id = ?", (number,)).fetchone() is not None


def _key(row: tuple[Any, ...]) -> Key:
    number, digest, name, owner, scopes, limits, created_at, expires_at, revoked_at = row
    known = frozenset(scope for scope in Scope if scope in scopes.split())
    fields = {k: v for k, v in json.loads(limits).items() if k in LimitSettings.model_fields}
    return Key(number, digest, name, owner, known, fields, created_at, expires_at, revoked_at)
