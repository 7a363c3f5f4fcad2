"""The offline voice as it is: the real library in its real process."""

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import espeakng_loader
import numpy as np
import psutil
import pytest
from pydantic import ValidationError

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio, Mark, MarkKind, SpeechRequest
from hayakuchi.tts import espeak, espeak_process
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS
from hayakuchi.tts.espeak_voices import resolve
from hayakuchi.tts.espeak_wire import say_payload

SENTENCE = "Good evening everyone, welcome to the stream tonight."
LONG = ("The quick brown fox jumps over the lazy dog, and then it goes home. " * 30)[:2000]


def block(**values: object) -> EspeakConfig:
    return EspeakConfig.model_validate(values)


@dataclass
class Clip:
    text: str
    pieces: list[Audio] = field(default_factory=list)

    @property
    def samples(self) -> np.ndarray:
        return np.frombuffer(b"".join(piece.pcm for piece in self.pieces), np.int16).astype(float)

    @property
    def ms(self) -> float:
        return sum(piece.duration_ms for piece in self.pieces)

    @property
    def rms(self) -> float:
        return float(np.sqrt(np.mean(self.samples**2)))

    @property
    def marks(self) -> list[Mark]:
        return [mark for piece in self.pieces for mark in piece.marks]

    @property
    def words(self) -> list[str]:
        found = [mark for mark in self.marks if mark.kind is MarkKind.WORD]
        return [self.text[mark.start : mark.start + mark.length] for mark in found]

    @property
    def ipa(self) -> str:
        return "".join(mark.text for mark in self.marks if mark.kind is MarkKind.PHONEME)


@asynccontextmanager
async def speaking(config: EspeakConfig) -> AsyncIterator[EspeakTTS]:
    voice = EspeakTTS(config)
    try:
        await voice.open()
        yield voice
    finally:
        await voice.aclose()


@pytest.fixture
async def voice() -> AsyncIterator[EspeakTTS]:
    async with speaking(block()) as voice:
        yield voice


async def say(voice: EspeakTTS, text: str, *, final: bool = True, then: Callable[[], object] | None = None) -> Clip:
    """The clip; ``then`` is called after its first piece."""
    clip = Clip(text)
    async with aclosing(voice.synthesize(SpeechRequest(text, final))) as pieces:
        async for piece in pieces:
            clip.pieces.append(piece)
            if then is not None and len(clip.pieces) == 1:
                then()
    return clip


def worker_of(voice: EspeakTTS) -> psutil.Process:
    assert voice._process is not None
    return psutil.Process(voice._process.pid)


async def test_a_sentence_sounds(voice: EspeakTTS) -> None:
    clip = await say(voice, SENTENCE)
    assert 2000 < clip.ms < 5000
    assert 0.02 < clip.rms / 32768 < 0.3
    assert np.abs(clip.samples).max() < 32767
    assert {piece.sample_rate for piece in clip.pieces} == {voice.sample_rate} == {22050}
    assert all(piece.pcm for piece in clip.pieces)
    assert clip.words == SENTENCE.replace(",", "").replace(".", "").split()
    assert "wˈɛlkʌm" in clip.ipa


async def test_probing_says_who_speaks(voice: EspeakTTS) -> None:
    assert await voice.probe() == "espeak-ng 1.52.0, voice en-us+f3"


TEXTS = {
    "multi-byte": ("Hello wörld, naïve café — “quoted” end.", ["Hello", "wörld", "naïve", "café", "quoted", "end"]),
    "expanded": (
        "It costs $3.50 on 2024-01-05 at 10:30.",
        ["It", "costs", "$", "3.50", "on", "2024-01-05", "at", "10:30"],
    ),
    "emoji": ("hi 😀 there 😀 end", ["hi", "😀", "there", "😀", "end"]),
    "joined": ("Don't re-enter: it's ok", ["Don't", "re-enter", "it's", "ok"]),
    "quotes": ('"Yes," she (quietly) said', ["Yes", "she", "quietly", "said"]),
    "spaces": ("  and   spaces\n\nnew\tline ", ["and", "spaces", "new", "line"]),
    "hindi": ("क्या हाल है", ["क्या", "हाल", "है"]),
    "chinese": ("你好，世界！", ["你", "世", "界"]),
    "japanese": ("こんにちは。カタカナです", ["こんにちは", "カタカナです"]),
    "korean": ("안녕하세요 세계", ["안녕하세요", "세계"]),
    "commands": ("one\x01\x0050Ptwo\x7f three", None),
    "surrogates": ("one \ud83d two", ["one", "two"]),
    "long": (LONG, None),
}


@pytest.mark.parametrize("name", TEXTS)
async def test_marks_point_at_words_and_are_never_late(voice: EspeakTTS, name: str) -> None:
    text, words = TEXTS[name]
    clip = await say(voice, text)
    assert words is None or clip.words == words
    begin = 0.0
    for piece in clip.pieces:
        assert all(mark.at_ms >= begin - 0.1 for mark in piece.marks)
        begin += piece.duration_ms
    at = [mark.at_ms for mark in clip.marks]
    assert at == sorted(at)
    assert at[-1] <= clip.ms
    spans = [(mark.start, mark.start + mark.length) for mark in clip.marks if mark.kind is MarkKind.WORD]
    assert spans
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(this[1] <= following[0] for this, following in itertools.pairwise(spans))
    assert sum(not mark.text for mark in clip.marks if mark.kind is MarkKind.PHONEME) < len(at) / 2


async def test_marks_lie_where_the_sound_is(voice: EspeakTTS) -> None:
    clip = await say(voice, "Stop. Go.")
    go = next(mark.at_ms for mark in clip.marks if mark.kind is MarkKind.WORD and mark.start == 6)
    samples = clip.samples
    loud = [float(np.sqrt(np.mean(samples[int(ms * 22.05) :][:882] ** 2))) for ms in (go - 80, go + 60)]
    assert loud[0] < 100 < 1000 < loud[1]


async def test_text_in_another_script_gets_its_own_voice() -> None:
    async with speaking(block(voices={})) as one, speaking(block()) as many:
        for text, foreign, native in [
            ("你好世界", "tʃˈaɪniːz", "ˈɑu"),
            ("こんにちは", "dʒˈæpəniːz", "kˌo̞nnitɕˈihä"),
            ("안녕하세요", None, "ɐnnjʌŋ"),  # any voice reads hangul, its own best
        ]:
            assert foreign is None or foreign in (await say(one, text)).ipa
            clip = await say(many, text)
            assert native in clip.ipa
            assert foreign is None or foreign not in clip.ipa
            assert clip.rms > 500
        assert "həlˈoʊ" in (await say(many, "Hello")).ipa


@pytest.mark.parametrize("text", ["", " ", "...", "—", "😀", "\x01\x02"])
async def test_nothing_to_say_is_an_empty_clip(voice: EspeakTTS, text: str) -> None:
    assert (await say(voice, text)).pieces == []


async def test_a_piece_that_goes_on_does_not_fall(voice: EspeakTTS) -> None:
    def pitch(clip: Clip) -> float:
        window = clip.samples[-2600:-1700]
        window -= window.mean()
        lags = np.correlate(window, window, "full")[window.size - 1 :]
        return 22050 / (55 + int(np.argmax(lags[55:245])))

    falling = await say(voice, "I went to the market today")
    going_on = await say(voice, "I went to the market today", final=False)
    assert pitch(going_on) > 1.2 * pitch(falling)
    assert going_on.words == falling.words


async def test_settings_are_heard(voice: EspeakTTS) -> None:
    usual = await say(voice, SENTENCE)
    for config, compare in [
        (block(rate=350), lambda clip: clip.ms < 0.7 * usual.ms),
        (block(volume=30), lambda clip: clip.rms < 0.5 * usual.rms),
        (block(voice="en-gb"), lambda clip: clip.ipa != usual.ipa),
    ]:
        async with speaking(config) as other:
            assert compare(await say(other, SENTENCE)), config


async def test_long_text_is_said_whole(voice: EspeakTTS) -> None:
    clip = await say(voice, LONG)
    assert clip.ms > 60_000
    assert len(clip.words) == len(LONG.replace(",", "").replace(".", "").split())


async def test_twenty_at_a_time_each_get_their_own(voice: EspeakTTS) -> None:
    order: list[int] = []

    async def one(number: int) -> Clip:
        clip = await say(voice, f"this is number {number} " + "word " * (number % 5))
        order.append(number)
        return clip

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(number)) for number in range(20)]
    for number, task in enumerate(tasks):
        assert task.result().words == ["this", "is", "number", str(number), *["word"] * (number % 5)]
        assert task.result().ms > 500
    assert sorted(order) == list(range(20))


async def test_who_reads_slowly_holds_up_nobody(voice: EspeakTTS) -> None:
    async with aclosing(voice.synthesize(SpeechRequest(LONG))) as slow:
        await anext(slow)
        for _ in range(5):
            assert (await say(voice, "next please")).words == ["next", "please"]
        rest = [piece async for piece in slow]
    assert sum(piece.duration_ms for piece in rest) > 60_000


async def test_an_abort_stops_the_synthesis(voice: EspeakTTS, monkeypatch: pytest.MonkeyPatch) -> None:
    assert voice._process is not None
    process, left = voice._process, 0
    after_abort: list[int] = []
    received = process._received

    def count(kind: int, id: int, payload: bytes) -> None:
        if left and id == left and kind == espeak.wire.AUDIO:
            after_abort[-1] += 1
        received(kind, id, payload)

    monkeypatch.setattr(process, "_received", count)
    payload = say_payload(LONG, "en-us+f3", 175, 50, 50, 100)
    for _ in range(10):
        after_abort.append(0)
        async with aclosing(process.say(payload)) as answers:
            await anext(answers)
            left = process._last_id
        # The next request is answered when this one has been stopped, so nothing of it comes later.
        assert (await say(voice, "next please")).words == ["next", "please"]
    # Two minutes of sound are 2200 messages; what was on its way at the abort comes all the same.
    assert sorted(after_abort)[5] < 500
    assert process._requests == {}


async def test_readers_that_leave_at_once_leave_nothing_behind(voice: EspeakTTS) -> None:
    for number in range(50):
        async with aclosing(voice.synthesize(SpeechRequest(LONG))) as clip:
            if number % 2:
                await anext(clip)
    process = await voice._worker()
    assert (await say(voice, "still there")).words == ["still", "there"]
    assert process._requests == {}


async def test_a_cancelled_reader_aborts(voice: EspeakTTS) -> None:
    task = asyncio.ensure_future(say(voice, LONG))
    await asyncio.sleep(0.002)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await voice._worker())._requests == {}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_a_killed_worker_fails_its_requests_and_is_replaced(voice: EspeakTTS) -> None:
    for _ in range(5):
        worker = worker_of(voice)
        async with asyncio.timeout(5):
            with pytest.raises(ProviderError, match="process ended with code -9") as caught:
                await say(voice, LONG, then=worker.kill)
            assert (caught.value.category, caught.value.retryable) == (Category.CRASHED, True)
            assert (await say(voice, "here again")).words == ["here", "again"]
        assert not worker.is_running()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
async def test_a_hanging_worker_is_ended_by_force(voice: EspeakTTS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_process, "CLOSE_S", 0.05)
    worker = worker_of(voice)
    worker.suspend()
    await voice.aclose()
    assert not worker.is_running()


async def test_a_worker_that_dies_at_the_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = "import sys; print('libfoo.so is missing', file=sys.stderr); sys.exit(3)"
    monkeypatch.setattr(espeak, "command", lambda library, data: [sys.executable, "-c", crash])
    voice = EspeakTTS(block())
    for _ in range(3):
        with pytest.raises(ProviderError, match=r"ended with code 3: libfoo.so is missing") as caught:
            await voice.open()
        assert caught.value.category is Category.CRASHED
    with pytest.raises(ProviderError, match="died 3 times in a row") as caught:
        await voice.open()
    assert 0 < (caught.value.retry_after_s or 0) <= 1
    monkeypatch.undo()
    voice._crashed_at -= 1
    assert (await say(voice, "mended")).words == ["mended"]
    await voice.aclose()


async def test_a_worker_that_never_says_hello_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "START_S", 0.3)
    monkeypatch.setattr(espeak, "command", lambda library, data: [sys.executable, "-c", "import sys; sys.stdin.read()"])
    with pytest.raises(ProviderError, match="did not start within") as caught:
        await EspeakTTS(block()).open()
    assert caught.value.category is Category.TIMEOUT
    assert psutil.Process().children() == []


async def test_a_command_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", os.path.join(os.curdir, "no-such-python"))
    with pytest.raises(ProviderError, match="cannot be started") as caught:
        await EspeakTTS(block()).open()
    assert caught.value.category is Category.UNAVAILABLE


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"voice": "en-uss"}, r"no voice 'en-uss'; some of the \d+ that exist: .*en-us"),
        ({"voice": "martian+f3"}, r"no voice 'martian'; .*en-us, en-gb"),
        ({"voice": "en-us+f33"}, r"no voice variant 'f33'; some of the \d+ that exist: .*f3"),
        ({"voices": {"zh": "mandarin"}}, "no voice 'mandarin'"),
    ],
)
async def test_an_unknown_voice_is_told_when_it_opens(config: dict, says: str) -> None:
    voice = EspeakTTS(block(**config))
    with pytest.raises(ProviderError, match=says) as caught:
        await voice.open()
    assert (caught.value.category, caught.value.retryable) == (Category.INVALID_REQUEST, False)
    await voice.aclose()


@pytest.mark.parametrize(
    "values", [{"rate": 79}, {"rate": 451}, {"pitch": 100}, {"voice": "../x"}, {"voices": {"fr": "fr"}}, {"speed": 1}]
)
def test_a_block_that_makes_no_sense_is_refused(values: dict) -> None:
    with pytest.raises(ValidationError):
        block(**values)


@pytest.mark.parametrize(
    ("voice", "name"),
    [
        ("zh", "cmn"),
        ("EN-GB+f2", "en+f2"),
        ("en-us", "en-us"),
        ("fr-fr+Andy", "fr+Andy"),
        ("yue", "yue"),
        ("martian", "martian"),
    ],
)
def test_a_language_tag_finds_its_voice(voice: str, name: str) -> None:
    assert resolve(Path(espeakng_loader.get_data_path()), voice) == name


async def test_closing_leaves_no_process_and_may_be_repeated() -> None:
    voice = EspeakTTS(block())
    await voice.aclose()
    await voice.open()
    worker = worker_of(voice)
    await voice.aclose()
    await voice.aclose()
    assert not worker.is_running()
    assert psutil.Process().children() == []
    with pytest.raises(ProviderError, match="closed"):
        await say(voice, "hello")
    await voice.open()
    assert (await say(voice, "open again")).words == ["open", "again"]
    await voice.aclose()


async def test_closing_fails_what_runs(voice: EspeakTTS) -> None:
    async with aclosing(voice.synthesize(SpeechRequest(LONG))) as clip:
        await anext(clip)
        await voice.aclose()
        with pytest.raises(ProviderError):
            async for _ in clip:
                pass


async def test_the_worker_sees_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    voice = EspeakTTS(block())
    await voice.open()
    environment = worker_of(voice).environ()
    await voice.aclose()
    assert "OPENAI_API_KEY" not in environment
    assert set(environment) <= {*espeak_process._PASSED_ON, "LC_CTYPE"}


async def test_the_worker_is_small(voice: EspeakTTS) -> None:
    await say(voice, LONG)
    assert worker_of(voice).memory_info().rss < 40e6


PARENT = """
import asyncio, sys
from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS
from hayakuchi.tts.espeak_voices import resolve
from hayakuchi.tts.espeak_wire import say_payload
async def main():
    voice = EspeakTTS(EspeakConfig.model_validate({}))
    await voice.open()
    print(voice._process.pid, flush=True)
    if sys.argv[1] == "speaking":
        while True:
            async for _ in voice.synthesize(SpeechRequest("hello there " * 100)): pass
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.parametrize("doing", ["idle", "speaking"])
def test_a_killed_parent_leaves_no_worker(doing: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, doing], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    until = time.monotonic() + 10
    while (
        worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE
    ):  # whoever adopts orphans may be slow to bury them
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not run there")
def test_it_works_on_uvloop() -> None:
    async def main() -> None:
        async with speaking(block()) as voice:
            worker = worker_of(voice)
            assert (await say(voice, "on another loop")).words == ["on", "another", "loop"]
            with pytest.raises(ProviderError, match="process ended"):
                await say(voice, LONG, then=worker.kill)
            assert (await say(voice, "again")).words == ["again"]
        assert psutil.Process().children() == []

    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
