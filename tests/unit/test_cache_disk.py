"""Phrases on disk: bounded, whole or not there, and no trouble to anybody."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

import pytest
from scripted_tts import tone

from hayakuchi.tts.cache_clip import Clip, encode
from hayakuchi.tts.cache_disk import ABANDONED_S, COUNT_EVERY, ROOM, ClipFolder

MB = 1 << 20


def clip(ms: float = 100) -> Clip:
    audio = tone(ms)
    return Clip(audio.pcm, audio.sample_rate, (), len(audio.pcm) // 2)


SIZE = len(encode(clip()))


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def age(folder: Path, key: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / f"{key}.clip", (then, then))


def test_what_was_written_is_there_for_the_next_one(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    assert ClipFolder(folder, MB).tidy() == set()
    assert not folder.exists()
    ClipFolder(folder, MB).write("a", clip())
    other = ClipFolder(folder, MB)
    assert other.tidy() == {"a"}
    assert other.bytes == SIZE
    assert other.read("a") == clip()
    assert other.read("b") is None
    assert names(folder) == {"a.clip"}


@pytest.mark.skipif(sys.platform == "win32", reason="folders there have no mode")
def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    ClipFolder(tmp_path / "phrases", MB).write("a", clip())
    assert (tmp_path / "phrases").stat().st_mode & 0o077 == 0


def test_the_least_recently_used_goes_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path, 3 * SIZE)
    for index, key in enumerate("abc"):
        folder.write(key, clip())
        age(tmp_path, key, 100 - index)
    assert folder.read("a") is not None  # and is the latest used by this
    folder.write("d", clip())
    assert names(tmp_path) == {"a.clip", "c.clip", "d.clip"}
    assert folder.bytes == 3 * SIZE


def test_the_least_recently_used_goes_when_there_are_too_many_files(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path, MB, max_files=2)
    for index, key in enumerate("abc"):
        folder.write(key, clip())
        age(tmp_path, key, 100 - index)
    assert folder.tidy() == {"b", "c"}


def test_a_large_folder_that_is_full_is_not_looked_at_for_every_phrase(tmp_path: Path) -> None:
    folder = ClipFolder(tmp_path, MB, max_files=4 * ROOM)
    for index in range(4 * ROOM):
        folder.write(f"{index:02}", clip())
        age(tmp_path, f"{index:02}", 1000 - index)
    # A sixteenth has gone, the oldest first, and there is room for as many.
    assert names(tmp_path) == {f"{index:02}.clip" for index in range(4, 4 * ROOM)}
    for index in range(3):
        folder.write(f"later{index}", clip())
    assert len(names(tmp_path)) == 4 * ROOM - 1


def test_what_other_processes_write_is_counted_from_time_to_time(tmp_path: Path) -> None:
    mine, theirs = ClipFolder(tmp_path, 20 * SIZE), ClipFolder(tmp_path, 20 * SIZE)
    for index in range(15):
        theirs.write(f"theirs{index}", clip())
    for index in range(COUNT_EVERY):
        mine.write(f"mine{index}", clip())
    assert len(names(tmp_path)) <= 20


def test_a_clip_larger_than_the_whole_folder_may_be_is_left_out(tmp_path: Path) -> None:
    ClipFolder(tmp_path / "phrases", SIZE - 1).write("a", clip())
    assert not (tmp_path / "phrases").exists()


@pytest.mark.parametrize("data", [b"", b"\0" * 100, encode(clip())[:-1]])
def test_a_broken_file_is_told_of_and_removed(tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.clip").write_bytes(data)
    folder = ClipFolder(tmp_path, MB)
    assert folder.tidy() == {"a"}
    assert folder.read("a") is None
    assert folder.read("a") is None
    assert names(tmp_path) == set()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "a.clip" in caplog.text


def test_what_was_never_finished_is_removed_when_nobody_can_be_writing_it(tmp_path: Path) -> None:
    for name in ("old.part", "young.part", "notes.txt"):
        (tmp_path / name).touch()
    then = time.time() - ABANDONED_S - 1
    os.utime(tmp_path / "old.part", (then, then))
    os.utime(tmp_path / "notes.txt", (then, then))
    assert ClipFolder(tmp_path, MB).tidy() == set()
    assert names(tmp_path) == {"young.part", "notes.txt"}


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        ClipFolder(tmp_path, MB).write("a", clip())
    assert names(tmp_path) == set()


def test_a_file_that_is_being_read_elsewhere_need_not_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a file that somebody has open cannot be replaced or removed."""
    folder = ClipFolder(tmp_path, MB)
    folder.write("a", clip())

    def in_use(*_: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(os, "replace", in_use)
    folder.write("a", clip())
    assert names(tmp_path) == {"a.clip"}
    with pytest.raises(PermissionError):
        folder.write("b", clip())
