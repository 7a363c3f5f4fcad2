"""A client that others wrote, in an environment of its own with what it needs, doing as a test says."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "clients"
DEADLINE_S = 60.0


class ForeignClient:
    """One that runs. ``script`` is in tests/clients."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            line = await self._process.stdout.readline()
        assert line, f"the client ended with {await self._process.wait()}; its log is above"
        return line.decode().rstrip()

    async def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """What came of a command; fails with the client's own traceback."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()
        answer = json.loads(await self.line())
        if "failed" in answer:
            pytest.fail(f"{command}: {answer['failed']}", pytrace=False)
        return answer["done"]


@asynccontextmanager
async def foreign_client(python: Path, script: str, base_url: str) -> AsyncIterator[ForeignClient]:
    """The client, ready; its log goes to this process's own."""
    process = await asyncio.create_subprocess_exec(
        python,
        SCRIPTS / script,
        base_url,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # Whatever the machine has set for the real services must not count.
        env={name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")},
    )
    try:
        client = ForeignClient(process)
        assert await client.line() == "ready"
        yield client
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
