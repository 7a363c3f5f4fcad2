"""The files of somebody's folder, read with care: nothing outside of it, nothing endless, nothing that is no plain file."""

from __future__ import annotations

import codecs
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.errors import HayakuchiError

MOST_FILES = 20_000
"""Names that are looked at in one folder."""
LARGEST_JSON = 32_000_000


class Unreadable(HayakuchiError):
    """A file is passed over; ``str()`` says why, without its name."""

    code = "import"


class FolderFiles:
    """A folder that is only read. Links that lead out of it are not followed. Methods take paths below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = Path(os.path.realpath(root))

    def read(self, file: Path, largest: int) -> bytes:
        """Raises Unreadable, also for what is larger than ``largest`` bytes."""
        return read_file(self.inside(file), largest)

    def json(self, file: Path, largest: int = LARGEST_JSON) -> Any:
        """Raises Unreadable."""
        return parsed_json(self.read(file, largest))

    def inside(self, path: Path) -> Path:
        """The path without links. Raises Unreadable when it leads out of the folder."""
        try:
            real = Path(os.path.realpath(path))
        except (OSError, ValueError):
            raise Unreadable("its name is no file's name") from None
        if real != self._real and self._real not in real.parents:
            raise Unreadable("it leads out of the folder")
        return real

    def has(self, *parts: str) -> bool:
        """Whether something is there, within the folder."""
        try:
            return self.inside(self.root.joinpath(*parts)).exists()
        except (Unreadable, OSError, ValueError):
            return False

    def below(self, folder: str, *suffixes: str) -> Iterator[Path]:
        """Files of a folder below, sorted by name, hidden ones left out; none where there is no such folder.

        Raises Unreadable where it cannot be listed, and for too many.
        """
        yield from (path for path, is_folder in self._listed(folder) if not is_folder and _ends(path, suffixes))

    def folders(self, folder: str) -> Iterator[Path]:
        """As ``below``, the folders in it."""
        yield from (path for path, is_folder in self._listed(folder) if is_folder)

    def _listed(self, folder: str) -> list[tuple[Path, bool]]:
        here = self.root / folder
        if not os.path.lexists(here):
            return []
        found: list[tuple[Path, bool]] = []
        try:
            with os.scandir(self.inside(here)) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        found.append((here / entry.name, _is_folder(entry)))
                    if len(found) > MOST_FILES:
                        raise Unreadable(f"there are more than {MOST_FILES} files in it")
        except OSError as error:
            raise Unreadable(f"it cannot be listed: {error.strerror}") from error
        return sorted(found)


def read_file(file: Path, largest: int) -> bytes:
    """A plain file, as a whole. Raises Unreadable; never waits for a pipe or a device."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Unreadable("it is no plain file")
            raw = stream.read(largest + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise Unreadable(f"it cannot be read: {reason or 'its name is no file name'}") from error
    if len(raw) > largest:
        raise Unreadable(f"it is larger than {largest / 1e6:g} MB")
    return raw


def text_of(raw: bytes) -> str:
    """Text in UTF-8, or in GB 18030, which programs on a Chinese Windows write. Raises Unreadable."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("it is no text in UTF-8")


def parsed_json(raw: bytes) -> Any:
    """Raises Unreadable."""
    text = text_of(raw)
    try:
        return json.loads(text)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is not valid JSON (line {error.lineno}: {error.msg})") from None
    except ValueError:
        raise Unreadable("it holds a number that is too long") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _ends(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.suffix.casefold() in suffixes if suffixes else True
