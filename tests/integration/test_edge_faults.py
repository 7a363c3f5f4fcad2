"""``edge_tts`` when the service, the network or the listener misbehaves."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from edge_voices import TEXT, pcm_of, say, voices
from fake_edge import (
    BEGIN,
    END,
    LAST,
    Action,
    Close,
    FakeEdge,
    Step,
    audio_message,
    chirp,
    clip,
    lag_and_likeness,
    sound,
    spoken,
    tls_pair,
)
from leaks import nothing_leaks

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.tts import edge_socket
from hayakuchi.tts.edge import EdgeTTS

SOURCE = chirp(2000)
MESSAGES = sound(SOURCE)
QUICK = {"first_chunk_timeout": 0.6, "chunk_timeout": 0.5}
PATIENT = {"first_chunk_timeout": 10, "chunk_timeout": 10}
Make = Callable[..., EdgeTTS]


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakeEdge]:
    async with nothing_leaks(), FakeEdge() as server:
        yield server


@pytest.fixture(name="make")
async def _make(server: FakeEdge) -> AsyncIterator[Make]:
    async with voices(server) as make:
        yield make


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> type:
    """The package's clock, as it was after the test."""
    from edge_tts.drm import DRM

    monkeypatch.setattr(DRM, "clock_skew_seconds", 0.0)
    return DRM


FAULTS: dict[str, tuple[list[Step], Category, str]] = {
    "cut at once": ([Action.CUT], Category.CONNECTIVITY, "before it said anything"),
    "cut in the middle": ([BEGIN, *MESSAGES[:3], 0.05, Action.CUT], Category.CONNECTIVITY, "in the middle"),
    "closed early": ([BEGIN, *MESSAGES[:3], Close(1000)], Category.CONNECTIVITY, "in the middle"),
    "refused": ([Close(1007, "Unsupported voice x.")], Category.INVALID_REQUEST, "Unsupported voice"),
    "throttled": ([BEGIN, Close(1008, "Request was throttled")], Category.RATE_LIMITED, "parallel_generation"),
    "try later": ([BEGIN, Close(1013)], Category.RATE_LIMITED, "too often"),
    "silent at once": ([Action.HANG], Category.TIMEOUT, "did not answer within 0.6 s"),
    "silent in the middle": ([BEGIN, *MESSAGES[:3], Action.HANG], Category.TIMEOUT, "nothing more came within 0.5 s"),
    "never ends": ([BEGIN, *MESSAGES, Action.HANG], Category.TIMEOUT, "nothing more came"),
    "no audio": ([BEGIN, END], Category.BAD_OUTPUT, "without audio"),
    "empty audio": ([BEGIN, LAST, END], Category.BAD_OUTPUT, "without audio"),
    "a bit of a frame": ([BEGIN, audio_message(b"\xff\xf3d\xc4\0"), END], Category.BAD_OUTPUT, "without audio"),
    "no frame": ([BEGIN, Action.GARBAGE], Category.BAD_OUTPUT, "no WebSocket message"),
    "no message": ([BEGIN, "hello"], Category.BAD_OUTPUT, "without a header"),
    "wrong header length": ([BEGIN, b"\xff\xff" + bytes(9)], Category.BAD_OUTPUT, "shorter than its header"),
    "no mp3": ([BEGIN, audio_message(b"<html>" * 900), END], Category.BAD_OUTPUT, "no MP3"),
    "another format": ([BEGIN, audio_message(b"x" * 99, kind="audio/webm")], Category.BAD_OUTPUT, "audio/webm"),
    "huge": ([BEGIN, audio_message(bytes(2 << 20))], Category.BAD_OUTPUT, "more than 1 MiB"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("prepared", [False, True])
async def test_faults(server: FakeEdge, make: Make, fault: str, prepared: bool):
    steps, category, message = FAULTS[fault]
    server.script = steps
    voice = make(**(QUICK if category is Category.TIMEOUT else PATIENT))
    await voice.open()
    if prepared:
        voice.prepare()
        await server.until(lambda seen: seen.connections == 1)
    heard: list[Audio] = []
    with pytest.raises(ProviderError, match=message) as caught:
        await say(voice, into=heard)
    error = caught.value
    assert (error.kind, error.provider, error.category) == ("tts", "edge_tts", category)
    assert bool(heard) is any(step in steps for step in MESSAGES)
    assert (error.retry_after_s is not None) is (category is Category.RATE_LIMITED)
    server.script = spoken
    assert pcm_of(await say(voice))


async def test_the_end_may_come_late(server: FakeEdge, make: Make):
    server.script = [BEGIN, *MESSAGES, 0.3, END]
    voice = make()
    await voice.open()
    assert lag_and_likeness(pcm_of(await say(voice)), SOURCE)[1] > 0.99


def date(ahead_s: float) -> dict[str, str]:
    return {"Date": format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True)}


async def test_a_wrong_clock_is_corrected_and_the_request_made_again(server: FakeEdge, make: Make, clock: type):
    server.refusals = [(403, date(7200))]
    voice = make()
    await voice.open()
    assert pcm_of(await say(voice))
    assert 7190 < vars(clock)["clock_skew_seconds"] < 7210
    await say(voice)
    assert len(server.asked) == 2


@pytest.mark.parametrize("headers", [{}, {"Date": "soon"}, date(0)])
async def test_a_refusal_that_lasts(server: FakeEdge, make: Make, headers: dict[str, str], clock: type):
    server.refusals = [(403, headers)] * 9
    voice = make()
    await voice.open()
    with pytest.raises(ProviderError, match="upgrade edge-tts") as caught:
        await say(voice)
    assert caught.value.category is Category.AUTH
    assert len(server.refusals) == (7 if "GMT" in headers.get("Date", "") else 8)


@pytest.mark.parametrize(
    ("status", "headers", "category", "wait_s"),
    [
        (429, {"Retry-After": "7"}, Category.RATE_LIMITED, 7),
        (429, {}, Category.RATE_LIMITED, 10),
        (503, {"Retry-After": "3"}, Category.UNAVAILABLE, 3),
        (404, {}, Category.NOT_FOUND, None),
        (302, {"Location": "https://login.example.com/"}, Category.UNAVAILABLE, None),
    ],
)
async def test_refusals(
    server: FakeEdge, make: Make, status: int, headers: dict[str, str], category: Category, wait_s: float | None
):
    server.refusals = [(status, headers)]
    voice = make(parallel_generation=1)
    await voice.open()
    with pytest.raises(ProviderError) as caught:
        await say(voice)
    assert (caught.value.category, caught.value.retry_after_s) == (category, wait_s)
    assert pcm_of(await say(voice))


async def test_nothing_answers(server: FakeEdge, make: Make):
    voice = make()
    await voice.open()
    await server.__aexit__(None)
    for attempt in (say(voice), voice.probe()):
        with pytest.raises(ProviderError, match="cannot be reached") as caught:
            await attempt
        assert caught.value.category is Category.CONNECTIVITY


async def test_the_name_is_not_known(make: Make):
    voice = make(endpoint="wss://no-such-host.invalid/x", trust_env=False)
    await voice.open()
    with pytest.raises(ProviderError, match="is not known; is this machine online") as caught:
        await say(voice)
    assert caught.value.category is Category.CONNECTIVITY


async def test_the_network_swallows_everything(make: Make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(edge_socket, "CONNECT_S", 0.3)

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as swallowing:
        port = swallowing.sockets[0].getsockname()[1]
        for scheme in ("ws", "wss"):
            voice = make(endpoint=f"{scheme}://127.0.0.1:{port}/x")
            await voice.open()
            voice.prepare()
            with pytest.raises(ProviderError, match=r"within 0\.3 s") as caught:
                await say(voice)
            assert caught.value.category is Category.TIMEOUT


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path):
    context, _ = tls_pair(tmp_path)
    async with nothing_leaks(), FakeEdge(context) as server, voices(server) as make:
        voice = make()
        await voice.open()
        with pytest.raises(ProviderError, match="no secure connection") as caught:
            await say(voice)
        assert caught.value.category is Category.CONNECTIVITY
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("status", [407, 502])
async def test_a_proxy_that_refuses(make: Make, status: int):
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readuntil(b"\r\n\r\n")
        asked.append(line.split(b"\r\n")[0])
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    asked: list[bytes] = []
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        voice = make(endpoint="wss://no-such-host.invalid/x", proxy=f"http://127.0.0.1:{port}")
        await voice.open()
        with pytest.raises(ProviderError, match=f"the proxy refused .HTTP {status}") as caught:
            await say(voice)
    assert caught.value.category is Category.CONNECTIVITY
    assert asked == [b"CONNECT no-such-host.invalid:443 HTTP/1.1"]


@pytest.mark.parametrize(("trusted", "asked"), [(True, True), (False, False)])
async def test_the_environments_proxy(make: Make, trusted: bool, asked: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    voice = make(endpoint="wss://no-such-host.invalid/x", trust_env=trusted)
    await voice.open()
    with pytest.raises(ProviderError, match="cannot be reached" if asked else "is not known"):
        await say(voice)


@pytest.mark.parametrize("steps", [[Action.HANG], [BEGIN, *MESSAGES[:3], Action.HANG]])
async def test_cancelling_lets_go_of_the_socket(server: FakeEdge, make: Make, steps: list[Step]):
    server.script = steps
    voice = make(parallel_generation=1, first_chunk_timeout=20, chunk_timeout=20)
    await voice.open()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(say(voice))
        await server.until(lambda seen: bool(seen.asked))
        await asyncio.sleep(0.05)
        task.cancel()
        async with asyncio.timeout(1):
            await server.asked[-1].abandoned.wait()
    server.script = spoken
    assert pcm_of(await say(voice))


async def test_cancelling_while_it_connects_or_waits_for_its_turn(server: FakeEdge, make: Make):
    server.script = [Action.HANG]
    voice = make(parallel_generation=1, first_chunk_timeout=20)
    await voice.open()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        tasks = [group.create_task(say(voice, str(number))) for number in range(3)]
        await server.until(lambda seen: bool(seen.asked))
        tasks[1].cancel()
        await asyncio.sleep(0)
        tasks[0].cancel()
        await server.until(lambda seen: len(seen.asked) == 2)
        tasks[2].cancel()
    assert [asked.text for asked in server.asked] == ["0", "2"]
    server.script = spoken
    assert pcm_of(await say(voice))


async def rest_of(pieces: AsyncIterator[Audio]) -> None:
    async for _ in pieces:
        pass


async def test_closing_ends_the_clips_that_run(server: FakeEdge, make: Make):
    server.script = [BEGIN, *MESSAGES[:3], Action.HANG]
    voice = make()
    await voice.open()
    async with asyncio.timeout(10), aclosing(voice.synthesize(SpeechRequest(TEXT))) as pieces:
        await anext(pieces)
        await voice.aclose()
        with pytest.raises(ProviderError, match="was closed") as caught:
            await rest_of(pieces)
        await server.asked[-1].abandoned.wait()
    assert caught.value.category is Category.UNAVAILABLE
    with pytest.raises(ProviderError, match="not open"):
        await say(voice)
    server.script = clip(SOURCE)
    await voice.open()
    assert pcm_of(await say(voice))


async def test_a_message_with_minutes_of_sound_holds_nothing_up(server: FakeEdge, make: Make):
    data = b"".join(part for step in sound(chirp(120_000)) if isinstance(step, bytes) for part in [step[2 + step[1] :]])
    server.script = [BEGIN, audio_message(data), END]
    voice = make(stream_chunk_size=100_000)
    await voice.open()
    loop = asyncio.get_running_loop()
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = loop.time()
            await asyncio.sleep(0)
            longest = max(longest, loop.time() - before)

    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(tick())
        pieces = await say(voice)
        ticking.cancel()
    assert sum(piece.duration_ms for piece in pieces) > 119_000
    assert len(pieces) > 1000
