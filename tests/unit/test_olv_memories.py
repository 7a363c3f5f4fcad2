"""What the characters of a group have heard gets into their conversations once, whoever leaves meanwhile; in virtual time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from virtual import run_virtual

from hayakuchi.core.types import UserInput
from hayakuchi.gateway.open_llm_vtuber.memories import Overheard
from hayakuchi.gateway.open_llm_vtuber.parting import Parting
from hayakuchi.gateway.open_llm_vtuber.words import Word

LINES = [UserInput(text) for text in ("One.", "Two.", "Three.")]
ANN: Any = "Ann's key"


class Frontend:
    """Stands for a client, its session and its conversation, which takes a second for each line."""

    gone = False
    group = None

    def __init__(self) -> None:
        self.session, self.history, self.turns = self, self, 0
        self.written: list[str] = []
        self.answered: list[str] = []
        self.counted: list[object] = []
        self.told: list[str] = []

    async def add(self, said: UserInput, reply: str, *, by: object) -> None:
        await asyncio.sleep(1)
        self.written.append(said.text)

    async def answer(self, said: UserInput, *, by: object, unless: object) -> bool:
        self.answered.append(said.text)
        self.counted.append(by)
        return True

    def complain(self, error: Exception) -> None:
        self.told.append(str(error))


def said(*lines: UserInput) -> list[Word]:
    client: Any = None
    return [Word(client, line, ANN) for line in lines]


def heard(*lines: UserInput) -> tuple[Any, Overheard]:
    client: Any = Frontend()
    overheard = Overheard()
    overheard.join(client)
    for line in lines:
        overheard.hear(line, [client])
    return client, overheard


def test_who_leaves_while_it_is_written_down_has_each_line_once() -> None:
    async def story() -> None:
        client, overheard = heard(*LINES)
        writing = asyncio.ensure_future(overheard.write())
        await asyncio.sleep(0.5)
        await Parting(client, overheard.leave(client), []).run()
        await writing
        assert sorted(client.written) == ["One.", "Three.", "Two."]

    run_virtual(story())


def test_the_last_of_what_is_not_answered_is_answered_after_the_rest_was_written_down() -> None:
    async def story() -> None:
        client, overheard = heard(*LINES)
        await Parting(client, overheard.leave(client), said(*LINES[:2])).run()
        assert client.written == ["One.", "Three."]
        assert client.answered == ["Two."]
        assert client.counted == [ANN]

    run_virtual(story())


def test_the_same_words_said_twice_are_remembered_once_and_answered_once() -> None:
    async def story() -> None:
        first, again = UserInput("Hello?"), UserInput("Hello?")
        client, overheard = heard(first, again)
        await Parting(client, overheard.leave(client), said(first, again)).run()
        assert (client.written, client.answered) == (["Hello?"], ["Hello?"])

    run_virtual(story())


def test_who_has_gone_answers_nothing_and_remembers_it() -> None:
    async def story() -> None:
        client, overheard = heard(*LINES)
        client.gone = True
        await Parting(client, overheard.leave(client), said(LINES[2])).run()
        assert (client.written, client.answered) == (["One.", "Two.", "Three."], [])

    run_virtual(story())


def test_when_the_server_ends_all_of_it_is_still_written_down() -> None:
    async def story() -> None:
        client, overheard = heard(*LINES)
        running = asyncio.ensure_future(Parting(client, overheard.leave(client), said(LINES[2])).run())
        await asyncio.sleep(0.5)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
        assert client.written == ["Two."]  # the one that was on its way is the conversation's to end
        assert client.answered == []

    run_virtual(story())


def test_an_answer_that_is_not_begun_in_time_is_told_and_remembered() -> None:
    async def story() -> None:
        client, overheard = heard(LINES[0])

        async def never(said: UserInput, *, by: object, unless: object) -> bool:
            await asyncio.Event().wait()
            return True

        client.answer = never
        await asyncio.wait_for(Parting(client, overheard.leave(client), said(LINES[0])).run(), 15)
        assert client.written == ["One."]
        assert ["is not answered" in one for one in client.told] == [True]

    run_virtual(story())


def test_what_is_taken_out_is_not_written_again() -> None:
    async def story() -> None:
        client, overheard = heard(*LINES)
        lines = overheard.of(client)
        assert isinstance(lines, deque)
        lines.popleft()
        await overheard.write()
        await overheard.write()
        assert client.written == ["Two.", "Three."]

    run_virtual(story())
