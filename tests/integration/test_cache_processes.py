"""Several processes in one folder of phrases, and processes that are killed while they write."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import cache_hammer
import pytest

from hayakuchi.tts.cache_disk import ABANDONED_S, ClipFolder

SCRIPT = Path(cache_hammer.__file__)


async def hammer(folder: Path, seed: int, seconds: float) -> Process:
    """A process that has begun."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(folder), str(seed), str(seconds), stdout=PIPE, stderr=PIPE
    )
    assert child.stdout is not None
    async with asyncio.timeout(30):
        assert await child.stdout.readline() == b"going\n"
    return child


async def test_processes_share_a_folder(tmp_path: Path) -> None:
    children = [await hammer(tmp_path, seed, 2.0) for seed in range(3)]
    async with asyncio.timeout(60):
        said = [await child.communicate() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], said
    assert [error for _, error in said] == [b"", b"", b""], "nothing was found broken, nothing failed"
    done = [json.loads(out) for out, _ in said]
    assert all(one["written"] > 20 and one["read"] > 20 for one in done), done
    files = list(os.scandir(tmp_path))
    assert all(file.name.endswith(".clip") for file in files)
    assert len(files) <= 40
    assert sum(file.stat().st_size for file in files) <= cache_hammer.MAX_BYTES


async def test_a_killed_process_leaves_nothing_that_harms(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for seed in range(8):
        child = await hammer(tmp_path, seed, 30.0)
        await asyncio.sleep(0.05 + 0.03 * seed)
        child.kill()
        await child.communicate()
    then = time.time() - ABANDONED_S - 1
    for file in os.scandir(tmp_path):
        os.utime(file, (then, then))
    disk = ClipFolder(tmp_path, cache_hammer.MAX_BYTES)
    keys = disk.tidy()
    assert keys
    for key in keys:
        assert disk.read(key) == cache_hammer.clip(int(key))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert {file.name for file in os.scandir(tmp_path)} == {f"{key}.clip" for key in keys}
