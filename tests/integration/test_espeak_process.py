"""The offline voice's process: shared, aborted, killed, closed."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import psutil
import pytest
from espeak_clips import LONG, Clip, block, say, speaking, worker_of
from leaks import no_process_stays

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import SpeechRequest
from hayakuchi.tts import espeak, espeak_process
from hayakuchi.tts.espeak import EspeakTTS
from hayakuchi.tts.espeak_wire import say_payload


@pytest.fixture
async def voice() -> AsyncIterator[EspeakTTS]:
    async with speaking(block()) as voice:
        yield voice


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
    with no_process_stays(), pytest.raises(ProviderError, match="did not start within") as caught:
        await EspeakTTS(block()).open()
    assert caught.value.category is Category.TIMEOUT


async def test_a_command_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", os.path.join(os.curdir, "no-such-python"))
    with pytest.raises(ProviderError, match="cannot be started") as caught:
        await EspeakTTS(block()).open()
    assert caught.value.category is Category.UNAVAILABLE


async def test_closing_leaves_no_process_and_may_be_repeated() -> None:
    voice = EspeakTTS(block())
    await voice.aclose()
    with no_process_stays():
        await voice.open()
        worker = worker_of(voice)
        await voice.aclose()
        await voice.aclose()
    assert not worker.is_running()
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
        with no_process_stays():
            await speak()

    async def speak() -> None:
        async with speaking(block()) as voice:
            worker = worker_of(voice)
            assert (await say(voice, "on another loop")).words == ["on", "another", "loop"]
            with pytest.raises(ProviderError, match="process ended"):
                await say(voice, LONG, then=worker.kill)
            assert (await say(voice, "again")).words == ["again"]

    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
