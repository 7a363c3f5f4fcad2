"""Local audio beside the real server: what ``run --local-audio`` starts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from beside import serving_beside
from fake_sounddevice import FakeDevice, FakeSoundDevice
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import settings_for, viewing

from hayakuchi.asr.settings import EarsSettings
from hayakuchi.cli.local_audio import local_audio
from hayakuchi.cli.main import main
from hayakuchi.cli.run import bind
from hayakuchi.core.errors import HayakuchiError
from hayakuchi.gateway import server as gateway
from hayakuchi.gateway.local_audio import seat as module
from hayakuchi.gateway.stage.rooms import Rooms
from hayakuchi.orchestrator.engine import Engine

HEADSET = FakeDevice("Headset", inputs=1, outputs=2)


@pytest.fixture
def sd(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    sd = FakeSoundDevice(HEADSET)
    monkeypatch.setattr(module, "sound_system", lambda: sd)
    return sd


def engine(ears: EarsSettings | None = None, *, asr: bool = True) -> Engine:
    hears = (lambda: ScriptedASR(lambda clip: "Hi")) if asr else None
    return Engine(settings_for(lambda: ScriptedLLM(["Hello", "."], first_ms=1), ScriptedTTS, asr=hears, ears=ears))


async def test_what_is_typed_in_a_page_is_heard_from_the_speaker(
    sd: FakeSoundDevice, capsys: pytest.CaptureFixture[str]
) -> None:
    mind = engine()
    async with serving_beside(mind, local_audio(mind, None, "none")) as url, viewing(url, "sound=1") as page:
        assert page.snapshot["sound"] == {"holder": False, "viewer": "v1"}, "it was there first"
        await page.send(type="input.text", text="Hi")
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(sd.speaker.play(20))
            ended = await page.next("turn.ended")
            playing.cancel()
        assert ended["status"] == "completed"
        assert ended["heard_reply"] == ended["reply"] == "Hello."
        assert page.frames[-1].pcm == b"", "the page does not play it"
    assert capsys.readouterr().out == "plays through Headset\n"
    assert sd.speaker.closed


async def test_a_device_that_cannot_be_opened_ends_the_server(sd: FakeSoundDevice) -> None:
    mind = engine()
    beside = local_audio(mind, None, None)
    sd.devices[0].opens = False
    try:
        with pytest.raises(HayakuchiError, match=r"loudspeaker Headset cannot be opened"):
            await gateway.run(mind, gateway.make_server(mind, lambda: None), bind("127.0.0.1", 0), beside)
    finally:
        sd.devices[0].opens = True


async def test_what_runs_beside_the_server_ends_with_it() -> None:
    seen: list[Any] = []

    async def beside(rooms: Rooms) -> None:
        seen.append(await rooms.enter("", "main"))
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    mind = engine()
    async with serving_beside(mind, beside) as url, viewing(url):
        assert seen[0].stage.viewers == 1
    assert seen[1:] == ["ended"]


async def test_without_recognition_only_the_speaker_is_used(
    sd: FakeSoundDevice, capsys: pytest.CaptureFixture[str]
) -> None:
    local_audio(engine(asr=False), None, None)
    told = capsys.readouterr().err
    assert told.startswith(
        "note: the microphone stays off: no speech recognition is configured; put this into conf.yaml: asr"
    )


@pytest.mark.parametrize(
    ("ears", "half_duplex"), [({}, True), ({"half_duplex": False}, False), ({"half_duplex": True}, True)]
)
async def test_it_does_not_listen_while_it_speaks_unless_the_settings_say_so(
    sd: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch, ears: dict[str, bool], half_duplex: bool
) -> None:
    asked: list[bool] = []

    class Spy(module.LocalAudio):
        def __init__(self, *parts: Any, half_duplex: bool) -> None:
            super().__init__(*parts, half_duplex=half_duplex)
            asked.append(half_duplex)

    monkeypatch.setattr(module, "LocalAudio", Spy)
    local_audio(engine(EarsSettings.model_validate(ears)), None, None)
    assert asked == [half_duplex]


@pytest.mark.parametrize("option", ["--speaker", "--microphone"])
def test_a_device_without_local_audio_is_a_mistake(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", option, "Headset", "--no-browser", "--port", "0"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"error: {option}: say --local-audio as well\n"


def test_without_local_audio_nothing_of_it_is_imported() -> None:
    program = (
        "import sys, hayakuchi.cli.run, hayakuchi.gateway.server, hayakuchi.gateway.local_audio.seat as _\n"
        "sys.exit('sounddevice' in sys.modules or 'soxr' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
    program = (
        "import sys, hayakuchi.cli.run, hayakuchi.gateway.server\n"
        "sys.exit(any('local_audio' in name and 'gateway' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
