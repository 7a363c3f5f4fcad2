"""The end-of-turn model: what it is shown, what becomes of bad files, how its work is bounded."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from canned_onnx import mean_model

from hayakuchi.asr import smart_turn
from hayakuchi.asr.base import TurnModel
from hayakuchi.asr.smart_turn import SmartTurn
from hayakuchi.asr.smart_turn_features import BANDS, SAMPLES, STEPS, features
from hayakuchi.asr.worker import Worker
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio

RATE = 16_000


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker("smart-turn")
    yield worker
    await worker.aclose()


def tone(hertz: float, seconds: float, level: float = 0.3) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def clip(sound: np.ndarray) -> Audio:
    return Audio((sound * 32767).astype("<i2").tobytes(), RATE)


def saved(folder: Path, model: bytes) -> Path:
    file = folder / "turn.onnx"
    file.write_bytes(model)
    return file


def test_a_tone_is_loud_in_its_band_only_and_from_when_it_sounds() -> None:
    shown = features(tone(1000, 2))
    assert shown.shape == (BANDS, STEPS)
    assert shown.dtype == np.float32
    loudest = shown[:, -100].argmax()
    assert loudest == pytest.approx(15 / 45.245 * 81 - 1, abs=1)  # 1 kHz is 15 mels of the 45.2 that 8 kHz is
    assert shown[:, :590].max() == shown.min()
    assert shown[loudest, 610:790].min() > shown.min() + 1.5


def test_the_lead_in_is_silence_and_only_the_last_8_s_count() -> None:
    sound = tone(440, 12)
    assert np.array_equal(features(sound), features(sound[-SAMPLES:]))
    assert not np.array_equal(features(sound[:RATE]), features(sound[:SAMPLES]))


def test_loudness_does_not_matter() -> None:
    assert np.allclose(features(tone(440, 3, 0.5)), features(tone(440, 3, 0.05)), atol=1e-3)


def test_values_span_eight_powers_of_ten() -> None:
    shown = features(np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32))
    assert shown.max() - shown.min() == pytest.approx(2.0)


@pytest.mark.parametrize("samples", [0, 1, 159, SAMPLES, SAMPLES + 1])
def test_any_length_has_finite_features(samples: int) -> None:
    assert np.isfinite(features(np.zeros(samples, np.float32))).all()


async def test_it_answers_what_the_model_says(tmp_path: Path, worker: Worker) -> None:
    turn: TurnModel = SmartTurn(saved(tmp_path, mean_model(["n", BANDS, STEPS])), worker)
    sound = tone(300, 3)
    pcm = np.asarray(np.frombuffer(clip(sound).pcm, "<i2") / 32768, np.float32)
    expected = 1 / (1 + np.exp(-features(pcm).mean()))
    assert await turn.completeness(clip(sound)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("model", "category", "says"),
    [
        (b"", Category.INVALID_REQUEST, "no usable ONNX model"),
        (b"not a model", Category.INVALID_REQUEST, "no usable ONNX model"),
        (mean_model(["n", BANDS, STEPS])[:60], Category.INVALID_REQUEST, "no usable ONNX model"),
        (mean_model(["n", BANDS, 3000]), Category.INVALID_REQUEST, r"input_features is \['n', 80, 3000\]"),
        (mean_model([BANDS, STEPS]), Category.INVALID_REQUEST, r"input_features is \[80, 800\]"),
        (mean_model(["n", BANDS, STEPS], name="input"), Category.INVALID_REQUEST, "it takes input"),
        (mean_model(["n", BANDS, STEPS], squash=False), Category.BAD_OUTPUT, "no smart-turn v3 model"),
    ],
)
async def test_a_bad_file_is_named(tmp_path: Path, worker: Worker, model: bytes, category: Category, says: str) -> None:
    file = saved(tmp_path, model)
    with pytest.raises(ProviderError, match=says) as caught:
        await SmartTurn(file, worker).open()
    assert caught.value.category is category
    assert str(file) in str(caught.value)


async def test_a_file_that_is_not_there_is_named_and_may_come_later(tmp_path: Path, worker: Worker) -> None:
    turn = SmartTurn(tmp_path / "turn.onnx", worker)
    with pytest.raises(ProviderError, match=r"turn\.onnx cannot be read: No such file") as caught:
        await turn.completeness(clip(tone(300, 1)))
    assert caught.value.category is Category.NOT_FOUND
    saved(tmp_path, mean_model(["n", BANDS, STEPS]))
    await turn.open()
    assert 0 <= await turn.completeness(clip(tone(300, 1))) <= 1


async def test_sound_of_another_rate_is_refused(tmp_path: Path, worker: Worker) -> None:
    with pytest.raises(ProviderError, match="16000 Hz, not 48000"):
        await SmartTurn(tmp_path / "turn.onnx", worker).completeness(Audio(bytes(200), 48_000))


async def test_it_gives_up_after_a_while(tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = SmartTurn(saved(tmp_path, mean_model(["n", BANDS, STEPS])), worker)
    await turn.open()
    release = threading.Event()
    monkeypatch.setattr(smart_turn, "features", lambda _: release.wait(20) and np.zeros((BANDS, STEPS), np.float32))
    monkeypatch.setattr(smart_turn, "LIMIT_S", 0.05)
    with pytest.raises(ProviderError, match=r"1\.0 s of sound within 0\.05 s") as caught:
        await turn.completeness(clip(tone(300, 1)))
    assert caught.value.category is Category.TIMEOUT
    release.set()


async def test_cancelled_it_does_not_do_what_nobody_waits_for(
    tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = SmartTurn(saved(tmp_path, mean_model(["n", BANDS, STEPS])), worker)
    await turn.open()
    judged: list[int] = []
    monkeypatch.setattr(smart_turn, "features", lambda it: judged.append(len(it)) or features(it))
    busy = threading.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(lambda _: busy.wait(20)))
        unwanted = group.create_task(turn.completeness(clip(tone(300, 1))))
        wanted = group.create_task(turn.completeness(clip(tone(300, 2))))
        await asyncio.sleep(0.01)
        unwanted.cancel()
        await asyncio.sleep(0)
        busy.set()
    assert wanted.result() >= 0
    assert judged == [2 * RATE]


async def test_the_loop_goes_on_while_it_judges(
    tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = SmartTurn(saved(tmp_path, mean_model(["n", BANDS, STEPS])), worker)
    ticks = 0

    def slow(sound: np.ndarray) -> np.ndarray:
        time.sleep(0.2)
        return features(sound)

    monkeypatch.setattr(smart_turn, "features", slow)
    async with asyncio.TaskGroup() as group:
        judging = group.create_task(turn.open())
        while not judging.done():
            ticks += 1
            await asyncio.sleep(0.005)
    assert ticks > 5
