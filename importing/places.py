"""Where what is taken over is put: beside what is there, never over it, and all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import HayakuchiError
from .folder_files import Unreadable, read_file

BESIDE = "hayakuchi"
"""The folder in theirs that takes ours."""
MOST_NAMES = 1_000
LARGEST = 100_000_000
Files = Mapping[str, bytes]
"""What is to be written, by its path below a folder, with forward slashes."""


def holds(folder: Path, files: Files) -> bool:
    """Whether all of this is there, as it would be written."""
    return all(_is_same(folder / name, content) for name, content in files.items())


def folder_for(files: Files, beside: Path, given: Path | None) -> Path:
    """The folder to write to: one that is not there, is empty, or holds the same already.

    ``given``: this one or none. Raises HayakuchiError where that is another's.
    """
    if given is not None:
        if not _is_free(given) and not holds(given, files):
            raise HayakuchiError(
                f"{given} is there already and nothing in it is overwritten; name another folder with --to"
            )
        return given
    for number in range(1, MOST_NAMES):
        folder = beside / (BESIDE if number == 1 else f"{BESIDE}-{number}")
        if _is_free(folder) or holds(folder, files):
            return folder
    raise HayakuchiError(f"{beside} holds too many folders of this program; name another one with --to")


def is_usable(folder: Path, files: Files) -> bool:
    """Whether these files can be put into a folder that others are in, or are there already."""
    return all(
        not os.path.lexists(folder / name) or _is_same(folder / name, content) for name, content in files.items()
    )


def stage(folder: Path, files: Files, *, private: bool) -> None:
    """Write the files into a folder that is there; ``private``: for this user only. Raises OSError."""
    for name, content in files.items():
        _create(folder / name, content, 0o600 if private else 0o666)


def put_folder(target: Path, staged: Path, *, private: bool) -> None:
    """Make what was staged the folder ``target``. Raises HayakuchiError, and leaves nothing then."""
    try:
        if target.is_dir():
            target.rmdir()  # only an empty one
        os.chmod(staged, 0o700 if private else 0o755)
        os.rename(staged, target)
    except OSError as error:
        raise _error(target, error) from error


def add_files(folder: Path, files: Files) -> None:
    """Put the files among others. Raises HayakuchiError, and leaves none of them then."""
    made: list[Path] = []
    try:
        for name, content in files.items():
            if not _is_same(folder / name, content):
                _create(folder / name, content)
                made.append(folder / name)
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        raise _error(folder, error) from error


class Staging:
    """A folder that ends with the block: beside the target, or, for ``dry``, among the system's temporary ones."""

    def __init__(self, target: Path, *, dry: bool) -> None:
        self._target, self._dry = target, dry

    def __enter__(self) -> Path:
        try:
            if not self._dry:
                self._target.parent.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=".hayakuchi-", dir=None if self._dry else self._target.parent))
        except OSError as error:
            raise _error(self._target, error) from error
        return self.folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _create(file: Path, content: bytes, mode: int = 0o666) -> None:
    """Never over another file: raises FileExistsError then, and OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
    except OSError:
        file.unlink(missing_ok=True)
        raise


def _is_free(folder: Path) -> bool:
    """Whether nothing is there, or an empty folder."""
    try:
        return not os.path.lexists(folder) or (
            folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())
        )
    except OSError:
        return False


def _is_same(file: Path, content: bytes) -> bool:
    try:
        return file.is_file() and read_file(file, LARGEST) == content
    except (Unreadable, OSError):
        return False


def _error(place: Path, error: OSError) -> HayakuchiError:
    return HayakuchiError(f"cannot write {place}: {error.strerror or error}; name another folder with --to")
