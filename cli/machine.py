"""What the settings name of this machine: folders, and the address of the server.

Nothing is connected to but the server's own address, when it is taken: a server of ours may run there.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from ..core.errors import ConfigError
from ..orchestrator.settings import PUPPET, Settings
from ..orchestrator.tree import Place, shown
from .finding import Finding, Status

ASKING_S = 0.5
"""How long a server may take to say that it is one of ours."""
MAX_BYTES = 65_536


def avatar(settings: Settings, place: Place | None) -> Finding:
    """The avatar's model. ``place`` is where its folder was written."""
    model = settings.avatar.model
    if model == PUPPET:
        return Finding(Status.OK, "avatar", "the built-in puppet")
    folder = Path(model)
    try:
        found = sorted(file.name for file in folder.glob("*.model3.json")) if folder.is_dir() else None
    except (OSError, ValueError):
        found = None
    if found:
        return Finding(Status.OK, "avatar", f"{shown(folder)}/{found[0]}")
    wrong = f"there is no folder {shown(folder)}" if found is None else f"no *.model3.json in {shown(folder)}"
    error = place.error(wrong, "avatar.model") if place else ConfigError(wrong, path="avatar.model")
    return Finding(Status.PROBLEM, "avatar", str(error), error)


def cache(settings: Settings) -> Iterator[Finding]:
    """Whether phrases can be kept; told only when they cannot."""
    folder = settings.cache.for_voice(settings.tts[0].config).path
    if folder is None:
        return
    try:
        _write_in(folder)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no folder's name"
        message = f"cache.folder: cannot write {shown(folder)}: {reason}; phrases are kept in memory only"
        yield Finding(Status.WARN, "cache", message)


def _write_in(folder: Path) -> None:
    """Write a file and take it away again, and the folders with it that were not there. Raises OSError, ValueError."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"?")
    finally:
        for path in made:
            with suppress(OSError):  # it was not made, or somebody else's file is in it by now
                path.rmdir()


def address(settings: Settings) -> Finding:
    """Whether the server can listen where it is told to."""
    host, port = settings.server.host, settings.server.port
    if port == 0:
        return Finding(Status.OK, "server", f"{host}, any free port")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as listener:
            if sys.platform != "win32":
                # As the server does it: a connection that was closed a moment ago does not count as in use.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE and answers_there(host, port):
            return Finding(Status.OK, "server", f"{host}:{port}: Hayakuchi runs there already")
        reason = getattr(error, "strerror", None) or "it cannot be used"
        remedy = "stop the program that uses it, or set another server.port (0: any free one)"
        return Finding(Status.PROBLEM, "server", f"{host}:{port}: {reason}; {remedy}")
    return Finding(Status.OK, "server", f"{host}:{port} is free")


def exposure(settings: Settings) -> Iterator[Finding]:
    """A warning when other machines can reach that."""
    if not _is_loopback(settings.server.host):
        message = f"server.host: other machines can reach {settings.server.host}; run needs --open-to-network for that"
        yield Finding(Status.WARN, "server", message)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def answers_there(host: str, port: int, within_s: float = ASKING_S) -> bool:
    """Whether a server of ours listens there."""
    return asyncio.run(_is_ours({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, within_s))


async def _is_ours(host: str, port: int, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            health = await _get(host, port, "/health")
            return health.endswith(b'{"status":"ok"}') and b"<title>Hayakuchi</title>" in await _get(
                host, port, "/studio"
            )
    except (OSError, TimeoutError, UnicodeError):
        return False


async def _get(host: str, port: int, path: str) -> bytes:
    """The answer to a request as it comes, its beginning if it is long."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        name = f"[{host}]" if ":" in host else host
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while len(answer) < MAX_BYTES and (piece := await reader.read(MAX_BYTES)):
            answer += piece
        return answer
    finally:
        writer.transport.abort()
