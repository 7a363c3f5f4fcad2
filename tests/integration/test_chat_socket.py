"""``/chat/ws`` over a real WebSocket: what is told, what may be said, and how a connection ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from chatting import Desk, RecordingLLM, chatting, words
from leaks import nothing_leaks
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import TextDelta
from hayakuchi.gateway import connection
from hayakuchi.gateway.chat import socket as chat_socket


class Chat:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next message, or the next one of these types."""
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await self.socket.recv())
                if not kinds or message["type"] in kinds:
                    return message

    async def reply(self) -> tuple[str, dict[str, Any]]:
        """The text of the deltas up to the end of the reply, and its end."""
        text = ""
        while (message := await self.next("delta", "done", "error"))["type"] == "delta":
            text += message["text"]
        return text, message

    async def close_code(self) -> int | None:
        try:
            async with asyncio.timeout(10):
                while True:
                    await self.socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@asynccontextmanager
async def joined(desk: Desk, query: str = "session=s", **options: Any) -> AsyncIterator[Chat]:
    address = f"{desk.url.replace('http', 'ws', 1)}/chat/ws?{query}"
    async with connect(address, proxy=None, compression=None, **options) as socket:
        yield Chat(socket)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    llm = RecordingLLM()
    llm.scripts = [words(text) for text in ("First one.", "Second one.", "Third one.")]
    async with chatting(llm, raw={"tiny": RecordingLLM(*words("raw words"))}) as desk:
        yield desk


def contents(message: dict[str, Any]) -> list[str]:
    return [entry["content"] for entry in message["messages"]]


async def test_a_conversation(desk: Desk) -> None:
    async with joined(desk) as chat:
        opened = await chat.next()
        assert opened == {"type": "session", "session": "s", "model": "Test", "messages": []}
        await chat.send("say", text="One?", viewer="Mika")
        text, done = await chat.reply()
        assert text == "First one."
        assert (done["status"], done["finish_reason"], done["reply"], done["model"]) == ("completed", "stop", 1, "Test")
        assert all(isinstance(one, int) for one in done["message_ids"])
        history = await chat.next()
        assert history["type"] == "history"
        assert [entry["id"] for entry in history["messages"]] == done["message_ids"]
        assert [(entry["role"], entry["viewer"]) for entry in history["messages"]] == [
            ("user", "Mika"),
            ("assistant", None),
        ]
    async with joined(desk) as chat:
        assert contents(await chat.next("session")) == ["One?", "First one."]


async def test_a_session_without_a_name_gets_one(desk: Desk) -> None:
    async with joined(desk, "model=tiny") as chat:
        opened = await chat.next()
        assert (len(opened["session"]), opened["model"]) == (32, "tiny")
        await chat.send("say", text="One?")
        assert (await chat.reply())[0] == "raw words"


async def test_stopping_and_saying_something_else(desk: Desk) -> None:
    desk.llm.scripts = [
        [TextDelta("Well, "), TextDelta("hm. "), 60.0],
        [TextDelta("I "), TextDelta("think "), 60.0],
        words("Yes."),
    ]
    async with joined(desk) as chat, asyncio.timeout(10):
        await chat.send("say", text="One?")
        while "hm" not in (await chat.next("delta"))["text"]:
            pass
        await chat.send("stop")
        assert await chat.next("done", "error") == {"type": "done", "reply": 1, "status": "interrupted"}
        await desk.llm.asked[0].closed.wait()
        assert contents(await chat.next("history")) == ["One?", "Well, hm."]
        await chat.send("stop")
        await chat.send("say", text="Two?")
        await chat.next("delta")
        await chat.send("say", text="Three?")
        assert (await chat.next("done"))["status"] == "interrupted"
        assert (await chat.reply())[0] == "Yes."
        assert desk.llm.asked[2].told[-1] == ("user", "Three?")


async def test_editing_and_asking_again(desk: Desk) -> None:
    async with joined(desk) as chat:
        await chat.send("say", text="One?")
        _, done = await chat.reply()
        await chat.send("regenerate")
        assert (await chat.reply())[0] == "Second one."
        await chat.send("edit", text="Uno?", message=done["message_ids"][0])
        text, end = await chat.reply()
        assert text == "Third one."
        while contents(history := await chat.next("history")) != ["Uno?", "Third one."]:
            pass
        assert history["messages"][0]["siblings"][0] == done["message_ids"][0]
        assert history["messages"][1]["id"] == end["message_ids"][1]
        await chat.send("edit", text="x", message=999)
        error = await chat.next("error")
        assert (error["code"], error["status"], error["reply"]) == ("no_such_message", 404, 4)


async def test_all_who_take_part_see_the_same(desk: Desk) -> None:
    async with joined(desk) as one, joined(desk) as other:
        await other.next("session")
        await one.send("say", text="One?")
        await one.reply()
        assert contents(await other.next()) == ["One?", "First one."]


async def test_a_reply_that_fails_is_told_and_the_conversation_goes_on(desk: Desk) -> None:
    desk.llm.scripts = [[ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "is gone")], words("Yes.")]
    async with joined(desk) as chat:
        await chat.send("say", text="One?")
        error = await chat.next("error")
        assert (error["status"], error["reply"]) == (503, 1)
        assert error["retry_after_s"] > 0
        await chat.send("say", text="One?")
        assert (await chat.reply())[0] == "Yes."
        assert desk.turns == 0


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "{}", '{"type":"sing"}', '{"type":"say"}', '{"type":"say","text":""}', '{"type":"say","text":7}',
     '{"type":"edit","text":"x","message":"1"}', '{"type":"say","text":"x","images":[{"url":"file:///x"}]}', "[" * 20_000],
)  # fmt: skip
async def test_what_is_not_understood_is_told_and_changes_nothing(desk: Desk, text: str) -> None:
    async with joined(desk) as chat:
        await chat.next("session")
        await chat.socket.send(text)
        error = await chat.next()
        assert (error["type"], error["code"], error["status"]) == ("error", "protocol", 422)
        await chat.send("say", text="One?")
        assert (await chat.reply())[0] == "First one."


async def test_a_message_that_is_understood_makes_up_for_the_mistakes_before_it(desk: Desk) -> None:
    async with joined(desk) as chat:
        await chat.next("session")
        for _ in range(3):
            for _ in range(connection.MAX_MISTAKES - 1):
                await chat.socket.send("?")
                assert (await chat.next())["type"] == "error"
            await chat.send("stop")


async def test_too_many_mistakes_and_binary_frames_end_the_connection(desk: Desk) -> None:
    async with joined(desk) as chat:
        for _ in range(connection.MAX_MISTAKES):
            await chat.socket.send("?")
        assert await chat.close_code() == 1008
    async with joined(desk) as chat:
        await chat.socket.send(b"sound")
        assert await chat.close_code() == 1003


@pytest.mark.parametrize(
    ("query", "status"), [("session=../x", 400), ("session=" + "x" * 65, 400), ("model=gpt-9", 404)]
)
async def test_refused_before_it_is_accepted(desk: Desk, query: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with joined(desk, query):
            pass
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["error"]["message"]


async def test_who_leaves_stops_the_model_and_frees_the_turn(desk: Desk) -> None:
    desk.llm.scripts = [[TextDelta("Well, "), TextDelta("hm. "), 60.0]]
    async with nothing_leaks():
        async with joined(desk) as chat:
            await chat.send("say", text="One?")
            await chat.next("delta")
        async with asyncio.timeout(5):
            await desk.llm.asked[0].closed.wait()
    assert desk.turns == 0


async def test_who_does_not_read_is_let_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_socket, "SLOW_S", 0.2)
    desk.llm.scripts = [[TextDelta("x" * 20_000 + " ")] * 2000]
    async with joined(desk, max_queue=1) as chat:
        await chat.send("say", text="One?")
        async with asyncio.timeout(10):
            await desk.llm.asked_first()
            await desk.llm.asked[0].closed.wait()
    assert desk.turns == 0
