"""What breaks in an avatar that several clients share ends that avatar alone: they are told, and the next one has another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from chatting import Desk, RecordingLLM, until, words
from olv_front import Front
from olv_proxied import asked, before, proxying
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hayakuchi.core.errors import CapacityError
from hayakuchi.core.types import TextDelta
from hayakuchi.gateway.open_llm_vtuber.client import Client
from hayakuchi.gateway.open_llm_vtuber.proxied import Avatar
from hayakuchi.orchestrator.gateway_settings import Scope


@pytest.fixture
def llm() -> RecordingLLM:
    return RecordingLLM()


@pytest.fixture
async def desk(llm: RecordingLLM) -> AsyncIterator[Desk]:
    async with proxying(llm, keys={"one": (Scope.SPEAK,), "other": (Scope.SPEAK,)}) as desk:
        yield desk


async def closed(front: Front) -> int | None:
    async with asyncio.timeout(5):
        await front.socket.wait_closed()
    return front.socket.close_code


async def answered(front: Front, text: str) -> None:
    front.plays = True
    await front.send("text-input", text=text)
    await front.ended()
    assert any("own sound" in one for one in front.lines())


async def test_a_bug_ends_the_avatar_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    doors, say = desk.app.state.doors, Avatar._say

    async def broken(self: Avatar, asked: Any) -> None:
        if asked.heard.text == "Break":
            raise ZeroDivisionError("a bug of ours")
        await say(self, asked)

    monkeypatch.setattr(Avatar, "_say", broken)
    async with before(desk, 1, "other") as (cid,), before(desk, 2, "one", "one") as (ann, ben):
        with caplog.at_level(logging.ERROR):
            await ann.send("text-input", text="Break")
            for front in (ann, ben):
                assert await closed(front) == 1011
                assert front.lines()[-1] == "error: the avatar broke: an internal error; the log has the details"
        [record] = [record for record in caplog.records if record.name.endswith(".proxied")]
        assert "a bug of ours" in (record.exc_text or "")
        assert (len(doors.proxies), len(doors.clients), doors.admission.sessions) == (1, 1, 1)
        await answered(cid, "And you?")
        async with before(desk, 1, "one") as (dan,):
            assert dan.uid != ann.uid
            await answered(dan, "Once more")
            assert len(doors.proxies) == 2
    await until(lambda: not (len(doors.proxies) or doors.admission.sessions or doors.admission.sockets))


async def test_what_breaks_before_it_begins_is_a_refusal_and_the_next_one_comes_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors, begin, broken = desk.app.state.doors, Client.begin, [ZeroDivisionError("a bug"), CapacityError("no room")]

    async def begins(self: Client, *args: Any) -> None:
        if broken:
            raise broken.pop(0)
        await begin(self, *args)

    monkeypatch.setattr(Client, "begin", begins)
    while broken:
        with pytest.raises(InvalidStatus) as refused:
            await connect(desk.url.replace("http", "ws", 1) + "/proxy-ws", proxy=None)
        assert refused.value.response.status_code == 503
        assert (len(doors.proxies), doors.admission.sessions) == (0, 0)
    async with before(desk, 1) as (ann,):
        await answered(ann, "Hi")


async def test_a_broken_one_does_not_take_the_next_ones_place_with_it_when_its_viewers_go(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies = desk.app.state.doors.proxies

    async def broken(self: Avatar, asked: Any) -> None:
        raise ZeroDivisionError

    async with before(desk, 1) as (ben,):
        [first] = proxies._by_owner.values()
        held = proxies.enter(first.viewers[0].caller)
        await held.__aenter__()
        with monkeypatch.context() as patched:
            patched.setattr(Avatar, "_say", broken)
            await ben.send("text-input", text="Break")
            assert await closed(ben) == 1011
        async with before(desk, 1) as (cid,):
            await held.__aexit__(None, None, None)
            async with before(desk, 1) as (dan,):
                assert dan.uid == cid.uid
            await answered(cid, "Hi")


async def test_a_conversation_that_was_begun_anew_does_not_interrupt_what_is_asked_next(
    desk: Desk, llm: RecordingLLM
) -> None:
    """Turns are counted from one in each session: the end of an earlier one's must not stand for this one's."""
    async with before(desk, 2) as (ann, ben):
        for number in range(3):
            await ann.send("text-input", text=f"Before {number}")
            await ann.ended(number + 1)
        await ann.asked("create-new-history", "new-history-created")
        waits = asyncio.Semaphore(0)
        llm.scripts = [[TextDelta("One. "), waits, TextDelta("Two.")]]
        mark = len(ann.told)
        await ann.send("text-input", text="First")
        await ben.send("text-input", text="Second")
        await ann.until(lambda: any("One." in one for one in ann.lines(mark)))
        await asyncio.sleep(0.1)
        assert asked(llm)[-1] == "First", "the second one waits"
        waits.release()
        await ann.ended(5)
        said = [one for one in ann.lines(mark) if "own sound" in one]
        assert [one.split(": ")[1] for one in said] == ["One.", "Two.", "Hello you there."]


async def test_a_viewer_that_asks_for_streams_changes_nothing_for_the_others(desk: Desk) -> None:
    async with before(desk, 2) as (ann, ben):
        await ben.send("request-audio-stream")
        await ben.asked("heartbeat", "heartbeat-ack")
        await answered(ann, "Hi")
        for front in (ann, ben):
            assert not any(one.startswith("audio-stream") for one in front.lines())


async def test_who_is_let_go_while_it_begins_a_conversation_leaves_the_others_one_that_answers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, llm: RecordingLLM
) -> None:
    end, ending = Client._end, asyncio.Event()

    async def slowly(self: Client) -> None:
        await end(self)
        ending.set()
        await asyncio.sleep(0.3)

    async with before(desk, 2) as (ann, ben):
        await ben.asked("create-new-history", "new-history-created")
        name = ann.client.history_uid
        monkeypatch.setattr(Client, "_end", slowly)
        await ben.send("create-new-history")
        await ending.wait()
        monkeypatch.setattr(Client, "_end", end)
        [avatar] = desk.app.state.doors.proxies._by_owner.values()
        avatar.viewers[1].outbox.lost.set()
        assert await closed(ben) == 1008
        await answered(ann, "Is anybody there?")
        assert asked(llm)[-1] == "Is anybody there?"
        assert ann.client.history_uid == name


@pytest.mark.parametrize("text", [None, 5, ["x"], "word " * 100_000])
async def test_an_interruption_never_fails_for_its_words(desk: Desk, llm: RecordingLLM, text: Any) -> None:
    llm.script = words("A long reply. " * 5)
    async with before(desk, 1) as (ann,):
        ann.plays = False
        await ann.send("text-input", text="Hi")
        await ann.until(lambda: any("own sound" in one for one in ann.lines()))
        await ann.send("interrupt-signal", text=text)
        await ann.ended()
        assert not any(one.startswith("error") for one in ann.lines())
