"""The scripted models and the processes of the comparison: what they answer, write down, and how they end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
import urllib.request
from http.client import IncompleteRead
from typing import Any

import pytest

from hayakuchi.benchmarks.peers.figures import audible, places_heard
from hayakuchi.benchmarks.peers.systems import MODELS, Peer, config, log_of, refused, scripted, started
from hayakuchi.benchmarks.script import duration_ms, replies, special, tokens

QUICK = {"first_token": 5, "small_first_token": 1, "token": 1, "first_byte": 10, "rtf": 0.001}


async def _post(url: str, body: dict[str, Any]) -> bytes:
    def ask() -> bytes:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()), timeout=10) as answer:
            return answer.read()

    return await asyncio.to_thread(ask)


async def _reply(url: str, model: str, text: str) -> list[str]:
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": "Hm."}]
    stream = await _post(f"{url}/lane/v1/chat/completions", {"model": model, "messages": messages})
    events = [line.removeprefix("data: ") for line in stream.decode().split("\n\n") if line]
    assert events.pop() == "[DONE]"
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events]
    return [delta["content"] for delta in deltas if "content" in delta]


async def test_a_turn_is_answered_and_written_down() -> None:
    reply = replies()[9]
    async with scripted(**QUICK) as url:
        asked = time.monotonic()
        assert await _reply(url, "scripted", "Question r9 k1x9") == tokens(reply.text)
        assert "".join(await _reply(url, "small", "Question r9 k1x9")) == reply.opener
        first, rest = reply.text[:10], reply.text[10:]
        sounds = [
            await _post(f"{url}/lane/v1/audio/speech", {"input": text, "response_format": "pcm"})
            for text in (first + "，", rest)
        ]
        wav = await _post(f"{url}/lane/v1/audio/speech", {"input": first, "response_format": "wav"})
        log = (await log_of(url))["k1x9"]
    assert asked < log["llm_request"] < log["tokens"][0] < log["speech"][0]["request"] < log["speech"][0]["first_byte"]
    assert len(log["tokens"]) == len(tokens(reply.text))
    assert [one["text"] for one in log["speech"]] == [first + "，", rest, first]
    assert log["lane"] == "lane"
    assert wav.startswith(b"RIFF")
    assert all(map(audible, sounds))
    assert len(sounds[1]) == pytest.approx(duration_ms(rest) * 48, abs=16)
    heard = places_heard(b"".join(sounds), (8000,), len(reply.text))[8000]
    assert set(heard) == {place for place, ch in enumerate(reply.text) if ch.isalnum()}


async def test_a_voice_kills_itself_in_the_middle_of_a_clip() -> None:
    options = [word for name, value in QUICK.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    more = ("--alone", "harbour", "--die-after", "450")
    async with started(sys.executable, str(MODELS), *options, *more) as (child, url):
        body = {"input": special("harbour").text, "response_format": "pcm"}
        with pytest.raises(IncompleteRead) as failed:
            await _post(f"{url}/v1/audio/speech", body)
        assert 450 < len(failed.value.partial) / 48 <= 600
        async with asyncio.timeout(5):
            assert await child.wait() == -signal.SIGKILL


async def test_a_process_that_does_not_start_says_why() -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        async with started(sys.executable, "-c", "raise SystemExit('no such thing')"):
            pytest.fail("it did start")


async def test_leaving_ends_the_process_and_cancelling_does_too() -> None:
    sleeper = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
    async with started(*sleeper) as (child, word):
        assert word == "up"
    assert child.returncode == -signal.SIGTERM

    with pytest.raises(TimeoutError):
        async with started(*sleeper) as (child, _), asyncio.timeout(0.05):
            await asyncio.sleep(60)
    assert child.returncode == -signal.SIGTERM


async def test_an_adapter_that_hangs_or_dies_does_not_hold_up_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hayakuchi.benchmarks.peers.systems.TURN_S", 0.1)
    silent = (sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read()")
    async with started(*silent) as (child, _):
        with pytest.raises(TimeoutError):
            await Peer(child).turn("Hello")
    brief = (sys.executable, "-c", "print('ready', flush=True); input()")
    monkeypatch.setattr("hayakuchi.benchmarks.peers.systems.TURN_S", 10)
    async with started(*brief) as (child, _):
        with pytest.raises(SystemExit, match="died"):
            await Peer(child).turn("Hello")


def test_settings_that_do_not_load_are_told_with_the_reason() -> None:
    plain = config("http://127.0.0.1:9", "lane")
    assert refused(plain) is None
    assert str(refused(plain | {"no_such_section": {}})).startswith("conf.yaml:1:")
