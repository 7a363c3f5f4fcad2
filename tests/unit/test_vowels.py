import base64
import json
import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hayakuchi.live2d_bridge.vowels import LOWEST_RATE, VOWELS, VowelModel, vowel_model

RATES = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000)

# Runs in a process of its own, because the library is one per process and may abort it. Prints JSON lines.
SPEAK = """
import base64, ctypes as C, json
import espeakng_loader
class Id(C.Union): _fields_ = [("number", C.c_int), ("string", C.c_char * 8)]
class Event(C.Structure):
    _fields_ = [("type", C.c_int), ("uid", C.c_uint), ("text", C.c_int), ("length", C.c_int), ("ms", C.c_int),
                ("sample", C.c_int), ("user", C.c_void_p), ("id", Id)]
sound, marks = [], []
@C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_int, C.POINTER(Event))
def heard(wav, count, events):
    index = 0
    while events[index].type:
        if events[index].type == 7:
            marks.append((events[index].ms, events[index].id.string.decode("utf-8", "replace")))
        index += 1
    if wav and count > 0: sound.append(C.string_at(wav, 2 * count))
    return 0
lib = C.CDLL(espeakng_loader.get_library_path())
lib.espeak_Initialize.argtypes = [C.c_int, C.c_int, C.c_char_p, C.c_int]
lib.espeak_Synth.argtypes = [C.c_char_p, C.c_size_t, C.c_uint, C.c_int, C.c_uint, C.c_uint, C.c_void_p, C.c_void_p]
rate = lib.espeak_Initialize(2, 60, espeakng_loader.get_data_path().encode(), 3)
lib.espeak_SetSynthCallback(heard)
for voice in ("es", "es+m3", "es+m7", "es+f1", "es+f2", "es+f4", "it", "it+m5", "it+f3", "it+f5"):
    for pitch in (35, 65):
        sound.clear(); marks.clear()
        assert lib.espeak_SetVoiceByName(voice.encode()) == 0
        lib.espeak_SetParameter(3, pitch, 0)
        text = b"a, e, i, o, u, pata, pete, kiti, poto, tutu." + bytes(1)
        lib.espeak_Synth(text, len(text), 0, 1, 0, 1, None, None)
        pcm = base64.b64encode(b"".join(sound)).decode()
        print(json.dumps({"voice": voice, "rate": rate, "pcm": pcm, "marks": marks}))
"""


def voiced_frames(clip: dict[str, Any], model: VowelModel, rate: int) -> tuple[list[np.ndarray], list[str]]:
    """Windows from the middle of each vowel of a clip, resampled to ``rate``, and which vowel it is."""
    sound = np.frombuffer(base64.b64decode(clip["pcm"]), "<i2")
    sound = soxr.resample(sound, clip["rate"], rate)
    frames, labels = [], []
    for (begin, phoneme), (end, _) in zip(clip["marks"], clip["marks"][1:], strict=False):
        vowel = phoneme.strip("ˈˌː").upper()
        for ms in range(begin + 25, end - 20, 20) if vowel in VOWELS else ():
            start = ms * rate // 1000 - model.window // 2
            frame = sound[start : start + model.window]
            if start >= 0 and len(frame) == model.window and frame.std() > 500:
                frames.append(frame)
                labels.append(vowel)
    return frames, labels


@pytest.fixture(scope="module")
def clips() -> list[dict[str, Any]]:
    pytest.importorskip("espeakng_loader")
    done = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 48000])
def test_spoken_vowels_are_recognised(clips: list[dict[str, Any]], rate: int) -> None:
    model = vowel_model(rate)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for clip in clips:
        frames, labels = voiced_frames(clip, model, rate)
        for label, row in zip(labels, model.weights(np.array(frames)), strict=True):
            total[label] += 1
            right[label] += VOWELS[row.argmax()] == label
    assert min(total[vowel] for vowel in VOWELS) > 100
    assert sum(right.values()) / sum(total.values()) >= 0.8, (right, total)
    assert all(right[vowel] / total[vowel] >= 0.5 for vowel in VOWELS), (right, total)


def test_hiss_resembles_no_vowel() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, (40, 1 + vowel_model(24000).window))
    hiss = np.diff(noise, axis=1).astype(np.int16)  # 6 dB per octave, as s and f rise
    assert vowel_model(24000).weights(hiss).sum(axis=1).mean() < 0.1


def test_loudness_makes_no_difference(clips: list[dict[str, Any]]) -> None:
    model = vowel_model(22050)
    frames = np.array(voiced_frames(clips[0], model, 22050)[0])
    loud, soft = model.weights(frames), model.weights(frames // 8)
    assert np.abs(loud - soft).mean() < 0.05


@pytest.mark.parametrize("rate", RATES)
def test_silence_offset_and_clipping_are_harmless(rate: int) -> None:
    model = vowel_model(rate)
    frames = np.zeros((4, model.window), np.int16)
    frames[1], frames[2, ::2], frames[3] = -32768, 32767, np.where(np.arange(model.window) // 40 % 2, 32767, -32768)
    weights = model.weights(frames)
    assert weights.shape == (4, 5)
    assert np.isfinite(weights).all()


@settings(deadline=None)
@given(st.data())
def test_weights_are_shares(data: st.DataObject) -> None:
    model = vowel_model(data.draw(st.sampled_from(RATES)))
    frames = data.draw(hnp.arrays(np.int16, (2, model.window)))
    weights = model.weights(frames)
    assert ((weights >= 0) & (weights <= 1.0001)).all()
    assert (weights.sum(axis=1) <= 1.0001).all()


def test_no_frames_give_no_weights() -> None:
    model = vowel_model(22050)
    assert model.weights(np.zeros((0, model.window), np.int16)).shape == (0, 5)


def test_a_rate_that_holds_no_second_formant_is_refused() -> None:
    with pytest.raises(ValueError, match="8000 Hz, not 7999"):
        vowel_model(LOWEST_RATE - 1)


def test_a_rate_is_prepared_once() -> None:
    assert vowel_model(24000) is vowel_model(24000)
