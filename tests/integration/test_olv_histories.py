"""``WS /client-ws``: a client's conversations, listed, gone on with, begun and deleted; nobody else's are seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from frontend import Frontend, frontend
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.core.database import StoreError
from hayakuchi.core.types import Image, Message, UserInput
from hayakuchi.gateway.open_llm_vtuber import histories
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import SessionsSettings
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings


@asynccontextmanager
async def theirs(folder: Path) -> AsyncIterator[tuple[str, Engine, ScriptedLLM]]:
    llm = ScriptedLLM(["Yes, ", "I ", "do."], first_ms=1, token_ms=1)
    made = settings_for(lambda: llm, lambda: ScriptedTTS(first_ms=1, rtf=0.001))
    made = replace(
        made,
        sessions=SessionsSettings(file=folder / "f.sqlite3"),
        open_llm_vtuber=OpenLlmVtuberSettings(playback_patience_s=0.5, split="never"),
    )
    async with serving(made) as (url, engine):
        yield url, engine, llm


async def ask(client: Frontend, kind: str, answer: str, **fields: Any) -> dict[str, Any]:
    """The answer, or the error in its place."""
    await client.send(kind, request_id="q", **fields)
    told = await client.next(answer, "error")
    assert told["request_id"] == "q"
    return told


async def say(client: Frontend, text: str) -> None:
    await client.send("text-input", text=text)
    await client.plays()


async def fresh(client: Frontend) -> str:
    return (await ask(client, "create-new-history", "new-history-created"))["history_uid"]


async def listed(client: Frontend) -> list[dict[str, Any]]:
    return (await ask(client, "fetch-history-list", "history-list"))["histories"]


async def test_loading_a_page_leaves_no_conversation_behind(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, engine, _):
        for _ in range(3):
            async with frontend(url) as client:
                for kind in ("fetch-configs", "fetch-history-list", "create-new-history"):
                    await client.send(kind)
                await client.next("new-history-created")
        assert [one for one in await engine.conversations.list("") if one.name != "main"] == []


async def test_the_list_has_what_was_said_last_and_those_used_last_first(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, _, _), frontend(url) as client:
        first = await fresh(client)
        await say(client, "One?")
        second = await fresh(client)
        await say(client, "Two?")
        await fresh(client)
        found = await listed(client)
        assert [one["uid"] for one in found] == [second, first]
        latest = found[0]["latest_message"]
        assert (latest["role"], latest["content"]) == ("ai", "Yes, I do.")
        assert datetime.fromisoformat(latest["timestamp"]) <= datetime.fromisoformat(found[0]["timestamp"])


async def test_names_cannot_be_guessed(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, _, _), frontend(url) as client:
        names = {await fresh(client) for _ in range(5)}
        assert len(names) == 5
        assert all(len(name) == 32 and histories.NAME.fullmatch(name) for name in names)


async def test_a_conversation_is_gone_on_with(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, _, llm):
        async with frontend(url) as client:
            uid = await fresh(client)
            await say(client, "One?")
        async with frontend(url) as client:
            await say(client, "Something else?")
            told = await ask(client, "fetch-and-set-history", "history-data", history_uid=uid)
            assert [(one["role"], one["content"], one["name"]) for one in told["messages"]] == [
                ("human", "One?", ""),
                ("ai", "Yes, I do.", "Test"),
            ]
            assert all(datetime.fromisoformat(one["timestamp"]).tzinfo for one in told["messages"])
            await say(client, "Two?")
        assert [one.content for one in llm.asked[-1]] == ["One?", "Yes, I do.", "Two?"]


async def test_a_client_that_goes_on_where_it_is_goes_on_speaking(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, _, _), frontend(url) as client:
        uid = await fresh(client)
        told = await ask(client, "fetch-and-set-history", "history-data", history_uid=uid)
        assert told["messages"] == []
        await client.send("text-input", text="One?")
        await client.next("control conversation-chain-start")
        await ask(client, "fetch-and-set-history", "history-data", history_uid=uid)
        assert "audio" in await client.plays()


@pytest.mark.parametrize("uid", ["../x", "a/b", "a b", "x" * 65, "ä", "a\n", "%2e"])
@pytest.mark.parametrize("kind", ["fetch-and-set-history", "delete-history"])
async def test_names_that_are_none_of_ours_are_refused(tmp_path: Path, kind: str, uid: str) -> None:
    async with theirs(tmp_path) as (url, _, _), frontend(url) as client:
        assert "history_uid" in (await ask(client, kind, "nothing", history_uid=uid))["message"]


async def test_one_of_an_import_is_found(tmp_path: Path) -> None:
    name = "2024-06-01_12-30-00_0123456789abcdef0123456789abcdef"
    async with theirs(tmp_path) as (url, engine, _), frontend(url) as client:
        held = await engine.conversations.open("", name, "Test")
        await held.add(UserInput("Long ago", "Mika", images=(Image("data:image/png;base64,AA"),)), "Yes")
        told = await ask(client, "fetch-and-set-history", "history-data", history_uid=name)
        assert [one["name"] for one in told["messages"]] == ["Mika", "Test"]


async def test_what_is_not_there_is_told_and_nothing_changes(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, _, llm), frontend(url) as client:
        await say(client, "One?")
        told = await ask(client, "fetch-and-set-history", "history-data", history_uid="gone")
        assert told == {"type": "error", "message": "there is no conversation 'gone' of yours", "request_id": "q"}
        await say(client, "Two?")
        assert len(llm.asked[-1]) == 3
        gone = await ask(client, "delete-history", "history-deleted", history_uid="gone")
        assert gone == {"type": "history-deleted", "success": False, "history_uid": "gone", "request_id": "q"}


async def test_other_owners_conversations_are_not_there(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, engine, _), frontend(url) as client:
        held = await engine.conversations.open("somebody", "theirs", "Test")
        await held.add(UserInput("Mine!"), "Yours.")
        assert await listed(client) == []
        assert (await ask(client, "fetch-and-set-history", "history-data", history_uid="theirs"))["type"] == "error"
        assert not (await ask(client, "delete-history", "history-deleted", history_uid="theirs"))["success"]
        assert await engine.conversations.find("somebody", "theirs") is not None


async def test_those_with_other_characters_are_neither_listed_nor_gone_on_with_nor_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST", 1)
    async with theirs(tmp_path) as (url, engine, llm), frontend(url) as client:
        uid = await fresh(client)
        await say(client, "One?")
        held = await engine.conversations.open("", "other", "Somebody else")
        await held.add(UserInput("A secret"), "It is safe.")
        assert [one["uid"] for one in await listed(client)] == [uid], "others are not counted either"
        for kind in ("fetch-and-set-history", "delete-history"):
            told = await ask(client, kind, "nothing", history_uid="other")
            assert told["message"] == (
                "the conversation 'other' was held with Somebody else, and Test is on stage: switch to that character first"
            )
        await say(client, "Two?")
        assert [one.content for one in llm.asked[-1]] == ["One?", "Yes, I do.", "Two?"]
        assert len(await held.entries(9)) == 2


async def test_pictures_are_sent_once(tmp_path: Path) -> None:
    picture = {"source": "upload", "data": "data:image/png;base64,iVBORw0KGgo="}
    async with theirs(tmp_path) as (url, engine, llm), frontend(url) as client:
        uid = await fresh(client)
        await client.send("text-input", text="Look!", images=[picture])
        await client.plays()
        await say(client, "And now?")
        assert [(one.content, one.images) for one in llm.asked[-1]] == [
            ("Look! [picture]", ()),
            ("Yes, I do.", ()),
            ("And now?", ()),
        ]
        kept = await (await engine.conversations.open("", uid, "Test")).entries(9)
        assert [len(one.message.images) for one in kept] == [1, 0, 0, 0]
        assert kept[0].message.content == "Look!"


async def test_deleting_another_one_leaves_the_one_in_use(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, engine, _), frontend(url) as client:
        first = await fresh(client)
        await say(client, "One?")
        second = await fresh(client)
        await say(client, "Two?")
        assert (await ask(client, "delete-history", "history-deleted", history_uid=first))["success"]
        assert await client.silent_for(0.1)
        assert [one["uid"] for one in await listed(client)] == [second]
        assert await engine.conversations.find("", first) is None


@pytest.mark.parametrize("speaking", [True, False])
async def test_deleting_the_one_in_use_begins_a_fresh_one(tmp_path: Path, speaking: bool) -> None:
    async with theirs(tmp_path) as (url, engine, llm), frontend(url) as client:
        uid = await fresh(client)
        await say(client, "One?")
        if speaking:
            await client.send("text-input", text="Two?")
            await client.next("audio")
        assert (await ask(client, "delete-history", "history-deleted", history_uid=uid))["success"]
        following = await client.next("new-history-created")
        assert following["history_uid"] != uid
        assert await listed(client) == []
        await say(client, "Three?")
        assert [one.content for one in llm.asked[-1]] == ["Three?"]
        assert [one["uid"] for one in await listed(client)] == [following["history_uid"]]
        assert await engine.conversations.find("", uid) is None


async def test_one_in_which_nothing_was_said_is_deleted_too(tmp_path: Path) -> None:
    async with theirs(tmp_path) as (url, _, _), frontend(url) as client:
        uid = await fresh(client)
        assert (await ask(client, "delete-history", "history-deleted", history_uid=uid))["success"]
        assert (await client.next("new-history-created"))["history_uid"] != uid


async def test_a_store_that_fails_is_told_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with theirs(tmp_path) as (url, engine, llm), frontend(url) as client:
        uid = await fresh(client)
        await say(client, "One?")

        async def broken(*args: object, **kwargs: object) -> Any:
            raise StoreError("f.sqlite3 cannot be read: the disk is gone; look whether it is there")

        with monkeypatch.context() as patched:
            for method in ("list", "find", "delete"):
                patched.setattr(engine.conversations, method, broken)
            for kind, fields in (
                ("fetch-history-list", {}),
                ("fetch-and-set-history", {"history_uid": "other"}),
                ("delete-history", {"history_uid": uid}),
            ):
                assert "the disk is gone" in (await ask(client, kind, "nothing", **fields))["message"]
        await say(client, "Two?")
        assert [one.content for one in llm.asked[-1]] == ["One?", "Yes, I do.", "Two?"]
        assert [one["uid"] for one in await listed(client)] == [uid]


async def test_a_long_conversation_is_shown_as_far_as_it_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "CHARACTERS", 100)
    async with theirs(tmp_path) as (url, engine, _), frontend(url) as client:
        held = await engine.conversations.open("", "long", "Test")
        for number in range(20):
            await held.add(UserInput(f"{number:020}"), f"{number:020}")
        await held.add(UserInput("Calls"), "", reply_message=Message("tool", "no words of hers"))
        told = await ask(client, "fetch-and-set-history", "history-data", history_uid="long")
        assert [int(one["content"]) for one in told["messages"][:-1]] == [18, 18, 19, 19]
        assert told["messages"][-1]["content"] == "Calls"
