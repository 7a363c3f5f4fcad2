"""A file that is being downloaded. Everything here blocks, but not for long."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

PIECE_BYTES = 8 << 20


class PartFile:
    """Grows in its folder as ``NAME.DIGEST.part`` until it is whole; ``digest`` tells one version from another."""

    def __init__(self, target: Path, digest: str) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.{digest[:12]}.part")

    @property
    def size(self) -> int:
        """Bytes that are there. Raises OSError."""
        return self.path.stat().st_size if self.path.exists() else 0

    def write(self, at: int, piece: bytes) -> None:
        """Put a piece at byte ``at``; what came after that is gone. Raises OSError."""
        with self.path.open("r+b" if at else "wb") as out:
            out.seek(at)
            out.write(piece)
            out.truncate()

    def digests(self) -> Iterator[str]:
        """The SHA-256 of what is there, after each of its pieces: the last one counts."""
        digest = hashlib.sha256()
        with self.path.open("rb") as stream:
            while piece := stream.read(PIECE_BYTES):
                digest.update(piece)
                yield digest.hexdigest()

    def keep(self) -> None:
        """Have it on the disk, so that a power cut leaves no file of zeros. Raises OSError."""
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give it its name. Raises OSError."""
        os.replace(self.path, self.target)
