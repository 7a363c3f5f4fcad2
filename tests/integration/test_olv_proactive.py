"""``ai-speak-signal`` over a real ``/client-ws``: the avatar speaks by itself, and interrupts nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from chatting import Desk, RecordingLLM, chatting, until, words
from olv_front import Front, fronts

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.events import VoiceHeard
from hayakuchi.core.types import TextDelta
from hayakuchi.gateway.open_llm_vtuber import initiative
from hayakuchi.orchestrator.gateway_settings import Scope
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

WANTS = "AI wants to speak something..."
DOT = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def llm() -> RecordingLLM:
    return RecordingLLM(*words("A thought."))


@pytest.fixture
async def desk(llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(initiative, "QUIET_MS", 50.0)
    monkeypatch.setattr(initiative, "APART_MS", 100.0)
    async with chatting(llm) as desk:
        yield desk


async def signal(front: Front, **fields: object) -> None:
    """Send it, and wait until it was taken: the server answers in order."""
    await front.send("ai-speak-signal", **fields)
    await front.asked("heartbeat", "heartbeat-ack")


async def test_it_speaks_and_remembers_only_what_it_said(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        mark = len(ann.told)
        await ann.send("ai-speak-signal", idle_time=30)
        await ann.ended()
        assert ann.lines(mark) == [
            WANTS, "chain-start", "Thinking...", "own sound Test: A thought.", "backend-synth-complete", "force-new-message",
            "chain-end",
        ]  # fmt: skip
        assert llm.asked[0].messages[-1].content.startswith("(Nobody has said anything for a while.")
        assert ann.memory == [("assistant", None, "A thought.")]


async def test_it_sees_the_pictures_that_come_with_the_signal(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        await ann.send(
            "ai-speak-signal", idle_time=None, images=[{"source": "screen", "data": DOT, "mime_type": "image/png"}]
        )
        await ann.ended()
        assert [image.url for image in llm.asked[0].messages[-1].images] == [DOT]


@pytest.mark.parametrize("data", ["https://evil.example/x.png", "data:text/html;base64,AAAA", "file:///etc/passwd"])
async def test_what_is_no_picture_is_refused(desk: Desk, llm: RecordingLLM, data: str) -> None:
    async with fronts(desk, 1) as (ann,):
        await signal(ann, images=[{"data": data}])
        assert any(one.startswith("error") for one in ann.lines())
        assert not llm.asked


async def test_it_does_not_speak_while_it_is_speaking(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    llm.scripts = [[TextDelta("One. "), waits, TextDelta("Two.")]]
    async with fronts(desk, 1) as (ann,):
        await ann.send("text-input", text="Hi")
        await ann.until(lambda: any("One." in one for one in ann.lines()))
        await signal(ann)
        assert WANTS not in ann.lines()
        waits.release()
        await ann.ended()
        assert len(llm.asked) == 1


async def test_nor_while_somebody_else_is(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        ann.client.session.tell(VoiceHeard(active=True))
        await asyncio.sleep(0.1)
        await signal(ann)
        assert not llm.asked
        ann.client.session.tell(VoiceHeard(active=False))
        await asyncio.sleep(0.1)
        await signal(ann)
        await ann.ended()


async def test_a_person_who_speaks_interrupts_it(desk: Desk, llm: RecordingLLM) -> None:
    llm.scripts = [[TextDelta("One. "), asyncio.Semaphore(0)], words("Yes?")]
    async with fronts(desk, 1) as (ann,):
        await ann.send("ai-speak-signal")
        await ann.until(lambda: any("One." in one for one in ann.lines()))
        await ann.send("text-input", text="Wait")
        await ann.until(lambda: any("Yes?" in one for one in ann.lines()))
        await until(llm.asked[0].closed.is_set)


async def test_signals_without_end_do_not_make_it_speak_without_end(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        for _ in range(50):
            await ann.send("ai-speak-signal")
        await ann.ended()
        await ann.asked("heartbeat", "heartbeat-ack")
        assert ann.lines().count(WANTS) == len(llm.asked) == 1


async def test_it_is_counted_like_anything_that_is_said(llm: RecordingLLM) -> None:
    keys, limits = {"one": (Scope.SPEAK,)}, {"one": {"characters_per_day": 10}}
    async with chatting(llm, keys=keys, key_limits=limits) as desk:
        async with fronts(desk, 1, [{"Authorization": f"Bearer {desk.tokens['one']}"}]) as (ann,):
            await signal(ann)
            assert any("your limit" in one for one in ann.lines())
            assert not llm.asked


async def test_the_operators_own_words_are_what_the_model_is_told(llm: RecordingLLM) -> None:
    async with chatting(llm, theirs=OpenLlmVtuberSettings(proactive_prompt="Sing!")) as desk, fronts(desk, 1) as (ann,):
        await ann.send("ai-speak-signal")
        await ann.ended()
        assert llm.asked[0].messages[-1].content == "Sing!"


async def test_when_the_model_fails_nothing_is_remembered(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = [ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "down")]
    async with fronts(desk, 1) as (ann,):
        await ann.send("ai-speak-signal")
        await ann.ended()
        assert ann.memory == []


async def test_in_a_group_it_speaks_within_the_budget_and_the_others_answer(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("…")
    async with fronts(desk, 2) as (ann, ben):
        for front, name in ((ann, "Ann"), (ben, "Ben")):
            await front.named(name)
        await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=ben.uid)
        await signal(ben)
        assert not llm.asked, "no person has spoken yet"
        await ann.send("interrupt-signal", text="")
        llm.scripts = [words("A thought."), words("Indeed.")]
        await signal(ben)
        await ann.until(lambda: "own sound Ann: Indeed." in ann.lines())
        assert "forwarded words Ben: A thought." in ann.lines()
        assert WANTS in ben.lines()
        assert WANTS not in ann.lines()
        await ann.until(lambda: ("user", "Ben", "A thought.") in ann.memory)
        assert not any("Nobody has said" in text for _, _, text in [*ann.memory, *ben.memory])
