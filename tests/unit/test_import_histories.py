"""Conversations of Open-LLM-VTuber are read as they are, and put among ours once."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from olv_folder import CAT, MAOS, RAIN, SHIZUKU, history, olv_folder, said, written

from hayakuchi.core.database import StoreError
from hayakuchi.core.errors import HayakuchiError
from hayakuchi.core.types import Message
from hayakuchi.importing.folder_files import FolderFiles, Unreadable
from hayakuchi.importing.histories import History, HistoryFile, history_files, read_history
from hayakuchi.importing.history_store import DAY_S, Kept, Shelf
from hayakuchi.orchestrator.conversations import Conversations
from hayakuchi.orchestrator.gateway_settings import SessionsSettings

NOW = 1_791_000_000.0
"""In October 2026."""
CAST = {"shizuku-001": "Shizuku", "mao-002": "真央"}


def read(tmp_path: Path, content: Any, stem: str = "talk") -> History:
    path = written(tmp_path / "chat_history" / "one" / f"{stem}.json", content)
    return read_history(FolderFiles(tmp_path), HistoryFile(path, "one", stem))


def shelf(tmp_path: Path, now: float = NOW, **settings: Any) -> Shelf:
    file = tmp_path / "data" / "ours.sqlite3"
    return Shelf(file, SessionsSettings(file=file, **settings), now)


async def keep(shelf: Shelf, folder: Path) -> Kept:
    files = FolderFiles(folder)
    found = []
    for file in history_files(files):
        try:
            read_history(files, file)
        except Unreadable:
            continue
        found.append(file)
    return await shelf.keep(files, found, CAST, lambda done: None)


async def ours(shelf: Shelf, name: str) -> list[tuple[str, str, str | None, str | None]]:
    """The messages of a conversation as a server finds them."""
    conversations = Conversations(shelf.settings)
    await conversations.start()
    assert conversations.problem is None
    try:
        conversation = await conversations.open("", name, "whoever")
        entries = await conversation.entries(1000)
        return [(e.message.role, e.message.content, e.message.viewer, e.status) for e in entries]
    finally:
        await conversations.aclose()


async def listed(shelf: Shelf, *, sweep: bool = False) -> dict[str, Any]:
    conversations = Conversations(shelf.settings)
    await conversations.start()
    try:
        if sweep:
            await conversations.sweep()
        return {summary.name: summary for summary in await conversations.list("", limit=1000)}
    finally:
        await conversations.aclose()


def test_who_said_what_and_what_was_interrupted(tmp_path: Path) -> None:
    found = read(tmp_path, RAIN)
    assert [(m.message.role, m.message.viewer, m.status) for m in found.messages] == [
        ("user", None, None),
        ("assistant", None, "completed"),
        ("user", "Mika", None),
        ("assistant", None, "interrupted"),
    ]
    assert found.unknown == 0


def test_times_are_of_this_computer_and_always_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("this system's zone cannot be chosen")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        times = [stored.created_at for stored in read(tmp_path, RAIN).messages]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert times[0] == 1790853304.0
    assert all(after > before for before, after in pairwise(times))


def test_times_that_go_back_or_are_none_keep_their_place(tmp_path: Path) -> None:
    wild = history(
        said("human", "a", "2026-10-01T20:15:04"),
        said("ai", "b", "1999-01-01T00:00:00"),
        said("human", "c", "no time"),
        said("ai", "d", "9999-12-31T23:59:59"),
        {"role": "human", "content": "e", "timestamp": 7},
        # A clock that was wrong once: with it the store would take all that was said before for old.
        said("human", "f", (datetime.now() + timedelta(days=3)).isoformat()),
    )
    times = [stored.created_at for stored in read(tmp_path, wild).messages]
    assert len(times) == 6
    assert times == sorted(times)
    assert times[-1] - times[0] < 1


@pytest.mark.parametrize(("stem", "begun"), [("talk", "2031-01-01T00:00:00"), ("2031-01-02_03-04-05_a", "")])
def test_a_conversation_that_was_begun_in_time_to_come_was_begun_at_no_time(
    tmp_path: Path, stem: str, begun: str
) -> None:
    found = read(tmp_path, history({"role": "human", "content": "a"}, begun=begun), stem)
    assert found.created_at == 0.0
    assert found.used_at < 1


def test_what_was_said_in_a_zone_that_is_ahead_was_just_said(tmp_path: Path) -> None:
    ahead = (datetime.now() + timedelta(hours=14)).isoformat()
    found = read(tmp_path, history(said("human", "a", ahead), said("ai", "b", ahead), begun=ahead))
    times = [stored.created_at for stored in found.messages]
    assert time.time() - 60 < found.created_at <= times[0] < times[1] <= time.time() + 1


async def test_no_time_to_come_moves_the_clock_of_the_store(tmp_path: Path) -> None:
    """Every later conversation would be put at that time, and what is older be forgotten before its time."""
    for number, ahead in enumerate((timedelta(hours=20), timedelta(days=400))):
        at = (datetime.now() + ahead).isoformat()
        told = history(said("human", "a", at), said("ai", "b", at), begun=at)
        written(tmp_path / "olv" / "chat_history" / "a" / f"h{number}.json", told)
    place = shelf(tmp_path, time.time())
    assert (await keep(place, tmp_path / "olv")).new == 2
    conversations = Conversations(place.settings)
    await conversations.start()
    try:
        mine = await conversations.open("", "mine", "Kiyo")
        await mine.add(None, "hello")
        listed = {summary.name: summary.updated_at for summary in await conversations.list("")}
    finally:
        await conversations.aclose()
    assert listed.keys() == {"h0", "h1", "mine"}
    assert max(listed.values()) <= time.time() + 1


def test_a_file_without_any_time_has_that_of_its_name(tmp_path: Path) -> None:
    found = read(tmp_path, [{"role": "human", "content": "a"}], MAOS)
    assert 1_735_700_000 < found.created_at < 1_735_900_000
    assert read(tmp_path, [{"role": "human", "content": "a"}]).created_at == 0.0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[{", "not valid JSON"),
        ("", "not valid JSON"),
        ({"role": "human"}, "no list of messages"),
        ("[" * 50_000, "nested too deeply"),
        (b"\xff\xff", "no text in UTF-8"),
    ],
)
def test_what_is_broken_says_why(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(tmp_path, content)


def test_what_is_no_message_is_counted_and_passed_over(tmp_path: Path) -> None:
    odd = [3, None, {"role": "human"}, {"role": "robot", "content": "x"}, {"role": "human", "content": "\ud800\0hi"}]
    found = read(tmp_path, json.dumps(odd))
    assert found.unknown == 4
    assert [stored.message for stored in found.messages] == [Message("user", "?hi")]


def test_gbk_and_a_mark_of_utf_8_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, '[{"role":"human","content":"你好"}]'.encode("gb18030")).messages[0].message.content == "你好"
    assert read(tmp_path, b"\xef\xbb\xbf[]").messages == ()


def test_names_fit_and_no_two_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "chat_history"
    for name in (
        "a/x.json",
        "b/x.json",
        "b/has space.json",
        f"b/{'x' * 100}.json",
        "b/日本.json",
        "b/note.txt",
        "loose.json",
    ):
        written(folder / name, "[]")
    names = [file.name for file in history_files(FolderFiles(tmp_path))]
    assert len(set(names)) == len(names) == 5
    assert all(len(name) <= 64 and name.isascii() and " " not in name for name in names)
    assert names == [file.name for file in history_files(FolderFiles(tmp_path))]


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside" / "secret.json", RAIN)
    inside = tmp_path / "inside"
    (inside / "chat_history" / "a").mkdir(parents=True)
    os.symlink(outside, inside / "chat_history" / "a" / "link.json")
    os.symlink("circle.json", inside / "chat_history" / "a" / "circle.json")
    files = FolderFiles(inside)
    assert [file.path.name for file in history_files(files)] == ["circle.json", "link.json"]
    with pytest.raises(Unreadable, match="cannot be read"):
        read_history(files, HistoryFile(inside / "chat_history" / "a" / "circle.json", "a", "circle"))
    os.symlink(outside.parent, inside / "chat_history" / "b")
    with pytest.raises(Unreadable, match="leads out of the folder"):
        read_history(files, HistoryFile(inside / "chat_history" / "a" / "link.json", "a", "link"))
    with pytest.raises(Unreadable, match="leads out of the folder"):
        list(history_files(files))


async def test_they_are_found_among_ours(tmp_path: Path) -> None:
    place = shelf(tmp_path)
    kept = await keep(place, olv_folder(tmp_path / "olv"))
    assert (kept.new, kept.same, kept.no_room) == (2, 0, 0), "one is empty, and one is broken"
    summaries = await listed(place)
    assert list(summaries) == [SHIZUKU, MAOS], "used last comes first"
    rain = summaries[SHIZUKU]
    assert (rain.character, rain.title, rain.messages) == ("Shizuku", "Do you like rain?", 4)
    assert (await ours(place, MAOS))[1] == ("assistant", "ニャー！", None, "completed")
    assert (await ours(place, SHIZUKU))[2:] == [
        ("user", "And snow?", "Mika", None),
        ("assistant", "Snow is rain that", None, "interrupted"),
    ]


@pytest.mark.skipif(os.name != "posix", reason="does not take such names")
async def test_folders_of_any_name_are_those_of_somebody_who_can_be_shown(tmp_path: Path) -> None:
    folders = ["a\x1b[2Jb\n", "\udcff", " ", "a..\\x", "CON", "trail.", "n" * 250, "A", "a"]
    for number, folder in enumerate(folders):
        written(tmp_path / "olv" / "chat_history" / folder / f"h{number}.json", RAIN)
    for name in ("CON", "con", "h0", "\udcfe", "a\nb"):
        written(tmp_path / "olv" / "chat_history" / "CON" / f"{name}.json", RAIN)
    place = shelf(tmp_path)
    kept = await keep(place, tmp_path / "olv")
    assert (kept.new, kept.same, kept.broken) == (14, 0, {})
    summaries = await listed(place)
    assert all(len(summary.character) <= 60 and summary.character.isprintable() for summary in summaries.values())
    shown = {summaries[f"h{number}"].character for number in range(1, len(folders))}
    assert shown == {"chat_history", "a..\\x", "CON", "trail.", "n" * 60, "A", "a"}
    kept = await keep(place, tmp_path / "olv")
    assert (kept.new, kept.same) == (0, 14)


async def test_again_adds_nothing_and_what_was_said_since_then_is_added(tmp_path: Path) -> None:
    place, folder = shelf(tmp_path), olv_folder(tmp_path / "olv")
    await keep(place, folder)
    before = await ours(place, MAOS)
    kept = await keep(place, folder)
    assert (kept.new, kept.same, kept.longer) == (0, 2, 0)
    assert await ours(place, MAOS) == before
    later = [*CAT, said("human", "またね。", "2025-01-02T04:00:00")]
    written(folder / "chat_history" / "mao-002" / f"{MAOS}.json", later)
    kept = await keep(place, folder)
    assert (kept.new, kept.same, kept.longer) == (0, 1, 1)
    assert await ours(place, MAOS) == [*before, ("user", "またね。", None, None)]


async def test_one_that_went_on_here_is_left_as_it_is(tmp_path: Path) -> None:
    place, folder = shelf(tmp_path), olv_folder(tmp_path / "olv")
    await keep(place, folder)
    conversations = Conversations(place.settings)
    await conversations.start()
    conversation = await conversations.open("", MAOS, "Mao")
    await conversation.add(None, "I go on here.")
    await conversations.aclose()
    before = await ours(place, MAOS)
    written(folder / "chat_history" / "mao-002" / f"{MAOS}.json", [*CAT, said("ai", "x", "2025-01-02T04:00:00")])
    kept = await keep(place, folder)
    assert (kept.gone_on, kept.longer) == (1, 0)
    assert await ours(place, MAOS) == before


async def test_old_conversations_are_not_forgotten_at_once(tmp_path: Path) -> None:
    place = shelf(tmp_path, time.time())
    await keep(place, olv_folder(tmp_path / "olv"))
    summaries = await listed(place, sweep=True)
    assert MAOS in summaries
    assert summaries[MAOS].updated_at > time.time() - 50 * DAY_S
    assert summaries[MAOS].created_at < 1_736_000_000


async def test_old_ones_keep_their_order(tmp_path: Path) -> None:
    for number in range(30):
        at = f"20{10 + number // 12}-{number % 12 + 1:02d}-05T00:00:00"
        written(tmp_path / "chat_history" / "a" / f"h{number:02d}.json", history(said("ai", "x", at), begun=at))
    place = shelf(tmp_path)
    await keep(place, tmp_path)
    assert list(await listed(place)) == [f"h{number:02d}" for number in reversed(range(30))]


async def test_what_is_ours_is_never_pushed_out(tmp_path: Path) -> None:
    place = shelf(tmp_path, max_stored=2)
    conversations = Conversations(place.settings)
    await conversations.start()
    await (await conversations.open("", "mine", "Kiyo")).add(None, "hello")
    await conversations.aclose()
    kept = await keep(place, olv_folder(tmp_path / "olv"))
    assert (kept.new, kept.no_room) == (1, 1)
    assert "mine" in await listed(place, sweep=True)


async def test_a_running_server_is_not_disturbed(tmp_path: Path) -> None:
    place = shelf(tmp_path)
    conversations = Conversations(place.settings)
    await conversations.start()
    try:
        with pytest.raises(HayakuchiError, match="stop the server and run this again; --no-history"):
            await keep(place, olv_folder(tmp_path / "olv"))
        assert await conversations.list("") == []
    finally:
        await conversations.aclose()
    assert (await keep(place, tmp_path / "olv")).new == 2


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    place = shelf(tmp_path)
    written(place.path, "no database" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        await keep(place, olv_folder(tmp_path / "olv"))


async def test_a_file_that_broke_since_it_was_looked_at_is_told(tmp_path: Path) -> None:
    folder = olv_folder(tmp_path / "olv")
    files = FolderFiles(folder)
    found = [file for file in history_files(files) if file.conf_uid == "mao-002"]
    written(found[0].path, "[")
    kept = await shelf(tmp_path).keep(files, found, CAST, lambda done: None)
    assert kept.new == 0
    assert "not valid JSON" in kept.broken[f"chat_history/mao-002/{MAOS}.json"]


async def test_two_files_of_one_name_that_broke_are_both_told(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        written(tmp_path / "olv" / "chat_history" / folder / "x.json", "[")
    files = FolderFiles(tmp_path / "olv")
    kept = await shelf(tmp_path).keep(files, list(history_files(files)), CAST, lambda done: None)
    assert sorted(kept.broken) == ["chat_history/a/x.json", "chat_history/b/x.json"]


async def test_a_name_that_is_hidden_while_it_is_deleted_is_free(tmp_path: Path) -> None:
    place, folder = shelf(tmp_path), olv_folder(tmp_path / "olv")
    await keep(place, folder)
    with sqlite3.connect(place.path) as connection:
        connection.execute("UPDATE sessions SET owner = '!', name = uid WHERE name = ?", (MAOS,))
    connection.close()
    kept = await keep(place, folder)
    assert (kept.new, kept.same) == (1, 1)
