"""``WS /client-ws`` over a real WebSocket, with scripted models: what Open-LLM-VTuber's frontends rely on, rule by rule."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from frontend import HELLO, Frontend, check_order, frontend, name, sound_of
from scripted import ScriptedLLM, ScriptedTTS
from serving import ending, serving, settings_for
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hayakuchi.core.types import SpeechTimes, UserInput
from hayakuchi.gateway.open_llm_vtuber import client as client_module
from hayakuchi.gateway.open_llm_vtuber.outbox import Outbox
from hayakuchi.orchestrator.latency import Moment
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from hayakuchi.orchestrator.settings import Settings

TOKENS = ["[joy]", " Hello", " there", ",", " viewer", ".", " This", " is", " a", " second", " sentence", "."]
REPLY = "Hello there, viewer. This is a second sentence."
START = ["control conversation-chain-start", "full-text Thinking..."]
END = ["force-new-message", "control conversation-chain-end"]


def talkative(
    tokens: list[str] = TOKENS, *, token_ms: float = 1, theirs: dict[str, Any] | None = None, **gateway: Any
) -> Settings:
    made = settings_for(
        lambda: ScriptedLLM(tokens, first_ms=5, token_ms=token_ms),
        lambda: ScriptedTTS(first_ms=5, rtf=0.001),
        **gateway,
    )
    return replace(made, open_llm_vtuber=OpenLlmVtuberSettings.model_validate(theirs or {"playback_patience_s": 0.5}))


async def history(engine: Any, owner: str = "") -> list[tuple[str, str]]:
    """What was said in the conversation that was used last."""
    [latest, *_] = await engine.conversations.list(owner)
    found = await engine.conversations.open(owner, latest.name, "Test")
    return [(message.role, message.content) for message in found.messages]


async def test_hello_comes_unasked_in_the_order_of_theirs() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        assert tuple(message["type"] for message in client.told) == HELLO
        assert client.told[0] == client.told[3] == {"type": "group-update", "members": [], "is_owner": False}
        assert client.told[1]["text"] == "Connection established"
        assert client.told[4] == {"type": "control", "text": "start-mic"}
        uuid.UUID(client.told[2]["client_uid"], version=4)
        assert await client.silent_for(0.1)


async def test_conf_uid_is_never_empty() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        assert client.told[2]["conf_uid"]
        assert client.told[2]["conf_name"] == "Test"
        assert isinstance(client.told[2]["model_info"], dict)


async def test_request_init_config_says_it_once_more_with_its_request_id() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("request-init-config", request_id="r1")
        assert await client.next("set-model-and-conf") == {**client.told[2], "request_id": "r1"}


async def test_heartbeat_is_acknowledged() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("heartbeat")
        assert await client.receive() == {"type": "heartbeat-ack"}


async def test_a_whole_turn_in_their_order() -> None:
    async with serving(talkative()) as (url, engine), frontend(url) as client:
        await client.send("text-input", text="Hi")
        names = await client.plays()
        items = names.count("audio")
        assert items >= 2
        assert names == [*START, *["audio"] * items, "backend-synth-complete", *END]
        assert await client.silent_for(0.1)
        assert await history(engine) == [("user", "Hi"), ("assistant", REPLY)]


async def test_items_hold_the_whole_reply_and_all_of_its_sound_in_order() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.plays()
        items = client.items()
        assert "".join(item["display_text"]["text"] for item in items).strip() == REPLY
        assert items[0]["actions"] == {"expressions": ["joy"]}
        for item in items:
            assert item["slice_length"] == 20
            assert item["forwarded"] is False
            assert item["display_text"]["name"] == "Test"
        assert len(b"".join(sound_of(item) for item in items)) > 8000 * 2


async def test_backend_synth_complete_is_said_once_and_only_if_something_has_sound() -> None:
    async with serving(talkative(["🙂"])) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        names = await client.plays(completes=False)
        assert "backend-synth-complete" not in names
        assert names[:2] == START
        assert names[-2:] == END
        assert all(item["audio"] is None for item in client.items())


async def test_an_empty_reply_ends_the_chain() -> None:
    async with serving(talkative([""])) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        assert await client.plays() == [*START, *END]


async def test_force_new_message_waits_for_the_clients_word_that_all_was_played() -> None:
    async with serving(talkative(theirs={"playback_patience_s": 60})) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.next("backend-synth-complete")
        assert await client.silent_for(0.7)
        await client.send("frontend-playback-complete")
        assert name(await client.receive()) == "force-new-message"
        assert name(await client.receive()) == "control conversation-chain-end"


@pytest.mark.parametrize("starts", [True, False])
async def test_a_lost_playback_complete_never_hangs_a_turn(starts: bool) -> None:
    async with serving(talkative(["Hey."])) as (url, engine), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.plays(starts=starts, completes=False)
        assert await history(engine) == [("user", "Hi"), ("assistant", "Hey.")]
        await client.send("text-input", text="Again")
        assert (await client.plays(starts=starts))[:2] == START


async def test_a_client_that_is_merely_playing_a_long_item_is_not_given_up() -> None:
    words = ["A ", "word " * 20, "."]
    async with serving(talkative(words, theirs={"playback_patience_s": 0.5})) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        item = await client.next("audio")
        await client.send("audio-play-start", display_text=item["display_text"], forwarded=True)
        await client.next("backend-synth-complete")
        assert await client.silent_for(2)
        await client.send("frontend-playback-complete")
        await client.next("control conversation-chain-end")


async def test_what_was_spoken_is_shown_as_a_transcription_before_any_audio() -> None:
    async with ending(talkative()) as (url, _, server, _), frontend(url) as client:
        [one] = server.doors.clients
        await one.say(UserInput("Spoken words", speech=SpeechTimes(0, 0, 0)))
        names = await client.plays()
        assert names[:4] == [*START, "user-input-transcription", "audio"]
        [heard] = [message for message in client.told if message["type"] == "user-input-transcription"]
        assert heard["text"] == "Spoken words"


async def interrupted(client: Frontend, text: Any) -> list[str]:
    """Interrupt, and read on to the chain's end."""
    await client.send("interrupt-signal", text=text)
    await client.next("control conversation-chain-end")
    return [name(message) for message in client.told[-2:]]


async def test_an_interruption_keeps_what_was_heard_to_the_word() -> None:
    async with (
        serving(talkative(token_ms=30, theirs={"playback_patience_s": 60})) as (url, engine),
        frontend(url) as client,
    ):
        await client.send("text-input", text="Hi")
        item = await client.next("audio")
        await client.send("audio-play-start", display_text=item["display_text"], forwarded=True)
        await asyncio.sleep(0.5)
        assert await interrupted(client, item["display_text"]["text"]) == END
        [_, (_, kept)] = await history(engine)
        assert kept
        assert item["display_text"]["text"].startswith(kept)
        assert len(kept) < len(item["display_text"]["text"].strip())


async def test_an_interruption_before_anything_was_played_keeps_no_reply() -> None:
    async with serving(talkative(theirs={"playback_patience_s": 60})) as (url, engine), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.next("audio")
        await interrupted(client, "")
        assert await history(engine) == [("user", "Hi")]


async def test_what_is_kept_is_bounded_by_the_words_of_the_items_that_were_begun() -> None:
    async with serving(talkative()) as (url, engine), frontend(url) as client:
        for _ in range(2):  # then it is known for one that tells nothing
            await client.send("text-input", text="Hi")
            await client.plays(starts=False)
        await client.send("text-input", text="Hi")
        first = (await client.next("audio"))["display_text"]["text"]
        await client.next("backend-synth-complete")
        await asyncio.sleep(1.5)
        await interrupted(client, first)
        kept = (await history(engine))[-1][1]
        assert kept == first.strip()


async def test_words_of_items_that_were_begun_count_though_their_start_was_not_told() -> None:
    async with serving(talkative(theirs={"playback_patience_s": 60})) as (url, engine), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.next("backend-synth-complete")
        first, *_ = texts = [item["display_text"]["text"] for item in client.items()]
        await interrupted(client, "".join(texts[:2]))
        assert (await history(engine))[-1] == ("assistant", first.strip())


async def test_a_second_message_ends_the_first_chain_before_it_begins_its_own() -> None:
    async with serving(talkative(theirs={"playback_patience_s": 60})) as (url, _), frontend(url) as client:
        await client.send("text-input", text="One")
        await client.next("audio")
        await client.send("text-input", text="Two")
        await client.next("control conversation-chain-start")
        names = [name(message) for message in client.told]
        assert names[-3:] == [*END, START[0]]
        assert (await client.plays())[0] == START[1]


async def test_whatever_interrupts_it_no_sound_comes_outside_of_a_chain() -> None:
    async with serving(talkative(token_ms=5, theirs={"playback_patience_s": 60})) as (url, _), frontend(url) as client:
        for number in range(12):
            await client.send("text-input", text=f"Message {number}")
            if number % 3 == 0:
                await client.next("audio")
            if number % 4 == 1:
                await asyncio.sleep(0.02 * number)
            if number % 2:
                await client.send("interrupt-signal", text="")
            await client.send("frontend-playback-complete")
        await client.send("text-input", text="The last one")
        await client.send("heartbeat")
        await client.next("heartbeat-ack")
        while await client.next("backend-synth-complete", "control conversation-chain-end"):
            await client.send("frontend-playback-complete")
            if await client.silent_for(0.3):
                break
        assert check_order(client.told) >= 4


async def test_play_start_is_stamped_when_the_client_says_so() -> None:
    async with ending(talkative()) as (url, _, server, _), frontend(url) as client:
        [one] = server.doors.clients
        await client.send("text-input", text="Hi")
        item = await client.next("audio")
        turn = one.session.turn
        assert turn is not None
        assert Moment.PLAY_START not in turn.trace.marks
        await client.send("audio-play-start", display_text=item["display_text"], forwarded=True)
        await client.send("heartbeat")
        await client.next("heartbeat-ack")
        assert Moment.PLAY_START in turn.trace.marks


@pytest.mark.parametrize("text", [None, 5, ["a"], {"text": "a"}, "x" * 200_000], ids=lambda text: type(text).__name__)
async def test_an_interruption_never_fails_for_its_words(text: Any) -> None:
    async with serving(talkative(theirs={"playback_patience_s": 60})) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.next("audio")
        assert await interrupted(client, text) == END
        assert not any(message["type"] == "error" for message in client.told)


async def test_an_interruption_while_nothing_is_said_is_let_be() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("interrupt-signal", text="whatever")
        await client.send("text-input", text="Hi")
        assert (await client.plays())[:2] == START


async def test_a_failure_is_told_and_never_spoken_and_the_chain_ends() -> None:
    broken = settings_for(lambda: ScriptedLLM(["x"], first_ms=1, dies_at=0), lambda: ScriptedTTS(first_ms=1))
    async with serving(broken) as (url, engine), frontend(url) as client:
        await client.send("text-input", text="Hi")
        names = await client.plays()
        assert names == [*START, "error", *END]
        assert client.items() == []
        [error] = [message for message in client.told if message["type"] == "error"]
        assert "cut" in error["message"] or "usable" in error["message"]
        assert await history(engine) == [("user", "Hi")]


async def test_a_model_that_dies_in_the_middle_leaves_what_was_said() -> None:
    broken = settings_for(
        lambda: ScriptedLLM(TOKENS, first_ms=1, token_ms=1, dies_at=7), lambda: ScriptedTTS(first_ms=1, rtf=0.001)
    )
    async with serving(broken) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        names = await client.plays()
        assert names[:3] == [*START, "audio"]
        assert names[-4:] == ["backend-synth-complete", "error", *END]


async def test_a_silent_voice_still_shows_the_words() -> None:
    dumb = settings_for(
        lambda: ScriptedLLM(TOKENS, first_ms=1, token_ms=1), lambda: ScriptedTTS(first_ms=1, dies_after=0)
    )
    async with serving(dumb) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        names = await client.plays(completes=False)
        assert names[-2:] == END
        assert "".join(item["display_text"]["text"] for item in client.items()).strip() == REPLY
        assert all(item["audio"] is None for item in client.items())


async def test_pictures_come_to_the_model() -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    async with serving(talkative()) as (url, engine), frontend(url) as client:
        await client.send(
            "text-input", text="Look", images=[{"source": "camera", "data": picture, "mime_type": "image/png"}]
        )
        await client.plays()
        [latest] = await engine.conversations.list("")
        found = await engine.conversations.open("", latest.name, "Test")
        assert [image.url for image in found.messages[0].images] == [picture]


@pytest.mark.parametrize(
    "address", ["https://example.com/a.png", "file:///etc/passwd", "data:text/html;base64,AAAA", "x"]
)
async def test_what_is_no_picture_is_refused(address: str) -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Look", images=[{"data": address}])
        assert "data:image" in (await client.next("error"))["message"]


async def test_a_large_picture_is_taken_and_a_larger_one_is_refused() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        head = "data:image/png;base64,"
        picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8 << 20)).decode()
        await client.send("text-input", text="Look", images=[{"data": head + picture}])
        assert (await client.plays())[:2] == START
        await client.send("text-input", text="Look", images=[{"data": head + "A" * (12 << 20)}])
        assert "images" in (await client.next("error"))["message"]


async def test_a_message_beyond_any_measure_ends_the_connection() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        with suppress(ConnectionClosed):
            await client.socket.send("x" * (33 << 20))
        assert await client.close_code() == 1009


async def test_sound_as_a_stream_for_who_asks_for_it() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("request-audio-stream")
        await client.send("text-input", text="Hi")
        names = await client.plays()
        kinds = [kind for kind in names if kind.startswith("audio")]
        assert kinds[0] == "audio-stream-start"
        assert set(kinds) == {"audio-stream-start", "audio-stream-chunk", "audio-stream-end"}
        assert kinds.count("audio-stream-start") == kinds.count("audio-stream-end")
        starts = [message for message in client.told if message["type"] == "audio-stream-start"]
        assert "".join(start["display_text"]["text"] for start in starts).strip() == REPLY
        assert names[-3:] == ["backend-synth-complete", *END]


async def test_two_clients_are_apart() -> None:
    async with serving(talkative()) as (url, engine), frontend(url) as one, frontend(url) as other:
        assert one.told[2]["client_uid"] != other.told[2]["client_uid"]
        await one.send("text-input", text="A secret")
        await one.plays()
        assert await other.silent_for(0.1)
        await other.send("text-input", text="Hi")
        await other.plays()
        assert await history(engine) == [("user", "Hi"), ("assistant", REPLY)]
        assert len(await engine.conversations.list("")) == 2


async def test_who_leaves_in_the_middle_leaves_what_was_heard() -> None:
    async with ending(talkative(token_ms=30)) as (url, engine, server, _):
        async with frontend(url) as client:
            await client.send("text-input", text="Hi")
            item = await client.next("audio")
            await client.send("audio-play-start", display_text=item["display_text"], forwarded=True)
            await asyncio.sleep(0.5)
        async with asyncio.timeout(5):
            while len(server.doors.clients) or server.doors.admission.sockets:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        [_, (_, kept)] = await history(engine)
        assert kept
        assert item["display_text"]["text"].startswith(kept)


async def test_garbage_is_answered_and_changes_nothing() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        for text in (
            "{",
            "[]",
            '{"type": 5}',
            '{"type": "text-input"}',
            '{"type": "text-input", "text": " "}',
            "9" * 5000,
        ):
            await client.socket.send(text)
            assert (await client.receive())["type"] == "error"
        await client.send("from-the-future", x=1)
        await client.send("heartbeat")
        assert (await client.receive())["type"] == "heartbeat-ack"


async def test_a_message_that_would_take_long_to_be_read_is_not_read() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.socket.send('{"type": "text-input", "text": "Hi", "x": [' + "1," * 10_000_000 + "1]}")
        assert "values" in (await client.next("error"))["message"]
        await client.send("heartbeat")
        assert (await client.receive())["type"] == "heartbeat-ack"


async def test_who_sends_too_much_at_once_is_let_go() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        large = json.dumps({"type": "heartbeat", "x": "x" * (30 << 20)})
        with suppress(ConnectionClosed):
            for _ in range(6):
                await client.socket.send(large)
        assert await client.close_code() == 1008


async def test_an_error_bears_the_request_id() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("text-input", text="", request_id="r7")
        assert (await client.next("error"))["request_id"] == "r7"


async def test_mistakes_now_and_then_end_nothing() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        for _ in range(60):
            await client.socket.send("{")
            assert (await client.receive())["type"] == "error"
            await client.send("heartbeat")
            assert (await client.receive())["type"] == "heartbeat-ack"


async def test_too_much_garbage_ends_the_connection() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        for _ in range(20):
            await client.socket.send("{")
        assert await client.close_code() == 1008


async def test_binary_frames_end_the_connection() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.socket.send(b"\0\1")
        assert await client.close_code() == 1003


async def test_a_flood_of_messages_ends_in_the_last_one_or_says_that_it_is_too_much() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client, frontend(url) as other:
        for number in range(200):
            await client.send("text-input", text=f"Message {number}")
        await other.send("text-input", text="Hi")
        assert (await other.plays())[-1] == END[-1]
        await client.send("heartbeat")
        await client.next("heartbeat-ack")
        starts = [message for message in client.told if name(message) == START[0]]
        ends = [message for message in client.told if name(message) == END[-1]]
        assert 0 <= len(starts) - len(ends) <= 1
        check_order(client.told)


async def test_a_client_that_reads_nothing_harms_nobody() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as stuck, frontend(url) as ours:
        stuck.socket.transport.pause_reading()
        await stuck.send("text-input", text="Hi")
        for _ in range(3):
            await ours.send("text-input", text="Hi")
            assert (await ours.plays())[-1] == END[-1]
        stuck.socket.transport.resume_reading()


async def test_who_is_too_slow_to_follow_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "Outbox", lambda: Outbox(messages=20))
    async with ending(talkative()) as (url, _, server, _), frontend(url) as client:
        [one] = server.doors.clients
        for _ in range(21):
            one.send({"type": "heartbeat-ack"})
        assert await client.close_code() == 1008


async def test_a_full_server_says_when_to_come_back() -> None:
    async with serving(talkative(max_sessions=1)) as (url, _), frontend(url):
        with pytest.raises(InvalidStatus) as refused:
            async with frontend(url):
                pass
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"] == "5"


async def test_it_is_not_served_where_the_settings_say_so() -> None:
    async with serving(talkative(theirs={"enabled": False})) as (url, _):
        with pytest.raises(InvalidStatus) as refused:
            async with frontend(url):
                pass
        assert refused.value.response.status_code in (403, 404)


async def test_at_the_servers_end_a_reply_is_played_out_and_the_connection_closed_with_1001() -> None:
    async with ending(talkative(drain_seconds=5)) as (url, _, server, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.next("audio")
        server.farewell.patience_s = 5
        server.should_exit = True
        await client.next("backend-synth-complete")
        await client.send("frontend-playback-complete")
        assert await client.close_code() == 1001
        assert [name(message) for message in client.told[-2:]] == END


async def test_at_the_servers_end_a_client_that_does_not_tell_holds_nobody_up() -> None:
    settings = talkative(drain_seconds=0.3, theirs={"playback_patience_s": 60})
    async with asyncio.timeout(10), ending(settings) as (url, _, server, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        first = await client.next("audio")
        await client.send("audio-play-start", display_text=first["display_text"], forwarded=True)
        await client.next("backend-synth-complete")
        server.farewell.patience_s = 0.3
        server.should_exit = True
        assert await client.close_code() == 1001
        assert [name(message) for message in client.told[-2:]] == END
        assert "about to end" in next(message["message"] for message in client.told if message["type"] == "error")


async def test_begin_goes_on_elsewhere_and_loses_nothing() -> None:
    async with (
        ending(talkative(theirs={"playback_patience_s": 60})) as (url, engine, server, _),
        frontend(url) as client,
    ):
        [one] = server.doors.clients
        first = one.history_uid
        await client.send("text-input", text="Hi")
        await client.next("backend-synth-complete")
        items = client.items()
        await client.send("audio-play-start", display_text=items[0]["display_text"], forwarded=True)
        await client.send("audio-play-start", display_text=items[1]["display_text"], forwarded=True)
        await client.send("heartbeat")
        await client.next("heartbeat-ack")
        await one.begin()
        assert one.history_uid != first
        assert [name(await client.receive()) for _ in END] == END
        await client.send("text-input", text="Elsewhere")
        await client.plays()
        assert await history(engine) == [("user", "Elsewhere"), ("assistant", REPLY)]
        await one.begin(first)
        kept = [(message.role, message.content) for message in one.session.history.messages]
        assert kept == [("user", "Hi"), ("assistant", items[0]["display_text"]["text"].strip())]


async def test_messages_are_json_of_known_types() -> None:
    async with serving(talkative()) as (url, _), frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.plays()
        known = {*HELLO, "audio", "backend-synth-complete", "force-new-message"}
        assert {message["type"] for message in client.told} <= known
        assert json.dumps(client.told)
