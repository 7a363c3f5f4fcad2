"""``edge_tts`` against a local service: what it asks, what it makes of the answer, and what each setting does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from edge_voices import TEXT, pcm_of, say, voices, words_of
from fake_edge import BEGIN, END, FakeEdge, audio_message, chirp, clip, lag_and_likeness, mp3, sound, tls_pair, word
from leaks import nothing_leaks

from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.tts import edge_pool
from hayakuchi.tts.edge import EdgeTTS
from hayakuchi.tts.edge_settings import FULL, LIGHT

SOURCE = chirp(2000)
FIRST = mp3(SOURCE)[:720]
MANY = 400
"""Messages of 100 kB: more than the buffers of this machine's sockets hold."""
Make = Callable[..., EdgeTTS]


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeEdge]:
    async with nothing_leaks(), FakeEdge() as server:
        yield server


@pytest.fixture(name="make")
async def _make(server: FakeEdge) -> AsyncIterator[Make]:
    async with voices(server) as make:
        yield make


async def opened(voice: EdgeTTS) -> EdgeTTS:
    await voice.open()
    return voice


async def first_of(voice: EdgeTTS) -> Audio:
    async with aclosing(voice.synthesize(SpeechRequest(TEXT))) as pieces:
        return await anext(pieces)


async def test_what_is_asked(server: FakeEdge, make: Make):
    await say(await opened(make(rate="+10%", pitch="-5Hz", volume="-20%")), "Tom & Jerry <3\x0b!")
    asked = server.asked[-1]
    assert asked.text == "Tom & Jerry <3 !"
    assert "Speech Voice (en-US, AvaNeural)" in asked.ssml
    assert all(f"{name}='{value}'" in asked.ssml for name, value in (("rate", "+10%"), ("pitch", "-5Hz")))
    assert "volume='-20%'" in asked.ssml
    assert {"TrustedClientToken", "ConnectionId", "Sec-MS-GEC", "Sec-MS-GEC-Version"} == set(asked.query)
    assert "Edg/" in asked.headers["User-Agent"]
    assert asked.headers["Origin"].startswith("chrome-extension://")
    assert asked.headers.get_all("Sec-WebSocket-Version") == ["13"]


@pytest.mark.parametrize(("level", "asked_for"), [(0, FULL), (9, LIGHT)])
async def test_compression(server: FakeEdge, make: Make, level: int, asked_for: str):
    server.script = [BEGIN, *sound(SOURCE, kbit=96 if asked_for == FULL else 48), END]
    pieces = await say(await opened(make(compression_level=level)))
    assert server.asked[-1].format == asked_for
    assert lag_and_likeness(pcm_of(pieces), SOURCE)[1] > 0.99


@pytest.mark.parametrize(
    ("text", "voice", "spoken_by"),
    [
        ("hello", "en-US-AvaNeural", "AvaNeural"),
        ("你好", "en-US-AvaNeural", "XiaoxiaoNeural"),
        ("こんにちは", "en-US-AvaNeural", "NanamiNeural"),
        ("안녕", "en-US-AvaNeural", "SunHiNeural"),
        ("你好", "zh-CN-YunxiNeural", "YunxiNeural"),
        ("你好", "en-US-AvaMultilingualNeural", "AvaMultilingualNeural"),
    ],
)
async def test_a_voice_that_knows_the_script_speaks(
    server: FakeEdge, make: Make, text: str, voice: str, spoken_by: str
):
    assert await say(await opened(make(voice=voice)), text)
    assert f", {spoken_by})" in server.asked[-1].ssml


async def test_the_sound_is_the_services_and_words_are_timed_in_it(server: FakeEdge, make: Make):
    server.script = clip(SOURCE, [(0, "one"), (500, "two"), (1000, "six"), (1500, "four")])
    pieces = await say(await opened(make()), " \n" + TEXT)
    lag, likeness = lag_and_likeness(pcm_of(pieces), SOURCE)
    assert (lag, likeness > 0.99) == (0, True)
    assert words_of(pieces, " \n" + TEXT) == [(0, "one"), (500, "two"), (1500, "four")]


async def test_words_told_after_the_sound_are_not_lost(server: FakeEdge, make: Make):
    server.script = [BEGIN, *sound(SOURCE), word(100, "one"), word(900, "two"), END]
    assert words_of(await say(await opened(make()))) == [(100, "one"), (900, "two")]


async def test_a_long_text_is_said_in_parts_as_one_clip(server: FakeEdge, make: Make):
    text = "bread & butter " * 300
    server.script = lambda asked: clip(chirp(300), [(0, asked.text.split()[0])])
    pieces = await say(await opened(make()), text)
    assert "".join(asked.text + " " for asked in server.asked).split() == text.split()
    assert len(server.asked) == 2
    length = sum(piece.duration_ms for piece in pieces)
    second_at = server.asked[0].text.rstrip() + " "
    marks = [mark for piece in pieces for mark in piece.marks]
    assert [(mark.at_ms, mark.start) for mark in marks] == [(0, 0), (length / 2, len(second_at))]


async def test_a_piece_that_goes_on_ends_in_a_comma(server: FakeEdge, make: Make):
    voice = await opened(make())
    await say(voice, "I went", final=False)
    await say(voice, "I went.", final=False)
    assert [asked.text for asked in server.asked] == ["I went,", "I went."]


async def test_nothing_is_asked_for_nothing(server: FakeEdge, make: Make):
    voice = await opened(make())
    for text in ("", " ", "...", "♪", "\x00"):
        assert await say(voice, text) == []
    assert server.connections == 0


async def test_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    context, authority = tls_pair(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority)
    async with nothing_leaks(), FakeEdge(context) as server, voices(server) as make:
        server.script = clip(SOURCE)
        assert server.url.startswith("wss://")
        voice = await opened(make())
        voice.prepare()
        assert lag_and_likeness(pcm_of(await say(voice)), SOURCE)[1] > 0.99


async def test_a_socket_is_ready_before_the_text(server: FakeEdge, make: Make):
    voice = await opened(make())
    voice.prepare()
    voice.prepare()
    await server.until(lambda seen: seen.connections == 1)
    await say(voice)
    assert server.asked[-1].connection == 1
    await server.until(lambda seen: seen.connections == 2)
    await say(voice)
    assert server.asked[-1].connection == 2


async def test_each_request_has_a_socket_of_its_own(server: FakeEdge, make: Make):
    voice = await opened(make())
    for _ in range(4):
        await say(voice)
    assert len({asked.connection for asked in server.asked}) == 4
    await server.until(lambda seen: seen.connections == 5 and len(seen.open) == 1)


async def test_an_idle_socket_is_dropped(server: FakeEdge, make: Make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(edge_pool, "IDLE_S", 0.1)
    voice = await opened(make())
    voice.prepare()
    await server.until(lambda seen: seen.connections == 1)
    await server.until(lambda seen: not seen.open)
    assert await say(voice)


async def test_preparing_asks_nothing_of_a_voice_that_is_not_open(server: FakeEdge, make: Make):
    make().prepare()
    await asyncio.sleep(0.05)
    assert server.connections == 0


async def test_a_socket_that_the_service_closed_meanwhile_is_replaced(server: FakeEdge, make: Make):
    voice = await opened(make())
    for politely in (True, False):
        voice.prepare()
        await server.until(lambda seen: len(seen.open) == 1)
        (waiting,) = server.open
        if politely:
            await waiting.close()
        else:
            waiting.transport.abort()
        assert await say(voice)
        voice._sockets.clear()
        await server.until(lambda seen: not seen.open)


@pytest.mark.parametrize(("parallel", "in_flight"), [(True, 2), (False, 1), (3, 3)])
async def test_parallel_generation(server: FakeEdge, make: Make, parallel: bool | int, in_flight: int):
    may_go = asyncio.Semaphore(0)
    server.script = [BEGIN, may_go, *sound(SOURCE), END]
    voice = await opened(make(parallel_generation=parallel, first_chunk_timeout=20))
    names = [f"text {number}" for number in range(5)]
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        tasks = [group.create_task(say(voice, name)) for name in names]
        await server.until(lambda seen: len(seen.asked) == in_flight)
        await asyncio.sleep(0.1)
        assert len(server.asked) == in_flight
        for _ in names:
            may_go.release()
    assert sorted(asked.text for asked in server.asked) == names
    if in_flight == 1:
        assert [asked.text for asked in server.asked] == names, "in turn"
    assert all(task.result() for task in tasks)


async def test_streaming_gives_audio_as_it_comes(server: FakeEdge, make: Make):
    may_go = asyncio.Semaphore(0)
    server.script = [BEGIN, audio_message(FIRST), may_go, *sound(SOURCE), END]
    streamed = await opened(make())
    async with asyncio.timeout(10), aclosing(streamed.synthesize(SpeechRequest(TEXT))) as pieces:
        assert (await anext(pieces)).pcm
    whole = await opened(make(enable_streaming_tts=False))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(first_of(whole))
        await server.until(lambda seen: len(seen.asked) == 2)
        await asyncio.sleep(0.1)
        assert not task.done()
        may_go.release()
        assert (await task).pcm


@pytest.mark.parametrize(("size", "heard"), [(144, True), (720, True), (721, False), (1440, False)])
async def test_stream_chunk_size(server: FakeEdge, make: Make, size: int, heard: bool):
    may_go = asyncio.Semaphore(0)
    server.script = [BEGIN, audio_message(FIRST), may_go, *sound(SOURCE), END]
    voice = await opened(make(stream_chunk_size=size, first_chunk_timeout=20, chunk_timeout=20))
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        task = group.create_task(first_of(voice))
        await asyncio.wait([task], timeout=10 if heard else 0.5)
        assert task.done() is heard
        may_go.release()
        await task


@pytest.mark.parametrize(("limit", "all_sent"), [(2048, False), (60_000_000, True)])
async def test_stream_buffer_size(server: FakeEdge, make: Make, limit: int, all_sent: bool):
    """The service is kept waiting by a listener who does not listen, unless the clip may be held whole."""
    sent = 0
    big = audio_message(mp3(chirp(60_000))[:100_000])

    def script(_: object):
        nonlocal sent
        yield BEGIN
        for _ in range(MANY):
            yield big
            sent += 1
        yield END

    server.script = script
    voice = await opened(make(stream_buffer_size=limit))
    async with asyncio.timeout(20), aclosing(voice.synthesize(SpeechRequest(TEXT))) as pieces:
        await anext(pieces)
        for _ in range(1000 if all_sent else 150):
            await asyncio.sleep(0.01)
            if sent == MANY:
                break
        assert (sent == MANY) is all_sent


async def test_a_small_buffer_loses_nothing(server: FakeEdge, make: Make):
    server.script = clip(SOURCE, [(0, "one"), (500, "two")])
    pieces = await say(await opened(make(stream_buffer_size=1, stream_chunk_size=1024)))
    assert lag_and_likeness(pcm_of(pieces), SOURCE)[1] > 0.99
    assert words_of(pieces) == [(0, "one"), (500, "two")]


async def test_a_listener_who_is_slow_keeps_nobody_from_speaking(server: FakeEdge, make: Make):
    server.script = clip(chirp(4000))
    voice = await opened(make(stream_buffer_size=1000, parallel_generation=1))
    async with asyncio.timeout(10), aclosing(voice.synthesize(SpeechRequest(TEXT))) as slow:
        await anext(slow)
        assert pcm_of(await say(voice))
        assert [piece async for piece in slow]


@pytest.mark.parametrize("delay", [0, 300])
async def test_first_audio_delay(server: FakeEdge, make: Make, delay: int):
    voice = await opened(make(first_audio_delay=delay))
    await say(voice)
    server.script = [BEGIN, *sound(SOURCE)[:1], 0.2, *sound(SOURCE)[1:], END]
    loop = asyncio.get_running_loop()
    began, first_at, given_ms, late = loop.time(), 0.0, 0.0, 0.0
    async for piece in voice.synthesize(SpeechRequest(TEXT)):
        first_at = first_at or loop.time()
        late = max(late, (loop.time() - first_at) * 1000 - given_ms)
        given_ms += piece.duration_ms
    if delay:
        assert (first_at - began) * 1000 >= delay
        assert late < 100, "the pause of the service is hidden by the cushion"
    else:
        assert late > 100


@pytest.mark.parametrize("watched", [True, False])
async def test_an_underrun_is_flagged(server: FakeEdge, make: Make, watched: bool, caplog: pytest.LogCaptureFixture):
    messages = sound(SOURCE)
    server.script = [BEGIN, messages[0], 0.4, messages[1], 0.4, *messages[2:], END]
    voice = await opened(make(real_time_processing=watched))
    with caplog.at_level(logging.WARNING, "hayakuchi.tts.edge"):
        await say(voice)
    assert voice.underruns == (2 if watched else 0)
    assert len(caplog.records) == (1 if watched else 0)


async def test_a_slow_listener_is_no_underrun(server: FakeEdge, make: Make):
    server.script = clip(SOURCE)
    voice = await opened(make())
    async for _ in voice.synthesize(SpeechRequest(TEXT)):
        await asyncio.sleep(0.03)
    assert voice.underruns == 0


async def test_the_cushion_hides_a_pause_from_the_underruns(server: FakeEdge, make: Make):
    messages = sound(SOURCE)
    server.script = [BEGIN, messages[0], 0.2, *messages[1:], END]
    voice = await opened(make(first_audio_delay=400))
    await say(voice)
    assert voice.underruns == 0


async def test_probe_says_a_word(server: FakeEdge, make: Make):
    assert await (await opened(make(voice="en-GB-RyanNeural"))).probe() == "en-GB-RyanNeural at localhost"
    assert server.asked[-1].text == "Hi."
