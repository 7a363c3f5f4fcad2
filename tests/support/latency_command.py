"""``hayakuchi latency`` as a person runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path


async def latency(folder: Path, *options: str) -> tuple[int | None, str]:
    """Two turns in this folder: the exit code, and all that it printed."""
    command = (sys.executable, "-m", "hayakuchi", "latency", "--turns", "2", *options)
    environment = {**os.environ, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    child = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(120):
        out, error = await child.communicate()
    return child.returncode, out.decode() + error.decode()
