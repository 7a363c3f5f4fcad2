"""The stage protocol over a real WebSocket, with scripted models."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS
from serving import Viewer, serving, settings_for, viewing
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hayakuchi.gateway.connection import MAX_MISTAKES
from hayakuchi.orchestrator.settings import Settings

TOKENS = ["[joy]", " Hello", " there", ",", " viewer", ".", " This", " is", " a", " second", " sentence", "."]


def talkative(**gateway: Any) -> Settings:
    return settings_for(
        lambda: ScriptedLLM(TOKENS, first_ms=5, token_ms=1), lambda: ScriptedTTS(first_ms=5, rtf=0.001), **gateway
    )


async def play_all(viewer: Viewer, turn: int) -> dict[str, object]:
    """Play in no time whatever comes, until the turn ends."""
    while True:
        event = await viewer.next("audio", "turn.ended")
        if event["type"] == "turn.ended":
            return event
        last = viewer.frames[-1]
        await viewer.played((last.position + last.samples) / 8, turn)


async def close_code(viewer: Viewer) -> int | None:
    """Read until the server closes; the code it gives."""
    try:
        async with asyncio.timeout(10):
            while True:
                await viewer.socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def test_a_whole_turn() -> None:
    async with serving(talkative()) as (url, _), viewing(url, "sound=1") as viewer:
        assert viewer.snapshot["protocol"] == 1
        assert viewer.snapshot["audio"] == {"sample_rate": 8000, "lip_rate": 50}
        assert viewer.snapshot["turn"] is None
        assert (await viewer.next("sound"))["holder"] is True
        await viewer.send(type="input.text", text="Hi")
        started = await viewer.next("turn.started")
        assert started["heard"] == "Hi"
        spoken = await viewer.next("segment.started")
        assert spoken["expressions"] == ["joy"]
        assert spoken["silent"] is False
        ended = await play_all(viewer, started["turn"])
        assert ended["status"] == "completed"
        assert ended["heard_reply"] == "Hello there, viewer. This is a second sentence."
    position = 0
    lip = 0
    for frame in viewer.frames:
        assert frame.position == position
        assert frame.lip_start == lip
        assert len(frame.pcm) == 2 * frame.samples
        position += frame.samples
        lip += len(frame.lips) // 7
    assert max(max(frame.lips[::7]) for frame in viewer.frames if frame.lips) > 60


async def test_history_comes_with_the_snapshot() -> None:
    async with serving(talkative()) as (url, _):
        async with viewing(url, "sound=1") as viewer:
            await viewer.send(type="input.text", text="<b>Hi</b>")
            turn = (await viewer.next("turn.started"))["turn"]
            await play_all(viewer, turn)
        async with viewing(url) as viewer:
            assert [message["content"] for message in viewer.snapshot["history"]] == [
                "<b>Hi</b>",
                "Hello there, viewer. This is a second sentence.",
            ]


async def test_sessions_are_apart() -> None:
    async with serving(talkative()) as (url, _), viewing(url, "session=a") as one, viewing(url, "session=b") as other:
        await one.send(type="input.text", text="Hi")
        await one.next("turn.started")
        await other.send(type="ping", id=7)
        assert await other.next("pong", "turn.started") == {"type": "pong", "id": 7}


async def test_one_viewer_holds_the_sound_and_the_next_goes_on_where_it_stopped() -> None:
    async with serving(talkative()) as (url, _), viewing(url, "sound=1") as first, viewing(url, "sound=1") as second:
        assert (await first.next("sound"))["holder"] is True
        await first.send(type="input.text", text="Hi")
        turn = (await first.next("turn.started"))["turn"]
        while sum(frame.samples for frame in first.frames) < 3200:
            await first.next("audio")
        await second.next("audio")
        assert all(frame.pcm == b"" and frame.lips for frame in second.frames)
        await first.played(150, turn)
        await first.send(type="ping", id=1)
        await first.next("pong")
        await first.socket.close()
        second.frames.clear()
        assert (await second.next("sound"))["holder"] is True
        while not (heard := [frame for frame in second.frames if frame.pcm]):
            await second.next("audio")
        assert heard[0].position == 1200
        assert (await play_all(second, turn))["status"] == "completed"


async def test_a_viewer_that_comes_in_the_middle_sees_what_is_being_said() -> None:
    async with serving(talkative()) as (url, _), viewing(url, "sound=1") as first:
        await first.send(type="input.text", text="Hi")
        turn = (await first.next("turn.started"))["turn"]
        await first.next("audio")
        async with viewing(url) as second:
            assert second.snapshot["turn"]["turn"] == turn
            assert second.snapshot["turn"]["heard"] == "Hi"
            assert second.snapshot["turn"]["expression"] == "joy"
            assert (await second.next("segment.started"))["segment"] == 0


async def test_a_second_message_stops_the_first() -> None:
    async with serving(talkative()) as (url, _), viewing(url, "sound=1") as viewer:
        await viewer.send(type="input.text", text="One")
        await viewer.next("audio")
        await viewer.send(type="input.text", text="Two")
        ended = await viewer.next("turn.ended")
        assert ended["status"] == "interrupted"
        assert (await viewer.next("turn.started"))["heard"] == "Two"


async def test_greeting_is_given_once() -> None:
    async with serving(talkative()) as (url, _), viewing(url, "sound=1") as viewer:
        await viewer.send(type="greet")
        started = await viewer.next("turn.started")
        assert started["heard"] is None
        assert (await play_all(viewer, started["turn"]))["heard_reply"] == "Hello, you!"
        await viewer.send(type="greet")
        await viewer.send(type="ping")
        assert (await viewer.next("pong", "turn.started"))["type"] == "pong"


async def test_nonsense_is_answered_and_changes_nothing() -> None:
    async with serving(talkative()) as (url, _), viewing(url) as viewer:
        for text in ("{", "[]", '{"type": 5}', '{"type": "input.text"}', '{"type": "input.text", "text": ""}'):
            await viewer.socket.send(text)
            error = await viewer.next("error")
            assert error["code"] == "protocol"
            assert error["message"]
        await viewer.send(type="from.the.future", x=1)
        await viewer.send(type="ping", id="a")
        assert (await viewer.next("pong", "error"))["type"] == "pong"


@pytest.mark.parametrize(("message", "code"), [(b"\0", 1003), ("x" * 70_000, 1009)])
async def test_close_codes(message: bytes | str, code: int) -> None:
    async with serving(talkative()) as (url, _), viewing(url) as viewer:
        await viewer.socket.send(message)
        assert await close_code(viewer) == code


async def test_what_is_understood_makes_up_for_the_nonsense_before_it() -> None:
    async with serving(talkative()) as (url, _), viewing(url) as viewer:
        for _ in range(3):
            for _ in range(MAX_MISTAKES - 1):
                await viewer.socket.send("{")
                assert (await viewer.next("error", "pong"))["type"] == "error"
            await viewer.send(type="ping", id="a")
            assert (await viewer.next("error", "pong"))["type"] == "pong"


async def test_too_much_nonsense_ends_the_connection() -> None:
    async with serving(talkative()) as (url, _), viewing(url) as viewer:
        for _ in range(20):
            await viewer.socket.send("{")
        assert await close_code(viewer) == 1008


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_another_sites_page_is_refused_before_it_is_accepted(origin: str) -> None:
    async with serving(talkative()) as (url, _):
        with pytest.raises(InvalidStatus) as refused:
            async with viewing(url, additional_headers={"Origin": origin}):
                pass
        assert refused.value.response.status_code == 403


async def test_a_full_server_says_when_to_come_back() -> None:
    async with serving(talkative(max_sessions=1)) as (url, _), viewing(url):
        with pytest.raises(InvalidStatus) as refused:
            async with viewing(url, "session=another"):
                pass
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "5"


@pytest.mark.parametrize("name", ["", "a/b", "x" * 65, "%00", "ä"])
async def test_bad_session_names_are_refused(name: str) -> None:
    async with serving(talkative()) as (url, _):
        with pytest.raises(InvalidStatus) as refused:
            async with viewing(url, f"session={name}"):
                pass
        assert refused.value.response.status_code == 400


async def test_a_viewer_that_reads_nothing_harms_nobody() -> None:
    async with (
        serving(talkative()) as (url, _),
        viewing(url) as stuck,
        viewing(url, "sound=1") as ours,
    ):
        stuck.socket.transport.pause_reading()
        for _ in range(3):
            await ours.send(type="input.text", text="Hi")
            turn = (await ours.next("turn.started"))["turn"]
            assert (await play_all(ours, turn))["status"] == "completed"
        stuck.socket.transport.resume_reading()


async def test_the_server_stops_in_the_middle_of_speech() -> None:
    async with asyncio.timeout(10):
        async with serving(talkative()) as (url, _):
            async with viewing(url, "sound=1") as viewer:
                await viewer.send(type="input.text", text="Hi")
                await viewer.next("audio")


async def test_who_takes_the_sound_after_silence_gets_nothing_that_is_over() -> None:
    async with serving(talkative()) as (url, _), viewing(url) as viewer:
        await viewer.send(type="input.text", text="Hi")
        await viewer.next("audio")
        await asyncio.sleep(0.5)
        viewer.frames.clear()
        await viewer.send(type="sound.claim")
        assert (await viewer.next("sound"))["holder"] is True
        while not (heard := [frame for frame in viewer.frames if frame.pcm]):
            await viewer.next("audio")
        assert heard[0].position >= 0.4 * 8000
        await viewer.send(type="sound.release")
        assert (await viewer.next("turn.ended"))["status"] == "completed"
        async with viewing(url, "sound=1") as late:
            await late.send(type="ping")
            await late.next("pong")
            assert late.frames == []


async def test_who_said_what_is_kept() -> None:
    async with serving(talkative()) as (url, _):
        async with viewing(url, "sound=1") as viewer:
            await viewer.send(type="input.text", text="Hi", viewer="Mika")
            await play_all(viewer, (await viewer.next("turn.started"))["turn"])
        async with viewing(url) as viewer:
            first = viewer.snapshot["history"][0]
            assert first == {
                "id": first["id"],
                "role": "user",
                "content": "Hi",
                "viewer": "Mika",
                "siblings": [first["id"]],
            }


async def test_whoever_will_answer_gets_ready_while_somebody_writes() -> None:
    class Ready(ScriptedLLM):
        prepared = 0

        def prepare(self) -> None:
            self.prepared += 1

    model = Ready(TOKENS)
    async with serving(settings_for(lambda: model, ScriptedTTS)) as (url, _), viewing(url) as viewer:
        await viewer.send(type="input.typing")
        await viewer.send(type="ping")
        await viewer.next("pong")
        assert model.prepared == 1
        assert model.asked == []
