"""Memory before disk, and a disk that nobody waits for."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from scripted_tts import tone

from hayakuchi.tts import cache_store
from hayakuchi.tts.cache_clip import Clip
from hayakuchi.tts.cache_disk import ClipFolder
from hayakuchi.tts.cache_store import WRITES, ClipMemory, ClipStore


def clip(ms: float = 100) -> Clip:
    audio = tone(ms)
    return Clip(audio.pcm, audio.sample_rate, (), len(audio.pcm) // 2)


@asynccontextmanager
async def opened(folder: Path | ClipFolder | None, size: int = 100) -> AsyncIterator[ClipStore]:
    disk = ClipFolder(folder, 1 << 20) if isinstance(folder, Path) else folder
    store = ClipStore(ClipMemory(size), disk)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


class Broken(ClipFolder):
    """A disk that does with each method what it is told."""

    def __init__(self, folder: Path, trouble: Callable[[], object], *, found: frozenset[str] = frozenset("a")) -> None:
        super().__init__(folder, 1 << 20)
        self.trouble, self.found = trouble, found

    def tidy(self) -> set[str]:
        return set(self.found)

    def read(self, key: str) -> Clip | None:
        self.trouble()
        return super().read(key)

    def write(self, key: str, clip: Clip) -> None:
        self.trouble()
        super().write(key, clip)


def fails() -> None:
    raise OSError(5, "Input/output error")


def test_memory_holds_the_latest_used() -> None:
    memory = ClipMemory(2)
    memory.put("a", clip())
    memory.put("b", clip())
    assert memory.get("a") is not None
    memory.put("c", clip())
    assert [memory.get(key) is not None for key in "abc"] == [True, False, True]
    assert (len(memory), memory.evicted, memory.bytes) == (2, 1, 2 * clip().size)


def test_memory_holds_so_many_bytes() -> None:
    memory = ClipMemory(100, max_bytes=10 * clip().size)
    for index in range(30):
        memory.put(str(index), clip())
    assert len(memory) == 10
    memory.put("29", clip(200))
    assert memory.bytes == sum(clip().size for _ in range(8)) + clip(200).size
    memory.put("long", clip(1000))
    assert memory.get("long") is None
    assert len(memory) == 9


async def test_phrases_outlive_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put("a", clip())
        assert await store.get("a") == clip()
    async with opened(tmp_path) as store:
        assert "a" not in store.memory
        assert await store.get("a") == clip()
        assert "a" in store.memory
        assert await store.get("b") is None


async def test_without_a_folder_everything_is_in_memory() -> None:
    async with opened(None) as store:
        store.put("a", clip())
        assert await store.get("a") == clip()


async def test_what_falls_out_of_memory_is_on_disk(tmp_path: Path) -> None:
    async with opened(tmp_path, size=1) as store:
        store.put("a", clip())
        store.put("b", clip(200))
        assert "a" not in store.memory
        got = None
        for _ in range(500):
            store.put("a", clip())  # again, should it not have been written when it was asked for
            store.put("b", clip(200))
            if (got := await store.get("a")) is not None:
                break
        assert got == clip()


async def test_closed_it_still_serves_from_memory(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        pass
    store.put("a", clip())
    assert await store.get("a") == clip()
    await store.aclose()
    assert not any(os.scandir(tmp_path))


async def test_use_keeps_a_phrase_on_disk_young(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put("a", clip())
    before = (tmp_path / "a.clip").stat().st_mtime_ns
    async with opened(tmp_path) as store:
        store.memory.put("a", clip())
        await asyncio.sleep(0.02)
        await store.get("a")
    assert (tmp_path / "a.clip").stat().st_mtime_ns > before


async def test_a_phrase_that_another_process_removed_is_not_there(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put("a", clip())
    async with opened(tmp_path) as store:
        (tmp_path / "a.clip").unlink()
        assert await store.get("a") is None
        store.put("a", clip())
    assert [file.name for file in os.scandir(tmp_path)] == ["a.clip"]


async def test_trouble_with_the_disk_is_told_once_and_memory_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(Broken(tmp_path, fails)) as store:
        assert await store.get("a") is None
        for key in "abcdef":
            store.put(key, clip())
        assert await store.get("f") == clip()
    assert [str(tmp_path) in record.message for record in caplog.records] == [True]
    assert "Input/output error" in caplog.text


async def test_a_folder_that_cannot_be_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    async with opened(tmp_path / "file" / "phrases") as store:
        store.put("a", clip())
        store.put("b", clip())
        assert await store.get("a") == clip()
    assert len(caplog.records) == 1


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_store, "CLOSE_S", 0.1)
    awake = threading.Event()
    began = time.monotonic()
    async with opened(Broken(tmp_path, lambda: awake.wait(20) and None)) as store:
        assert await store.get("a") is None
        for index in range(3 * WRITES):
            store.put(str(index), clip())
        assert await store.get("5") == clip()
    assert time.monotonic() - began < 10
    awake.set()


async def test_a_reader_that_goes_away_leaves_it_usable(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put("a", clip())
    async with opened(tmp_path) as store:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(store.get("a"))
            await asyncio.sleep(0)
            task.cancel()
        assert await store.get("a") == clip()
