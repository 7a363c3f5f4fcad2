"""The studio's microphone in a real Chromium, which hears a file in place of a device."""

from __future__ import annotations

import asyncio
import math
import wave
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_desk import SAMPLER, Desk, desk
from stage_stub import Viewer, ears, snapshot

pytestmark = pytest.mark.browser

DEVICE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
RECORDED_RATE = 48000
PITCH = 440
# What the page asks for is kept; the browser's own cleaning of the sound is left out, so that what arrives is known.
WATCH = """
window.asked = [];
window.streams = [];
const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (ask) navigator.mediaDevices.getUserMedia = async ({ audio }) => {
  asked.push(audio);
  const stream = await ask({ audio: { ...audio, echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  streams.push(stream);
  return stream;
};
"""
NO_MIXED_RATES = """
const connect = AudioContext.prototype.createMediaStreamSource;
AudioContext.prototype.createMediaStreamSource = function (stream) {
  if (this.sampleRate === 16000) throw new DOMException("mixed rates", "NotSupportedError");
  return connect.call(this, stream);
};
"""
SCRIPTS = (SAMPLER, WATCH)


@pytest.fixture
def flags(tmp_path: Path) -> tuple[str, ...]:
    """A microphone that hears a tone, over and over again."""
    file = tmp_path / "tone.wav"
    tone = (round(16000 * math.sin(2 * math.pi * PITCH * i / RECORDED_RATE)) for i in range(RECORDED_RATE))
    with wave.open(str(file), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RECORDED_RATE)
        recording.writeframes(array("h", tone).tobytes())
    return (*DEVICE, f"--use-file-for-fake-audio-capture={file}")


def heard(viewer: Viewer) -> np.ndarray:
    return np.concatenate([np.array(frame.samples, np.float64) for frame in viewer.frames]) / 32768


async def frames(page: Desk, viewer: Viewer, count: int) -> None:
    await page.stub.until(lambda: len(viewer.frames) >= count, f"{count} frames")


async def state(page: Desk, name: str) -> None:
    await page.wait(f"s.mic.state === '{name}'")


async def tracks(page: Desk) -> list[str]:
    """Of every microphone that was opened: live, or ended."""
    return await page.page.evaluate("streams.map(stream => stream.getTracks()[0].readyState)")


def mic_starts(viewer: Viewer) -> list[dict[str, Any]]:
    return viewer.of("mic.start")


@pytest.mark.parametrize("scripts", [SCRIPTS, (*SCRIPTS, NO_MIXED_RATES)], ids=["16 kHz", "the device's rate"])
async def test_the_sound_arrives_in_frames_of_the_protocol(flags: tuple[str, ...], scripts: tuple[str, ...]) -> None:
    async with desk(scripts=scripts, flags=flags) as page:
        viewer = await page.stub.holding()
        button = page.page.get_by_role("button", name="Turn the microphone on")
        await button.wait_for()
        assert await page.page.evaluate("asked") == []
        assert await button.get_attribute("aria-pressed") == "false"
        await button.click()
        await frames(page, viewer, 100)
        await state(page, "listening")
        assert mic_starts(viewer) == [{"type": "mic.start"}]
        asked = (await page.page.evaluate("asked"))[0]
        assert (asked["echoCancellation"], asked["noiseSuppression"], asked["autoGainControl"]) == (True, True, True)
        assert asked["channelCount"] == {"ideal": 1}

        taken = viewer.frames[:100]
        assert {frame.header[:3] for frame in taken} == {(2, 0, 0)}
        assert [frame.position for frame in taken] == list(range(0, 32000, 320))
        assert {len(frame.samples) for frame in taken} == {320}
        second = heard(viewer)[8000:24000]
        assert math.sqrt(np.mean(second**2)) == pytest.approx(16000 / 32768 / math.sqrt(2), rel=0.05)
        assert np.argmax(np.abs(np.fft.rfft(second * np.hanning(16000)))) == pytest.approx(PITCH, abs=1)
        level = (await page.state())["mic"]["level"]
        assert level == pytest.approx(20 * math.log10(16000 / 32768 / math.sqrt(2)), abs=1)

        off = page.page.get_by_role("button", name="Turn the microphone off").first
        assert await off.get_attribute("aria-pressed") == "true"
        await off.click()
        await page.stub.until(lambda: viewer.of("mic.stop"), "that it is off")
        assert await tracks(page) == ["ended"]
        count = len(viewer.frames)
        await asyncio.sleep(0.2)
        assert len(viewer.frames) == count
        assert (await page.state())["mic"]["state"] == "off"


async def test_a_button_is_held_to_talk_by_mouse_or_by_the_space_bar(flags: tuple[str, ...]) -> None:
    first = snapshot(ears=ears(mode="push_to_talk"))
    async with desk(scripts=SCRIPTS, flags=flags, first=first) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await state(page, "hold")
        await asyncio.sleep(0.5)
        assert viewer.frames == []
        button = page.page.get_by_role("button", name="Hold the button or the space bar")
        await button.hover()
        await page.page.mouse.down()
        await frames(page, viewer, 20)
        assert await button.get_attribute("aria-pressed") == "true"
        assert (await page.state())["mic"]["state"] == "talking"
        await page.page.mouse.up()
        await state(page, "hold")
        positions = [frame.position for frame in viewer.frames]
        assert positions == list(range(positions[0], positions[-1] + 320, 320))
        count = len(positions)

        await page.page.locator("#box").focus()
        await page.page.keyboard.press("Space")
        assert await page.page.locator("#box").input_value() == " "
        await page.page.locator("#box").blur()
        await asyncio.sleep(0.6)
        await page.page.keyboard.down("Space")
        await page.page.keyboard.down("Space")
        await frames(page, viewer, count + 20)
        await page.page.keyboard.up("Space")
        await state(page, "hold")
        await page.stub.until(lambda: len(viewer.of("mic.talk")) >= 4, "that the key was let go of")
        assert [message["down"] for message in viewer.of("mic.talk")] == [True, False, True, False]
        # What was said just before the button went down is in it, and what was said long before is not.
        gap = viewer.frames[count].position - viewer.frames[count - 1].position
        assert gap > 0.2 * 16000

        await page.page.keyboard.press("m")
        await state(page, "off")
        assert await tracks(page) == ["ended"]
        await page.page.keyboard.press("m")
        await state(page, "hold")


async def test_what_the_person_chooses_is_sent_and_kept(flags: tuple[str, ...]) -> None:
    async with desk(scripts=SCRIPTS, flags=flags) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await state(page, "listening")
        await page.page.get_by_role("button", name="Microphone settings").click()
        await page.page.get_by_role("switch", name="I use loudspeakers").click()
        await page.page.get_by_role("radio", name="After “Kiyo”").click()
        await state(page, "wake")
        wishes = {"mode": "wake_word", "half_duplex": True}
        assert mic_starts(viewer) == [
            {"type": "mic.start"},
            {"type": "mic.start", "half_duplex": True},
            {"type": "mic.start", **wishes},
        ]
        await frames(page, viewer, 3)
        assert [frame.position for frame in viewer.frames[:3]] == [0, 320, 640]
        names = await page.page.get_by_role("combobox", name="Device").locator("option").all_inner_texts()
        assert names[0] == "The system's choice"
        assert len(names) > 1
        await page.page.get_by_role("combobox", name="Device").select_option(index=1)
        await page.stub.until(lambda: len(mic_starts(viewer)) == 4, "a start of the other device")
        await page.page.get_by_role("switch", name="Echo cancellation").click()
        await page.stub.until(lambda: len(mic_starts(viewer)) == 5, "a start without echo cancellation")
        assert (await page.page.evaluate("asked.at(-1)"))["echoCancellation"] is False
        assert await tracks(page) == ["ended", "ended", "live"]
        device = (await page.page.evaluate("asked.at(-1)"))["deviceId"]["ideal"]

        await page.page.reload()
        again = await page.stub.holding(1)
        assert await page.page.evaluate("asked") == []
        await page.page.click("#mic-button")
        await state(page, "wake")
        assert mic_starts(again) == [{"type": "mic.start", **wishes}]
        asked = (await page.page.evaluate("asked"))[0]
        assert (asked["deviceId"]["ideal"], asked["echoCancellation"]) == (device, False)


async def test_it_goes_on_by_itself_when_the_connection_is_back(flags: tuple[str, ...]) -> None:
    async with desk(scripts=SCRIPTS, flags=flags) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await frames(page, viewer, 5)
        await viewer.socket.close(code=1012)
        back = await page.stub.viewer(1)
        await frames(page, back, 5)
        assert mic_starts(back) == [{"type": "mic.start"}]
        assert back.frames[0].position == 0
        assert len(await tracks(page)) == 1


async def test_a_microphone_that_another_window_took_is_closed_and_can_be_taken_back(flags: tuple[str, ...]) -> None:
    async with desk(scripts=SCRIPTS, flags=flags) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await frames(page, viewer, 5)
        await viewer.send(type="mic", holder=False, viewer="v9")
        await page.page.get_by_text("The microphone of another window is listened to.").wait_for()
        assert await tracks(page) == ["ended"]
        await page.page.get_by_role("button", name="Listen here instead").click()
        await state(page, "listening")
        assert len(mic_starts(viewer)) == 2


async def test_what_keeps_the_ears_from_working_is_told_with_the_command_that_mends_it(flags: tuple[str, ...]) -> None:
    async with desk(scripts=SCRIPTS, flags=flags, first=snapshot(ears=ears("idle"))) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await state(page, "loading")
        await viewer.send(type="ears", **ears("fetching", progress=0.416))
        await page.page.get_by_text("Downloading what understands speech: 42 %").wait_for()
        message, command = "The model small is not here.", "hayakuchi model fetch small"
        await viewer.send(type="ears", **ears("failed", message=message, command=command))
        line = page.page.get_by_role("status").filter(has_text="Speech recognition does not start.")
        await line.get_by_text(message).wait_for()
        assert await line.locator("code").inner_text() == command
        assert await tracks(page) == ["ended"]
        await line.get_by_role("button", name="Try again").click()
        await page.stub.until(lambda: len(mic_starts(viewer)) == 2, "another start")
        # The server says what it knows before it has tried again.
        await viewer.send(type="ears", **ears("failed", message=message, command=command))
        await viewer.send(type="ears", **ears("loading"))
        await viewer.send(type="ears", **ears())
        await state(page, "listening")
        assert await tracks(page) == ["ended", "live"]
        assert [m["type"] for m in viewer.received if m["type"].startswith("mic.")] == [
            "mic.start",
            "mic.stop",
            "mic.start",
        ]


async def test_ears_that_are_mended_are_used_unless_another_window_is_listened_to(flags: tuple[str, ...]) -> None:
    async with desk(scripts=SCRIPTS, flags=flags) as page:
        viewer = await page.stub.holding()
        for holder, expected in ((None, "listening"), ("v9", "elsewhere")):
            await page.page.click("#mic-button")
            await state(page, "listening")
            await viewer.send(type="ears", **ears("failed"))
            await state(page, "ears_failed")
            if holder:
                await viewer.send(type="mic", holder=False, viewer=holder)
            await viewer.send(type="ears", **ears())
            await state(page, expected)
            if expected == "listening":
                await page.page.click("#mic-button")
                await state(page, "off")
        assert await tracks(page) == ["ended"] * 3


async def test_a_server_that_lets_go_of_the_microphone_is_believed(flags: tuple[str, ...]) -> None:
    async with desk(scripts=SCRIPTS, flags=flags) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await frames(page, viewer, 3)
        await viewer.send(type="mic", holder=False, viewer=None)
        await state(page, "off")
        assert await tracks(page) == ["ended"]
        await page.page.click("#mic-button")
        await page.page.click("#mic-button")
        await page.page.click("#mic-button")
        await state(page, "listening")
        assert (await tracks(page))[-1] == "live"


async def test_ears_that_are_off_say_so_and_the_device_is_not_asked_for(flags: tuple[str, ...]) -> None:
    off = ears("off", message="No recogniser is in the settings.", command="hayakuchi check")
    async with desk(scripts=SCRIPTS, flags=flags, first=snapshot(ears=off)) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await page.page.get_by_text("No recogniser is in the settings.").wait_for()
        assert await page.page.evaluate("asked") == []
        await page.page.click("#mic-button")
        await state(page, "off")
        assert viewer.of("mic.start") == viewer.of("mic.stop") == []


async def test_a_refusal_says_how_to_allow_it_and_allowing_it_is_enough() -> None:
    async with desk(scripts=SCRIPTS, flags=(DEVICE[0], "--deny-permission-prompts")) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await page.page.get_by_text("Allow it with the icon to the left of the address").wait_for()
        assert (await page.state())["mic"]["state"] == "denied"
        assert mic_starts(viewer) == []
        await page.context.grant_permissions(["microphone"])
        await frames(page, viewer, 5)
        await state(page, "listening")


async def test_without_a_device_it_says_so() -> None:
    async with desk(scripts=SCRIPTS, flags=(DEVICE[1],)) as page:
        await page.stub.holding()
        await page.page.click("#mic-button")
        await page.page.get_by_text("No microphone was found.").wait_for()


async def test_an_address_without_a_secure_context_names_one_that_has_it() -> None:
    flags = (*DEVICE, "--host-resolver-rules=MAP studio.test 127.0.0.1")
    async with desk(scripts=SCRIPTS, flags=flags, host="studio.test") as page:
        await page.stub.holding()
        await page.page.click("#mic-button")
        await state(page, "insecure")
        assert await page.page.locator("#ears-state code").inner_text() == page.stub.url + "/"


async def test_a_device_that_is_unplugged_is_opened_again_and_one_that_is_muted_is_told(
    flags: tuple[str, ...],
) -> None:
    async with desk(scripts=SCRIPTS, flags=flags) as page:
        viewer = await page.stub.holding()
        await page.page.click("#mic-button")
        await frames(page, viewer, 90)
        end = "const t = streams.at(-1).getTracks()[0]; t.stop(); t.dispatchEvent(new Event('ended'))"
        await page.page.evaluate(end)
        await page.stub.until(lambda: len(mic_starts(viewer)) == 2, "another start")
        await frames(page, viewer, 5)
        await page.page.evaluate(end)
        await page.page.get_by_text("The microphone is gone.").wait_for()
        await page.page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        await page.stub.until(lambda: len(mic_starts(viewer)) == 3, "a start when it is plugged in again")
        await frames(page, viewer, 5)
        await page.page.evaluate("streams.at(-1).getTracks()[0].dispatchEvent(new Event('mute'))")
        await page.page.get_by_text("Nothing arrives from your microphone.").wait_for()
        await page.page.evaluate("streams.at(-1).getTracks()[0].dispatchEvent(new Event('unmute'))")
        await state(page, "listening")


async def test_words_are_seen_before_they_are_a_message_and_what_is_not_answered_says_why() -> None:
    async with desk() as page:
        viewer = await page.stub.holding()
        ghost = page.page.locator("#ears-ghost")
        await viewer.send(type="voice", active=True)
        await viewer.send(type="words", text="what time", final=False)
        await page.page.get_by_text("what time").wait_for()
        await page.wait("s.phase === 'listening'")
        await viewer.send(type="voice", active=False)
        await viewer.send(type="words", text="What time is it?", final=True, ignored=None)
        await page.wait("s.phase === 'idle'")
        assert await ghost.inner_text() == "What time is it?"
        await viewer.send(type="turn.started", turn=1, heard="What time is it?", viewer=None)
        await page.page.locator(".entry.user").get_by_text("What time is it?").wait_for()
        assert await ghost.is_hidden()
        reasons = {
            "back_channel": "“mhm”: only a sign of listening",
            "echo": "“mhm”: her own voice. Use headphones, or switch on “I use loudspeakers”",
            "too_short": "“mhm”: too short to interrupt her",
            "no_wake_word": "“mhm”: say “Kiyo” first",
        }
        for ignored, reason in reasons.items():
            await viewer.send(type="words", text="mhm", final=True, ignored=ignored)
            await page.page.get_by_text(reason, exact=True).wait_for()
        assert await page.page.locator(".entry.user").count() == 1


async def test_a_page_without_ears_has_no_microphone() -> None:
    async with desk(scripts=SCRIPTS, first=snapshot(ears=None)) as page:
        await page.stub.holding()
        assert await page.page.locator("#mic-button").is_hidden()
        await page.page.locator("#box").blur()


async def test_the_page_for_obs_asks_for_no_microphone_and_shows_that_she_listens(flags: tuple[str, ...]) -> None:
    async with desk("/stage?audio=1", scripts=SCRIPTS, flags=flags) as page:
        viewer = await page.stub.holding()
        await page.page.keyboard.press("m")
        await viewer.send(type="voice", active=True)
        await page.wait("s.phase === 'listening'")
        assert await page.page.evaluate("asked") == []
        assert (await page.state())["mic"] is None
