"""Replies within a conversation: what is remembered, gone back to, and kept of what was given up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from chatting import Desk, RecordingLLM, chatting, until, words

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import TextDelta, UserInput
from hayakuchi.gateway.access.caller import ADDRESS, Caller
from hayakuchi.gateway.chat import in_conversation as chat_conversation
from hayakuchi.gateway.chat.request import ChatRequest, Rewind
from hayakuchi.orchestrator.conversation import Conversation
from hayakuchi.orchestrator.gateway_settings import Scope

STRANGER = f"{ADDRESS}127.0.0.1"
"""Whoever comes without a key, where there are keys: its address is its name."""
PATH = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "Hello!"}]


class Client:
    def __init__(self, desk: Desk, http: aiohttp.ClientSession) -> None:
        self.desk, self.http = desk, http

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
        async with self.http.post(self.desk.url + path, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def say(self, text: str, session: str = "s", **more: Any) -> Any:
        body = {"messages": [{"role": "user", "content": text}], "session_id": session, **more}
        status, answer = await self.post(PATH, body)
        assert status == 200, answer
        return answer

    def key(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.desk.tokens[name]}"}

    async def history(self, session: str = "s", owner: str = STRANGER) -> list[tuple[str, str, str | None]]:
        conversation = await self.desk.engine.conversations.open(owner, session, "Test")
        return [(one.message.role, one.message.content, one.status) for one in await conversation.entries(50)]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    llm = RecordingLLM()
    llm.scripts = [words(text) for text in ("First.", "Second.", "Third.", "Fourth.")]
    keys: dict[str, tuple[Scope, ...]] = dict.fromkeys(("ann", "bob", "carl"), (Scope.CHAT,))
    async with chatting(llm, keys=keys) as desk, aiohttp.ClientSession() as http:
        yield Client(desk, http)


async def test_a_conversation_remembers_and_only_the_last_message_is_new(client: Client) -> None:
    first = await client.say("One?")
    assert (first["session_id"], len(first["message_ids"])) == ("s", 2)
    await client.say(
        "ignored",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "never said"},
            {"role": "assistant", "content": "never answered"},
            {"role": "user", "content": "Two?"},
        ],
    )
    asked = client.desk.llm.asked[1]
    assert asked.told[1:] == [("user", "One?"), ("assistant", "First."), ("user", "Two?")]
    assert "Be brief." in asked.told[0][1]
    assert [(role, text) for role, text, _ in await client.history()] == [
        ("user", "One?"), ("assistant", "First."), ("user", "Two?"), ("assistant", "Second."),
    ]  # fmt: skip


async def test_owners_do_not_see_each_others_conversations(client: Client) -> None:
    body = {"messages": [{"role": "user", "content": "Mine."}], "session_id": "s"}
    await client.post(PATH, body, **client.key("ann"))
    await client.post(PATH, body, **client.key("bob"))
    assert client.desk.llm.asked[1].told[1:] == [("user", "Mine.")]
    status, answer = await client.post("/chat/history/s/regenerate", {}, **client.key("carl"))
    assert (status, answer["error"]["code"]) == (404, "session_not_found")


async def test_the_exchange_is_kept_before_the_end_is_told(client: Client) -> None:
    body = {"messages": [{"role": "user", "content": "One?"}], "session_id": "s", "stream": True}
    async with client.http.post(client.desk.url + PATH, json=body) as response:
        async for line in response.content:
            if b'"finish_reason":"stop"' in line:
                assert await client.history() == [("user", "One?", None), ("assistant", "First.", "completed")]
                told = json.loads(line.removeprefix(b"data: "))
                assert all(isinstance(one, int) for one in told["message_ids"])
                return
    raise AssertionError("the end was not told")


async def test_what_was_given_out_of_a_reply_that_was_given_up_is_kept(client: Client) -> None:
    client.desk.llm.scripts = [[TextDelta("Well, "), TextDelta("maybe "), 60.0]]
    body = {"messages": [{"role": "user", "content": "One?"}], "session_id": "s", "stream": True}
    response = await client.http.post(client.desk.url + PATH, json=body)
    while b"maybe" not in await response.content.readuntil(b"\n\n"):
        pass
    response.close()
    conversation = await client.desk.engine.conversations.open(STRANGER, "s", "Test")
    await until(lambda: len(conversation) > 0)
    assert await client.history() == [("user", "One?", None), ("assistant", "Well, maybe", "interrupted")]
    await client.say("Two?")


async def test_a_reply_that_fails_before_its_first_word_leaves_nothing(client: Client) -> None:
    client.desk.llm.scripts = [[ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "is gone")], words("Yes.")]
    body = {"messages": [{"role": "user", "content": "One?"}], "session_id": "s"}
    assert (await client.post(PATH, body))[0] == 503
    assert await client.history() == []
    await client.say("One?")
    assert len(await client.history()) == 2


@pytest.mark.parametrize("again", [False, True])
async def test_a_conversation_that_is_deleted_while_its_reply_is_written_stays_deleted(
    client: Client, again: bool
) -> None:
    await client.say("Zero?")
    gate = asyncio.Semaphore(0)
    client.desk.llm.scripts = [[gate, TextDelta("First.")]]
    if again:
        client.desk.llm.scripts[0] = [gate, ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "is gone")]
    path, body = ("/chat/history/s/regenerate", {}) if again else (PATH, {"session_id": "s", "messages": HELLO})
    async with asyncio.TaskGroup() as group:
        reply = group.create_task(client.post(path, body))
        await until(lambda: len(client.desk.llm.asked) == 2)
        async with client.http.delete(client.desk.url + "/chat/history/s") as response:
            assert response.status == 200
        gate.release()
    status, answer = reply.result()
    assert (status, answer.get("error", {}).get("code")) == ((503, "llm.all_failed") if again else (200, None))
    assert await client.history() == []


async def test_replies_come_one_after_another(client: Client) -> None:
    gate = asyncio.Semaphore(0)
    client.desk.llm.scripts = [[gate, TextDelta("First.")], words("Second.")]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(client.say("One?"))
        await client.desk.llm.asked_first()
        second = group.create_task(client.say("Two?"))
        await asyncio.sleep(0.05)
        assert len(client.desk.llm.asked) == 1
        gate.release()
    assert first.result()["message_ids"][1] < second.result()["message_ids"][0]
    assert client.desk.llm.asked[1].told[1:] == [("user", "One?"), ("assistant", "First."), ("user", "Two?")]


async def test_who_waits_too_long_for_the_reply_before_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_conversation, "BUSY_S", 0.05)
    gate = asyncio.Semaphore(0)
    client.desk.llm.scripts = [[gate, TextDelta("First.")]]
    async with asyncio.TaskGroup() as group:
        group.create_task(client.say("One?"))
        await client.desk.llm.asked_first()
        body = {"messages": [{"role": "user", "content": "Two?"}], "session_id": "s"}
        status, answer = await client.post(PATH, body)
        gate.release()
    assert (status, answer["error"]["code"]) == (409, "conversation_busy")


async def test_pictures_of_a_conversation_are_sent_once_and_those_a_caller_sends_are_let_be(client: Client) -> None:
    url = "data:image/png;base64,iVBORw0KGgo="
    look: Any = {
        "role": "user",
        "content": [{"type": "text", "text": "Look!"}, {"type": "image_url", "image_url": {"url": url}}],
    }
    more: Any = [{"role": "assistant", "content": "Nice."}, {"role": "user", "content": "And now?"}]
    await client.say("", messages=[look])
    await client.say("And now?")
    status, _ = await client.post(PATH, {"messages": [look, *more]})
    assert status == 200
    shown = [[len(one.images) for one in asked.messages[1:]] for asked in client.desk.llm.asked]
    assert shown == [[1], [0, 0, 0], [1, 0, 0]]
    assert client.desk.llm.asked[1].told[1] == ("user", "Look! [picture]")


async def test_results_of_tools_are_refused_in_a_session(client: Client) -> None:
    body = {"messages": [{"role": "tool", "tool_call_id": "x", "content": "1"}], "session_id": "s"}
    status, answer = await client.post(PATH, body)
    assert (status, answer["error"]["code"]) == (422, "last_message")
    assert await client.history() == []


async def test_another_reply_to_the_same(client: Client) -> None:
    await client.say("One?")
    status, again = await client.post("/chat/history/s/regenerate", {})
    assert (status, again["choices"][0]["message"]["content"]) == (200, "Second.")
    assert [text for _, text, _ in await client.history()] == ["One?", "Second."]
    assert client.desk.llm.asked[1].told[1:] == [("user", "One?")]


async def test_an_earlier_message_is_said_differently(client: Client) -> None:
    first = await client.say("One?")
    await client.say("Two?")
    edit = {"message": first["message_ids"][0], "content": "Uno?"}
    status, answer = await client.post("/chat/history/s/edit", edit)
    assert (status, answer["session_id"]) == (200, "s")
    assert [text for _, text, _ in await client.history()] == ["Uno?", "Third."]
    assert client.desk.llm.asked[2].told[1:] == [("user", "Uno?")]


async def test_an_edit_is_streamed_too(client: Client) -> None:
    await client.say("One?")
    edit = {"content": "Uno?", "stream": True}
    async with client.http.post(client.desk.url + "/chat/history/s/edit", json=edit) as response:
        assert b"Second." in await response.read()
    assert [text for _, text, _ in await client.history()] == ["Uno?", "Second."]


async def test_an_edit_whose_reply_fails_leaves_the_conversation_as_it_was(client: Client) -> None:
    first = await client.say("One?")
    await client.say("Two?")
    client.desk.llm.scripts = [[ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "is gone")]]
    before = await client.history()
    status, _ = await client.post("/chat/history/s/edit", {"message": first["message_ids"][0], "content": "Uno?"})
    assert status == 503
    assert await client.history() == before


async def test_a_failed_regeneration_does_not_bring_back_what_was_taken_back(client: Client) -> None:
    await client.say("One?")
    await client.say("Two?")
    assert (await client.post("/chat/history/s/rollback", {"count": 2}))[0] == 200
    before = await client.history()
    assert [text for _, text, _ in before] == ["One?", "First."]
    client.desk.llm.scripts = [[ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "is gone")]]
    assert (await client.post("/chat/history/s/regenerate", {}))[0] == 503
    assert await client.history() == before


async def test_who_hangs_up_while_the_history_goes_back_leaves_it_as_it_was(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.say("One?")
    before, rewind_to = await client.history(), Conversation.rewind_to

    async def cancelled_meanwhile(self: Conversation, message_id: int | None = None) -> UserInput:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        await rewind_to(self, message_id)
        await asyncio.sleep(0)
        raise AssertionError("it was cancelled")

    monkeypatch.setattr(Conversation, "rewind_to", cancelled_meanwhile)
    events = client.desk.app.state.chat.service.reply(
        ChatRequest("", (), session="s", rewind=Rewind()), Caller(STRANGER, STRANGER)
    )
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(anext(events))
    assert await client.history() == before


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/chat/history/nobody/edit", {"content": "x"}, 404, "session_not_found"),
        ("/chat/history/no%20name/edit", {"content": "x"}, 404, "session_not_found"),
        ("/chat/history/s/edit", {"message": 999, "content": "x"}, 404, "no_such_message"),
        ("/chat/history/s/regenerate", {"message": 999}, 404, "no_such_message"),
        ("/chat/history/s/edit", {"message": 1}, 422, "invalid_body"),
        ("/chat/history/s/regenerate", {"model": "gpt-9"}, 404, "model_not_found"),
    ],
)
async def test_edits_that_make_no_sense(
    client: Client, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    await client.say("One?")
    before = await client.history()
    found, answer = await client.post(path, body)
    assert (found, answer["error"]["code"]) == (status, code)
    assert await client.history() == before


async def test_the_short_form(client: Client) -> None:
    body = {"messages": [{"role": "user", "content": "One?"}], "session_id": "s", "max_tokens": 20}
    status, answer = await client.post("/llm", body, **{"X-Idempotency-Key": "s:1:x"})
    assert (status, answer) == (200, {"text": "First.", "model": "Test", "session_id": "s", "cached": False})
    assert (await client.post("/llm", body, **{"X-Idempotency-Key": "s:1:x"}))[1] == {**answer, "cached": True}
    assert len(await client.history()) == 2
    assert len(client.desk.llm.asked) == 1


async def test_the_avatar_says_it(client: Client) -> None:
    client.desk.llm.scripts = [words("[joy] Hello you. How are you?")]
    answer = await client.say("Hi!", session="main", speak=True)
    assert answer["choices"][0]["message"]["content"] == "Hello you. How are you?"
    assert [text for _, text, _ in await client.history("main")] == ["Hi!", "Hello you. How are you?"]


async def test_an_avatar_whose_caller_hangs_up_is_interrupted(client: Client) -> None:
    client.desk.llm.scripts = [[*words("Hello you, my friend. "), 60.0]]
    body = {"messages": [{"role": "user", "content": "Hi!"}], "session_id": "main", "speak": True, "stream": True}
    response = await client.http.post(client.desk.url + PATH, json=body)
    while b"Hello" not in await response.content.readuntil(b"\n\n"):
        pass
    response.close()
    async with asyncio.timeout(5):
        await client.desk.llm.asked[0].closed.wait()


async def test_only_who_may_speak_makes_the_avatar_speak() -> None:
    async with (
        chatting(keys={"mute": (Scope.CHAT,)}, raw={"tiny": RecordingLLM()}) as desk,
        aiohttp.ClientSession() as http,
    ):
        client = Client(desk, http)
        body = {"messages": [{"role": "user", "content": "Hi!"}], "session_id": "main", "speak": True}
        status, answer = await client.post(PATH, body, **client.key("mute"))
        assert (status, answer["error"]["code"]) == (403, "scope_missing")
        status, answer = await client.post(PATH, {**body, "model": "tiny"})
        assert (status, answer["error"]["code"]) == (422, "cannot_speak")
