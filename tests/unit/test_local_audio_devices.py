"""Which loudspeaker and microphone are meant, and what is said when there is none."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest
from fake_sounddevice import FakeDevice, FakeSoundDevice

from hayakuchi.asr.settings import EarsSettings
from hayakuchi.core.errors import ConfigError
from hayakuchi.gateway.local_audio import seat as local_audio
from hayakuchi.gateway.local_audio.devices import Device, find, listing, sound_system
from hayakuchi.gateway.local_audio.seat import local_devices

HEADSET = FakeDevice("Headset (USB)", inputs=1, outputs=2)
SPEAKERS = FakeDevice("Speakers (Realtek)", outputs=2)
WEBCAM = FakeDevice("Webcam", inputs=2)


def speaker(sd: FakeSoundDevice, wanted: str | None = None, rate: int = 24_000) -> Device:
    return find(sd, "output", wanted, rate, "float32")


def test_without_a_wish_it_is_the_default_one():
    sd = FakeSoundDevice(HEADSET, SPEAKERS, WEBCAM, default_input=2, default_output=1)
    assert speaker(sd) == Device(1, "Speakers (Realtek)", 24_000, 1)
    assert find(sd, "input", None, 16_000, "int16") == Device(2, "Webcam", 16_000, 1)


@pytest.mark.parametrize("wanted", ["0", " 0 ", "headset", "usb head", "Headset (USB)", "headset mme"])
def test_a_device_is_named_by_its_number_or_by_words_of_its_name(wanted: str):
    assert speaker(FakeSoundDevice(HEADSET, SPEAKERS, default_output=1), wanted).index == 0


@pytest.mark.parametrize("wanted", ["nosuch", "7", "-1", "", "webcam", "2"])
def test_a_name_that_nothing_has_is_told_with_those_there_are(wanted: str):
    with pytest.raises(ConfigError, match=r"--speaker: there is no loudspeaker .*: 0 Headset \(USB\), MME; 1 Speakers"):
        speaker(FakeSoundDevice(HEADSET, SPEAKERS, WEBCAM), wanted)


def test_a_name_that_several_have_is_asked_back():
    with pytest.raises(ConfigError, match=r"'e' may be any of these, give its number: 0 Headset .*; 1 Speakers"):
        speaker(FakeSoundDevice(HEADSET, SPEAKERS, WEBCAM), "e")


def test_of_the_same_device_under_several_sound_systems_the_default_ones_is_meant():
    twice = (FakeDevice("Headset (USB)", outputs=2, hostapi=1), HEADSET)
    assert speaker(FakeSoundDevice(*twice), "headset").index == 1
    assert speaker(FakeSoundDevice(*twice), "headset wasapi").index == 0
    assert speaker(FakeSoundDevice(*twice, hostapi=1), "headset").index == 0


def test_the_whole_name_wins_over_names_that_contain_it():
    longer = FakeDevice("Headset (USB) 2", outputs=2)
    assert speaker(FakeSoundDevice(longer, HEADSET), "headset (usb)").index == 1


@pytest.mark.parametrize(
    ("platform", "remedy"), [("linux", "PipeWire"), ("darwin", "System Settings"), ("win32", "disabled")]
)
def test_a_machine_without_devices_gets_a_remedy(monkeypatch: pytest.MonkeyPatch, platform: str, remedy: str):
    monkeypatch.setattr(sys, "platform", platform)
    sd = FakeSoundDevice(default_input=None, default_output=None)
    with pytest.raises(ConfigError, match=rf"no default loudspeaker; .*{remedy}.*--speaker none"):
        speaker(sd)
    with pytest.raises(ConfigError, match=rf"no default microphone; .*{remedy}.*--microphone none"):
        find(sd, "input", None, 16_000, "int16")


def test_where_only_the_default_is_missing_the_others_are_offered():
    with pytest.raises(ConfigError, match=r"no default loudspeaker; choose one with --speaker: 0 Headset"):
        speaker(FakeSoundDevice(HEADSET, default_output=None))


@pytest.mark.parametrize(
    ("device", "form"),
    [
        (FakeDevice("any", outputs=2), (24_000, 1)),
        (FakeDevice("no mono", outputs=2, mono=False), (24_000, 2)),
        (FakeDevice("own rate", outputs=2, rates=[48_000, 44_100]), (48_000, 1)),
        (FakeDevice("own form", outputs=8, rates=[44_100], mono=False), (44_100, 2)),
    ],
)
def test_the_form_is_the_first_that_the_device_takes(device: FakeDevice, form: tuple[int, int]):
    found = speaker(FakeSoundDevice(device))
    assert (found.rate, found.channels) == form


def test_a_device_that_takes_nothing_is_told_with_the_reason():
    stubborn = FakeDevice("Stubborn", outputs=1, mono=False)
    with pytest.raises(
        ConfigError, match=r"Stubborn takes sound neither at 24000 nor at 48000 Hz \(Invalid number.*list-devices"
    ):
        speaker(FakeSoundDevice(stubborn))


def test_the_list_names_everything():
    assert listing(FakeSoundDevice(HEADSET, SPEAKERS, FakeDevice("Broken"))) == [
        "  0  Headset (USB), MME  (microphone, loudspeaker)",
        "  1  Speakers (Realtek), MME  (loudspeaker)",
        "  2  Broken, MME  (nothing)",
    ]


@pytest.mark.parametrize(
    ("platform", "remedy"),
    [
        ("linux", "apt install libportaudio2"),
        ("darwin", "brew install portaudio"),
        ("win32", "uv sync"),
        ("aix", "apt"),
    ],
)
def test_without_portaudio_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, platform: str, remedy: str):
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *rest)

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=rf"--local-audio: no sound .*PortAudio library not found; .*{remedy}"):
        sound_system()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    sd = FakeSoundDevice(HEADSET)
    monkeypatch.setattr(local_audio, "sound_system", lambda: sd)
    return sd


def chosen(speaker: str | None = None, microphone: str | None = None, **ears: Any) -> tuple[bool, bool]:
    devices = local_devices(24_000, EarsSettings.model_validate(ears), speaker=speaker, microphone=microphone)
    return devices.speaker is not None, devices.microphone is not None


def test_either_can_be_left_out(machine: FakeSoundDevice):
    assert chosen() == (True, True)
    assert chosen(speaker="none") == (False, True)
    assert chosen(microphone="none") == (True, False)
    assert chosen(mode="typed_only") == (True, False)
    assert chosen(mode="typed_only", microphone="none") == (True, False)
    with pytest.raises(ConfigError, match="neither"):
        chosen(speaker="none", microphone="none")
    with pytest.raises(ConfigError, match="neither"):
        chosen(speaker="none", mode="typed_only")


def test_a_button_that_nobody_can_hold_is_told(machine: FakeSoundDevice):
    with pytest.raises(ConfigError, match=r"no button for push_to_talk.*--microphone none"):
        chosen(mode="push_to_talk")
    assert chosen(mode="push_to_talk", microphone="none") == (True, False)
