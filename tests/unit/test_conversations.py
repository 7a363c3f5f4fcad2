"""Conversations by name: who sees them, when they are forgotten, and what happens when the file fails."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hayakuchi.core import database
from hayakuchi.core.database import StoreError
from hayakuchi.core.steadfast import until_done
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator import conversations as module
from hayakuchi.orchestrator.conversation import Conversation, NoSuchMessage
from hayakuchi.orchestrator.conversations import Conversations
from hayakuchi.orchestrator.gateway_settings import SessionsSettings


@asynccontextmanager
async def started(folder: Path, **settings: Any) -> AsyncIterator[Conversations]:
    conversations = Conversations(SessionsSettings(file=folder / "f", **settings))
    await conversations.start()
    try:
        yield conversations
    finally:
        await conversations.aclose()


async def said(conversations: Conversations, owner: str, name: str, text: str = "Hi") -> None:
    await (await conversations.open(owner, name, "Kiyo")).add(UserInput(text), "Hello")


def texts(conversation: Conversation) -> list[str]:
    return [message.content for message in conversation.messages]


async def test_all_who_open_it_have_the_same_one(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        opened = await asyncio.gather(*(conversations.open("", "main", "Kiyo") for _ in range(20)))
        assert len(set(map(id, opened))) == 1
        async with conversations.hold("", "main", "Kiyo") as held:
            assert held is opened[0]
        told: list[str] = []
        stop = held.observe(lambda: told.append("all"))
        held.observe(lambda: told.append("me"), of=conversations)
        await held.add(UserInput("Hi"), "Hello", by=conversations)
        await held.add(UserInput("Hi"), "Hello")
        stop()
        await held.rollback(1)
        assert told == ["all", "all", "me", "me"]


async def test_turns_of_many_at_once_are_all_kept_in_order(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        one = await conversations.open("", "one", "Kiyo")
        await asyncio.gather(*(one.add(UserInput(f"q{n}"), f"a{n}") for n in range(90)))
        at_hand = texts(one)
        del one
    async with started(tmp_path) as conversations:
        one = await conversations.open("", "one", "Kiyo")
        assert texts(one) == at_hand == [f"{kind}{n}" for n in range(90) for kind in "qa"]


async def test_an_exchange_whose_writing_is_told_late_keeps_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, told = asyncio.Event(), asyncio.Event()

    async def late(future: Future[Any], limit_s: float, *, steadfast: bool) -> None:
        await until_done(future, limit_s, steadfast=steadfast)
        if not written.is_set():
            written.set()
            await told.wait()

    async with started(tmp_path) as conversations:
        one = await conversations.open("", "one", "Kiyo")
        monkeypatch.setattr(database, "until_done", late)
        first = asyncio.create_task(one.add(UserInput("q0"), "a0"))
        await written.wait()
        await one.add(UserInput("q1"), "a1")
        told.set()
        await first
        assert texts(one) == ["q0", "a0", "q1", "a1"]
    async with started(tmp_path) as conversations:
        assert texts(await conversations.open("", "one", "Kiyo")) == ["q0", "a0", "q1", "a1"]


async def test_an_owner_sees_its_own_only(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        for owner, name in (("", "a"), ("x", "a"), ("x", "b"), ("y", "c")):
            await said(conversations, owner, name, f"{owner}/{name}")
        assert [summary.title for summary in await conversations.list("x")] == ["x/b", "x/a"]
        assert await conversations.find("y", "b") is None
        assert not await conversations.delete("y", "b")
        summary = await conversations.find("x", "b")
        assert summary is not None
        assert (summary.name, summary.character, summary.messages) == ("b", "Kiyo", 2)


async def test_the_list_comes_in_pages(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        made = [(await conversations.create("x", "Kiyo", f"t{n}")).name for n in range(7)]
        pages, before = [], None
        while page := await conversations.list("x", limit=3, before=before):
            pages.append([summary.name for summary in page])
            before = page[-1].updated_at
        assert pages == [made[:3:-1], made[3:0:-1], made[:1]]


async def test_a_title_is_what_was_said_first(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        for name, text, title in (
            ("a", "  Tell me\n a story ", "Tell me a story"),
            ("b", "word " * 20, "word " * 11 + "word…"),
            ("c", "x" * 100, "x" * 59 + "…"),
        ):
            talk = await conversations.open("", name, "Kiyo")
            await talk.add(None, "An opening line")
            await talk.add(UserInput(text), "Yes")
            await talk.add(UserInput("Another"), "Yes")
            summary = await conversations.find("", name)
            assert summary is not None
            assert summary.title == title
            assert len(title) <= 60
        await talk.rename("Mine")
        await talk.add(UserInput("More"), "Yes")
        summary = await conversations.find("", "c")
        assert summary is not None
        assert summary.title == "Mine"


async def test_one_that_is_deleted_begins_anew_for_those_in_it(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        talk = await conversations.open("", "main", "Kiyo")
        for number in range(600):
            await talk.add(UserInput(f"{number}"), "Yes")
        uid, told = talk.uid, list[int]()
        talk.observe(lambda: told.append(len(talk)))
        late = talk.add(UserInput("late"), "Yes")
        answers = await asyncio.gather(late, conversations.delete("", "main"))
        assert answers[1] is True
        assert told[-1] == 0
        assert talk.uid != uid
        assert await conversations.find("", "main") is None
        assert not await conversations.delete("", "main")
        await talk.add(UserInput("Anew"), "Yes")
        assert texts(talk) == ["Anew", "Yes"]
        count = await conversations.database.read(lambda c: c.execute("SELECT count(*) FROM messages").fetchone())
        assert count == (2,)
    async with started(tmp_path) as conversations:
        assert texts(await conversations.open("", "main", "Kiyo")) == ["Anew", "Yes"]


async def test_old_ones_and_too_many_are_forgotten_but_none_in_use(tmp_path: Path) -> None:
    async with started(tmp_path, max_stored=3, ttl_days=1) as conversations:
        held = await conversations.open("", "held", "Kiyo")
        await held.add(UserInput("Hi"), "Hello")
        for number in range(6):
            await said(conversations, "", f"n{number}")
        await said(conversations, "other", "old")
        await said(conversations, "other", "young")
        await conversations.database.write(
            lambda c: c.execute("UPDATE sessions SET updated_at = updated_at - 90000 WHERE name IN ('old', 'held')")
        )
        gc.collect()
        await conversations.sweep()
        assert [summary.name for summary in await conversations.list("")] == ["n5", "n4", "n3", "held"]
        assert [summary.name for summary in await conversations.list("other")] == ["young"]
        counts = await conversations.database.read(
            lambda c: c.execute("SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM messages)").fetchone()
        )
        assert counts == (5, 10)


async def test_a_long_conversation_loses_its_oldest_messages(tmp_path: Path) -> None:
    async with started(tmp_path, max_messages=10) as conversations:
        talk = await conversations.open("", "long", "Kiyo")
        for number in range(4):
            await talk.add(UserInput(f"other{number}"), "Yes")
        await talk.rollback(8)
        ids = [(await talk.add(UserInput(f"q{number}"), f"a{number}"))[0] for number in range(8)]
        await conversations.sweep()
    async with started(tmp_path, max_messages=10) as conversations:
        talk = await conversations.open("", "long", "Kiyo")
        assert texts(talk) == [f"{kind}{n}" for n in range(3, 8) for kind in "qa"]
        summary = await conversations.find("", "long")
        assert summary is not None
        assert summary.messages == 10
        with pytest.raises(NoSuchMessage):
            await talk.rewind_to(ids[0])
        assert (await talk.rewind_to(ids[3])).text == "q3"
        assert texts(talk) == []
        await talk.add(UserInput("first of all"), "Yes")
        assert texts(talk) == ["first of all", "Yes"]


async def test_a_second_server_keeps_its_conversations_in_memory(tmp_path: Path) -> None:
    async with started(tmp_path) as first:
        await said(first, "", "main")
        async with started(tmp_path) as second:
            assert second.problem is not None
            assert "another server keeps its conversations there" in second.problem
            talk = await second.open("", "main", "Kiyo")
            await talk.add(UserInput("Elsewhere"), "Yes")
            assert texts(talk) == ["Elsewhere", "Yes"]
            assert await second.database.read(lambda c: c.execute("SELECT count(*) FROM messages").fetchone()) == (2,)
        assert first.problem is None
    async with started(tmp_path) as third:
        assert third.problem is None
        assert texts(await third.open("", "main", "Kiyo")) == ["Hi", "Hello"]


async def test_a_file_that_cannot_be_opened_is_told_of_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"precious, but no database" * 200)
    async with started(tmp_path) as conversations:
        assert conversations.problem is not None
        assert "kept in memory" in conversations.problem
        assert "damaged" in conversations.problem
        await said(conversations, "", "main")
        assert texts(await conversations.open("", "main", "Kiyo")) == ["Hi", "Hello"]
        assert [summary.name for summary in await conversations.list("")] == ["main"]
    assert (tmp_path / "f").read_bytes() == b"precious, but no database" * 200


async def test_what_a_full_disk_does_not_take_is_written_later(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        talk = await conversations.open("", "main", "Kiyo")
        await talk.add(UserInput("before"), "Yes")
        await pages(conversations, 20)
        assert await talk.add(UserInput("x" * 200_000), "Yes") == (None, None)
        assert conversations.problem is not None
        assert "disk is full" in conversations.problem
        assert await talk.add(UserInput("after"), "Yes") == (None, None)
        assert texts(talk)[-2:] == ["after", "Yes"]
        with pytest.raises(StoreError, match="disk is full"):
            await talk.rollback(1)
        assert len(talk) == 6
        await pages(conversations, 100_000)
        ids = await talk.add(UserInput("room again"), "Yes")
        assert None not in ids
        assert conversations.problem is None
        assert all(stored.id for stored in talk.recent(10))
        at_hand = texts(talk)
    async with started(tmp_path) as conversations:
        talk = await conversations.open("", "main", "Kiyo")
        assert texts(talk) == at_hand == ["before", "Yes", "x" * 200_000, "Yes", "after", "Yes", "room again", "Yes"]


async def test_what_could_not_be_written_is_written_when_the_server_ends(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        talk = await conversations.open("", "main", "Kiyo")
        await pages(conversations, 20)
        await talk.add(UserInput("x" * 200_000), "Yes")
        del talk  # nobody takes part in it any more
        gc.collect()
        await pages(conversations, 100_000)
    async with started(tmp_path) as conversations:
        assert len(await conversations.open("", "main", "Kiyo")) == 2


async def pages(conversations: Conversations, most: int) -> None:
    await conversations.database.read(lambda c: c.execute(f"PRAGMA max_page_count={most}").fetchall())


async def test_what_was_written_too_late_is_not_written_twice(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        talk = await conversations.open("", "main", "Kiyo")
        other = sqlite3.connect(tmp_path / "f", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(1.3, lambda: other.execute("COMMIT"))
        release.start()
        assert await talk.add(UserInput("slow"), "Yes") == (None, None)  # after 1 s
        assert await talk.add(UserInput("at once"), "Yes") == (None, None)  # without waiting for it
        release.join()
        other.close()
        await talk.add(UserInput("fast"), "Yes")
        assert await talk.rollback(100) == 6
        assert texts(talk) == []


async def test_a_file_that_is_slow_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    async with started(tmp_path) as conversations:
        await said(conversations, "", "main")
        gc.collect()
        async with asyncio.TaskGroup() as group:
            group.create_task(slow(conversations, 1.5))
            await asyncio.sleep(0.1)
            talk = await conversations.open("", "main", "Kiyo")
        assert texts(talk) == ["Hi", "Hello"]
        await talk.add(UserInput("And then?"), "Nothing")
        assert conversations.problem is None
    async with started(tmp_path) as conversations:
        assert len(await conversations.open("", "main", "Kiyo")) == 4


async def test_a_file_that_answers_again_is_no_problem_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_S", 0.2)
    async with started(tmp_path) as conversations:
        async with asyncio.TaskGroup() as group:
            group.create_task(slow(conversations, 0.8))
            await asyncio.sleep(0.1)
            await conversations.open("", "late", "Kiyo")
            assert "kept in memory" in (conversations.problem or "")
        await conversations.open("", "main", "Kiyo")
        assert conversations.problem is None


async def slow(conversations: Conversations, seconds: float) -> None:
    with suppress(StoreError):
        await conversations.database.read(lambda connection: time.sleep(seconds))


@pytest.mark.parametrize("what", ["rewind_to", "select", "check"])
async def test_messages_of_others_are_none_of_ours(tmp_path: Path, what: str) -> None:
    async with started(tmp_path) as conversations:
        theirs = await (await conversations.open("x", "main", "Kiyo")).add(UserInput("Hi"), "Hello")
        ours = await conversations.open("y", "main", "Kiyo")
        await ours.add(UserInput("Hi"), "Hello")
        for number in (*theirs, 99, 0, 2**53):
            with pytest.raises(NoSuchMessage):
                await getattr(ours, what)(number)
        with pytest.raises(NoSuchMessage):
            await ours.entries(10, before=theirs[1])
        assert texts(ours) == ["Hi", "Hello"]


async def test_nothing_is_written_where_nothing_is_to_be_kept(tmp_path: Path) -> None:
    async with started(tmp_path, keep=False) as conversations:
        await said(conversations, "", "main")
        assert conversations.problem is None
        assert texts(await conversations.open("", "main", "Kiyo")) == ["Hi", "Hello"]
    assert os.listdir(tmp_path) == []


async def test_those_that_were_only_opened_make_way_for_those_in_which_something_was_said(tmp_path: Path) -> None:
    async with started(tmp_path, max_stored=3) as conversations:
        await said(conversations, "", "main")
        await said(conversations, "", "taken-back")
        await (await conversations.open("", "taken-back", "Kiyo")).rollback(2)
        for number in range(5):
            await conversations.open("", f"visit-{number}", "Kiyo")
        gc.collect()
        await conversations.sweep()
        assert {one.name for one in await conversations.list("")} == {"main", "taken-back", "visit-4"}
