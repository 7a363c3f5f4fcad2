"""What tells speech from other sound: Silero's model, and the level alone."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from canned_onnx import mean_model

from hayakuchi.asr import onnx, silero
from hayakuchi.asr.activity import ModelOrLevel, activity_factory
from hayakuchi.asr.base import FRAME_SAMPLES, VoiceActivity
from hayakuchi.asr.detector import SpeechDetector
from hayakuchi.asr.energy import MEMORY, EnergyActivity
from hayakuchi.asr.settings import EarsSettings
from hayakuchi.asr.silero import SileroActivity, load_silero
from hayakuchi.benchmarks.speech_set import Noise, utterances
from hayakuchi.core.errors import Category, ProviderError

RATE = 16_000
flite = pytest.mark.skipif(shutil.which("flite") is None, reason="needs flite")


def noise(seconds: float, rms: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, rms, int(seconds * RATE)).astype(np.float32)


def heard(activity: VoiceActivity, sound: np.ndarray) -> list[float]:
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [activity.probability(frame) for frame in frames]


def stretches(activity: VoiceActivity, sound: np.ndarray) -> list[tuple[int, int]]:
    """Where the detector hears speech."""
    detector = SpeechDetector(activity, EarsSettings())
    found: list[tuple[int, int]] = []
    was = False
    for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        detector.feed(sound[at : at + FRAME_SAMPLES])
        if was and not detector.speaking and detector.began is not None and detector.ended is not None:
            found.append((detector.began, detector.ended))
        was = detector.speaking
    return found


@pytest.mark.parametrize("make", [EnergyActivity, lambda: SileroActivity(load_silero())], ids=["energy", "silero"])
@pytest.mark.parametrize("rms", [0.0, 0.002, 0.02, 0.2])
def test_steady_noise_is_no_speech(make: Callable[[], VoiceActivity], rms: float) -> None:
    assert stretches(make(), noise(6, rms)) == []


@pytest.mark.parametrize("make", [EnergyActivity, lambda: SileroActivity(load_silero())], ids=["energy", "silero"])
def test_a_hum_with_an_offset_is_no_speech(make: Callable[[], VoiceActivity]) -> None:
    hum = 0.1 + 0.05 * np.sin(2 * np.pi * 50 * np.arange(6 * RATE) / RATE)
    assert stretches(make(), hum.astype(np.float32)) == []


@flite
@pytest.mark.parametrize("make", [EnergyActivity, lambda: SileroActivity(load_silero())], ids=["energy", "silero"])
@pytest.mark.parametrize("snr_db", [None, 20.0])
def test_speech_is_found_where_it_is(make: Callable[[], VoiceActivity], snr_db: float | None) -> None:
    under = Noise(1)
    for utterance in utterances(4, seed=7, part=0):
        found = stretches(make(), under.over(utterance, "steady", snr_db))
        assert found
        assert abs(found[0][0] - utterance.began) <= 0.1 * RATE
        assert -0.15 * RATE <= found[-1][1] - utterance.ended <= 0.25 * RATE


@flite
def test_silero_hears_speech_below_noise_that_the_level_alone_does_not() -> None:
    utterance = next(utterances(1, seed=3, part=0))
    sound = Noise(2).over(utterance, "steady", 0.0)
    inside = slice(utterance.began // FRAME_SAMPLES, utterance.ended // FRAME_SAMPLES)
    by_model, by_level = heard(SileroActivity(load_silero()), sound), heard(EnergyActivity(), sound)
    assert np.mean(np.array(by_model[inside]) > 0.5) > 0.5
    assert np.mean(np.array(by_level[inside]) > 0.5) < 0.2


@flite
def test_streams_over_one_session_do_not_hear_each_other() -> None:
    utterance = next(utterances(1, seed=3, part=0))
    session = load_silero()
    alone = heard(SileroActivity(session), utterance.sound)
    one, other = SileroActivity(session), SileroActivity(session)
    frames = utterance.sound[: len(utterance.sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    together: list[float] = []
    for frame in frames:
        other.probability(noise(0.032, 0.3))
        together.append(one.probability(frame))
    assert together == alone


@flite
def test_after_a_reset_it_hears_as_if_for_the_first_time() -> None:
    utterance = next(utterances(1, seed=3, part=0))
    for activity in (SileroActivity(load_silero()), EnergyActivity()):
        first = heard(activity, utterance.sound)
        activity.reset()
        assert heard(activity, utterance.sound) == first


def test_a_noise_that_begins_is_speech_until_it_has_lasted() -> None:
    activity = EnergyActivity()
    heard(activity, noise(2, 0.001))
    fan = heard(activity, noise(4, 0.05))
    assert fan[3] > 0.9
    assert max(fan[MEMORY + 8 :]) < 0.5


def test_energy_holds_no_more_the_longer_it_listens() -> None:
    activity = EnergyActivity()
    heard(activity, noise(10, 0.01))
    assert len(activity._minima) <= 8


def test_the_settings_choose() -> None:
    chosen = activity_factory(EarsSettings(vad="silero"))()
    assert isinstance(chosen, ModelOrLevel)
    assert isinstance(chosen.goes_by, SileroActivity)
    assert isinstance(activity_factory(EarsSettings(vad="energy"))(), EnergyActivity)


class BreakingSession:
    """Runs as the model does, ``whole`` times."""

    def __init__(self, breaks: Callable[[], Any], whole: int = 3) -> None:
        self._session, self._breaks, self._whole = load_silero(), breaks, whole

    def run(self, outputs: None, inputs: dict[str, Any]) -> Any:
        self._whole -= 1
        return self._session.run(outputs, inputs) if self._whole >= 0 else self._breaks()


def refuses() -> Any:
    """As onnxruntime does."""
    return load_silero().run(None, {"input": np.zeros((1, 7), np.float32)})


def answers_nan() -> Any:
    state = np.zeros((1, 1, 128), np.float32)
    return np.full((1, 1), np.nan, np.float32), state, state


@pytest.mark.parametrize("breaks", [refuses, answers_nan, list, lambda: ([], None, None)])
def test_a_model_that_breaks_gives_way_to_the_level_with_one_warning(
    breaks: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session = BreakingSession(breaks)
    monkeypatch.setattr("hayakuchi.asr.activity.load_silero", lambda: session)
    sound = np.concatenate((noise(3, 0.001), noise(1, 0.1)))
    with caplog.at_level(logging.WARNING):
        activity = activity_factory(EarsSettings())()
        assert heard(activity, sound)[3:] == heard(EnergyActivity(), sound[3 * FRAME_SAMPLES :])
    assert [record.message.split(": ")[0] for record in caplog.records] == [
        "speech is told from noise by its level only"
    ]


def _no_package(_: str) -> None:
    return None


def test_without_the_package_the_level_must_do_and_a_warning_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(silero, "find_spec", _no_package)
    with caplog.at_level(logging.WARNING):
        assert isinstance(activity_factory(EarsSettings())(), EnergyActivity)
    assert "pip install faster-whisper" in caplog.text


def test_without_onnxruntime_the_level_must_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(onnx, "import_module", missing)
    with caplog.at_level(logging.WARNING):
        assert isinstance(activity_factory(EarsSettings())(), EnergyActivity)
    assert "pip install onnxruntime" in caplog.text


@pytest.mark.parametrize(
    ("model", "category", "says"),
    [
        (None, Category.MISSING_EXTRA, "brings no Silero model"),
        (b"broken", Category.INVALID_REQUEST, "no usable ONNX model"),
        (mean_model([1, 576], name="input"), Category.INVALID_REQUEST, "another model"),
    ],
)
def test_a_damaged_installation_is_an_error_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: bytes | None, category: Category, says: str
) -> None:
    (tmp_path / "assets").mkdir()
    if model is not None:
        (tmp_path / "assets" / "silero_vad_v6.onnx").write_bytes(model)
    spec = ModuleSpec("faster_whisper", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(silero, "find_spec", lambda _: spec)
    with pytest.raises(ProviderError, match=says) as caught:
        load_silero()
    assert caught.value.category is category


@flite
def test_digital_silence_before_it_does_not_keep_speech_from_being_heard() -> None:
    at: dict[float, list[int]] = {0.0: [], 0.001: []}
    for utterance in utterances(12, seed=7, part=0):
        for level, places in at.items():
            hiss = noise(len(utterance.sound) / RATE, level, seed=3)[: len(utterance.sound)]
            probabilities = heard(SileroActivity(load_silero()), utterance.sound + hiss)
            places.append(next(place for place, sure in enumerate(probabilities) if sure >= 0.5))
    late = [silent - hissing for silent, hissing in zip(*at.values(), strict=True)]
    assert sum(late) <= len(late) / 4


@pytest.mark.parametrize("ms", [2, 5, 8])
def test_a_click_is_as_quiet_as_what_is_around_it(ms: int) -> None:
    click = noise(0.5, 0.002)
    click[4000 : 4000 + ms * 16] += noise(ms / 1000, 0.5)
    assert max(heard(EnergyActivity(), click)) < 0.5
