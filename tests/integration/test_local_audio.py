"""A room through this machine's loudspeaker and microphone, which are test doubles here; in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from fake_sounddevice import BUFFER_S, FakeDevice, FakeSoundDevice
from scripted import RATE, ScriptedLLM, ScriptedTTS, make_session
from story import Story
from virtual import run_virtual

from hayakuchi.asr.settings import Mode
from hayakuchi.core.errors import CapacityError, HayakuchiError
from hayakuchi.core.events import AudioSent, SpeechPaused, SpeechResumed, TurnEnded, TurnStatus
from hayakuchi.core.types import UserInput
from hayakuchi.gateway.local_audio.devices import find
from hayakuchi.gateway.local_audio.seat import LocalAudio, LocalDevices
from hayakuchi.live2d_bridge.stage import Stage, Viewer

TOKENS = ["Well, ", "here ", "I ", "am. ", "How ", "are ", "you ", "all ", "today?"]
LOUD = 0.01


@dataclass
class Ear:
    """A room's end of a microphone, which keeps what it is given."""

    calls: list[Any] = field(default_factory=list)
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    full: bool = False

    def start(self, mode: Mode | None, half_duplex: bool | None) -> None:
        self.calls.append(("start", mode, half_duplex))

    def hear(self, position: int, pcm: bytes) -> None:
        if self.full:
            raise CapacityError("too much")
        self.frames.append((position, pcm))

    def stop(self) -> None:
        self.calls.append("stop")


class Place:
    """What local audio needs of a room."""

    def __init__(self) -> None:
        self.session = make_session([ScriptedLLM(TOKENS)], [ScriptedTTS()])
        self.stage = Stage(self.session.playback, RATE)
        self.session.playback.on_stalled = self.stage.holder_stalled
        self.session.observe(self.stage.observe)

    def enter(self) -> Viewer:
        viewer = Viewer("local")
        self.stage.join(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self.stage.leave(viewer)


@dataclass
class Scene:
    sd: FakeSoundDevice
    room: Any
    ear: Ear
    story: Story
    local: asyncio.Task[None]

    @property
    def sent(self) -> np.ndarray:
        pcm = b"".join(event.audio.pcm for event in self.story.of(AudioSent))
        return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768

    @property
    def speaker(self) -> Any:
        return self.sd.speaker

    async def until_ended(self) -> np.ndarray:
        """What is heard up to half a second after the end of the turn."""
        pieces = []
        while not self.story.of(TurnEnded):
            pieces.append(await self.speaker.play(BUFFER_S))
        pieces.append(await self.speaker.play(0.5))
        return np.concatenate(pieces)[:, 0]


@asynccontextmanager
async def scene(*devices: FakeDevice, parts: str = "both", **defaults: Any) -> AsyncIterator[Scene]:
    sd = FakeSoundDevice(*(devices or (FakeDevice("All in one", inputs=1, outputs=2),)), **defaults)
    place: Any = Place()
    story, ear = Story(), Ear()
    place.session.observe(story.observe)
    speaker = find(sd, "output", None, RATE, "float32") if parts != "microphone" else None
    microphone = find(sd, "input", None, 16_000, "int16") if parts != "speaker" else None
    audio = LocalAudio(
        LocalDevices(sd, speaker, microphone), lambda room, viewer: ear, clock=asyncio.get_running_loop().time
    )
    async with asyncio.TaskGroup() as group:
        talking = group.create_task(place.session.run())
        local = group.create_task(audio.run(place))
        await asyncio.sleep(0.01)
        yield Scene(sd, place, ear, story, local)
        local.cancel()
        with suppress(asyncio.CancelledError):
            await local
        place.session.close()
        await talking
    assert all(stream.closed and not stream.running for stream in sd.streams)
    assert place.stage.viewers == 0


def virtually(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        run_virtual(test())

    run.__name__ = test.__name__
    return run


def loud_s(heard: np.ndarray, rate: int = RATE) -> float:
    """How long it is not silent, by 10 ms."""
    blocks = heard[: len(heard) // (rate // 100) * (rate // 100)].reshape(-1, rate // 100)
    return float(np.sum(np.abs(blocks).max(axis=1) > LOUD)) / 100


@virtually
async def test_a_turn_is_heard_sample_by_sample_and_remembered_as_heard() -> None:
    async with scene() as on:
        on.room.session.say(UserInput("Hi"))
        heard = await on.until_ended()
        first = int(np.flatnonzero(heard)[0])
        sent = on.sent
        assert len(sent) > 2 * RATE
        start = first - int(np.flatnonzero(sent)[0])
        assert np.array_equal(heard[start : start + len(sent)], sent)
        assert not heard[start + len(sent) + 1000 :].any()
        (ended,) = on.story.of(TurnEnded)
        assert ended.status is TurnStatus.COMPLETED
        assert ended.heard_reply == ended.reply != ""


@virtually
async def test_reports_follow_the_ear_and_not_the_buffer() -> None:
    async with scene() as on:
        on.speaker.dac_delay = 0.5
        on.room.session.say(UserInput("Hi"))
        played = await on.speaker.play(0.6)
        begun = BUFFER_S * (np.flatnonzero(np.abs(played[:, 0]) > 0)[0] // (RATE * BUFFER_S))
        assert on.room.session.playback.played_ms() == pytest.approx((0.6 - begun - 0.5) * 1000, abs=70)


@virtually
async def test_an_interruption_is_silent_within_15_ms() -> None:
    async with scene() as on:
        on.room.session.say(UserInput("Hi"))
        await on.speaker.play(1.0)
        on.room.session.interrupt()
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        heard = (await on.speaker.play(0.5))[:, 0]
        assert np.abs(heard[: RATE // 100]).max() > LOUD
        assert not heard[int(0.015 * RATE) :].any()
        (ended,) = on.story.of(TurnEnded)
        assert ended.heard_reply != ended.reply


@virtually
async def test_a_pause_holds_the_sound_and_no_sample_is_lost() -> None:
    async with scene() as on:
        stage = on.room.stage
        on.room.session.say(UserInput("Hi"))
        before = (await on.speaker.play(1.0))[:, 0]
        stage.observe(SpeechPaused(1, on.room.session.playback.played_ms()))
        await asyncio.sleep(0)
        held = (await on.speaker.play(1.0))[:, 0]
        assert not held[int(0.015 * RATE) :].any()
        reported = on.room.session.playback.played_ms()
        stage.observe(SpeechResumed(1))
        await asyncio.sleep(0)
        after = await on.until_ended()
        assert on.room.session.playback.played_ms() > reported
        start = int(np.flatnonzero(before)[0]) - int(np.flatnonzero(on.sent)[0])
        whole = np.concatenate((before[start:], after))[: len(on.sent)]
        seam = len(before) - start
        assert np.array_equal(whole[:seam], on.sent[:seam])
        ramp = int(0.003 * RATE)
        assert np.array_equal(whole[seam + ramp :], on.sent[seam + ramp :])


@virtually
async def test_a_page_takes_the_sound_over_and_leaves_it_behind() -> None:
    async with scene() as on:
        on.room.session.say(UserInput("Hi"))
        await on.speaker.play(0.8)
        page = Viewer("page")
        on.room.stage.join(page)
        on.room.stage.claim(page)
        await asyncio.sleep(0.001)
        assert not (await on.speaker.play(0.3))[int(0.015 * RATE) :].any()
        held_at = on.room.session.playback.played_ms()
        on.room.stage.leave(page)
        await asyncio.sleep(0)
        heard = await on.until_ended()
        (ended,) = on.story.of(TurnEnded)
        assert ended.heard_reply == ended.reply
        rest = len(on.sent) / RATE - held_at / 1000
        assert loud_s(heard) == pytest.approx(rest, abs=0.1)


@virtually
async def test_a_second_message_is_heard_instead_of_the_first() -> None:
    async with scene() as on:
        on.room.session.say(UserInput("Hi"))
        await on.speaker.play(1.0)
        on.room.session.say(UserInput("Wait"))
        await on.speaker.play(0.5)
        on.story.events.clear()
        heard = await on.until_ended()
        assert loud_s(heard) > 1
        assert [event.turn for event in on.story.of(TurnEnded)] == [2]


@virtually
async def test_a_device_of_another_rate_is_played_at_its_own() -> None:
    async with scene(
        FakeDevice("48 kHz stereo", outputs=2, inputs=1, rates=[48_000], mono=False), parts="speaker"
    ) as on:
        assert (on.speaker.samplerate, on.speaker.channels) == (48_000, 2)
        on.room.session.say(UserInput("Hi"))
        pieces = []
        while not on.story.of(TurnEnded):
            pieces.append(await on.speaker.play(BUFFER_S))
        pieces.append(await on.speaker.play(0.1))
        heard = np.concatenate(pieces)
        assert np.array_equal(heard[:, 0], heard[:, 1])
        assert loud_s(heard[:, 0], 48_000) == pytest.approx(len(on.sent) / RATE, abs=0.05)
        spectrum = np.abs(np.fft.rfft(heard[:, 0]))
        assert np.argmax(spectrum) * 48_000 / len(heard) == pytest.approx(440, abs=2)
        (ended,) = on.story.of(TurnEnded)
        assert ended.heard_reply == ended.reply


@virtually
async def test_a_speaker_that_is_unplugged_gives_the_sound_away() -> None:
    async with scene() as on:
        page = Viewer("page")
        on.room.stage.join(page)
        on.room.stage.claim_if_free(page)
        assert on.room.stage.holder is not page
        on.speaker.unplug()
        await asyncio.sleep(0.001)
        assert on.room.stage.holder is page
        on.room.stage.leave(page)
        await asyncio.sleep(10)
        assert on.room.stage.holder is None


@virtually
async def test_a_speaker_that_stalls_gets_the_sound_back_when_it_goes_on() -> None:
    async with scene() as on:
        on.room.session.say(UserInput("Hi"))
        await on.speaker.play(0.5)
        await asyncio.sleep(6)
        assert on.room.stage.holder is None
        await on.speaker.play(2.1)
        assert on.room.stage.holder is not None


def tone16k(seconds: float, rate: int = 16_000) -> np.ndarray:
    return (np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 300 / rate) * 8000).astype(np.int16)[:, None]


@virtually
async def test_the_microphone_is_listened_to_in_frames_of_20_ms() -> None:
    async with scene() as on:
        assert on.ear.calls == [("start", None, True)]
        sound = tone16k(0.1)
        for start in range(0, 1600, 100):
            on.sd.microphone.capture(sound[start : start + 100])
        await asyncio.sleep(0)
        assert [(position, len(pcm)) for position, pcm in on.ear.frames] == [(320 * n, 640) for n in range(5)]
        assert b"".join(pcm for _, pcm in on.ear.frames) == sound.tobytes()
    assert on.ear.calls[-1] == "stop"


@virtually
async def test_a_microphone_of_another_form_is_brought_to_16_khz_mono() -> None:
    async with scene(FakeDevice("Odd", inputs=2, rates=[44_100], mono=False), parts="microphone") as on:
        one = tone16k(1.0, 44_100)
        both = np.concatenate((one, np.zeros_like(one)), axis=1)
        for start in range(0, 44_100, 882):
            on.sd.microphone.capture(both[start : start + 882])
        await asyncio.sleep(0)
        heard = np.frombuffer(b"".join(pcm for _, pcm in on.ear.frames), "<i2")
        assert 15_000 < len(heard) <= 16_000
        assert np.abs(heard[4000:12_000]).max() == pytest.approx(4000, rel=0.05)
        assert np.argmax(np.abs(np.fft.rfft(heard))) * 16_000 / len(heard) == pytest.approx(300, abs=3)


@virtually
async def test_a_loop_that_is_busy_loses_the_oldest_sound_and_the_positions_say_so() -> None:
    async with scene() as on:
        for _ in range(400):
            on.sd.microphone.capture(np.zeros((320, 1)))
        await asyncio.sleep(0)
        positions = [position for position, _ in on.ear.frames]
        assert len(positions) == 250
        assert positions[-1] - positions[0] == 249 * 320


@virtually
async def test_a_pages_microphone_replaces_this_one_until_it_is_off() -> None:
    async with scene() as on:
        on.room.stage.tell({"type": "mic", "holder": False, "viewer": "v7"})
        await asyncio.sleep(0)
        on.sd.microphone.capture(tone16k(0.1))
        await asyncio.sleep(0)
        assert on.ear.frames == []
        on.room.stage.tell({"type": "mic", "holder": False, "viewer": None})
        await asyncio.sleep(0)
        on.sd.microphone.capture(tone16k(0.04))
        await asyncio.sleep(0)
        assert [position for position, _ in on.ear.frames] == [0, 320]
        assert on.ear.calls == [("start", None, True)] * 2
        on.room.stage.tell({"type": "mic", "holder": True, "viewer": "v1"})
        on.room.stage.tell({"type": "mic", "holder": False, "viewer": None})
        await asyncio.sleep(0)
        assert len(on.ear.calls) == 2, "what was ended by somebody else is not begun again"


def test_silence_and_loss_are_told(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with scene() as on:
            for _ in range(600):
                on.sd.microphone.capture(np.zeros((320, 1)))
                await asyncio.sleep(0)
            on.sd.microphone.unplug()
            await asyncio.sleep(0.001)
            assert on.ear.calls[-1] == "stop"
            on.room.session.say(UserInput("Hi"))
            assert loud_s(await on.until_ended()) > 1, "the loudspeaker plays on"

    with caplog.at_level(logging.WARNING):
        run_virtual(run())
    told = [record.message for record in caplog.records if "microphone" in record.message]
    assert len(told) == 2
    assert "gives no sound at all" in told[0]
    assert "has gone" in told[1]


def test_what_becomes_of_recognition_is_told_where_there_is_no_page(caplog: pytest.LogCaptureFixture) -> None:
    ears = {"type": "ears", "message": "downloading Whisper base (148 MB)", "command": None}

    async def run() -> None:
        async with scene() as on:
            for state in ("fetching", "fetching", "loading", "ready"):
                on.room.stage.tell({**ears, "state": state})
            failed = {**ears, "state": "failed", "message": "no network", "command": "hayakuchi model pull base"}
            on.room.stage.tell(failed)
            on.room.stage.tell(failed)
            await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING):
        run_virtual(run())
    assert [record.message for record in caplog.records if "said" in record.message] == [
        "what is said is understood when this is done: downloading Whisper base (148 MB)",
        "what is said is not understood: no network; type: hayakuchi model pull base",
    ]


@virtually
async def test_sound_that_is_refused_does_not_end_the_listening() -> None:
    async with scene() as on:
        on.ear.full = True
        on.sd.microphone.capture(tone16k(0.1))
        await asyncio.sleep(0)
        on.ear.full = False
        on.sd.microphone.capture(tone16k(0.02))
        await asyncio.sleep(0)
        assert [position for position, _ in on.ear.frames] == [1600]


def test_a_device_that_cannot_be_opened_is_told_and_nothing_stays_open() -> None:
    sd = FakeSoundDevice(FakeDevice("Ears", inputs=1, opens=False), FakeDevice("Mouth", outputs=1), default_output=1)

    async def run() -> None:
        room: Any = Place()
        devices = LocalDevices(sd, find(sd, "output", None, RATE, "float32"), find(sd, "input", None, 16_000, "int16"))
        with pytest.raises(HayakuchiError, match=r"microphone Ears cannot be opened: .*unavailable"):
            await LocalAudio(devices, lambda room, viewer: Ear()).run(room)
        assert room.stage.viewers == 0

    run_virtual(run())
    assert [stream.closed for stream in sd.streams] == [True, True]


async def lose(on: Scene) -> None:
    """So much happens at once that the viewer cannot follow."""
    for _ in range(400):
        on.room.stage.tell({"type": "words", "text": "so", "final": False, "ignored": None})
    await asyncio.sleep(0.01)


@virtually
async def test_a_viewer_that_was_lost_begins_anew() -> None:
    async with scene() as on:
        await lose(on)
        assert on.room.stage.viewers == 1
        assert len(on.sd.streams) == 4
        on.room.session.say(UserInput("Hi"))
        assert loud_s(await on.until_ended()) > 1


@virtually
async def test_who_begins_anew_takes_nothing_from_a_page_that_had_taken_over() -> None:
    async with scene() as on:
        stage, page = on.room.stage, Viewer("page")
        stage.join(page)
        stage.claim(page)
        stage.take_mic(page)
        await lose(on)
        assert len(on.sd.streams) == 4
        assert (stage.holder, stage.mic) == (page, page)
        assert on.ear.calls == [("start", None, True)], "a page's microphone is not turned off"
        stage.leave(page)
        await asyncio.sleep(0.01)
        assert stage.holder is not None
        assert on.ear.calls == [("start", None, True)] * 2


@virtually
async def test_who_begins_anew_keeps_what_it_had_though_a_page_could_have_it() -> None:
    async with scene() as on:
        stage, page = on.room.stage, Viewer("page")
        stage.join(page)
        stage.claim_if_free(page)
        await lose(on)
        assert stage.holder not in (None, page)
        assert on.ear.calls[-1] == ("start", None, True)
        stage.leave(page)


@virtually
async def test_a_device_that_has_gone_meanwhile_is_done_without() -> None:
    async with scene() as on:
        on.sd.microphone.unplug()
        on.sd.microphone.device.opens = False
        await lose(on)
        assert on.room.stage.viewers == 1
        assert all(stream.closed for stream in on.sd.streams)
        on.room.session.say(UserInput("Hi"))
        assert loud_s(await on.until_ended()) == 0, "the turn comes to its end without a device"
