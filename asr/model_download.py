"""Downloading a model into a folder: it goes on where it stopped, and what is not whole never has a file's name.

Each file grows as ``NAME.DIGEST.part``; when all of them are there, right, and on the disk, they get their names. One process
downloads at a time; another one that wants the same waits for it, as long as that one gets on.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from ..core.clock import loop_ms
from ..core.errors import Category, ProviderError
from .base import Progress
from .hub import Broken, Hub
from .hub_listing import HubFile, Listing
from .part_file import PartFile

T = TypeVar("T")

TRIES = 3
"""So often in a row it is tried to go on."""
LONGEST_PAUSE_S = 30.0
SPARE_BYTES = 32 << 20
"""What is left free on the disk."""
LOOK_S = 0.5
"""How often it is looked whether another process has finished."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds: for a hub that says nothing, and before it is tried again, which doubles each time."""

    stall_s: float = 20.0
    pause_s: float = 1.0


class Download:
    """Of those files of a repository that are ``wanted`` into ``folder``. ``complete`` says whether they make a model;
    ``expected`` is about how many bytes they are."""

    def __init__(
        self,
        hub: Hub,
        folder: Path,
        wanted: Collection[str],
        *,
        complete: Callable[[], bool],
        tell: Progress,
        expected: float,
        patience: Patience,
    ) -> None:
        self._hub, self._folder, self._wanted = hub, folder, wanted
        self._complete, self._tell, self._patience = complete, tell, patience
        self._size = max(expected, 1.0)
        self._reached = False
        """Whether the hub has answered at all."""
        self._furthest = 0

    async def run(self) -> None:
        """Have all files there. Raises ProviderError with the remedy."""
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
            async with self._alone():
                if not self._complete():
                    await self._all()
        except OSError as error:
            raise self._of_disk(error) from error
        self._tell(1.0)

    async def _all(self) -> None:
        listing = await self._persistently(lambda: self._hub.listing(self._wanted))
        self._reached = True
        self._size = listing.size or self._size
        parts = {file: PartFile(self._folder / file.name, file.sha256 or listing.commit) for file in listing.files}
        self._check_space(parts.values())
        done = 0
        for file, part in parts.items():
            self._furthest = 0
            await self._persistently(lambda file=file, part=part, done=done: self._fetch(listing, file, part, done))
            done += part.size
        for part in parts.values():
            part.finish()
        for left in self._folder.glob("*.part"):
            left.unlink(missing_ok=True)
        if not self._complete():
            message = f"{self._hub.url} has this model, but not in the form of CTranslate2 (model.bin and the rest)"
            raise self._hub.error(Category.NOT_FOUND, message)

    async def _persistently(self, step: Callable[[], Awaitable[T]]) -> T:
        """The result of a step, which goes on where it broke off. Nothing is tried again if there is no way to the hub."""
        tries = 0
        while True:
            before = self._furthest
            try:
                return await step()
            except Broken as broken:
                error = broken.error
                tries = 1 if self._furthest > before else tries + 1
                pause_s = max(self._patience.pause_s * 2 ** (tries - 1), error.retry_after_s or 0)
                reached = self._reached or error.category in (Category.UNAVAILABLE, Category.RATE_LIMITED)
                if not reached or tries > TRIES or pause_s > LONGEST_PAUSE_S:
                    raise error from broken
            await asyncio.sleep(pause_s)

    async def _fetch(self, listing: Listing, file: HubFile, part: PartFile, done: int) -> None:
        start = part.size
        if file.size is not None and start > file.size:
            start = 0
        if start == 0 or start != file.size:
            await self._append(listing, file, part, start, done)
        if not await self._is_right(file, part):
            part.discard()
            raise self._hub.error(Category.BAD_OUTPUT, f"what came of {file.name} is damaged, and was thrown away")
        await asyncio.to_thread(part.keep)

    async def _append(self, listing: Listing, file: HubFile, part: PartFile, start: int, done: int) -> None:
        async with self._hub.content(listing, file, start) as content:
            if content is None:
                part.discard()
                raise Broken(
                    self._hub.error(Category.BAD_OUTPUT, f"{file.name} is shorter than what came of it before")
                )
            at = content.start
            while piece := await content.read():
                await asyncio.to_thread(part.write, at, piece)
                at += len(piece)
                self._furthest = max(self._furthest, at)
                self._tell(min((done + at) / self._size, 0.99))
            if content.total is not None and at < content.total:
                raise Broken(self._hub.error(Category.CONNECTIVITY, f"{self._hub.url} broke off in {file.name}"))

    async def _is_right(self, file: HubFile, part: PartFile) -> bool:
        """Whether it is the file that the hub has told of, as far as that is known."""
        if file.sha256 is None or part.size != file.size:
            return part.size == file.size if file.size is not None else part.size > 0
        digests, digest = part.digests(), ""
        while (longer := await asyncio.to_thread(next, digests, None)) is not None:
            digest = longer
        return digest == file.sha256

    def _check_space(self, parts: Collection[PartFile]) -> None:
        needed = self._size + SPARE_BYTES - sum(part.size for part in parts)
        if shutil.disk_usage(self._folder).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _of_disk(self, error: OSError) -> ProviderError:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            message = f"no room for {self._size / 1e6:.0f} MB in {self._folder}: free some, or set another folder"
        else:
            reason = error.strerror or type(error).__name__
            message = f"cannot write into {self._folder} ({reason}): allow it, or set another folder"
        return self._hub.error(Category.UNAVAILABLE, message)

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None, None]:
        """No other process downloads into the folder. Waits for one that does. Raises ProviderError when that gets stuck."""
        await asyncio.to_thread(import_module, "filelock")
        import filelock

        lock = filelock.FileLock(self._folder / ".lock", thread_local=False)
        seen, since = -1, loop_ms()
        while True:
            try:
                lock.acquire(blocking=False)
                break
            except filelock.Timeout:
                there = sum(part.stat().st_size for part in self._folder.glob("*.part"))
            if there != seen:
                seen, since = there, loop_ms()
                self._tell(min(there / self._size, 0.99))
            elif loop_ms() - since > (TRIES + 1) * self._patience.stall_s * 1000:
                message = f"another program is downloading into {self._folder} and does not get on: end it"
                raise self._hub.error(Category.UNAVAILABLE, message)
            await asyncio.sleep(LOOK_S)
        try:
            yield
        finally:
            lock.release()
