"""``POST /v1/audio/transcriptions`` as OpenAI's clients use it, and as nobody should."""

from __future__ import annotations

import asyncio
import io
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import openai
import pytest
from clip_files import sound_file, wav_file
from leaks import nothing_leaks
from openai import AsyncOpenAI
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import serving, settings_for

from hayakuchi.asr.base import Download, Progress, Wishes
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.transcript import Transcript, TranscriptSegment, TranscriptWord
from hayakuchi.gateway.access.meter import Meter
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.audio import file_hearing, uploads
from hayakuchi.orchestrator.gateway_settings import LimitSettings

SEGMENTS = (
    TranscriptSegment(120.4, 900, "Hello <there> & you --> me."),
    TranscriptSegment(3_601_000, 3_602_500, "Bye."),
)
HEARD = Transcript("Hello there. Bye.", "en", SEGMENTS, no_speech=0.01, log_probability=-0.25)

UNLIMITED = LimitSettings(requests_per_minute=0, concurrent_turns=0)


class Door:
    """The endpoint, and a client of it."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def post(
        self, sound: bytes | None = None, path: str = "/v1/audio/transcriptions", **fields: Any
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        form = aiohttp.FormData(default_to_multipart=True)
        if sound is not None:
            form.add_field("file", io.BytesIO(sound), filename="speech.wav", content_type="audio/wav")
        for name, value in ({"model": "whisper-1"} | fields).items():
            for item in value if isinstance(value, list) else [value]:
                if item is not None:
                    form.add_field(name, str(item))
        async with self.http.post(self.url + path, data=form) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if "json" in answer.content_type else text, answer


@asynccontextmanager
async def door(asr: Callable[[], Any] | None, **gateway: Any) -> AsyncIterator[Door]:
    settings = settings_for(lambda: ScriptedLLM(["Hi."]), ScriptedTTS, asr=asr, limits=UNLIMITED, **gateway)
    async with serving(settings) as (url, _), aiohttp.ClientSession() as http:
        yield Door(url, http)


@pytest.fixture(name="asr")
def _asr() -> ScriptedASR:
    return ScriptedASR(lambda clip: HEARD, takes_ms=1)


@pytest.fixture(name="opened")
async def _opened(asr: ScriptedASR) -> AsyncIterator[Door]:
    async with door(lambda: asr) as opened:
        yield opened


def error_of(answer: tuple[int, Any, aiohttp.ClientResponse], status: int, param: str | None = None) -> dict[str, Any]:
    assert answer[0] == status, answer[1]
    assert set(answer[1]) == {"error"}
    error = answer[1]["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    assert error["param"] == param
    assert error["message"]
    assert error["code"]
    return error


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/audio/transcriptions"])
async def test_a_file_is_understood(opened: Door, asr: ScriptedASR, path: str) -> None:
    status, answer, _ = await opened.post(sound_file("mp3", 1.0), path, language="en-US")
    assert (status, answer) == (200, {"text": "Hello there. Bye.", "usage": {"type": "duration", "seconds": 1}})
    [(clip, language, partial)] = asr.clips
    assert (clip.sample_rate, language, partial) == (16_000, "en", False)
    assert clip.duration_ms == pytest.approx(1000, abs=100)


async def test_without_a_language_it_is_found_out(opened: Door, asr: ScriptedASR) -> None:
    await opened.post(wav_file())
    assert asr.clips[0][1] is None


async def test_verbose_json(opened: Door) -> None:
    _, answer, _ = await opened.post(
        wav_file(1.5), response_format="verbose_json", **{"timestamp_granularities[]": "segment"}, temperature="0.0"
    )
    told = {"avg_logprob": -0.25, "no_speech_prob": 0.01}
    assert answer == {
        "task": "transcribe",
        "language": "english",
        "duration": 1.5,
        "text": "Hello there. Bye.",
        "segments": [
            {"id": 0, "start": 0.12, "end": 0.9, "text": "Hello <there> & you --> me."} | told,
            {"id": 1, "start": 3601.0, "end": 3602.5, "text": "Bye."} | told,
        ],
        "usage": {"type": "duration", "seconds": 2},
    }


async def test_plain_forms(opened: Door) -> None:
    _, text, answer = await opened.post(wav_file(), response_format="text")
    assert (text, answer.content_type) == ("Hello there. Bye.\n", "text/plain")
    _, text, _ = await opened.post(wav_file(), response_format="srt")
    assert text == (
        "1\n00:00:00,120 --> 00:00:00,900\nHello <there> & you → me.\n\n2\n01:00:01,000 --> 01:00:02,500\nBye.\n\n"
    )
    _, text, answer = await opened.post(wav_file(), response_format="vtt")
    assert answer.content_type == "text/vtt"
    assert text == (
        "WEBVTT\n\n00:00:00.120 --> 00:00:00.900\nHello &lt;there&gt; &amp; you → me.\n\n"
        "01:00:01.000 --> 01:00:02.500\nBye.\n\n"
    )


async def test_a_recogniser_without_segments_still_gives_subtitles(opened: Door, asr: ScriptedASR) -> None:
    asr.script = lambda clip: "Hello."
    _, text, _ = await opened.post(wav_file(1.0), response_format="srt")
    assert text == "1\n00:00:00,000 --> 00:00:01,000\nHello.\n\n"
    _, answer, _ = await opened.post(wav_file(1.0), response_format="verbose_json")
    assert answer["segments"] == [{"id": 0, "start": 0.0, "end": 1.0, "text": "Hello."}]
    asr.script = lambda clip: ""
    assert (await opened.post(wav_file(), response_format="srt"))[1] == ""


@pytest.mark.parametrize(
    ("param", "fields"),
    [
        ("language", {"language": "klingon"}),
        ("language", {"language": ["en", "de"]}),
        ("response_format", {"response_format": "diarized_json"}),
        ("temperature", {"temperature": "hot"}),
        ("temperature", {"temperature": "1.1"}),
        ("temperature", {"temperature": "nan"}),
        ("prompt", {"prompt": "x" * 1001}),
        ("stream", {"stream": "perhaps"}),
        ("stream", {"stream": "true", "response_format": "srt"}),
        ("timestamp_granularities[]", {"timestamp_granularities[]": ["segment", "word"]}),
        (
            "timestamp_granularities[]",
            {"timestamp_granularities[]": ["segment", "word"], "response_format": "verbose_json"},
        ),
        ("timestamp_granularities[]", {"timestamp_granularities[]": "letter"}),
        ("known_speaker_names[]", {"known_speaker_names[]": "me"}),
        ("model", {"model": None}),
    ],
)
async def test_wishes_that_would_not_be_fulfilled_are_refused(
    opened: Door, asr: ScriptedASR, param: str, fields: dict[str, Any]
) -> None:
    error_of(await opened.post(wav_file(), **fields), 422, param)
    assert asr.clips == []


async def test_forms_that_are_wrong(opened: Door) -> None:
    error_of(await opened.post(None), 422, "file")
    error_of(await opened.post(None, file="not a file"), 422, "file")
    error_of(await opened.post(b""), 415, "file")
    error_of(await opened.post(b"This is no sound. " * 100), 415, "file")
    error_of(await opened.post(wav_file()[:44].replace(b"\x80\x3e\0\0", b"\1\0\0\0", 1) + bytes(99)), 422, "file")
    error_of(await opened.post(wav_file(), **{f"x{n}": "y" for n in range(80)}), 400)
    error_of(await opened.post(wav_file(), prompt="x" * 100_000), 400)
    error_of(await opened.post(wav_file(), file="twice"), 422, "file")


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (415, "application/json", b"{}"),
        (415, "audio/wav", wav_file()),
        (415, "", b"x"),
        (400, "multipart/form-data", b"x"),
        (400, "multipart/form-data; boundary=a", b"\0\0\0 not a form"),
        (400, "multipart/form-data; boundary=a", b""),
        (
            400,
            "multipart/form-data; boundary=a",
            b'--a\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx',
        ),
    ],
)
async def test_bodies_that_are_no_form(opened: Door, status: int, kind: str, body: bytes) -> None:
    async with opened.http.post(
        f"{opened.url}/v1/audio/transcriptions", data=body, headers={"Content-Type": kind}
    ) as it:
        answer = it.status, await it.json(), it
    error_of(answer, status, "file" if answer[1]["error"]["code"] == "missing_file" else None)


async def test_only_post(opened: Door) -> None:
    async with opened.http.get(f"{opened.url}/v1/audio/transcriptions") as answer:
        assert answer.status == 405


async def test_files_that_are_too_large_or_too_long(asr: ScriptedASR) -> None:
    async with door(lambda: asr, max_upload_mb=1, max_clip_minutes=0.5) as opened:
        assert (await opened.post(wav_file(29)))[0] == 200
        assert "0.5 minutes" in error_of(await opened.post(wav_file(31)), 413, "file")["message"]
        assert "1 MB" in error_of(await opened.post(bytes(1_100_000)), 413)["message"]
        assert "1 MB" in error_of(await opened.post(bytes(9_000_000)), 413)["message"]

        async def endless() -> AsyncIterator[bytes]:
            yield b'--a\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
            for _ in range(30):
                yield bytes(100_000)

        kind = {"Content-Type": "multipart/form-data; boundary=a"}
        async with opened.http.post(f"{opened.url}/v1/audio/transcriptions", data=endless(), headers=kind) as it:
            error_of((it.status, await it.json(), it), 413)
        assert (await opened.post(wav_file(1)))[0] == 200


async def test_who_asks_before_sending_is_refused_at_once(opened: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(opened.url.rsplit(":", 1)[1]))
    writer.write(
        b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=a\r\n"
        b"Content-Length: 99000000\r\nExpect: 100-continue\r\n\r\n"
    )
    async with asyncio.timeout(5):
        assert b"413" in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_who_sends_too_slowly_is_told(opened: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "IDLE_S", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(opened.url.rsplit(":", 1)[1]))
    writer.write(
        b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=a\r\n"
        b"Content-Length: 1000\r\n\r\n--a\r\n"
    )
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer.lower()
    assert b"too slow" in answer
    writer.close()
    await writer.wait_closed()


async def asr_is_idle(asr: ScriptedASR) -> None:
    """After it was asked for something."""
    async with asyncio.timeout(5):
        while asr.running or not asr.clips:  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.01)


async def test_who_trickles_is_told(opened: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "BODY_S", 0.4)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(opened.url.rsplit(":", 1)[1]))
    writer.write(
        b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=a\r\n"
        b"Content-Length: 1000\r\n\r\n--a\r\nContent-Disposition: form-data; name=file; filename=x\r\n\r\n"
    )
    said = b""
    async with asyncio.timeout(5):
        while not reader.at_eof() and not (said := await _said_within(reader, 0.05)):
            writer.write(b"x")
    assert said.startswith(b"HTTP/1.1 408")
    writer.close()
    await writer.wait_closed()


async def _said_within(reader: asyncio.StreamReader, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await reader.readline()
    except TimeoutError:
        return b""


async def test_mutated_forms_never_break_the_server(opened: Door) -> None:
    rng = random.Random(4)
    good = (
        b'--a\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
        b'--a\r\nContent-Disposition: form-data; name="file"; filename="x.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    ) + wav_file(0.2) + b"\r\n--a--\r\n"  # fmt: skip
    seen: set[int] = set()
    for _ in range(150):
        body = bytearray(good)
        for _ in range(rng.choice((1, 3, 20))):
            body[rng.randrange(rng.choice((250, len(body))))] = rng.randrange(256)
        whole = bytes(body[: rng.randrange(len(body))]) if rng.random() < 0.3 else bytes(body)
        kind = {
            "Content-Type": rng.choice(
                ["multipart/form-data; boundary=a", 'multipart/form-data; boundary="a"; charset=x']
            )
        }
        async with opened.http.post(f"{opened.url}/v1/audio/transcriptions", data=whole, headers=kind) as answer:
            assert answer.status in (200, 400, 413, 415, 422)
            assert set(await answer.json()) in ({"error"}, {"text", "usage"})
            seen.add(answer.status)
    assert {200, 400} <= seen


async def test_hanging_up_stops_the_work(opened: Door, asr: ScriptedASR) -> None:
    asr.takes_ms = 60_000
    async with nothing_leaks():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await opened.post(wav_file())
        await asr_is_idle(asr)
    asr.takes_ms = 1
    assert (await opened.post(wav_file()))[0] == 200


async def test_too_many_at_a_time_are_sent_away(opened: Door, asr: ScriptedASR) -> None:
    asr.takes_ms = 500
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(opened.post(wav_file(0.2))) for _ in range(uploads.AT_A_TIME + 4)]
    answers = [task.result() for task in tasks]
    refused = [answer for answer in answers if answer[0] == 503]
    assert len(refused) == 4
    for answer in refused:
        error_of(answer, 503)
        assert int(answer[2].headers["Retry-After"]) > 0
    assert [answer[0] for answer in answers].count(200) == uploads.AT_A_TIME
    assert (await opened.post(wav_file()))[0] == 200


async def test_without_a_recogniser_the_remedy_is_told() -> None:
    async with door(None) as opened:
        answer = await opened.post(wav_file())
        assert "conf.yaml" in error_of(answer, 503)["message"]
        assert int(answer[2].headers["Retry-After"]) > 0


async def test_recognisers_that_fail(opened: Door, asr: ScriptedASR) -> None:
    asr.script = lambda clip: ProviderError("asr", "scripted_asr", Category.RATE_LIMITED, "slow down", retry_after_s=7)
    answer = await opened.post(wav_file())
    assert "slow down" in error_of(answer, 503)["message"]
    assert answer[2].headers["Retry-After"] == "7"


async def test_a_language_that_the_recogniser_does_not_know() -> None:
    class EnglishOnly(ScriptedASR):
        languages = frozenset({"en"})

    async with door(lambda: EnglishOnly(lambda clip: "Hello")) as opened:
        assert "'ja'" in error_of(await opened.post(wav_file(), language="japanese"), 400)["message"]
        assert (await opened.post(wav_file(), language="english"))[0] == 200


class Downloading(ScriptedASR):
    def wanted(self) -> Download | None:
        return Download("Whisper tiny", 75, "hayakuchi model pull tiny")

    async def fetch(self, tell: Progress) -> None:
        tell(0.4)
        await asyncio.sleep(60)


async def test_nobody_waits_for_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_hearing, "READY_S", 0.1)
    async with door(lambda: Downloading(lambda clip: "")) as opened:
        answer = await opened.post(wav_file())
        assert "Whisper tiny (75 MB), 40% of it is there" in error_of(answer, 503)["message"]
        assert answer[2].headers["Retry-After"] == "10"


async def test_pages_of_other_sites_are_kept_out(opened: Door) -> None:
    async with opened.http.post(
        f"{opened.url}/v1/audio/transcriptions", data=b"", headers={"Origin": "https://evil.example"}
    ) as answer:
        assert answer.status == 403


async def test_wishes_are_passed_on(opened: Door, asr: ScriptedASR) -> None:
    forms: list[dict[str, Any]] = [
        {"prompt": " Hayakuchi speaks. ", "keywords[]": ["Miku", "Live2D"]},
        {"temperature": "0.7", "chunking_strategy": "auto", "include[]": "logprobs"},
        {"languages[]": ["ja"], "chunking_strategy[type]": "server_vad"},
        {"languages[]": ["ja", "en"]},
    ]
    for form in forms:
        assert (await opened.post(wav_file(), **form))[0] == 200
    assert asr.wishes == [Wishes("Miku, Live2D, Hayakuchi speaks."), Wishes(), Wishes(), Wishes()]
    assert [language for _, language, _ in asr.clips] == [None, None, "ja", None]


class Timing(ScriptedASR):
    times_words = True


async def test_times_of_words() -> None:
    said = Transcript("Hi there.", "en", words=(TranscriptWord(100, 300, "Hi"), TranscriptWord(310.5, 600, "there.")))
    asr = Timing(lambda clip: said)
    async with door(lambda: asr) as opened:
        form = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
        _, answer, _ = await opened.post(wav_file(1.0), **form)
    assert asr.wishes == [Wishes(words=True)]
    words = [{"word": "Hi", "start": 0.1, "end": 0.3}, {"word": "there.", "start": 0.31, "end": 0.6}]
    assert (answer["words"], "segments" in answer) == (words, False)


@asynccontextmanager
async def official_client(opened: Door) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key="none", base_url=f"{opened.url}/v1", max_retries=0) as client:
        yield client


async def test_the_official_client(opened: Door, asr: ScriptedASR) -> None:
    async with official_client(opened) as client:
        ask = client.audio.transcriptions.create
        plain = await ask(model="whisper-1", file=("a.wav", wav_file()), prompt="Hi", temperature=0, language="en")
        assert plain.text == HEARD.text
        verbose = await ask(
            model="whisper-1",
            file=("a.mp3", sound_file("mp3")),
            response_format="verbose_json",
            timestamp_granularities=["segment"],
        )
        assert verbose.language == "english"
        assert [segment.text for segment in verbose.segments or []] == [segment.text for segment in SEGMENTS]
        assert await ask(model="whisper-1", file=("a.wav", wav_file()), response_format="text") == f"{HEARD.text}\n"
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            await ask(model="whisper-1", file=("a.wav", wav_file()), language="klingon")
        assert refused.value.param == "language"
    assert asr.wishes[0] == Wishes("Hi")


@pytest.mark.parametrize(
    ("heard", "deltas"),
    [
        (HEARD, ["Hello there. Bye."]),
        ("Hello.", ["Hello."]),
        ("", []),
        (
            Transcript(
                "One. Two. Three.", segments=tuple(TranscriptSegment(0, 1, t) for t in ("One.", "Two.", "Three."))
            ),
            ["One.", " Two.", " Three."],
        ),
    ],
)
async def test_streams(opened: Door, asr: ScriptedASR, heard: Any, deltas: list[str]) -> None:
    asr.script = lambda clip: heard
    async with official_client(opened) as client:
        stream = await client.audio.transcriptions.create(model="whisper-1", file=("a.wav", wav_file()), stream=True)
        events = [event async for event in stream]
    assert [event.delta for event in events[:-1] if event.type == "transcript.text.delta"] == deltas
    last = events[-1]
    assert last.type == "transcript.text.done"
    assert last.text == "".join(deltas)


async def test_what_is_understood_is_put_down(opened: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[tuple[str, float]] = []

    async def charge(self: Meter, caller: Any, *, characters: int = 0, audio_s: float = 0.0) -> None:
        charged.append((caller.id, audio_s))

    monkeypatch.setattr(Meter, "charge", charge)
    await opened.post(wav_file(1.5))
    await opened.post(b"no sound at all " * 20)
    assert charged == [("ip:127.0.0.1", 1.5)]


async def test_a_caller_over_its_limit_is_told(opened: Door, asr: ScriptedASR, monkeypatch: pytest.MonkeyPatch) -> None:
    async def charge(self: Meter, caller: Any, *, characters: int = 0, audio_s: float = 0.0) -> None:
        raise Problem(429, "enough for today", "audio_limit", retry_after_s=60)

    monkeypatch.setattr(Meter, "charge", charge)
    status, answer, _ = await opened.post(wav_file())
    assert (status, answer["error"]["type"]) == (429, "rate_limit_error")
    assert asr.clips == []


async def test_nothing_is_translated(opened: Door) -> None:
    status, answer, _ = await opened.post(wav_file(), "/v1/audio/translations")
    assert (status, answer["error"]["code"]) == (404, "unsupported_endpoint")
    assert "transcribe" in answer["error"]["message"]
