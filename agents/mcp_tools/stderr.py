"""What a server's program writes to its standard error: lines of our log, at the level INFO."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

LONGEST_LINE = 2_000
LINES = 3
LONGEST_LAST = 400

log = logging.getLogger(__name__)


class ProgramErrors:
    """A pipe for one run of a program; ``clean`` takes out what nobody is to see. A thread reads it, because not every event
    loop can on every system; it ends with the last process that holds the other end."""

    def __init__(self, name: str, clean: Callable[[str], str]) -> None:
        self._last: deque[str] = deque(maxlen=LINES)
        self._name, self._clean = name, clean
        read, write = os.pipe()
        self.file: TextIO = os.fdopen(write, "w")
        self._thread = threading.Thread(target=self._read, args=(read,), name=f"{name}: stderr", daemon=True)
        self._thread.start()

    @property
    def last(self) -> str:
        """The last lines that say anything, as one."""
        return " / ".join(tuple(self._last))[-LONGEST_LAST:]

    def close(self) -> None:
        """Our end of it; idempotent."""
        self.file.close()

    def wait(self, limit_s: float) -> None:
        """Wait until all was read that was written, or nobody knows who still writes; blocks."""
        self._thread.join(limit_s)

    def _read(self, read: int) -> None:
        with os.fdopen(read, "rb") as pipe:
            while raw := pipe.readline(LONGEST_LINE):
                line = "".join(char if char.isprintable() else " " for char in raw.decode(errors="replace")).strip()
                if line:
                    self._last.append(self._clean(line))
                    log.info("tool server %s: %s", self._name, self._last[-1])
