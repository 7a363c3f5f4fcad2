"""Microphones on the stage's socket: whose is listened to, what is dropped, and what bad frames do."""

from __future__ import annotations

import asyncio
import json
import os
import random
from contextlib import suppress
from typing import Any

import psutil
import pytest
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import Viewer, serving, settings_for, viewing
from websockets.exceptions import ConnectionClosed

from hayakuchi.asr.base import Download, Progress
from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.gateway.connection import MAX_MISTAKES
from hayakuchi.gateway.stage.mic_rate import HICCUP_S, SPEED
from hayakuchi.gateway.stage.microphone import Microphone, OwnMicrophone
from hayakuchi.live2d_bridge.stage import Stage
from hayakuchi.live2d_bridge.stage import Viewer as Page
from hayakuchi.live2d_bridge.wire import MicFrame
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.settings import Settings

FRAME = b"\1\1" * 320
EVERYTHING = os.environ.get("HAYAKUCHI_REQUIRE_ALL") == "1"
FRAMES = 10_000 if EVERYTHING else 400
GROWTH = 100_000_000
"""Bytes that the process may grow by while frames of all kinds come."""
DEADLINE_S = 300 if EVERYTHING else 60
BATCH = 10
"""So many are sent at a time."""


class ListedEars:
    """Stands in for ears: keeps what it was given."""

    def __init__(self, mode: Mode, half_duplex: bool) -> None:
        self.mode, self.half_duplex = mode, half_duplex
        self.samples = 0
        self.frames: list[tuple[int, int]] = []
        self.talked: list[bool] = []
        self.over = asyncio.Event()
        self.running = False

    def feed(self, pcm: bytes, position: int) -> None:
        self.samples += len(pcm) // 2
        self.frames.append((position, len(pcm) // 2))

    def talk(self, down: bool) -> None:
        self.talked.append(down)

    def stop(self) -> None:
        self.over.set()

    async def run(self) -> None:
        self.running = True
        try:
            await self.over.wait()
        finally:
            self.running = False


def listening(asr: Any = None, **ears: Any) -> Settings:
    return settings_for(
        lambda: ScriptedLLM(["Hello."], first_ms=5, token_ms=1),
        lambda: ScriptedTTS(first_ms=5, rtf=0.001),
        asr=asr or (lambda: ScriptedASR(lambda clip: "")),
        ears=EarsSettings(**ears),
    )


def listed(engine: Engine) -> list[ListedEars]:
    """The ears that the engine makes from here on."""
    made: list[ListedEars] = []

    def new_ears(session: Any, mode: Mode, *, half_duplex: bool) -> Any:
        made.append(ListedEars(mode, half_duplex))
        return made[-1]

    replaced: Any = engine
    replaced.new_ears = new_ears
    return made


async def hear(viewer: Viewer, position: int, pcm: bytes = FRAME) -> None:
    await viewer.socket.send(MicFrame(position, pcm).encode())


async def settled(viewer: Viewer) -> None:
    """Until the server has read what was sent."""
    await viewer.send(type="ping", id="settled")
    while (await viewer.next("pong"))["id"] != "settled":
        pass


async def test_sound_goes_to_the_ears_of_the_microphone_that_was_turned_on() -> None:
    async with serving(listening()) as (url, engine):
        made = listed(engine)
        async with viewing(url) as viewer:
            assert viewer.snapshot["mic"] == {"holder": False, "viewer": None}
            await hear(viewer, 0)
            await viewer.send(type="mic.start")
            assert await viewer.next("mic") == {"type": "mic", "holder": True, "viewer": viewer.snapshot["viewer"]}
            await hear(viewer, 0)
            await hear(viewer, 320)
            await viewer.send(type="mic.talk", down=True)
            await viewer.send(type="mic.stop")
            assert await viewer.next("mic") == {"type": "mic", "holder": False, "viewer": None}
            await hear(viewer, 640)
            await viewer.send(type="mic.stop")
            await settled(viewer)
    (ears,) = made
    assert ears.frames == [(0, 320), (320, 320)]
    assert ears.talked == [True]
    assert ears.over.is_set()
    assert (ears.mode, ears.half_duplex) == (Mode.OPEN_MIC, False)


async def test_the_newest_microphone_is_listened_to_and_leaves_with_its_viewer() -> None:
    async with serving(listening()) as (url, engine):
        made = listed(engine)
        async with viewing(url) as first:
            await first.send(type="mic.start")
            await first.next("mic")
            async with viewing(url) as second:
                assert second.snapshot["mic"] == {"holder": False, "viewer": first.snapshot["viewer"]}
                await second.send(type="mic.start")
                assert (await second.next("mic"))["holder"] is True
                told = await first.next("mic")
                assert told == {"type": "mic", "holder": False, "viewer": second.snapshot["viewer"]}
                await hear(first, 0)
                await first.send(type="mic.talk", down=True)
                await first.send(type="mic.stop")
                await settled(first)
                await hear(second, 0)
                await settled(second)
            assert await first.next("mic") == {"type": "mic", "holder": False, "viewer": None}
            assert [ears.frames for ears in made] == [[], [(0, 320)]]
            assert [ears.talked for ears in made] == [[], []]
            assert all(ears.over.is_set() for ears in made)


async def test_a_microphone_says_how_it_wants_to_be_listened_to() -> None:
    async with serving(listening(mode="wake_word", half_duplex=True)) as (url, engine):
        made = listed(engine)
        async with viewing(url) as viewer:
            assert viewer.snapshot["ears"] == {
                "state": "idle",
                "mode": "wake_word",
                "half_duplex": True,
                "wake_words": ["Test"],
                "engine": "scripted",
                "progress": None,
                "message": None,
                "command": None,
            }
            await viewer.send(type="mic.start", mode="push_to_talk", half_duplex=False)
            told = await viewer.next("ears")
            assert (told["mode"], told["half_duplex"]) == ("push_to_talk", False)
            await viewer.send(type="mic.start")
            told = await viewer.next("ears")
            assert (told["mode"], told["half_duplex"]) == ("wake_word", True)
            await settled(viewer)
        assert [(ears.mode, ears.half_duplex) for ears in made] == [(Mode.PUSH_TO_TALK, False), (Mode.WAKE_WORD, True)]
        assert made[0].over.is_set()


@pytest.mark.parametrize(("settings", "message"), [(None, "configured"), ({"mode": "typed_only"}, "typed_only")])
async def test_where_nobody_listens_the_page_is_told_why(settings: dict[str, str] | None, message: str) -> None:
    chosen = listening(**settings) if settings else settings_for(lambda: ScriptedLLM(["Hi."]), ScriptedTTS)
    async with serving(chosen) as (url, engine):
        made = listed(engine)
        async with viewing(url) as viewer:
            assert viewer.snapshot["ears"]["state"] == "off"
            await viewer.send(type="mic.start")
            told = await viewer.next("ears", "mic")
            assert (told["type"], told["state"]) == ("ears", "off")
            assert message in told["message"]
            await hear(viewer, 0)
            await viewer.send(type="input.text", text="Hi")
            assert (await viewer.next("turn.started", "error"))["type"] == "turn.started"
        assert made == []


class Downloading(ScriptedASR):
    """Has to be downloaded first, in a hundred steps, which takes a second."""

    def wanted(self) -> Download | None:
        return Download("Whisper tiny", 75, "hayakuchi model pull tiny")

    async def fetch(self, tell: Progress) -> None:
        for step in range(100):
            tell(step / 100)
            await asyncio.sleep(0.01)
        tell(1.0)


async def test_a_character_that_only_reads_has_no_microphone_also_when_files_are_understood() -> None:
    async with serving(listening(mode=Mode.TYPED_ONLY)) as (url, engine), viewing(url) as viewer:
        await engine.hearing.ready()
        await viewer.send(type="mic.start", mode="open_mic")
        told = [await viewer.next("ears", "mic") for _ in range(3)]
        assert [(message["type"], message.get("state")) for message in told] == [("ears", "off")] * 3
    async with serving(listening(mode=Mode.TYPED_ONLY)) as (url, engine):
        await engine.hearing.ready()
        async with viewing(url) as viewer:
            assert viewer.snapshot["ears"]["state"] == "off"


async def test_everybody_is_told_what_becomes_of_the_recogniser() -> None:
    async with serving(listening(lambda: Downloading(lambda clip: ""))) as (url, engine):
        listed(engine)
        async with viewing(url) as viewer, viewing(url, "session=other") as other:
            engine.hearing.wake()
            for seen in (viewer, other):
                told = []
                while not told or told[-1]["state"] != "ready":
                    told.append(await seen.next("ears"))
                states = [message["state"] for message in told]
                assert [state for state, before in zip(states, ["", *states], strict=False) if state != before] == [
                    "loading",
                    "fetching",
                    "loading",
                    "ready",
                ]
                assert 1 <= states.count("fetching") <= 4


async def test_ears_that_end_by_themselves_give_the_microphone_back() -> None:
    async with serving(listening()) as (url, engine):
        made = listed(engine)
        async with viewing(url) as viewer:
            await viewer.send(type="mic.start")
            assert (await viewer.next("mic"))["holder"] is True
            made[0].over.set()
            assert (await viewer.next("mic"))["holder"] is False


async def test_a_microphone_that_is_turned_on_and_off_all_the_time_gets_few_ears() -> None:
    class Endless(ListedEars):
        def stop(self) -> None: ...

    async with serving(listening()) as (url, engine):
        made: list[ListedEars] = []

        def new_ears(session: Any, mode: Mode, *, half_duplex: bool) -> Any:
            made.append(Endless(mode, half_duplex))
            return made[-1]

        replaced: Any = engine
        replaced.new_ears = new_ears
        async with viewing(url) as viewer:
            for _ in range(10):
                await viewer.send(type="mic.start")
                await settled(viewer)
            assert [ears.running for ears in made] == [False] * 7 + [True] * 3


async def test_a_viewer_without_a_page_has_a_microphone_too() -> None:
    engine = Engine(listening())
    made = listed(engine)
    session = engine.new_session("local")
    stage = Stage(session.playback, 8000)
    viewer, other = Page("v1"), Page("v2")
    stage.join(viewer)
    async with asyncio.TaskGroup() as group:
        microphone = Microphone(engine, session, stage, group)
        own = OwnMicrophone(microphone, viewer)
        own.start(Mode.WAKE_WORD, True)
        own.hear(0, FRAME)
        OwnMicrophone(microphone, other).hear(0, FRAME)
        OwnMicrophone(microphone, other).stop()
        assert stage.mic is viewer
        own.stop()
        assert stage.mic is None
    assert (made[0].mode, made[0].half_duplex, made[0].frames) == (Mode.WAKE_WORD, True, [(0, 320)])


async def test_more_sound_than_time_passes_is_dropped_with_one_complaint() -> None:
    async with serving(listening()) as (url, engine):
        made = listed(engine)
        async with viewing(url) as viewer:
            await viewer.send(type="mic.start")
            for second in range(int(HICCUP_S * SPEED) + 10):
                await hear(viewer, second * 16_000, bytes(32_000))
            assert (await viewer.next("error"))["code"] == "capacity"
            await viewer.send(type="ping", id=1)
            assert (await viewer.next("pong", "error"))["type"] == "pong"
            assert HICCUP_S * SPEED <= made[0].samples / 16_000 <= HICCUP_S * SPEED + 8


@pytest.mark.parametrize(
    "frame", [b"\2", b"\2\0\0\0\0\0\0\0", MicFrame(0, b"\1").encode(), MicFrame(0, bytes(32_002)).encode()]
)
async def test_a_bad_frame_is_complained_of_and_changes_nothing(frame: bytes) -> None:
    async with serving(listening()) as (url, engine):
        made = listed(engine)
        async with viewing(url) as viewer:
            await viewer.send(type="mic.start")
            await viewer.socket.send(frame)
            error = await viewer.next("error")
            assert error["code"] == "protocol"
            await hear(viewer, 0)
            await settled(viewer)
            assert made[0].frames == [(0, 320)]
            for position in (320, 640):
                await hear(viewer, position)  # it makes up for the mistakes before it
                for _ in range(MAX_MISTAKES - 1):
                    await viewer.socket.send(frame)
                    assert (await viewer.next("error"))["code"] == "protocol"
            await viewer.socket.send(frame)
            assert await _closed(viewer) == 1008


@pytest.mark.parametrize("frame", [b"", b"\0", b"\1\0\0\0\0\0\0\0\0\0", b"\3" * 20])
async def test_frames_of_another_kind_end_the_connection(frame: bytes) -> None:
    async with serving(listening()) as (url, engine), viewing(url) as viewer:
        listed(engine)
        await viewer.socket.send(frame)
        assert await _closed(viewer) == 1003


async def test_a_frame_that_is_too_large_ends_the_connection() -> None:
    async with serving(listening()) as (url, engine), viewing(url) as viewer:
        listed(engine)
        await viewer.socket.send(MicFrame(0, bytes(70_000)).encode())
        assert await _closed(viewer) == 1009


async def _closed(viewer: Viewer) -> int | None:
    try:
        async with asyncio.timeout(10):
            while True:
                await viewer.socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def wild(chance: random.Random) -> bytes | str:
    """A frame of the microphone, whole, changed or made up, or a message about it; one in a hundred is of no known kind."""
    good = bytearray(MicFrame(chance.randrange(2**32), chance.randbytes(2 * chance.randrange(1, 400))).encode())
    if chance.random() < 0.01:
        return chance.randbytes(chance.randrange(40))
    match chance.randrange(8):
        case 0:
            return b"\2" + chance.randbytes(chance.randrange(60))
        case 1:
            good[chance.randrange(1, len(good))] ^= 1 << chance.randrange(8)
        case 2:
            del good[chance.randrange(1, len(good)) :]
        case 3:
            anything = chance.choice([None, True, -1, float("nan"), "push_to_talk", "open_mic", [], {}])
            kind = chance.choice(["mic.start", "mic.stop", "mic.talk"])
            return json.dumps({"type": kind, chance.choice(["mode", "half_duplex", "down"]): anything})
        case 4:
            return json.dumps({"type": chance.choice(["mic.start", "mic.stop"])})
        case _:
            pass
    return bytes(good)


async def test_whatever_comes_only_ends_connections_as_documented() -> None:
    chance = random.Random(20)
    codes: set[int | None] = set()
    async with serving(listening()) as (url, engine):
        made = listed(engine)
        taken = 0
        while taken < FRAMES:
            async with viewing(url) as viewer:
                try:
                    while taken < FRAMES:
                        for _ in range(BATCH):
                            await viewer.socket.send(wild(chance))
                        await settled(viewer)
                        taken += BATCH
                except (ConnectionClosed, AssertionError):
                    codes.add(await _closed(viewer))
        async with viewing(url) as viewer:
            await viewer.send(type="mic.start")
            await hear(viewer, 0)
            await settled(viewer)
            assert made[-1].frames == [(0, 320)]
    assert codes - {1008} == {1003}, "mistakes in a row are rare in this"
    assert sum(len(ears.frames) for ears in made) > FRAMES / 10
    assert not any(ears.running for ears in made)


async def test_real_ears_take_whatever_comes_and_memory_is_bounded() -> None:
    chance = random.Random(21)
    async with asyncio.timeout(DEADLINE_S), serving(listening(vad="energy")) as (url, _):
        before = psutil.Process().memory_info().rss
        taken = 0
        while taken < FRAMES // 4:
            async with viewing(url) as viewer:
                with suppress(ConnectionClosed):
                    await viewer.send(type="mic.start")
                    while taken < FRAMES // 4:
                        for _ in range(BATCH):
                            await viewer.socket.send(wild(chance))
                        await settled(viewer)
                        taken += BATCH
        assert psutil.Process().memory_info().rss - before < GROWTH
        async with viewing(url, "sound=1") as viewer:
            await viewer.send(type="mic.start")
            assert (await viewer.next("mic"))["holder"] is True
            await viewer.send(type="input.text", text="Still there?")
            assert (await viewer.next("turn.started"))["heard"] == "Still there?"


async def test_who_turns_a_microphone_on_all_the_time_drives_nobody_away() -> None:
    async with serving(listening()) as (url, _), viewing(url) as loud, viewing(url) as other:

        async def read() -> None:
            async for _ in loud.socket:
                pass

        reading = asyncio.create_task(read())
        for _ in range(1500):
            await loud.send(type="mic.start")
        await loud.send(type="sound.claim")
        while (await other.next("sound"))["viewer"] != loud.snapshot["viewer"]:
            pass
        reading.cancel()
