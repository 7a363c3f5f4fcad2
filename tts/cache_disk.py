"""Clips in a folder: bounded, shared by any number of processes, and whole or not there.

Everything here waits for the disk, so it is called in threads: one at a time writes, any number reads. A file appears under its
name only when it is complete, and is checked when it is read.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from .cache_clip import BrokenFile, Clip, decode, encode

log = logging.getLogger(__name__)

SUFFIX = ".clip"
_UNFINISHED = ".part"
ABANDONED_S = 600.0
"""An unfinished file that is so old was left by a process that died."""
MAX_FILES = 4096
MAX_BYTES_OF_FILE = 32 << 20
"""No clip's file is larger; one that is was put there by something else."""
COUNT_EVERY = 64
"""Writes between two looks at what other processes have written."""
ROOM = 16
"""A folder with more files than this that is full loses one in so many at once."""


class ClipFolder:
    """The folder, which is made when it is first written to. Methods raise OSError when the disk does not do what it should."""

    def __init__(self, folder: Path, max_bytes: int, max_files: int = MAX_FILES) -> None:
        self.folder = folder
        self.bytes = 0
        """What is in it, as far as is known."""
        self._max_bytes, self._max_files = max_bytes, max_files
        self._files = self._writes = 0

    def tidy(self) -> set[str]:
        """Remove what is too much, least recently used first, and what was never finished; the keys that remain."""
        found: list[tuple[float, int, str]] = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    # A file may be gone by now: another process tidies, too.
                    with suppress(FileNotFoundError):
                        if entry.name.endswith(SUFFIX):
                            about = entry.stat()
                            found.append((about.st_mtime, about.st_size, entry.name))
                        elif entry.name.endswith(_UNFINISHED) and entry.stat().st_mtime < time.time() - ABANDONED_S:
                            os.unlink(entry.path)
        except FileNotFoundError:
            pass
        found.sort(reverse=True)
        # Nearly full, every phrase that is kept would have all of a large folder looked at.
        share = 1 - 1 / ROOM if len(found) > ROOM else 1.0
        crowded = sum(size for _, size, _ in found) > self._max_bytes or len(found) >= self._max_files
        most_bytes, most_files = (limit * (share if crowded else 1.0) for limit in (self._max_bytes, self._max_files))
        kept: set[str] = set()
        self.bytes = self._files = 0
        for _, size, name in found:
            if self.bytes + size > most_bytes or self._files >= most_files:
                self._remove(name)
            else:
                self.bytes += size
                self._files += 1
                kept.add(name.removesuffix(SUFFIX))
        return kept

    def read(self, key: str) -> Clip | None:
        """The clip, which counts as used; None when there is none. A broken file is told of and removed."""
        file = self._file(key)
        try:
            with file.open("rb") as opened:
                data = opened.read(MAX_BYTES_OF_FILE + 1)
        except FileNotFoundError:
            return None
        try:
            clip = decode(data)
        except BrokenFile as error:
            log.warning("removed %s from the phrase cache: %s", file, error)
            self._remove(file.name)
            return None
        self.touch(key)
        return clip

    def touch(self, key: str) -> None:
        """Count the clip as used."""
        with suppress(FileNotFoundError, PermissionError):  # a folder that may only be read is still of use
            os.utime(self._file(key))

    def write(self, key: str, clip: Clip) -> None:
        """Keep a clip; what is too much goes."""
        data = encode(clip)
        if len(data) > min(self._max_bytes, MAX_BYTES_OF_FILE):
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(_UNFINISHED, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            self._put_in_place(unfinished, key)
        finally:
            with suppress(FileNotFoundError):  # as it is when it was put in place
                os.unlink(unfinished)
        self._writes += 1
        self.bytes += len(data)
        self._files += 1
        if self._writes % COUNT_EVERY == 0 or self._full():
            self.tidy()

    def _put_in_place(self, unfinished: str, key: str) -> None:
        try:
            os.replace(unfinished, self._file(key))
        except PermissionError:
            # On Windows a file that is being read cannot be replaced; it holds the same phrase.
            if not self._file(key).exists():
                raise

    def _full(self) -> bool:
        return self.bytes > self._max_bytes or self._files >= self._max_files

    def _remove(self, name: str) -> None:
        # Another process was faster, or is reading it, or the folder may only be read: it is not ours to insist.
        with suppress(FileNotFoundError, PermissionError):
            os.unlink(self.folder / name)

    def _file(self, key: str) -> Path:
        return self.folder / (key + SUFFIX)
