"""``WS /proxy-ws`` over real connections: several clients before one avatar, which answers one after another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest
from chatting import Desk, RecordingLLM, chatting, until, words
from olv_front import joined
from olv_proxied import asked, before, proxying
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.events import ToolUsed
from hayakuchi.core.tool_use import ToolStatus
from hayakuchi.core.types import TextDelta
from hayakuchi.gateway.open_llm_vtuber import proxied
from hayakuchi.orchestrator.gateway_settings import AuthSettings, Scope

DEAD = ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "down")


@pytest.fixture
def llm() -> RecordingLLM:
    return RecordingLLM()


@pytest.fixture
async def desk(llm: RecordingLLM) -> AsyncIterator[Desk]:
    async with proxying(llm) as desk:
        yield desk


async def test_all_are_told_what_the_avatar_says(desk: Desk, llm: RecordingLLM) -> None:
    async with before(desk, 3) as (ann, ben, cid):
        assert ann.uid == ben.uid == cid.uid
        assert ann.lines()[:5] == [
            "group-update",
            "Connection established",
            "set-model-and-conf",
            "group-update",
            "start-mic",
        ]
        marks = [len(front.told) for front in (ann, ben, cid)]
        await ben.send("text-input", text="Hi!", from_name="Mika")
        for front, mark in zip((ann, ben, cid), marks, strict=True):
            await front.ended()
            assert front.lines(mark) == [
                "chain-start", "Thinking...", "own sound Test: Hello you there.", "backend-synth-complete", "force-new-message",
                "chain-end",
            ]  # fmt: skip
        assert asked(llm) == ['"Mika" says: Hi!']


async def test_each_message_waits_until_those_before_are_answered(desk: Desk, llm: RecordingLLM) -> None:
    async with before(desk, 2) as (ann, ben):
        for index in range(3):
            await ann.send("text-input", text=f"A{index}")
            await ben.send("text-input", text=f"B{index}")
            await asyncio.sleep(0.02)
        await ann.ended(6)
        assert sorted(asked(llm)) == ["A0", "A1", "A2", "B0", "B1", "B2"]
        assert [one for one in asked(llm) if one[0] == "A"] == ["A0", "A1", "A2"]
        assert len([one for one in ann.lines() if "own sound" in one]) == 6, "none was interrupted"


async def test_what_somebody_wrote_who_went_away_loses_its_place(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    llm.scripts = [[TextDelta("One. "), waits, TextDelta("Two.")]]
    async with before(desk, 2) as (ann, ben):
        await ann.send("text-input", text="First")
        await llm.asked_first()
        await ben.send("text-input", text="Lost")
        await asyncio.sleep(0.05)
        await ben.socket.close()
        await ann.send("text-input", text="Second")
        await until(lambda: len(next(iter(desk.app.state.doors.clients)).doors.proxies) == 1)
        await asyncio.sleep(0.1)
        waits.release()
        await ann.ended(2)
        assert asked(llm) == ["First", "Second"]


async def test_no_more_waits_than_there_may(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    llm.scripts = [[waits, TextDelta("One.")]]
    async with before(desk, 2) as (ann, ben):
        await ann.send("text-input", text="First")
        await llm.asked_first()
        for index in range(proxied.WAITING_OF_ONE):
            await ann.send("text-input", text=f"More {index}")
        await ann.send("text-input", text="Too much")
        await ann.until(lambda: any(one.startswith("error: too many messages") for one in ann.lines()))
        assert not any(one.startswith("error") for one in ben.lines())
        await ben.send("text-input", text="I may")
        waits.release()
        await ann.ended(proxied.WAITING_OF_ONE + 2)
        assert asked(llm)[-1] == "I may"
        assert "Too much" not in asked(llm)


async def test_heartbeats_and_wishes_are_answered_to_whoever_asks(desk: Desk) -> None:
    async with before(desk, 2) as (ann, ben):
        mark = len(ben.told)
        await ann.asked("heartbeat", "heartbeat-ack")
        config = await ann.asked("request-init-config", "set-model-and-conf")
        assert config["client_uid"] == ann.uid
        await asyncio.sleep(0.05)
        assert ben.since(mark) == []


async def test_a_client_that_comes_later_does_not_end_the_conversation(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    llm.scripts = [[TextDelta("One. "), waits, TextDelta("Two.")]]
    async with before(desk, 1) as (ann,):
        await ann.send("text-input", text="Hi")
        await llm.asked_first()
        async with asyncio.TaskGroup() as group:
            ben = await joined(desk, group, {}, "/proxy-ws")
            ben.plays = False
            told = await ben.asked("create-new-history", "new-history-created")
            assert told["history_uid"] == ann.client.history_uid
            waits.release()
            await ben.ended()
            assert any("Two." in one for one in ben.lines())
            await ben.socket.close()


async def test_any_of_them_interrupts(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    llm.scripts = [[TextDelta("One. "), waits, TextDelta("Two.")]]
    async with before(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Hi")
        await ben.until(lambda: any("One." in one for one in ben.lines()))
        await ben.send("interrupt-signal", text="One.")
        await ann.ended()
        assert llm.asked[0].closed.is_set()
        await ben.send("text-input", text="Go on")
        await ann.ended(2)


async def test_a_failing_model_does_not_hold_up_the_queue(desk: Desk, llm: RecordingLLM) -> None:
    llm.scripts = [[DEAD], [DEAD]]
    async with before(desk, 2) as (ann, ben):
        for index in range(3):
            await ben.send("text-input", text=f"Message {index}")
        await ann.until(lambda: any("own sound" in one for one in ann.lines()))
        await ann.ended(3)


async def test_a_reply_that_does_not_end_is_ended(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxied, "STILL_S", 0.5)
    llm.scripts = [[asyncio.Semaphore(0)]]
    async with before(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Never")
        await ben.send("text-input", text="But now")
        await ann.until(lambda: any("own sound" in one for one in ann.lines()))
        assert llm.asked[0].closed.is_set()


async def test_a_reply_that_waits_for_a_tool_is_not_ended(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxied, "STILL_S", 0.2)
    waits = asyncio.Semaphore(0)
    llm.scripts = [[waits, TextDelta("After all.")]]
    async with before(desk, 1) as (ann,):
        await ann.send("text-input", text="What time is it?")
        await llm.asked_first()
        session = ann.client.session
        session.tell(ToolUsed(1, "a", "clock", ToolStatus.RUNNING, "{}"))
        await asyncio.sleep(0.5)
        assert not llm.asked[0].closed.is_set()
        session.tell(ToolUsed(1, "a", "clock", ToolStatus.COMPLETED, "noon"))
        waits.release()
        await ann.until(lambda: any("all." in one for one in ann.lines()))  # it may be in parts


async def test_owners_do_not_share_an_avatar(llm: RecordingLLM) -> None:
    async with proxying(llm, keys={"one": (Scope.SPEAK,), "other": (Scope.SPEAK,)}) as desk:
        async with before(desk, 2, "one", "other") as (ann, ben):
            assert ann.uid != ben.uid
            mark = len(ben.told)
            await ann.send("text-input", text="Secret")
            ann.plays = True
            await ann.ended()
            assert ben.since(mark) == []
            assert ben.memory == []


async def test_when_the_last_one_goes_the_avatar_ends(desk: Desk, llm: RecordingLLM) -> None:
    doors = desk.app.state.doors
    for _ in range(3):
        async with before(desk, 2) as (ann, _):
            assert (len(doors.proxies), len(doors.clients), doors.admission.sessions) == (1, 1, 1)
            await ann.send("text-input", text="Hi")
            await llm.asked_first()
        await until(lambda: not (len(doors.proxies) or len(doors.clients)))
        await until(lambda: not doors.admission.sessions)
    await until(lambda: not any("proxied" in task.get_name() for task in asyncio.all_tasks()))


async def test_a_proxied_avatar_may_be_in_a_group(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("…")
    llm.scripts = [words("Hello."), words("Hello, too."), words("…"), words("Once more.")]
    async with AsyncExitStack() as held:
        (ann,) = await held.enter_async_context(before(desk, 1))
        group = await held.enter_async_context(asyncio.TaskGroup())
        ben = await joined(desk, group, {})
        await ben.named("Ben")
        assert (await ben.asked("add-client-to-group", "group-operation-result", invitee_uid=ann.uid))["success"]
        for text in ("Hi", "And?"):
            await ann.send("text-input", text=text)
        await ann.until(lambda: "forwarded words Ben: Hello, too." in ann.lines())
        await ann.until(lambda: "own sound Test: Once more." in ann.lines())
        assert "conversation-interrupted" not in ann.lines()
        await ben.socket.close()


async def test_it_is_not_there_unless_it_is_asked_for(llm: RecordingLLM) -> None:
    async with chatting(llm) as desk:
        with pytest.raises(InvalidStatus) as refused:
            await connect(desk.url.replace("http", "ws", 1) + "/proxy-ws", proxy=None)
        assert refused.value.response.status_code in (403, 404)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer KEY"}, 403),
        ({"Authorization": "Bearer hk_nonsense"}, 401),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
async def test_who_may_not_speak_is_not_let_in(llm: RecordingLLM, headers: dict[str, str], status: int) -> None:
    async with proxying(llm, keys={"chats": (Scope.CHAT,)}, auth=AuthSettings(enabled=True)) as desk:
        bearing = {name: text.replace("KEY", desk.tokens["chats"]) for name, text in headers.items()}
        with pytest.raises(InvalidStatus) as refused:
            await connect(desk.url.replace("http", "ws", 1) + "/proxy-ws", proxy=None, additional_headers=bearing)
        assert refused.value.response.status_code == status


async def test_a_full_server_refuses_it(llm: RecordingLLM) -> None:
    async with proxying(llm, max_sessions=1) as desk:
        async with before(desk, 2):
            with pytest.raises(InvalidStatus) as refused:
                await connect(desk.url.replace("http", "ws", 1) + "/client-ws", proxy=None)
            assert refused.value.response.status_code == 503
        await until(lambda: not desk.app.state.doors.admission.sessions)


@pytest.mark.parametrize("nonsense", ["{", "[]", '{"type": "text-input"}', '{"type": "text-input", "text": "  "}'])
async def test_nonsense_is_told_to_its_sender_who_may_go_too_far(desk: Desk, nonsense: str) -> None:
    async with before(desk, 2) as (ann, ben):
        mark = len(ben.told)
        with suppress(ConnectionClosed):
            for _ in range(40):
                await ann.socket.send(nonsense)
                await asyncio.sleep(0.01)
        await ann.socket.wait_closed()
        assert ann.socket.close_code == 1008
        assert any(one.startswith("error") for one in ann.lines())
        assert ben.since(mark) == []


async def test_its_end_comes_with_the_servers(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("A long reply. " * 5)
    async with before(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Hi")
        await llm.asked_first()
        desk.app.state.doors.admission.goodbye.set()
        for front in (ann, ben):
            async with asyncio.timeout(3):
                await front.socket.wait_closed()
            assert front.socket.close_code == 1001
