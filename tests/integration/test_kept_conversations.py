"""Conversations of a real server: on the stage, over HTTP, and after it was started anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from scripted import ScriptedLLM, ScriptedTTS
from serving import Viewer, serving, settings_for, viewing

from hayakuchi.core.types import Message
from hayakuchi.orchestrator.gateway_settings import SessionsSettings
from hayakuchi.orchestrator.settings import Settings


class Counting(ScriptedLLM):
    """Answers with the number of the reply."""

    async def stream(self, messages: Sequence[Message], options: Any = None) -> AsyncIterator[Any]:
        self.tokens = [f"Answer {len(self.asked)}."]
        async for delta in super().stream(messages, options):
            yield delta


def keeping(folder: Path, model: ScriptedLLM | None = None, **sessions: Any) -> Settings:
    llm = model or Counting([], first_ms=1)
    made = settings_for(lambda: llm, lambda: ScriptedTTS(first_ms=1, rtf=0.001))
    return replace(made, sessions=SessionsSettings(file=folder / "f.sqlite3", **sessions))


@asynccontextmanager
async def on_stage(folder: Path, **sessions: Any) -> AsyncIterator[tuple[Viewer, aiohttp.ClientSession]]:
    async with (
        serving(keeping(folder, **sessions)) as (url, _),
        viewing(url, "sound=1") as viewer,
        aiohttp.ClientSession(url) as http,
    ):
        yield viewer, http


async def spoken(viewer: Viewer, **message: Any) -> dict[str, Any]:
    """Send it, play in no time what is said then; the end of the turn."""
    await viewer.send(**message)
    turn = (await viewer.next("turn.started"))["turn"]
    while True:
        event = await viewer.next("audio", "turn.ended")
        if event["type"] == "turn.ended":
            return event
        last = viewer.frames[-1]
        await viewer.played((last.position + last.samples) / 8, turn)


async def say(viewer: Viewer, text: str) -> dict[str, Any]:
    return await spoken(viewer, type="input.text", text=text)


def contents(message: dict[str, Any]) -> list[str]:
    return [entry["content"] for entry in message["history" if "history" in message else "messages"]]


async def test_a_server_that_is_started_anew_goes_on_and_does_not_greet_again(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (viewer, _):
        await spoken(viewer, type="greet")
        ended = await say(viewer, "Hi")
        conversation = viewer.snapshot["conversation"]
        assert [kept["role"] for kept in ended["kept"]] == ["user", "assistant"]
    async with on_stage(tmp_path) as (viewer, _):
        assert viewer.snapshot["conversation"] == conversation
        assert contents(viewer.snapshot) == ["Hello, you!", "Hi", "Answer 0."]
        assert [entry["id"] for entry in viewer.snapshot["history"][1:]] == [kept["id"] for kept in ended["kept"]]
        await viewer.send(type="greet")
        await viewer.send(type="ping")
        assert (await viewer.next("pong", "turn.started"))["type"] == "pong"


async def test_what_an_interruption_cut_off_is_not_kept(tmp_path: Path) -> None:
    model = ScriptedLLM(["One sentence that is heard. ", "Another one that nobody hears."], first_ms=1, token_ms=0)
    async with serving(keeping(tmp_path, model)) as (url, _), viewing(url, "sound=1") as viewer:
        await viewer.send(type="input.text", text="Hi")
        turn = (await viewer.next("turn.started"))["turn"]
        await viewer.next("audio")
        await viewer.played(100, turn)
        await viewer.send(type="interrupt")
        ended = await viewer.next("turn.ended")
        assert ended["status"] == "interrupted"
        assert len(ended["heard_reply"]) < len("One sentence that is heard.")
    async with serving(keeping(tmp_path, model)) as (url, _), viewing(url) as viewer:
        assert contents(viewer.snapshot) == ["Hi", *filter(None, [ended["heard_reply"]])]


async def test_a_message_is_edited_and_both_branches_are_kept(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (viewer, _):
        first = await say(viewer, "One")
        await say(viewer, "Two")
        question = first["kept"][0]["id"]
        await viewer.send(type="message.edit", message=question, text="Uno")
        assert (await viewer.next("history"))["history"] == []
        edited = await spoken(viewer, type="ping")
        assert edited["kept"][0]["siblings"] == [question, edited["kept"][0]["id"]]
        await viewer.send(type="branch.select", message=question)
        assert contents(await viewer.next("history")) == ["One", "Answer 0.", "Two", "Answer 1."]
        await viewer.send(type="branch.select", message=edited["kept"][1]["id"])
        assert contents(await viewer.next("history")) == ["Uno", "Answer 2."]


async def test_a_reply_is_made_once_more_and_the_newest_messages_go(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (viewer, _):
        await say(viewer, "One")
        await say(viewer, "Two")
        again = await spoken(viewer, type="reply.regenerate")
        assert again["heard_reply"] == "Answer 2."
        await viewer.send(type="history.rollback", count=3)
        assert contents(await viewer.next("history")) == ["One"]
        again = await spoken(viewer, type="reply.regenerate")  # a message without an answer gets one
        assert [kept["role"] for kept in again["kept"]] == ["user", "assistant"]
        await viewer.send(type="history.rollback", count=99)
        assert contents(await viewer.next("history")) == []
        await viewer.send(type="reply.regenerate")
        assert (await viewer.next("error"))["code"] == "no_such_message"


async def test_an_edit_ends_what_is_being_spoken_but_one_of_nothing_does_not(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (viewer, _):
        first = await say(viewer, "One")
        await viewer.send(type="input.text", text="Two")
        turn = (await viewer.next("turn.started"))["turn"]
        await viewer.next("audio")
        for message in ({"type": "message.edit", "text": "x"}, {"type": "branch.select"}):
            await viewer.send(message=99_999, **message)
            assert (await viewer.next("error", "turn.ended"))["code"] == "no_such_message"
        await viewer.send(type="message.edit", message=first["kept"][0]["id"], text="Uno")
        ended = await viewer.next("turn.ended")
        assert (ended["turn"], ended["status"]) == (turn, "interrupted")
        assert (await viewer.next("turn.started"))["heard"] == "Uno"


async def test_the_api_reads_and_changes_what_the_stage_shows(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (viewer, http):
        kept = (await say(viewer, "One"))["kept"]
        await say(viewer, "Two")
        async with http.get("/chat/history/main") as answer:
            told = await answer.json()
        assert contents(told) == ["One", "Answer 0.", "Two", "Answer 1."]
        assert told["messages"][1]["parent"] == told["messages"][0]["id"] == kept[0]["id"]
        assert told["messages"][1]["status"] == "completed"
        async with http.post("/chat/history/main/rollback", json={"count": 2}) as answer:
            assert (await answer.json())["removed"] == 2
        assert contents(await viewer.next("history")) == ["One", "Answer 0."]
        async with http.post("/chat/history/main/select", json={"message": told["messages"][2]["id"]}) as answer:
            assert contents(await answer.json()) == ["One", "Answer 0.", "Two", "Answer 1."]
        assert len((await viewer.next("history"))["history"]) == 4


async def test_a_conversation_that_is_deleted_on_stage_begins_anew(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (viewer, http):
        await say(viewer, "One")
        await viewer.send(type="input.text", text="Two")
        await viewer.next("turn.started")
        await viewer.next("audio")
        async with http.delete("/chat/history/main") as answer:
            assert await answer.json() == {"id": "main", "object": "session", "deleted": True}
        told = await viewer.next("history")
        assert told["history"] == []
        assert told["conversation"] != viewer.snapshot["conversation"]
        ended = await viewer.next("turn.ended")
        assert ended["status"] == "interrupted"
        assert ended["kept"] == []
        async with http.get("/chat/history/main") as answer:
            assert answer.status == 404
        await say(viewer, "Three")
        async with http.get("/chat/history/main") as answer:
            assert contents(await answer.json()) == ["Three", "Answer 2."]


async def test_sessions_are_made_listed_named_and_read_in_pages(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as (viewer, http):
        for text in ("One", "Two", "Three"):
            await say(viewer, text)
        async with http.post("/sessions", json={"title": "Mine"}) as answer:
            assert answer.status == 201
            made = await answer.json()
        assert len(made["id"]) == 32
        async with http.patch(f"/sessions/{made['id']}", json={"title": "Ours"}) as answer:
            assert (await answer.json())["title"] == "Ours"
        async with http.get("/sessions?limit=1") as answer:
            first = await answer.json()
        async with http.get("/sessions", params={"limit": 1, "before": repr(first["next"])}) as answer:
            second = await answer.json()
        assert [page["data"][0]["title"] for page in (first, second)] == ["Ours", "One"]
        assert second["next"] is None
        pages, query = [], "limit=4"
        while query:
            async with http.get(f"/chat/history/main?{query}") as answer:
                page = await answer.json()
            pages.append(contents(page))
            query = f"limit=4&before={page['next']}" if page["next"] else ""
        assert pages == [["Two", "Answer 1.", "Three", "Answer 2."], ["One", "Answer 0."]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "param"),
    [
        ("GET", "/chat/history/nobody", None, 404, "session"),
        ("GET", "/chat/history/a%20b", None, 404, "session"),
        ("GET", "/chat/history/main?before=99", None, 404, "before"),
        ("GET", "/chat/history/main?limit=0", None, 422, "limit"),
        ("GET", "/chat/history/main?limit=1e3", None, 422, "limit"),
        ("GET", "/sessions?before=nan", None, 422, "before"),
        ("GET", "/sessions?limit=201", None, 422, "limit"),
        ("POST", "/sessions", {"title": "x" * 201}, 422, "title"),
        ("POST", "/sessions", {"name": "x"}, 422, "name"),
        ("PATCH", "/sessions/main", {"title": ""}, 422, "title"),
        ("PATCH", "/sessions/nobody", {"title": "x"}, 404, "session"),
        ("POST", "/chat/history/main/rollback", {"count": 0}, 422, "count"),
        ("POST", "/chat/history/main/rollback", {"count": True}, 422, "count"),
        ("POST", "/chat/history/nobody/rollback", {"count": 1}, 404, "session"),
        ("POST", "/chat/history/main/select", {"message": 99}, 404, "message"),
        ("POST", "/chat/history/main/select", {}, 422, "message"),
        ("DELETE", "/chat/history/nobody", None, 404, "session"),
    ],
)
async def test_what_cannot_be_is_refused(
    tmp_path: Path, method: str, path: str, body: Any, status: int, param: str
) -> None:
    async with on_stage(tmp_path) as (_, http), http.request(method, path, json=body) as answer:
        error = (await answer.json())["error"]
        assert (answer.status, error["param"]) == (status, param), error
        assert error["message"]


async def test_the_stage_goes_on_without_its_file(tmp_path: Path) -> None:
    (tmp_path / "f.sqlite3").write_bytes(b"no database" * 1000)
    async with on_stage(tmp_path) as (viewer, http):
        problems = viewer.snapshot["models"]["problems"]
        assert any("conversations are kept in memory" in line for line in problems)
        assert (await say(viewer, "Hi"))["status"] == "completed"
        async with http.get("/chat/history/main") as answer:
            assert contents(await answer.json()) == ["Hi", "Answer 0."]


async def test_two_viewers_who_come_at_once_are_in_the_same_room(tmp_path: Path) -> None:
    async with serving(keeping(tmp_path)) as (url, _), asyncio.TaskGroup() as group:

        async def uid() -> str:
            async with viewing(url, "session=new") as viewer:
                return viewer.snapshot["conversation"]

        tasks = [group.create_task(uid()) for _ in range(8)]
        await asyncio.wait(tasks)
        assert len({task.result() for task in tasks}) == 1
