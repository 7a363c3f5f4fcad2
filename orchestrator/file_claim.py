"""One server at a time keeps its conversations in a file: whoever is first has it as long as its process lives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.database import StoreError


class FileClaim:
    """A lock of the operating system on a file beside it, which ends with the process however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: Any = None

    def take(self) -> None:
        """Raises StoreError when another server has it."""
        import filelock

        lock = filelock.FileLock(self._path.with_name(f"{self._path.name}.lock"), thread_local=False)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            message = f"{self._path}: another server keeps its conversations there; name another file as sessions.file"
            raise StoreError(message) from None
        except (OSError, NotImplementedError) as error:
            raise StoreError(f"{self._path}: cannot be locked ({error}); name another file as sessions.file") from error
        self._lock = lock

    def release(self) -> None:
        """Idempotent."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
