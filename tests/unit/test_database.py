"""A database on its own thread: what is committed is there, what fails harms nobody, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hayakuchi.core.database import Database, StoreError

SCHEMA = ("CREATE TABLE words (word TEXT UNIQUE)",)
Insert = Callable[[sqlite3.Connection], str]


def insert(word: str) -> Insert:
    def work(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO words VALUES (?)", (word,))
        return word

    return work


def words(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT word FROM words ORDER BY word")]


@asynccontextmanager
async def opened(path: Path | None) -> AsyncIterator[Database]:
    database = Database(path, SCHEMA)
    await database.open()
    try:
        yield database
    finally:
        await database.aclose()


@pytest.fixture(params=["file", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "new" / "words.sqlite3" if request.param == "file" else None


async def test_what_fails_leaves_the_others_alone_and_nothing_of_it_is_written(path: Path | None) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words VALUES ('half')")
        raise ZeroDivisionError

    def meddler(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")

    async with opened(path) as database:
        asked: list[Any] = [insert("a"), broken, insert("b"), insert("a"), meddler, insert("c")]
        answers = await asyncio.gather(*map(database.write, asked), return_exceptions=True)
        assert [type(answer) for answer in answers] == [str, ZeroDivisionError, str, StoreError, StoreError, str]
        assert await database.read(words) == ["a", "b", "c"]
        assert await database.write(insert("d")) == "d"


async def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    async with opened(tmp_path / "w") as database:
        await asyncio.gather(*(database.write(insert(f"{number:03}")) for number in range(200)))
    async with opened(tmp_path / "w") as database:
        assert len(await database.read(words)) == 200


async def test_whoever_is_cancelled_has_its_work_written(tmp_path: Path) -> None:
    gate = threading.Event()
    async with opened(tmp_path / "w") as database, asyncio.TaskGroup() as group:
        holding = group.create_task(database.read(lambda connection: gate.wait(0.9)))
        fickle = group.create_task(database.write(insert("fickle")))
        steadfast = group.create_task(_then_sleeps(database))
        await asyncio.sleep(0.05)
        fickle.cancel()
        steadfast.cancel()
        await asyncio.wait([fickle])
        assert not steadfast.done()
        gate.set()
        await asyncio.wait([steadfast])
        assert steadfast.cancelled()
        await holding
        assert await database.read(words) == ["fickle", "steadfast"]


async def _then_sleeps(database: Database) -> None:
    assert await database.write(insert("steadfast"), steadfast=True) == "steadfast"
    await asyncio.sleep(60)


async def test_nobody_waits_longer_than_the_limit(tmp_path: Path) -> None:
    gate = threading.Event()
    async with opened(tmp_path / "w") as database, asyncio.TaskGroup() as group:
        stuck = group.create_task(database.read(lambda connection: gate.wait(1)))
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match=r"did not answer within 0\.05 s"):
            await database.write(insert("late"), limit_s=0.05)
        gate.set()
        await stuck
        assert await database.read(words) == ["late"]  # it was written all the same


async def test_a_database_that_is_not_open_says_so(path: Path | None) -> None:
    database = Database(path, SCHEMA)
    for _ in range(2):
        with pytest.raises(StoreError, match="is not open"):
            await database.write(insert("a"))
        with pytest.raises(StoreError, match="is not open"):
            await database.read(words)
        await database.open()
        await database.write(insert("before"))
        await database.aclose()
        await database.aclose()
        if path is not None:
            os.unlink(path)


async def test_what_is_asked_at_the_moment_of_closing_is_done_or_refused(tmp_path: Path) -> None:
    for round_ in range(20):
        database = Database(tmp_path / f"{round_}", SCHEMA)
        await database.open()
        asked = [database.write(insert(str(number))) for number in range(20)]
        answers = await asyncio.gather(*asked[:10], database.aclose(), *asked[10:], return_exceptions=True)
        done = [answer for answer in answers if isinstance(answer, str)]
        assert all(answer is None or isinstance(answer, str | StoreError) for answer in answers)
        async with opened(tmp_path / f"{round_}") as again:
            assert await again.read(words) == sorted(done)


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
async def test_a_damaged_file_is_told_of_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "w"
    file.write_bytes(content)
    with pytest.raises(StoreError, match="damaged: move it away"):
        await Database(file, SCHEMA).open()
    assert file.read_bytes() == content


async def test_a_page_that_is_damaged_later_is_told_of(tmp_path: Path) -> None:
    async with opened(tmp_path / "w") as database:
        for number in range(2000):
            await database.write(insert(f"{number} {'x' * 50}"))
    content = bytearray((tmp_path / "w").read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    (tmp_path / "w").write_bytes(content)
    async with opened(tmp_path / "w") as database:
        with pytest.raises(StoreError, match="damaged"):
            await database.read(words)


async def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for place, told in ((tmp_path / "file" / "w", "name another file"), (tmp_path / "folder", "name a file")):
        with pytest.raises(StoreError, match=told):
            await Database(place, SCHEMA).open()


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="whoever may do all may write there")
async def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o500)
    with pytest.raises(StoreError, match="name another file"):
        await Database(tmp_path / "w", SCHEMA).open()


async def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path / "w") as database:
        await database.read(lambda connection: connection.execute("PRAGMA user_version=7").fetchall())
    with pytest.raises(StoreError, match="later version"):
        await Database(tmp_path / "w", SCHEMA).open()


async def test_a_full_disk_is_told_of_and_the_rest_lives_on(tmp_path: Path) -> None:
    async with opened(tmp_path / "w") as database:
        await database.read(lambda connection: connection.execute("PRAGMA max_page_count=8").fetchall())
        answers = await asyncio.gather(
            *(database.write(insert(size * "x")) for size in (10, 100_000, 11)), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [str, StoreError, str]
        assert "disk is full; make room" in str(answers[1])
        await database.read(lambda connection: connection.execute("PRAGMA max_page_count=100000").fetchall())
        await database.write(insert(100_000 * "x"))
        assert sorted(map(len, await database.read(words))) == [10, 11, 100_000]


async def test_another_process_that_writes_is_waited_for(tmp_path: Path) -> None:
    async with opened(tmp_path / "w") as database:
        other = sqlite3.connect(tmp_path / "w", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="did not answer"):
            await database.write(insert("a"), limit_s=0.1)
        other.execute("COMMIT")
        other.close()
        assert await database.write(insert("c")) == "c"
        assert await database.read(words) == ["a", "c"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
async def test_a_forked_process_may_not_use_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "w") as database:
        database._process += 1  # as a forked process sees it
        with pytest.raises(StoreError, match="forked"):
            await database.write(insert("a"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a user's folder from others by itself")
async def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    async with opened(folder / "file.sqlite3") as database:
        await database.write(insert("mine"))
        assert {file.name: oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {
            "file.sqlite3": "0o600",
            "file.sqlite3-wal": "0o600",
            "file.sqlite3-shm": "0o600",
        }
        assert folder.stat().st_mode & 0o777 == 0o700
