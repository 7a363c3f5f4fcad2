"""Whatever is done to a conversation, its history is that of a simple model; so it is when the file is opened again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hayakuchi.core.types import Image, Message, ToolCall, UserInput
from hayakuchi.orchestrator.conversation import Conversation, NoSuchMessage
from hayakuchi.orchestrator.conversations import Conversations
from hayakuchi.orchestrator.gateway_settings import SessionsSettings


@dataclass
class Model:
    """The messages by their order of birth, from 0; a parent of None is none."""

    parents: list[int | None] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    head: int | None = None

    def add(self, role: str, text: str) -> None:
        self.parents.append(self.head)
        self.said.append((role, text))
        self.head = len(self.said) - 1

    @property
    def way(self) -> list[int]:
        found: list[int] = []
        at = self.head
        while at is not None:
            found.append(at)
            at = self.parents[at]
        return found[::-1]

    def rollback(self, count: int) -> int:
        went = min(count, len(self.way))
        self.head = (self.way[: len(self.way) - went] or [None])[-1]
        return went

    def rewind(self, at: int) -> str | None:
        question: int | None = at
        while question is not None and self.said[question][0] != "user":
            question = self.parents[question]
        if question is None:
            return None
        self.head = self.parents[question]
        return self.said[question][1]

    def select(self, at: int) -> None:
        below = {at}
        for number, parent in enumerate(self.parents):
            if parent in below:
                below.add(number)
        self.head = max(below)

    def siblings(self, at: int) -> list[int]:
        same = (self.parents[at], self.said[at][0])
        return [number for number, parent in enumerate(self.parents) if (parent, self.said[number][0]) == same]


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["ask", "ask", "ask", "greet", "unheard", "rollback", "rewind", "select", "reopen"]),
              st.integers(0, 40)),
    max_size=40,
)  # fmt: skip


async def told(steps: Sequence[Step], folder: Path | None) -> None:
    model, ids = Model(), list[int]()
    sessions = SessionsSettings(keep=folder is not None, file=folder / "f" if folder else None)
    conversations = Conversations(sessions)
    await conversations.start()
    talk = await conversations.open("", "main", "Kiyo")
    for number, (kind, value) in enumerate(steps):
        if kind in ("ask", "greet", "unheard"):
            heard = None if kind == "greet" else UserInput(f"q{number}", f"v{value}")
            reply = "" if kind == "unheard" else f"a{number}"
            for role, text in (("user", f"q{number}"),) * (heard is not None) + (("assistant", reply),) * bool(reply):
                model.add(role, text)
            ids += [id_ for id_ in await talk.add(heard, reply) if id_ is not None]
        elif kind == "rollback":
            assert await talk.rollback(value) == model.rollback(value)
        elif kind == "reopen" and folder:
            await conversations.aclose()
            conversations = Conversations(sessions)
            await conversations.start()
            uid = talk.uid
            talk = await conversations.open("", "main", "Kiyo")
            assert talk.uid == uid
        elif ids and kind == "select":
            await talk.select(ids[value % len(ids)])
            model.select(value % len(ids))
        elif ids and kind == "rewind":
            said = model.rewind(value % len(ids))
            if said is None:
                with pytest.raises(NoSuchMessage):
                    await talk.rewind_to(ids[value % len(ids)])
            else:
                assert (await talk.rewind_to(ids[value % len(ids)])).text == said
        await matches(talk, model, ids, conversations)
    await conversations.aclose()


async def matches(talk: Conversation, model: Model, ids: list[int], conversations: Conversations) -> None:
    way = model.way
    assert [(message.role, message.content) for message in talk.messages] == [model.said[at] for at in way]
    assert len(ids) == len(model.said)
    summary = await conversations.find("", "main")
    assert summary is not None
    assert summary.messages == len(way)
    entries = [*await talk.entries(5), *talk.recent(5)]
    for at, stored in zip([*way[-5:], *way[-5:]], entries, strict=True):
        assert stored.id == ids[at]
        assert stored.parent == (None if model.parents[at] is None else ids[model.parents[at]])
        assert list(stored.siblings) == [ids[other] for other in model.siblings(at)]
    if len(way) > 2:
        earlier = await talk.entries(2, before=ids[way[-1]])
        assert [stored.id for stored in earlier] == [ids[at] for at in way[-3:-1]]


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_a_conversation_in_memory_is_its_model(steps: list[Step]) -> None:
    asyncio.run(told(steps, None))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_a_conversation_in_a_file_is_its_model(steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(told(steps, Path(folder)))


async def test_all_of_a_message_is_kept(tmp_path: Path) -> None:
    images = (Image("https://example.com/cat.png", "low"), Image("data:image/png;base64,AAAA"))
    call = Message("assistant", "", tool_calls=(ToolCall("c1", "look", '{"at": "cat\u2028"}'),))
    async with stored(tmp_path) as talk:
        await talk.add(UserInput("Nul \0 and half \ud83c", "Ann", images=images), "", reply_message=call)
        await talk.add(None, "", reply_message=Message("tool", "a cat", tool_call_id="c1"))
    async with stored(tmp_path) as talk:
        first, second, third = talk.messages
        assert first == Message("user", "Nul \0 and half ?", "Ann", images)
        assert second == call
        assert third == Message("tool", "a cat", tool_call_id="c1")
        assert (await talk.rewind_to()).images == images


async def test_the_window_is_the_newest_200(tmp_path: Path) -> None:
    async with stored(tmp_path) as talk:
        for number in range(150):
            await talk.add(UserInput(f"q{number}"), f"a{number}")
    async with stored(tmp_path) as talk:
        assert [message.content for message in talk.messages[:2]] == ["q50", "a50"]
        assert [message.content for message in talk.messages[-1:]] == ["a149"]
        assert len(await talk.entries(1000)) == 300
        assert await talk.rollback(250) == 250
        assert [message.content for message in talk.messages[-1:]] == ["a24"]


class stored:
    """A conversation in a file, with nobody else in it."""

    def __init__(self, folder: Path) -> None:
        self._conversations = Conversations(SessionsSettings(file=folder / "f"))

    async def __aenter__(self) -> Conversation:
        await self._conversations.start()
        assert self._conversations.problem is None
        return await self._conversations.open("", "main", "Kiyo")

    async def __aexit__(self, *error: object) -> None:
        await self._conversations.aclose()
