"""The real faster-whisper with a canned model: what it understands, and that it never stops the loop or waits for nobody."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from canned_whisper import write_canned_whisper

from hayakuchi.asr import whisper_engine
from hayakuchi.asr.base import Wishes
from hayakuchi.asr.fallback import FallbackASR
from hayakuchi.asr.faster_whisper import FasterWhisperASR
from hayakuchi.asr.whisper_settings import FasterWhisperConfig
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.transcript import Transcript, TranscriptSegment
from hayakuchi.core.types import Audio

SECOND = Audio(bytes(32_000), 16_000)
SAID = "Hello from the fake microphone."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_canned_whisper(tmp_path_factory.mktemp("canned"), SAID)


def whisper(model: Path, **options: Any) -> FasterWhisperASR:
    return FasterWhisperASR(FasterWhisperConfig(model=str(model), **options))


@pytest.fixture
async def asr(model: Path) -> Any:
    asr = whisper(model)
    await asr.open()
    yield asr
    await asr.aclose()


class Slow:
    """Makes every pass of the engine's encoder wait for ``go``; ``entered`` counts them."""

    def __init__(self, asr: FasterWhisperASR, monkeypatch: pytest.MonkeyPatch) -> None:
        assert asr._engine
        self.go, self.started, self.entered = threading.Event(), threading.Event(), 0
        encode = asr._engine.model.encode

        def slow(features: Any) -> Any:
            self.entered += 1
            self.started.set()
            assert self.go.wait(10)
            return encode(features)

        monkeypatch.setattr(asr._engine.model, "encode", slow)

    async def has_started(self) -> None:
        assert await asyncio.to_thread(self.started.wait, 10)


async def test_a_clip_becomes_text_with_its_times_and_certainty(asr: FasterWhisperASR) -> None:
    transcript = await asr.transcribe(Audio(bytes(96_000), 16_000), language="en")
    assert transcript.text == SAID
    assert transcript.language == "en"
    assert transcript.segments == (TranscriptSegment(0.0, 2000.0, SAID),)
    assert transcript.no_speech is not None
    assert transcript.log_probability is not None
    assert transcript.no_speech < 1e-6 < transcript.log_probability + 1e-3


async def test_a_partial_clip_is_taken_without_times(asr: FasterWhisperASR) -> None:
    transcript = await asr.transcribe(SECOND, language="en", partial=True)
    assert transcript.text == SAID


def test_what_was_probably_not_spoken_is_left_out_and_its_figures_are_kept() -> None:
    def segment(text: str, no_speech: float, log_probability: float, tokens: int) -> Any:
        return SimpleNamespace(
            words=None,
            text=text,
            start=1.0,
            end=2.0,
            no_speech_prob=no_speech,
            avg_logprob=log_probability,
            tokens=[0] * tokens,
        )

    spoken, guessed = segment(" Hi.", 0.9, -0.2, 3), segment(" Thank you.", 0.7, -1.5, 1)
    transcript = whisper_engine._transcript([spoken, guessed], "en")
    assert (transcript.text, transcript.segments) == ("Hi.", (TranscriptSegment(1000.0, 2000.0, "Hi."),))
    assert transcript.no_speech == pytest.approx(0.85)
    assert transcript.log_probability == pytest.approx(-0.525)
    assert whisper_engine._transcript([guessed], "en").text == ""
    assert whisper_engine._transcript([], "en") == Transcript("", "en")


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000])
def test_any_rate_becomes_16_khz_and_keeps_its_sound(rate: int) -> None:
    wave = np.sin(np.arange(rate) * 2 * np.pi * 440 / rate) * 16_384
    samples = whisper_engine.samples_of(Audio(wave.astype("<i2").tobytes(), rate))
    assert samples.dtype == np.float32
    assert abs(len(samples) - 16_000) <= 2
    spectrum = np.abs(np.fft.rfft(samples[2000:14_000]))
    assert abs(np.argmax(spectrum) * 16_000 / 12_000 - 440) < 2
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("samples", [1, 2, 10, 159, 200, 399, 480])
async def test_clips_that_are_too_short_to_say_anything_do_no_harm(asr: FasterWhisperASR, samples: int) -> None:
    for rate in (16_000, 48_000):
        for partial in (True, False):
            await asr.transcribe(Audio(bytes(2 * samples), rate), language="en", partial=partial)


@pytest.mark.parametrize("pcm", [b"", b"\0"])
async def test_nothing_is_nothing(asr: FasterWhisperASR, pcm: bytes) -> None:
    assert (await asr.transcribe(Audio(pcm, 16_000), language="en")).text == ""


async def test_half_a_sample_at_the_end_does_no_harm(asr: FasterWhisperASR) -> None:
    assert (await asr.transcribe(Audio(bytes(32_001), 44_100))).text == SAID


async def test_noise_gives_no_endless_text(asr: FasterWhisperASR) -> None:
    noise = np.random.default_rng(1).integers(-20_000, 20_000, 16_000 * 40).astype("<i2").tobytes()
    transcript = await asr.transcribe(Audio(noise, 16_000))
    assert transcript.text == f"{SAID} {SAID}"
    assert [segment.start_ms for segment in transcript.segments] == [0.0, 30_000.0]


async def test_the_loop_goes_on_while_it_works_and_while_it_loads(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asr = whisper(model)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    load = whisper_engine._loaded

    def slow_load(*arguments: Any) -> Any:
        time.sleep(0.2)
        return load(*arguments)

    monkeypatch.setattr(whisper_engine, "_loaded", slow_load)
    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(tick())
        await asr.open()
        assert ticks > 20
        slow = Slow(asr, monkeypatch)
        work = group.create_task(asr.transcribe(SECOND, language="en"))
        await slow.has_started()
        ticks = 0
        await asyncio.sleep(0.1)
        assert ticks > 10
        assert not work.done()
        slow.go.set()
        assert (await work).text == SAID
        ticking.cancel()
    await asr.aclose()


async def test_clips_are_understood_one_after_another_and_final_ones_before_partial_ones(
    asr: FasterWhisperASR, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(asr, monkeypatch)
    order: list[str] = []

    async def ask(name: str, partial: bool) -> None:
        await asr.transcribe(SECOND, language="en", partial=partial)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("first", partial=True))
        await slow.has_started()
        group.create_task(ask("partial", partial=True))
        await asyncio.sleep(0)
        group.create_task(ask("final", partial=False))
        await asyncio.sleep(0.05)
        assert slow.entered == 1
        slow.go.set()
    assert order == ["first", "final", "partial"]


async def test_a_long_clip_lets_others_in_after_each_half_minute(
    asr: FasterWhisperASR, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(asr, monkeypatch)
    noise = np.random.default_rng(1).integers(-20_000, 20_000, 16_000 * 100).astype("<i2").tobytes()
    async with asyncio.TaskGroup() as group:
        long = group.create_task(asr.transcribe(Audio(noise, 16_000), language="en"))
        await slow.has_started()
        short = group.create_task(asr.transcribe(SECOND, language="en"))
        await asyncio.sleep(0)
        slow.go.set()
        assert (await short).text == SAID
        assert not long.done()
        assert (await long).text == " ".join([SAID] * 4)


async def test_a_cancelled_clip_that_waits_is_never_begun(
    asr: FasterWhisperASR, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(asr, monkeypatch)
    async with asyncio.TaskGroup() as group:
        group.create_task(asr.transcribe(SECOND, language="en"))
        await slow.has_started()
        waiting = group.create_task(asr.transcribe(SECOND, language="en", partial=True))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=1)
        assert waiting.cancelled()
        slow.go.set()
    await asr.transcribe(SECOND, language="en")
    assert slow.entered == 2


async def test_a_cancelled_clip_ends_after_the_half_minute_that_is_being_looked_at(
    asr: FasterWhisperASR, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(asr, monkeypatch)
    async with asyncio.TaskGroup() as group:
        long = group.create_task(asr.transcribe(Audio(bytes(32_000 * 300), 16_000), language="en"))
        await slow.has_started()
        long.cancel()
        await asyncio.wait([long], timeout=1)
        assert long.cancelled()
        slow.go.set()
        assert (await asr.transcribe(SECOND, language="en")).text == SAID
    assert slow.entered == 2


async def test_a_deadline_is_kept_and_the_next_clip_is_served(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asr = whisper(model, timeout=1)
    chain = FallbackASR([asr])
    await chain.load(lambda download, share: None)
    slow = Slow(asr, monkeypatch)
    with pytest.raises(AllProvidersFailed, match=r"did not understand 1\.0 s of sound within 1 s"):
        await chain.transcribe(SECOND, language="en")
    slow.go.set()
    assert (await chain.transcribe(SECOND, language="en")).text == SAID
    await chain.aclose()


async def test_closing_ends_what_waits_and_runs(asr: FasterWhisperASR, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(asr, monkeypatch)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_outcome(asr.transcribe(SECOND)))
        await slow.has_started()
        waiting = group.create_task(_outcome(asr.transcribe(SECOND)))
        await asyncio.sleep(0)
        closing = group.create_task(asr.aclose())
        await asyncio.wait([waiting], timeout=1)
        assert "was closed" in str(waiting.result())
        slow.go.set()
    assert closing.done()
    assert "was closed" in str(running.result())
    await asr.aclose()
    with pytest.raises(ProviderError, match="is not open"):
        await asr.transcribe(SECOND)
    await asr.open()
    assert (await asr.transcribe(SECOND)).text == SAID


async def _outcome(work: Any) -> Any:
    try:
        return await work
    except ProviderError as error:
        return error


async def test_it_is_loaded_once_also_when_whoever_opened_it_gave_up(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asr, loads, go = whisper(model), 0, threading.Event()
    load = whisper_engine._loaded

    def slow(*arguments: Any) -> Any:
        nonlocal loads
        loads += 1
        assert go.wait(10)
        return load(*arguments)

    monkeypatch.setattr(whisper_engine, "_loaded", slow)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await asr.open()
    go.set()
    await asr.open()
    assert loads == 1
    assert (await asr.transcribe(SECOND)).text == SAID
    await asr.aclose()


async def test_an_english_model_is_not_asked_for_japanese_and_says_so_once(
    asr: FasterWhisperASR, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        transcript = await asr.transcribe(SECOND, language="ja")
        assert (transcript.text, transcript.language) == (SAID, "en")
    assert [record.getMessage().partition("but")[0] for record in caplog.records] == [
        "faster_whisper: asked for 'ja', "
    ]
    assert "understands English only" in caplog.text


def timed(segment: Any) -> Any:
    """With the times of words, of which the canned model knows nothing: each takes 0.2 s, the first one begins early."""
    spoken = enumerate(segment.text.split())
    words = [
        SimpleNamespace(word=f" {word}", start=number * 0.2 - 0.02, end=number * 0.2 + 0.18) for number, word in spoken
    ]
    return replace(segment, words=words)


async def test_what_is_passed_on_to_whisper(
    asr: FasterWhisperASR, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    other = whisper(model, vocabulary=["Kiyo", "Hayakuchi"], prompt="以下是普通话的句子。", beam_size=3)
    other._engine, other._worker = asr._engine, asr._worker
    assert asr._engine
    transcribe: Any = asr._engine.model.transcribe

    def note(samples: Any, **options: Any) -> Any:
        asked.append(options)
        segments, info = transcribe(samples, **options | {"hotwords": None, "word_timestamps": False})
        return map(timed, segments) if options["word_timestamps"] else segments, info

    monkeypatch.setattr(asr._engine.model, "transcribe", note)
    await other.transcribe(SECOND, language="en")
    await other.transcribe(SECOND, language="en", partial=True)
    await asr.transcribe(Audio(bytes(32_000 * 60), 16_000))
    wishes = Wishes(" Miku ", words=True)
    hinted = [await one.transcribe(SECOND, language="en", wishes=wishes) for one in (asr, other)]
    for transcript in hinted:
        assert [word.text for word in transcript.words] == SAID.split()
        assert [word.start_ms for word in transcript.words[:2]] == [0, pytest.approx(180)]
    assert [options["word_timestamps"] for options in asked] == [False, False, False, True, True]
    assert [options["hotwords"] for options in asked[3:]] == ["Miku", "Miku Kiyo, Hayakuchi 以下是普通话的句子。"]
    del asked[3:]
    assert [options["hotwords"] for options in asked] == ["Kiyo, Hayakuchi 以下是普通话的句子。"] * 2 + [None]
    assert [(options["beam_size"], options["without_timestamps"]) for options in asked] == [
        (3, False),
        (1, True),
        (1, False),
    ]
    assert [options["max_new_tokens"] for options in asked] == [32, 32, 220]
    assert all(options["temperature"] == 0.0 and not options["condition_on_previous_text"] for options in asked)


async def test_the_longest_hint_leaves_room_for_text(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asr = whisper(model, vocabulary=["語" * 60] * 50, prompt="語" * 400)
    await asr.open()
    assert asr._engine
    understand: Any = asr._engine.model.generate_with_fallback
    prompts: list[int] = []

    def noted(encoded: Any, prompt: list[int], *rest: Any) -> Any:
        prompts.append(len(prompt))
        if len(prompts) > 3:  # the canned model goes on in steps of 20 ms: it does not know what to say after a hint
            raise RuntimeError("that is enough")
        return understand(encoded, prompt, *rest)

    monkeypatch.setattr(asr._engine.model, "generate_with_fallback", noted)
    # Seventeen seconds may have the most text there is: 20 tokens and 12 for each second, at most 220.
    with pytest.raises(ProviderError, match="that is enough"):
        await asr.transcribe(Audio(bytes(32_000 * 17), 16_000), wishes=Wishes("語" * 1000, words=True))
    assert max(prompts) == 225
    await asr.aclose()


# Models that cannot be used


@pytest.mark.parametrize("name", ["config.json", "model.bin", "tokenizer.json", "vocabulary.json"])
async def test_a_file_that_is_missing_is_named(model: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    (folder / name).unlink()
    asr = whisper(folder)
    assert asr.wanted() is None
    with pytest.raises(ProviderError) as caught:
        await asr.open()
    assert caught.value.category is Category.NOT_FOUND
    assert f"{folder} lacks {name}" in str(caught.value)
    await asr.aclose()


async def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("")
    for path in (tmp_path / "nowhere", tmp_path / "model.bin", tmp_path / ("a" * 300)):
        with pytest.raises(ProviderError, match=f"{path} is no folder: a model for CTranslate2 is a folder"):
            await whisper(path).open()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.bin", b"\x06\0\0\0" * 40),
        ("model.bin", None),
        ("config.json", b"{"),
        ("tokenizer.json", b"\0\0"),
        ("vocabulary.json", b"[]"),
    ],
)
async def test_a_file_that_is_damaged(model: Path, tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = shutil.copytree(model, tmp_path / "model")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    asr = whisper(folder)
    with pytest.raises(ProviderError) as caught:
        await asr.open()
    assert caught.value.category is Category.CRASHED
    assert "delete that folder" in str(caught.value)
    await asr.aclose()


# Graphics cards


async def test_without_a_gpu_cuda_is_refused_with_the_remedy(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    asr = whisper(model, device="cuda")
    with pytest.raises(ProviderError, match=r"no CUDA device was found: .*device: cpu"):
        await asr.open()
    await asr.aclose()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Library libcublas.so.12 is not found or cannot be loaded", "install it, for example with"),
        ("CUDA failed with error out of memory", "take a smaller model"),
        ("CUDA failed with error unknown error", "update its driver"),
        ("cuDNN failed with status CUDNN_STATUS_NOT_INITIALIZED", "set device: cpu"),
    ],
)
async def test_a_gpu_that_does_not_work(
    model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, said: str, told: str
) -> None:
    import faster_whisper

    real = faster_whisper.WhisperModel

    def broken(folder: str, *, device: str, **options: Any) -> Any:
        if device == "cuda":
            raise RuntimeError(said)
        return real(folder, device=device, **options)

    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(
        "ctranslate2.get_supported_compute_types",
        lambda device: {"float32", "float16"} if device == "cuda" else {"int8", "float32"},
    )
    monkeypatch.setattr(faster_whisper, "WhisperModel", broken)
    asr = whisper(model, device="cuda")
    with pytest.raises(ProviderError) as caught:
        await asr.open()
    assert said in str(caught.value)
    assert told in str(caught.value)
    await asr.aclose()
    asr = whisper(model)
    with caplog.at_level(logging.WARNING):
        await asr.open()
    assert "Whisper runs on the CPU" in caplog.text
    assert (await asr.probe()).endswith(", cpu, int8")
    await asr.aclose()


async def test_a_way_to_calculate_that_the_machine_does_not_have(model: Path) -> None:
    asr = whisper(model, device="cpu", compute_type="int8_float16")
    with pytest.raises(ProviderError, match=r"compute_type int8_float16 is not supported here on cpu: .*float32"):
        await asr.open()
    await asr.aclose()


async def test_an_engine_that_breaks_while_it_works(asr: FasterWhisperASR, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(features: Any) -> Any:
        raise RuntimeError("CUDA failed with error out of memory")

    assert asr._engine
    monkeypatch.setattr(asr._engine.model, "encode", broken)
    with pytest.raises(ProviderError, match="not enough memory on cpu") as caught:
        await asr.transcribe(SECOND)
    assert caught.value.category is Category.CRASHED


def test_the_canned_model_is_what_faster_whisper_expects(model: Path) -> None:
    assert json.loads((model / "config.json").read_text())["lang_ids"]
    assert sum(file.stat().st_size for file in model.iterdir()) < 4_000_000
