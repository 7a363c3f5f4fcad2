"""Open-LLM-VTuber's wire, rule by rule, at the real server: the connection, what clients say, and the order of a turn.

The first line of a test is its rule. What clients are told is in test_olv_conformance_told.py; rules that other tests hold, and
that none is missing, in test_olv_rules.py.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from chatting import RecordingLLM, chatting, until, words
from frontend import check_order
from listening import hearing
from microphone import Voice
from olv_front import fronts
from olv_rig import REPLY, replied, server
from olv_web import HELLO, name, web_client
from scripted_asr import ScriptedASR
from speaking_client import numbers, speaking
from websockets.asyncio.client import connect

from hayakuchi.core.types import TextDelta
from hayakuchi.gateway.open_llm_vtuber import group

JPEG = "data:image/jpeg;base64,/9j/"


# The connection.


async def test_the_hello_comes_first_though_the_client_asks_before_it_reads() -> None:
    """connect: the four questions of their web client are answered after the hello, in the order in which they were asked"""
    async with server() as url, web_client(url) as client:
        answers = ["background-files", "config-files", "history-list", "new-history-created"]
        await until(lambda: len(client.told) >= len(HELLO) + len(answers))
        assert [name(message) for message in client.told] == [*HELLO, *answers]
        assert client.violations == []


async def test_every_message_is_json_in_a_text_frame() -> None:
    """connect: messages are JSON objects with a type, in text frames"""
    async with server() as url, connect(f"{url.replace('http', 'ws', 1)}/client-ws", proxy=None) as socket:
        await socket.send(json.dumps({"type": "text-input", "text": "Hi"}))
        kinds: list[str] = []
        async with asyncio.timeout(10):
            while not kinds or kinds[-1] != "backend-synth-complete":
                frame = await socket.recv()
                assert isinstance(frame, str)
                kinds.append(json.loads(frame)["type"])


async def test_an_answer_has_the_fields_of_the_table_and_the_request_id_of_its_question() -> None:
    """connect: an answer bears the request_id of what it answers"""
    async with chatting() as desk, fronts(desk, 2) as (ann, ben):
        made = await ann.asked("create-new-history", "new-history-created")
        listed = await ann.asked("fetch-configs", "config-files")
        conversation, [one, *_] = {"history_uid": made["history_uid"]}, listed["configs"]
        assert (made.keys(), listed.keys()) == (
            {"type", "request_id", "history_uid"},
            {"type", "request_id", "configs"},
        )
        assert one.keys() == {"filename", "name"}
        questions: list[tuple[str, dict[str, Any], str, set[str]]] = [
            ("heartbeat", {}, "heartbeat-ack", set()),
            ("fetch-backgrounds", {}, "background-files", {"files"}),
            (
                "request-init-config",
                {},
                "set-model-and-conf",
                {"model_info", "conf_name", "conf_uid", "client_uid"},
            ),
            ("fetch-history-list", {}, "history-list", {"histories"}),
            ("fetch-and-set-history", conversation, "history-data", {"messages"}),
            ("delete-history", conversation, "history-deleted", {"success", "history_uid"}),
            ("switch-config", {"file": one["filename"]}, "config-switched", {"message"}),
            ("add-client-to-group", {"invitee_uid": ben.uid}, "group-operation-result", {"success", "message"}),
            ("request-group-info", {}, "group-update", {"members", "is_owner"}),
            ("remove-client-from-group", {"target_uid": ben.uid}, "group-operation-result", {"success", "message"}),
            ("switch-config", {"file": "nobody.yaml"}, "error", {"message"}),
        ]
        for kind, fields, answer, told in questions:
            assert (await ann.asked(kind, answer, **fields)).keys() == {"type", "request_id"} | told


# What a client says.


async def test_pictures_of_all_four_sources_come_to_the_model() -> None:
    """text-input: pictures of the camera, the screen, the clipboard and a file come to the model"""
    llm = RecordingLLM()
    sources = ("camera", "screen", "clipboard", "upload")
    images = [{"source": source, "data": JPEG, "mime_type": "image/jpeg"} for source in sources]
    async with chatting(llm) as desk, fronts(desk, 1) as (ann,):
        await ann.send("text-input", text="Look", images=images)
        await ann.ended()
        assert [image.url for image in llm.asked[0].messages[-1].images] == [JPEG] * len(sources)


async def test_sound_with_an_action_is_heard() -> None:
    """raw-audio-data: an action that comes with the sound is let be, and the sound is heard"""
    voice = Voice()
    async with hearing(lambda: ScriptedASR(voice.understands, takes_ms=5)) as (url, _), speaking(url) as client:
        sound = numbers(voice.says("hello there friend.", 600))
        for start in range(0, len(sound), 512):
            await client.send("raw-audio-data", audio=sound[start : start + 512], action="listen")
            await asyncio.sleep(0)
        assert (await client.next("user-input-transcription"))["text"] == "hello there friend."


async def test_a_client_may_say_that_it_begins_a_silent_item() -> None:
    """audio-play-start: it is said of silent items, too, and taken"""
    async with server("🙂") as url, web_client(url, speed=20) as client:
        chain = await replied(client)
        assert [(item.text.strip(), item.pcm) for item in chain.played] == [("🙂", b"")]
        assert "error" not in chain.names
        assert client.violations == []
        assert (await replied(client)).text.strip() == "🙂"


# The order of a turn.


async def test_chain_start_comes_before_any_audio() -> None:
    """turn order: a client that listens, and drops all sound, is told of the chain before its sound"""
    async with server() as url, web_client(url, speed=20) as client:
        for _ in range(2):
            client.listen()
            chain = await replied(client)
            assert chain.names[0] == "full-text Thinking..."
            assert chain.text.split() == REPLY.split()
        assert (client.dropped, client.violations) == ([], [])


async def test_no_chain_starts_within_another_when_a_client_that_speaks_is_taken_into_a_group() -> None:
    """turn order: a client's own chain is over before it is told of another's reply"""
    llm = RecordingLLM(*words("…"))
    llm.scripts = [[TextDelta("My own words. "), asyncio.Semaphore(0)], words("Hello from Ann.")]
    async with chatting(llm) as desk, fronts(desk, 2) as (ann, ben):
        await ben.send("text-input", text="Speak!")
        await ben.until(lambda: any("My own" in one for one in ben.lines()))
        await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=ben.uid)
        await ann.send("text-input", text="Hi")
        await ben.until(lambda: any("forwarded" in one and "Hello from Ann." in one for one in ben.lines()))
        await ben.ended(2)
        assert check_order(ben.told) >= 2


async def test_no_chain_ends_that_did_not_start_when_members_leave_before_it_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """turn order: who leaves a group before a reply has begun is told of no end of it"""
    waiting, gone = asyncio.Event(), asyncio.Event()

    async def slow(clients: object) -> None:
        waiting.set()
        await gone.wait()

    monkeypatch.setattr(group, "hushed", slow)
    async with chatting() as desk, fronts(desk, 3) as (ann, ben, cid):
        for one in (ben, cid):
            await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=one.uid)
        await ann.send("text-input", text="Hi")
        await waiting.wait()
        for one in (ben, ann):
            await one.asked("remove-client-from-group", "group-operation-result", target_uid=one.uid)
        gone.set()
        await until(lambda: not any("group of" in task.get_name() for task in asyncio.all_tasks()))
        await ann.ended()  # her own avatar has answered her
        await ann.send("text-input", text="And again?")
        await ann.ended(2)
        assert [check_order(one.told) for one in (ann, ben, cid)] == [2, 0, 0]
