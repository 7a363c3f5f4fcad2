"""What is measured, as processes: the scripted models, the peers' adapters, and Hayakuchi itself."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Protocol

from hayakuchi.benchmarks.peers.environments import HERE, python_of
from hayakuchi.benchmarks.peers.listener import Listener, listening
from hayakuchi.cli.options import settings_from
from hayakuchi.core.errors import ConfigError

START_S = 120.0
TURN_S = 120.0
STOP_S = 15.0
MODELS = HERE.parent / "scripted_models.py"
Config = dict[str, Any]


class System(Protocol):
    """Something that answers a text with sound."""

    async def turn(self, text: str) -> dict[str, Any]:
        """``asked``, ``first_audio``: monotonic s; ``audio_ms``: how much came; ``errors``."""
        ...


@asynccontextmanager
async def started(
    *command: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Process, str]]:
    """A child process and the last word of its first line. Raises SystemExit with its complaints when it says nothing."""
    with TemporaryFile() as complaints:
        child = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=complaints, cwd=folder, env={**os.environ, **(environment or {})}
        )
        try:
            assert child.stdout is not None
            async with asyncio.timeout(START_S):
                line = await child.stdout.readline()
            if not line:
                complaints.seek(0)
                raise SystemExit(f"{' '.join(command)} did not start:\n{complaints.read().decode()[-4000:]}")
            yield child, line.decode().split()[-1]
        finally:
            await _stop(child)


async def _stop(child: Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


@asynccontextmanager
async def scripted(**options: Any) -> AsyncIterator[str]:
    """The scripted models; the URL of them. Options as on their command line, with ``_`` for ``-``."""
    given = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    async with started(sys.executable, str(MODELS), *given) as (_, url):
        yield url


async def log_of(models: str) -> dict[str, Any]:
    """What the scripted models wrote down, by turn."""

    def read() -> dict[str, Any]:
        with urllib.request.urlopen(f"{models}/log", timeout=30) as answer:
            return json.load(answer)

    return await asyncio.to_thread(read)


class Peer:
    """An adapter that answers lines of JSON."""

    def __init__(self, child: Process) -> None:
        self._child = child

    async def turn(self, text: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps({"text": text}).encode() + b"\n")
        async with asyncio.timeout(TURN_S):
            line = await self._child.stdout.readline()
        if not line:
            raise SystemExit("an adapter died in the middle of a turn")
        return json.loads(line)


class Hayakuchi:
    """A viewer of a running Hayakuchi."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def turn(self, text: str) -> dict[str, Any]:
        heard = await self._listener.turn(text)
        return {
            "asked": heard.asked,
            "first_audio": heard.first_audio,
            "audio_ms": len(heard.pcm) / 2 * 1000 / self._listener.sample_rate,
            "errors": heard.failures,
        }


@asynccontextmanager
async def peer(name: str, models: str) -> AsyncIterator[System]:
    python = await asyncio.to_thread(python_of, name)
    async with started(str(python), str(HERE / f"{name}_adapter.py"), f"{models}/{name}/v1") as (child, _):
        yield Peer(child)


def config(models: str, lane: str, **sections: Any) -> Config:
    """Hayakuchi's settings on the scripted models, without a phrase cache where there is one."""
    at = f"{models}/{lane}/v1"
    plain: Config = {
        "character": "./bench.yaml",
        "llm": {"openai_llm": {"base_url": at, "model": "scripted", "warm_up": False}},
        "tts": {"openai_tts": {"base_url": at, "model": "tts-1", "voice": "alloy"}},
    }
    cold = {"cache": {"enabled": False}}
    return plain | (cold if "cache" not in sections and refused(plain | cold) is None else {}) | sections


def refused(settings: Config) -> str | None:
    """Why Hayakuchi does not take these settings; None: it does."""
    with TemporaryDirectory() as temporary:
        write(Path(temporary), settings)
        try:
            settings_from(Path(temporary) / "conf.yaml", None)
        except ConfigError as error:
            return " ".join(str(error).replace(f"{temporary}/", "").split())
    return None


def write(folder: Path, settings: Config) -> None:
    """``conf.yaml`` (JSON is YAML) and the character it names."""
    (folder / "conf.yaml").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "bench.yaml").write_text("{name: Bench, persona: You answer., opening_line: Hello.}\n", encoding="utf-8")


@asynccontextmanager
async def served(settings: Config) -> AsyncIterator[str]:
    """A running ``hayakuchi run``, with a cache of its own; its URL."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(folder, settings)
        command = (sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--port", "0", "--no-browser")
        async with started(*command, folder=folder, environment={"XDG_CACHE_HOME": temporary}) as (_, url):
            yield url


@asynccontextmanager
async def hayakuchi(settings: Config) -> AsyncIterator[System]:
    async with served(settings) as url, listening(url, "bench", real_time=False) as listener:
        yield Hayakuchi(listener)
