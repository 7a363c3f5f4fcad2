"""``hayakuchi key``: API keys for the server's doors. They are kept in the file that ``sessions.file`` of conf.yaml names."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ..core.database import Database
from ..core.errors import ConfigError
from ..gateway.access.day_book import Used, used_today
from ..gateway.access.keys import Key, all_keys, insert, new_key, revoke
from ..orchestrator.conversations import database_file
from ..orchestrator.gateway_settings import Scope
from ..orchestrator.schema import MIGRATIONS
from ..orchestrator.settings import Settings
from .options import ConfigOption, JsonOption, settings_from

LOCAL = "local"
_EXPIRES = re.compile(r"([1-9][0-9]{0,4})([hdwy])", re.ASCII)
LONGEST_S = 100 * 365 * 86_400
_UNIT_S = {"h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}

app = typer.Typer(name="key", add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def _key() -> None:
    """API keys: who may use the server, for what, and how much."""


def _limit(words: str) -> Any:
    return typer.Option(min=0, max=1_000_000_000, metavar="N", help=f"{words}; default: gateway.limits; 0: no limit")


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Who or what uses it; only for you to read")],
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; may be repeated")] = None,
    expires: Annotated[str | None, typer.Option(metavar="30d", help="When it ends: in so many h, d, w or y")] = None,
    share_with: Annotated[
        str | None, typer.Option(metavar="ID|local", help="See the conversations of another key, or of those without")
    ] = None,
    requests_per_minute: Annotated[int | None, _limit("Requests a minute")] = None,
    concurrent_turns: Annotated[int | None, _limit("Replies at a time")] = None,
    characters_per_day: Annotated[int | None, _limit("Characters a day")] = None,
    audio_seconds_per_day: Annotated[int | None, _limit("Seconds of sound a day")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it. It is shown this once: the file keeps what it takes to recognise it, not the key."""
    settings = settings_from(config, None)
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise typer.BadParameter("1 to 200 characters that can be printed", param_hint="NAME")
    now = time.time()
    limits = {
        "requests_per_minute": requests_per_minute,
        "concurrent_turns": concurrent_turns,
        "characters_per_day": characters_per_day,
        "audio_seconds_per_day": audio_seconds_per_day,
    }
    own = {field: limit for field, limit in limits.items() if limit is not None}
    scopes, ends = scope or [Scope.CHAT, Scope.SPEAK], _ends(expires, now)

    def make(connection: sqlite3.Connection) -> tuple[Key, str]:
        owner = None if share_with is None else _owner(connection, share_with)
        key, token = new_key(name.strip(), scopes, now, owner=owner, limits=own, expires_at=ends)
        insert(connection, key)
        return key, token

    key, token = _in_file(settings, lambda database: database.write(make))
    if as_json:
        typer.echo(json.dumps({"key": token, **_data(key, now)}, indent=2, ensure_ascii=False))
        return
    typer.echo(token)
    typer.echo(f"{_line(key, now)}\nKeep it: it cannot be shown again.", err=True)
    if not settings.gateway.auth.enabled:
        typer.echo("Keys are not asked for yet: set gateway.auth.enabled: true in conf.yaml.", err=True)


@app.command("list")
def list_keys(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without what is secret of them, and what they were used for today (UTC)."""
    now = time.time()

    def read(connection: sqlite3.Connection) -> tuple[list[Key], dict[str, Used]]:
        return all_keys(connection), used_today(connection, now)

    keys, used = _in_file(settings_from(config, None), lambda database: database.read(read))
    if as_json:
        data = [_data(key, now) | {"today": _used(used.get(key.id, Used()))} for key in keys]
        typer.echo(json.dumps({"keys": data}, indent=2, ensure_ascii=False))
        return
    for key in keys:
        today = used.get(key.id, Used())
        typer.echo(f"{_line(key, now)}; today {today.characters} characters, {today.audio_ms / 1000:.0f} s of sound")
    if not keys:
        typer.echo("there are no keys; `uv run hayakuchi key new NAME` makes one")


@app.command("revoke")
def revoke_key(
    number: Annotated[str, typer.Argument(metavar="ID", help="The id that `hayakuchi key list` shows")],
    config: ConfigOption = None,
) -> None:
    """Revoke a key for good: from the next second on it is good for nothing, and what goes on with it ends."""
    if number.startswith("hk_"):
        number = number[3:11]  # somebody who has the key at hand
    found = _in_file(
        settings_from(config, None),
        lambda database: database.write(lambda connection: revoke(connection, number, time.time())),
    )
    if not found:
        raise ConfigError(f"there is no key {number}; `hayakuchi key list` shows those there are", path="ID")
    typer.echo(f"revoked {number}")


def any_usable(settings: Settings) -> bool:
    """Whether there is a key that somebody could come in with. Raises StoreError."""
    keys = _in_file(settings, lambda database: database.read(all_keys))
    return any(key.state(time.time()) == "usable" for key in keys)


def _in_file(settings: Settings, work: Callable[[Database], Any]) -> Any:
    file = database_file(settings.sessions)
    if file is None:
        raise ConfigError("this user has no folder for data; name a file", path="sessions.file")

    async def run() -> Any:
        database = Database(file, MIGRATIONS)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.aclose()

    return asyncio.run(run())


def _ends(expires: str | None, now: float) -> float | None:
    if expires is None:
        return None
    parts = _EXPIRES.fullmatch(expires)
    if not parts:
        raise typer.BadParameter("a number and h, d, w or y, for example 30d", param_hint="--expires")
    seconds = int(parts[1]) * _UNIT_S[parts[2]]
    if seconds > LONGEST_S:
        raise typer.BadParameter("100y at most; without --expires it never ends", param_hint="--expires")
    return now + seconds


def _owner(connection: sqlite3.Connection, share_with: str) -> str:
    if share_with == LOCAL:
        return ""
    for key in all_keys(connection):
        if key.id == share_with:
            return key.owner
    raise ConfigError(f"there is no key {share_with}; `hayakuchi key list` shows those there are", path="--share-with")


def _line(key: Key, now: float) -> str:
    ends = f", until {_date(key.expires_at)}" if key.expires_at is not None else ""
    shares = {key.id: "", "": ", shares the conversations of callers without a key"}
    shared = shares.get(key.owner, f", shares the conversations of {key.owner}")
    return f"{key.id}  {key.state(now):<7}  {key.name}: {', '.join(sorted(key.scopes))}{ends}{shared}"


def _data(key: Key, now: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(now),
        "scopes": sorted(key.scopes),
        "owner": key.owner,
        "limits": dict(key.limits),
        "created_at": _date(key.created_at),
        "expires_at": _date(key.expires_at),
        "revoked_at": _date(key.revoked_at),
    }


def _used(used: Used) -> dict[str, float]:
    return {"characters": used.characters, "audio_seconds": used.audio_ms / 1000}


def _date(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
