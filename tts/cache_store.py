"""Where phrases are kept: the latest in memory, and on disk between runs. The event loop never waits for the disk.

Trouble with the disk is told once in the log, and never to whoever asks for a phrase: it is then not there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from .cache_clip import Clip
from .cache_disk import ClipFolder

log = logging.getLogger(__name__)

T = TypeVar("T")

MEMORY_BYTES = 32 << 20
READ_S = 0.1
"""A disk that takes longer is slower than a voice."""
TIDY_S = 2.0
CLOSE_S = 2.0
WRITES = 32
"""Clips that wait for the disk at most; further ones stay in memory only."""


class ClipMemory:
    """The clips used last: at most so many, and so many bytes."""

    def __init__(self, size: int, max_bytes: int = MEMORY_BYTES) -> None:
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        self._size, self._max_bytes = size, max_bytes
        self.bytes = self.evicted = 0

    def __len__(self) -> int:
        return len(self._clips)

    def __contains__(self, key: str) -> bool:
        return key in self._clips

    def get(self, key: str) -> Clip | None:
        clip = self._clips.get(key)
        if clip is not None:
            self._clips.move_to_end(key)
        return clip

    def put(self, key: str, clip: Clip) -> None:
        if clip.size > self._max_bytes // 4:
            return
        before = self._clips.pop(key, None)
        self.bytes += clip.size - (before.size if before else 0)
        self._clips[key] = clip
        while len(self._clips) > self._size or self.bytes > self._max_bytes:
            _, oldest = self._clips.popitem(last=False)
            self.bytes -= oldest.size
            self.evicted += 1


class ClipStore:
    """Memory before disk. ``folder`` None: memory only. Between ``open`` and ``aclose`` the disk is used, else memory alone."""

    def __init__(self, memory: ClipMemory, folder: ClipFolder | None) -> None:
        self.memory, self.folder = memory, folder
        self._threads: dict[str, ThreadPoolExecutor] = {}
        """One that reads and one that writes: nobody who reads stands in line behind a write."""
        self._on_disk: set[str] = set()
        """What is taken to be there; used on the event loop only."""
        self._room = BoundedSemaphore(WRITES)
        self._told = False

    async def open(self) -> None:
        """Look what is on disk. Never raises for the disk's sake."""
        if self.folder is None or self._threads:
            return
        self._threads = {name: ThreadPoolExecutor(1, f"phrases-{name}") for name in ("read", "write")}
        self._on_disk = await self._ask(self.folder.tidy, TIDY_S) or set()

    async def aclose(self) -> None:
        """Write what waits to be written, and let go, within 2 s; idempotent."""
        threads, self._threads = self._threads, {}
        self._on_disk = set()
        for name, executor in threads.items():
            try:
                async with asyncio.timeout(CLOSE_S):
                    await asyncio.to_thread(executor.shutdown, wait=name == "write")
            except TimeoutError:
                executor.shutdown(wait=False, cancel_futures=True)
                self._tell(f"could not be written to within {CLOSE_S:g} s")

    async def get(self, key: str) -> Clip | None:
        """The clip, at once when it is in memory; from disk within 100 ms, or not at all."""
        clip = self.memory.get(key)
        if self.folder is None or key not in self._on_disk:
            return clip
        folder = self.folder
        if clip is not None:
            self._write(lambda: folder.touch(key))
            return clip
        clip = await self._ask(lambda: folder.read(key), READ_S)
        if clip is None:
            self._on_disk.discard(key)
        else:
            self.memory.put(key, clip)
        return clip

    def put(self, key: str, clip: Clip) -> None:
        """Keep a clip. Never waits: it is written to disk later."""
        self.memory.put(key, clip)
        folder = self.folder
        if folder is not None and key not in self._on_disk and self._write(lambda: folder.write(key, clip)):
            self._on_disk.add(key)

    def _write(self, work: Callable[[], None]) -> bool:
        """Have it done by the thread that writes; False when it has too much to do already."""
        writer = self._threads.get("write")
        if writer is None or not self._room.acquire(blocking=False):
            return False
        writer.submit(work).add_done_callback(self._written)
        return True

    def _written(self, done: Future[None]) -> None:
        """In the thread that writes, or the one that cancels what it did not come to."""
        self._room.release()
        error = None if done.cancelled() else done.exception()
        if isinstance(error, OSError):
            self._tell(error)
        elif error is not None:
            log.error("a phrase could not be written", exc_info=error)

    async def _ask(self, work: Callable[[], T], limit_s: float) -> T | None:
        """What the disk answers; None when it does not, or not in time."""
        reader = self._threads.get("read")
        if reader is None:
            return None
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.get_running_loop().run_in_executor(reader, work)
        except TimeoutError:
            self._tell(f"no answer within {limit_s:g} s")
        except OSError as error:
            self._tell(error)
        return None

    def _tell(self, problem: object) -> None:
        if not self._told:
            self._told = True
            folder = self.folder.folder if self.folder else ""
            log.warning("phrases are kept in memory only: %s: %s; see cache.folder and cache.disk_mb", folder, problem)
