"""PocketSphinx understands English, and neither its work nor its death harms the server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from asr_subjects import flite, pocketsphinx_asr
from leaks import no_process_stays, nothing_leaks

from hayakuchi.asr import child as child_module
from hayakuchi.asr import pocketsphinx as module
from hayakuchi.asr.pocketsphinx import PocketsphinxASR
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio

SENTENCES = (
    "the weather is nice today",
    "what time is it now",
    "please tell me a story about a fox",
    "i would like a cup of coffee",
    "she went to the market to buy some bread",
    "the train leaves at seven in the morning",
    "can you sing a song for us",
    "my favorite color is blue",
    "we are going to play a game tonight",
    "open the window and turn on the light",
    "how are you doing today",
    "the cat is sleeping on the chair",
    "do you want to watch a movie with me",
    "stop talking and listen to me",
    "the children are playing in the garden",
    "good night and see you tomorrow",
)
COMMANDS = """#JSGF V1.0;
grammar commands;
public <command> = what time is it now | stop talking and listen to me | go on;
"""


@pytest.fixture(name="asr")
async def _asr() -> AsyncIterator[PocketsphinxASR]:
    provider = pocketsphinx_asr()
    async with nothing_leaks():
        await provider.open()
        try:
            yield provider
        finally:
            await provider.aclose()


def edits(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to insert, leave out or replace, to get from the one to the other."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        above, row[0] = row[0], number
        for place, other in enumerate(heard, 1):
            above, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, above + (word != other))
    return row[-1]


def process_of(asr: PocketsphinxASR) -> psutil.Process:
    [process] = [child for child in psutil.Process().children() if "pocketsphinx_worker" in " ".join(child.cmdline())]
    return process


async def test_at_most_one_word_in_five_is_wrong(asr: PocketsphinxASR) -> None:
    wrong = words = 0
    for sentence in SENTENCES:
        transcript = await asr.transcribe(flite(sentence), language="en")
        wrong += edits(sentence.split(), transcript.text.split())
        words += len(sentence.split())
        assert transcript.language == "en"
        assert transcript.log_probability is not None
        assert " ".join(segment.text for segment in transcript.segments) == transcript.text
    assert wrong / words <= 0.2, f"{wrong} of {words} words"


async def test_segments_are_where_the_words_are(asr: PocketsphinxASR) -> None:
    first, second = flite(SENTENCES[1]), flite(SENTENCES[4])
    pause_ms = 1_500
    clip = Audio(first.pcm + bytes(32 * pause_ms) + second.pcm, 16_000)
    transcript = await asr.transcribe(clip)
    assert transcript.text == f"{SENTENCES[1]} {SENTENCES[4]}"
    split = first.duration_ms
    before = [segment for segment in transcript.segments if segment.end_ms <= split + 100]
    assert " ".join(segment.text for segment in before) == SENTENCES[1]
    after = transcript.segments[len(before)]
    assert after.start_ms == pytest.approx(split + pause_ms, abs=400)


async def test_a_grammar_knows_only_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "commands.jsgf"
    file.write_text(COMMANDS, encoding="utf-8")
    for grammar in (COMMANDS, str(file)):
        asr = pocketsphinx_asr(grammar=grammar)
        assert asr.partials
        await asr.open()
        heard = await asr.transcribe(flite("stop talking and listen to me"))
        assert heard.text == "stop talking and listen to me"
        assert heard.log_probability is None
        await asr.aclose()


def test_partials_are_asked_for_when_they_are_cheap_or_wished_for() -> None:
    assert not pocketsphinx_asr().partials
    assert pocketsphinx_asr(partials=True).partials
    assert not pocketsphinx_asr(grammar=COMMANDS, partials=False).partials


@pytest.mark.parametrize(
    ("block", "category", "said"),
    [
        ({"hmm": "/nowhere"}, Category.NOT_FOUND, "hmm: there is no /nowhere"),
        ({"dictionary": "/nowhere"}, Category.NOT_FOUND, "dictionary: there is no /nowhere"),
        ({"lm": "/nowhere"}, Category.NOT_FOUND, "lm: there is no /nowhere"),
        ({"hmm": "/"}, Category.INVALID_REQUEST, "check hmm, dictionary, lm and grammar"),
        ({"grammar": "/nowhere"}, Category.NOT_FOUND, "grammar is neither JSGF"),
        ({"grammar": "#JSGF V1.0; nonsense"}, Category.INVALID_REQUEST, "grammar"),
        ({"grammar": COMMANDS.replace("go on", "xyzzyqwop")}, Category.INVALID_REQUEST, "xyzzyqwop"),
    ],
)
async def test_what_is_wrong_with_a_model_is_told(block: dict[str, Any], category: Category, said: str) -> None:
    asr = pocketsphinx_asr(**block)
    with no_process_stays():
        async with nothing_leaks():
            with pytest.raises(ProviderError, match=said) as caught:
                await asr.open()
            assert caught.value.category is category
            await asr.aclose()


async def test_another_language_is_refused(asr: PocketsphinxASR) -> None:
    with pytest.raises(ProviderError, match="English only") as caught:
        await asr.transcribe(flite(SENTENCES[0]), language="ja")
    assert caught.value.category is Category.INVALID_REQUEST


async def test_without_the_package_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    asr = PocketsphinxASR(PocketsphinxASR.Config())
    with pytest.raises(ProviderError, match=r"hayakuchi\[pocketsphinx\]") as caught:
        await asr.open()
    assert caught.value.category is Category.MISSING_EXTRA


async def test_utter_silence_and_a_hum_are_nothing(asr: PocketsphinxASR) -> None:
    assert (await asr.transcribe(Audio(bytes(320_000), 16_000))).text == ""
    assert (await asr.transcribe(Audio(b"\x14\x00\xec\xff" * 40_000, 16_000))).text == ""


async def test_its_death_is_told_and_the_next_clip_is_understood(asr: PocketsphinxASR) -> None:
    clip = flite(SENTENCES[1])
    process = process_of(asr)
    errors: list[ProviderError] = []

    async def ask() -> None:
        try:
            await asr.transcribe(Audio(clip.pcm * 6, 16_000))
        except ProviderError as error:
            errors.append(error)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(ask())
        spent = process.cpu_times().user
        while process.cpu_times().user < spent + 0.05:  # noqa: ASYNC110 - it listens as soon as it works
            await asyncio.sleep(0.01)
        process.kill()
    assert errors
    assert {error.category for error in errors} == {Category.CRASHED}
    assert (await asr.transcribe(clip)).text == SENTENCES[1]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
async def test_a_process_that_hangs_is_replaced(asr: PocketsphinxASR, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "HUNG_S", 0.2)
    clip = flite(SENTENCES[1])
    process = process_of(asr)
    os.kill(process.pid, signal.SIGSTOP)
    errors: list[ProviderError] = []
    async with asyncio.timeout(60):
        while process.is_running():
            try:
                async with asyncio.timeout(0.5):
                    await asr.transcribe(clip)
            except TimeoutError:
                continue
            except ProviderError as error:
                errors.append(error)
        assert (await asr.transcribe(clip)).text == SENTENCES[1]
    assert {error.category for error in errors} <= {Category.TIMEOUT}
    assert process_of(asr).pid != process.pid


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
async def test_a_process_that_hangs_can_be_closed(asr: PocketsphinxASR) -> None:
    process = process_of(asr)
    os.kill(process.pid, signal.SIGSTOP)
    async with asyncio.timeout(10):
        await asr.aclose()
    assert not process.is_running()


ECHO = """
import sys, time
while head := sys.stdin.buffer.read(4):
    payload = sys.stdin.buffer.read(int.from_bytes(head, "little"))
    time.sleep(0.05)
    sys.stdout.buffer.write(head + payload)
    sys.stdout.buffer.flush()
"""


async def test_finals_pass_the_partials_that_wait(tmp_path: Path) -> None:
    script = tmp_path / "echo.py"
    script.write_text(ECHO, encoding="utf-8")
    child = await child_module.Child.spawn("asr", "echo", str(script))
    order: list[bytes] = []

    async def ask(name: bytes, *, can_wait: bool) -> None:
        order.append(await child.ask(name, can_wait=can_wait))

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(ask(b"running", can_wait=False))
        for number in b"123":
            group.create_task(ask(b"partial %c" % number, can_wait=True))
        dropped = group.create_task(ask(b"dropped", can_wait=False))
        group.create_task(ask(b"final", can_wait=False))
        await asyncio.sleep(0)
        dropped.cancel()
    assert order == [b"running", b"final", b"partial 1", b"partial 2", b"partial 3"]
    await child.close()
    assert not child.alive


async def test_what_nobody_waits_for_is_not_begun(asr: PocketsphinxASR) -> None:
    """A hundred clips that were given up cost the next one nothing but the one that was running."""
    clip = flite(SENTENCES[4])
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asr.transcribe(clip)) for _ in range(100)]
        await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
    spent = process_of(asr).cpu_times().user
    await asr.transcribe(clip)
    one = process_of(asr).cpu_times().user - spent
    assert one < 20, "about two clips, not a hundred"
    assert all(task.cancelled() for task in tasks)
