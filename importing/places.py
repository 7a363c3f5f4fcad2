"""Where what is taken over is put: beside what is there, never over it, and all of it or nothing."""

from __future__ import annotations

import os
import shutil
import stat
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


def obstacle(place: Path) -> str | None:
    """Why no folder ``place`` could be written to or made, as far as that can be told without trying."""
    whole = Path(os.path.abspath(place))
    there = next(folder for folder in (whole, *whole.parents) if os.path.exists(folder))
    if not there.is_dir():
        return f"{there} is no folder; name another one with --to"
    return None if os.access(there, os.W_OK | os.X_OK) else f"{there} cannot be written; name another folder with --to"


def is_private(*places: Path) -> bool:
    """Whether one of these is for its user only; systems without such modes know of none."""
    return os.name == "posix" and any(_mode(place) & 0o077 == 0 for place in places if os.path.exists(place))


def stage(folder: Path, files: Files, *, private: bool) -> None:
    """Write the files into a folder that is there; ``private``: for this user only. Raises OSError."""
    for name, content in files.items():
        _create(folder / name, content, private=private)


def put_folder(target: Path, staged: Path) -> None:
    """Make what was staged the folder ``target``. Raises HayakuchiError, and leaves nothing then.

    An empty folder that is there is replaced, and opens to no more users than it did.
    """
    try:
        if target.is_dir():
            allowed = _mode(target) & _mode(staged)
            target.rmdir()  # only an empty one
            os.chmod(staged, allowed | 0o700)
        os.rename(staged, target)
    except OSError as error:
        raise _error(target, error) from error


def add_files(folder: Path, files: Files, *, private: bool = False) -> None:
    """Put the files among others. Raises HayakuchiError, and leaves none of them then."""
    made: list[Path] = []
    try:
        for name, content in files.items():
            if not _is_same(folder / name, content):
                _create(folder / name, content, private=private)
                made.append(folder / name)
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        raise _error(folder, error) from error


class Staging:
    """A folder that ends with the block: beside the target, or, for ``dry``, among the system's temporary ones.

    It lies in one that nobody else may enter, and is itself as open as the user's new folders are; ``private``: not at all.
    """

    def __init__(self, target: Path, *, dry: bool, private: bool = False) -> None:
        self._target, self._dry, self._private = target, dry, private

    def __enter__(self) -> Path:
        try:
            if not self._dry:
                self._target.parent.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=".hayakuchi-", dir=None if self._dry else self._target.parent))
            staged = self.folder / "staged"
            staged.mkdir(mode=0o700 if self._private else 0o777)
        except OSError as error:
            raise _error(self._target, error) from error
        return staged

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _create(file: Path, content: bytes, *, private: bool) -> None:
    """Never over another file: raises FileExistsError then, and OSError."""
    mode = 0o600 if private else 0o666
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
    except OSError:
        file.unlink(missing_ok=True)
        raise


def _mode(place: Path) -> int:
    return stat.S_IMODE(place.stat().st_mode)


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
