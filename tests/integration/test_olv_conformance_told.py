"""Open-LLM-VTuber's wire, rule by rule, at the real server: what clients are told, and what they show.

The first line of a test is its rule; see test_olv_conformance.py.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from urllib.parse import quote

from cast_rig import folder_fixture, registry, written
from chatting import chatting
from frontend import frontend
from keyed import asking
from olv_assets import ENTRY, MODEL, PNG, hosting, user_folder
from olv_front import fronts
from olv_rig import RATE, REPLY, replied, server
from olv_web import parse_wav, web_client
from serving import serving

from hayakuchi.orchestrator.loader import load_settings

__all__ = ["folder_fixture"]

SHOWN = {"text", "name", "avatar"}


async def fetched(url: str) -> tuple[int, bytes]:
    async with asking() as http, http.get(url) as answer:
        return answer.status, await answer.read()


# What a client is told.


async def test_their_web_client_is_told_no_control_that_it_warns_of() -> None:
    """control: a client that cuts utterances by itself is told to open the microphone, and of chains; the rest is for others"""
    async with server() as url, web_client(url, speed=4) as client:
        await client.say("Hi")
        async with asyncio.timeout(10):
            await client.sounding.wait()
            await client.interrupt()
            await client.chain_over.wait()
        await replied(client)
        controls = {message["text"] for message in client.told if message["type"] == "control"}
        assert controls == {"start-mic", "conversation-chain-start", "conversation-chain-end"}
        assert client.violations == []


async def test_an_item_has_the_fields_of_the_table() -> None:
    """audio: all fields are there, actions null where there are none"""
    async with server(f"[joy] {REPLY}") as url, frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.plays()
        for item in client.items():
            fields = {"type", "audio", "volumes", "slice_length", "display_text", "actions", "forwarded"}
            assert (item.keys(), item["display_text"].keys()) == (fields, SHOWN)
        assert [item["actions"] for item in client.items() if item["actions"] is not None] == [{"expressions": ["joy"]}]


async def test_every_clip_is_plain_mono_pcm16_with_a_volume_for_each_20_ms() -> None:
    """client rule: a clip is RIFF/WAVE with fmt right after it, format tag 1, 16 bits, mono, and sizes that are true"""
    async with server() as url, frontend(url) as client:
        await client.send("text-input", text="Hi")
        await client.plays()
        clips = [(item, parse_wav(base64.b64decode(item["audio"]), (16,))) for item in client.items() if item["audio"]]
        assert clips
        for item, (rate, pcm) in clips:
            assert len(item["volumes"]) == -(-len(pcm) // 2 // (rate // 50))


async def test_nobody_is_sent_a_stream_who_did_not_ask_for_it() -> None:
    """audio-stream: sound comes as a stream to clients that asked for it only, until they ask for items again"""
    async with server() as url, frontend(url) as asks, frontend(url) as other:
        for enabled, client in ((True, asks), (None, other), (False, asks)):
            if enabled is not None:
                await client.send("request-audio-stream", enabled=enabled)
            await client.send("text-input", text="Hi")
            names = await client.plays()
            assert any(one.startswith("audio-stream") for one in names) is bool(enabled)
            assert ("audio" in names) is not bool(enabled)


async def test_a_stream_has_the_fields_of_the_extension() -> None:
    """audio-stream: start with a rate and words, chunks of PCM16 mono, end, all of one stream_id"""
    async with server() as url, frontend(url) as client:
        await client.send("request-audio-stream")
        await client.send("text-input", text="Hi")
        await client.plays()
        stream, sound = "", b""
        for message in client.told:
            match message["type"]:
                case "audio-stream-start":
                    fields = {"type", "stream_id", "sample_rate", "display_text", "actions", "forwarded"}
                    assert (message.keys(), message["display_text"].keys()) == (fields, SHOWN)
                    assert (stream, message["forwarded"], message["sample_rate"]) == ("", False, RATE)
                    stream = message["stream_id"]
                case "audio-stream-chunk":
                    assert message.keys() == {"type", "stream_id", "chunk"}
                    assert message["stream_id"] == stream
                    sound += base64.b64decode(message["chunk"], validate=True)
                case "audio-stream-end":
                    assert message == {"type": "audio-stream-end", "stream_id": stream}
                    stream = ""
        assert stream == ""
        assert len(sound) % 2 == 0
        assert len(sound) / 2 / RATE > 2


async def test_the_history_calls_that_follow_a_switch_are_answered() -> None:
    """config-switched: the client lists its conversations and begins a new one then, and goes on talking in that"""
    async with chatting() as desk, fronts(desk, 1) as (ann,):
        [one, *_] = (await ann.asked("fetch-configs", "config-files"))["configs"]
        await ann.asked("switch-config", "config-switched", file=one["filename"])
        await ann.asked("fetch-history-list", "history-list")
        made = await ann.asked("create-new-history", "new-history-created")
        await ann.send("text-input", text="Hi")
        await ann.ended()
        told = await ann.asked("fetch-and-set-history", "history-data", history_uid=made["history_uid"])
        assert [message["role"] for message in told["messages"]] == ["human", "ai"]


# What a client shows.


async def test_backgrounds_are_names_of_files_below_bg(tmp_path: Path) -> None:
    """background-files: names, which are found below /bg/; the one that clients begin with is among them"""
    async with hosting(tmp_path, {"folder": str(user_folder(tmp_path / "theirs"))}) as host:
        async with frontend(host.url) as client:
            await client.send("fetch-backgrounds")
            files = (await client.next("background-files"))["files"]
        assert "ceiling-window-room-night.jpeg" in files
        for file in files:
            assert (await fetched(f"{host.url}/bg/{quote(file)}"))[0] == 200


async def test_model_info_is_the_models_entry_and_its_url_is_served(tmp_path: Path) -> None:
    """model_info: the fields of the model's entry, untouched; its url is found behind the server's address"""
    async with hosting(tmp_path, {"folder": str(user_folder(tmp_path / "theirs"))}) as host:
        async with frontend(host.url) as client:
            info = client.told[2]["model_info"]
        assert info == ENTRY
        status, body = await fetched(host.url + info["url"])
        assert (status, json.loads(body)) == (200, MODEL)


async def test_the_avatar_of_an_item_is_found_below_avatars(folder: Path) -> None:
    """model_info: the avatar that an item names is a file below /avatars/"""
    written(folder, ann="name: Ann\navatar: ann.png\n")
    (folder / "avatars").mkdir()
    (folder / "avatars" / "ann.png").write_bytes(PNG)
    async with serving(load_settings(folder / "conf.yaml", registry=registry())) as (url, _):
        async with frontend(url) as client:
            await client.send("text-input", text="Hi")
            await client.plays()
            assert {item["display_text"]["avatar"] for item in client.items()} == {"ann.png"}
        assert await fetched(f"{url}/avatars/ann.png") == (200, PNG)
