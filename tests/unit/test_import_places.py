"""What is taken over is put beside what is there: never over it, and all of it or nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from olv_folder import tree, written

from hayakuchi.core.errors import HayakuchiError
from hayakuchi.importing import places

FILES = {"conf.yaml": b"a: 1\n", "characters/a.yaml": b"name: A\n"}


def put(target: Path, files: places.Files = FILES, *, private: bool = False) -> None:
    with places.Staging(target, dry=False, private=private) as staged:
        places.stage(staged, files, private=private)
        places.put_folder(target, staged)


def modes(folder: Path) -> set[int]:
    """Of a folder and of all that is in it; the right to enter is left out, which files have not."""
    return {stat.S_IMODE(path.stat().st_mode) & ~0o111 for path in (folder, *folder.rglob("*"))}


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def test_a_folder_is_there_as_a_whole(tmp_path: Path) -> None:
    put(tmp_path / "deep" / "ours", private=True)
    assert places.holds(tmp_path / "deep" / "ours", FILES)
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "ours"], "nothing is left beside it"
    if os.name == "posix":
        assert (tmp_path / "deep" / "ours" / "conf.yaml").stat().st_mode & 0o077 == 0
        assert (tmp_path / "deep" / "ours").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name != "posix", reason="has no such modes")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_others_may_read_what_they_may_of_all_new_files(
    tmp_path: Path, umask: Callable[[int], int], mask: int, mode: int
) -> None:
    umask(mask)
    put(tmp_path / "ours")
    assert modes(tmp_path / "ours") == {mode}
    put(tmp_path / "private", private=True)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    places.add_files(tmp_path / "cards", FILES, private=True)
    assert (tmp_path / "cards" / "conf.yaml").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name != "posix", reason="has no such modes")
def test_a_private_folder_stays_private(tmp_path: Path, umask: Callable[[int], int]) -> None:
    umask(0o022)
    (tmp_path / "mine").mkdir(mode=0o700)
    put(tmp_path / "mine")
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o700
    assert places.is_private(tmp_path / "mine", tmp_path / "none")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    put(tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o755
    assert not places.is_private(tmp_path / "open", tmp_path / "none")


def test_an_empty_folder_is_taken_and_one_in_use_is_not(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    put(tmp_path / "empty")
    before = tree(written(tmp_path / "full" / "mine.txt", "x").parent)
    with pytest.raises(HayakuchiError, match="cannot write"):
        put(tmp_path / "full")
    assert tree(tmp_path / "full") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


def test_the_next_free_name_beside_theirs(tmp_path: Path) -> None:
    assert places.folder_for(FILES, tmp_path, None) == tmp_path / "hayakuchi"
    put(tmp_path / "hayakuchi")
    assert places.folder_for(FILES, tmp_path, None) == tmp_path / "hayakuchi", "it holds the same"
    written(tmp_path / "hayakuchi" / "notes.txt", "what the user put there")
    assert places.folder_for(FILES, tmp_path, None) == tmp_path / "hayakuchi"
    written(tmp_path / "hayakuchi" / "conf.yaml", "a: 2\n")
    assert places.folder_for(FILES, tmp_path, None) == tmp_path / "hayakuchi-2"


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "hayakuchi")
    assert places.folder_for(FILES, tmp_path, None) == tmp_path / "hayakuchi-2"


def test_a_folder_that_was_named_is_that_one_or_none(tmp_path: Path) -> None:
    assert places.folder_for(FILES, tmp_path, tmp_path / "new") == tmp_path / "new"
    written(tmp_path / "full" / "conf.yaml", "mine")
    with pytest.raises(HayakuchiError, match=r"full is there already and nothing in it is overwritten"):
        places.folder_for(FILES, tmp_path, tmp_path / "full")
    with pytest.raises(HayakuchiError):
        places.folder_for(FILES, tmp_path, written(tmp_path / "file", "x"))


def test_files_among_others_come_all_or_not_at_all(tmp_path: Path) -> None:
    places.add_files(tmp_path, FILES)
    places.add_files(tmp_path, FILES)
    before = tree(tmp_path)
    with pytest.raises(HayakuchiError, match="cannot write"):
        places.add_files(tmp_path, {"characters/b.yaml": b"b", "characters/a.yaml": b"another"})
    assert tree(tmp_path) == before


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = written(tmp_path / "file", "x")
    with pytest.raises(HayakuchiError, match="name another folder with --to"):
        put(file / "ours")
    assert tree(tmp_path) == {"file": b"x"}


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> None:
        with places.Staging(tmp_path / "ours", dry=False) as staged:
            places.stage(staged, FILES, private=False)
            raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        failing()
    assert tree(tmp_path) == {}
