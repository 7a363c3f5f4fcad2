"""A server that asks for keys, and keys for it, made as the command line makes them: by another connection to its file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.core.database import Database
from hayakuchi.gateway.access.key_ring import EAGER_MS
from hayakuchi.gateway.access.keys import insert, new_key, revoke
from hayakuchi.orchestrator.gateway_settings import Scope, SessionsSettings
from hayakuchi.orchestrator.schema import MIGRATIONS


@dataclass
class Keyed:
    """A running server and its file."""

    url: str
    file: Path
    engine: Any

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def key(self, *scopes: Scope, name: str = "test", expires_in_s: float | None = None, **limits: int) -> str:
        """A new key's token, known to the server by the next request."""
        token = make_key(self.file, scopes, name=name, expires_in_s=expires_in_s, limits=limits)
        time.sleep(EAGER_MS / 1000)
        return token

    def revoke(self, token: str) -> None:
        with sqlite3.connect(self.file) as connection:
            assert revoke(connection, token[3:11], time.time())
        connection.close()


def make_key(
    file: Path,
    scopes: Sequence[Scope],
    *,
    name: str = "test",
    owner: str | None = None,
    expires_in_s: float | None = None,
    limits: Mapping[str, int] | None = None,
) -> str:
    now = time.time()
    ends = None if expires_in_s is None else now + expires_in_s
    key, token = new_key(name, scopes, now, owner=owner, limits=limits, expires_at=ends)
    with sqlite3.connect(file) as connection:
        insert(connection, key)
    connection.close()
    return token


async def key_file(file: Path) -> Path:
    """The file with its tables."""
    database = Database(file, MIGRATIONS)
    await database.open()
    await database.aclose()
    return file


@asynccontextmanager
async def keyed(folder: Path, *, auth: dict[str, Any] | None = None, **gateway: Any) -> AsyncIterator[Keyed]:
    """The server; ``gateway`` are further settings of it."""
    file = await key_file(folder / "keys.sqlite3")
    tokens = ["Hello", " there", "."]
    settings = settings_for(
        lambda: ScriptedLLM(tokens, first_ms=5, token_ms=1),
        lambda: ScriptedTTS(first_ms=5, rtf=0.001),
        auth={"enabled": True} | (auth or {}),
        **gateway,
    )
    async with serving(replace(settings, sessions=SessionsSettings(file=file))) as (url, engine):
        yield Keyed(url, file, engine)


def bearing(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token is not None else {}


@asynccontextmanager
async def asking() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that sends nothing but what it is told."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session
