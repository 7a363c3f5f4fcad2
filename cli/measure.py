"""Runs turns and takes down how fast they were: against the providers of a configuration, or a server that runs already."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from ..core.channel import Channel
from ..core.errors import HayakuchiError, ProtocolError
from ..core.events import (
    AudioSent,
    LatencyMeasured,
    ProviderFailed,
    SegmentReady,
    SessionEvent,
    TurnEnded,
    TurnStatus,
)
from ..core.types import UserInput
from ..live2d_bridge.wire import AudioFrame
from ..orchestrator.engine import Engine
from ..orchestrator.gateway_settings import SessionsSettings
from ..orchestrator.settings import LatencySettings, Settings

TURN_DEADLINE_S = 120.0
CONNECT_DEADLINE_S = 5.0

PROMPTS = {
    "en": (
        "Tell me a story.",
        "Good morning!",
        "Tell me a story about the sea.",
        "Can you tell me a joke?",
        "I had a long day. Tell me a story to fall asleep.",
        "What do you like to eat?",
        "Tell me another story, please.",
        "Who are you?",
    ),
    "zh": ("给我讲个故事吧。", "早上好！", "再讲一个故事。", "讲个笑话吧。", "讲一个关于大海的故事。", "你是谁？"),
    "ja": ("何かお話をして。", "おはよう！", "もうひとつお話を聞かせて。", "今日は疲れたよ。"),
}
"""What is said in the turns, in the character's language: short and long answers are asked for in turn."""


@dataclass(slots=True)
class Sample:
    """One turn's figures and stages, in ms. The stages follow each other from what was heard to the first audio."""

    whole_reply: bool
    figures: dict[str, float] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    own_words_ms: float | None = None
    """From what was heard to the first sound that is no filler; None: it is not known."""


@dataclass(frozen=True, slots=True)
class Here:
    """Where turns are spoken: what counts as too slow there, which model and voice answer, what is wrong with the others."""

    language: str
    limits: LatencySettings
    model: str | None = None
    voice: str | None = None
    problems: tuple[str, ...] = ()


class Speaker(Protocol):
    """Something that answers a text and tells how fast it was."""

    def here(self) -> Here: ...

    async def turn(self, text: str, *, whole_reply: bool) -> Sample: ...


async def measure(speaker: Speaker, turns: int, tell: Callable[[int], None]) -> list[Sample]:
    """``turns`` turns in streaming and as many in whole-reply mode, taken in turn; ``tell`` hears how many are done."""
    prompts = PROMPTS.get(speaker.here().language[:2], PROMPTS["en"])
    samples: list[Sample] = []
    for number in range(turns):
        for whole_reply in (False, True):
            try:
                async with asyncio.timeout(TURN_DEADLINE_S):
                    samples.append(await speaker.turn(prompts[number % len(prompts)], whole_reply=whole_reply))
            except TimeoutError:
                raise HayakuchiError(f"a turn took longer than {TURN_DEADLINE_S:g} s") from None
            tell(len(samples))
    return samples


@asynccontextmanager
async def local_speaker(settings: Settings) -> AsyncIterator[Speaker]:
    """The providers of the settings, in this process, heard by a listener that plays everything in no time.

    No phrase is remembered: the same questions are asked again and again, which would measure the cache, not the voice.
    Nothing that is said is kept.
    """
    cache, sessions = settings.cache.model_copy(update={"enabled": False}), SessionsSettings(keep=False)
    settings = replace(settings, cache=cache, sessions=sessions)
    async with Engine(settings) as engine, asyncio.TaskGroup() as group:
        await engine.warm_up()
        session = engine.new_session("latency")
        speaker = _Local(engine, session)
        group.create_task(session.run(), name="session latency")
        yield speaker
        session.close()


class _Local:
    def __init__(self, engine: Engine, session: Any) -> None:
        self._engine, self._session = engine, session
        self._events: Channel[SessionEvent] = Channel(100_000)
        self._fillers: set[int] = set()
        self._own_words_at: float | None = None
        session.observe(self._observe)
        session.playback.listener_joined()

    def _observe(self, event: SessionEvent) -> None:
        if isinstance(event, AudioSent):
            playback = self._session.playback
            asyncio.get_running_loop().call_soon(lambda: playback.reported(event.turn, playback.sent_ms))
            if self._own_words_at is None and event.segment not in self._fillers:
                self._own_words_at = asyncio.get_running_loop().time()
        elif isinstance(event, SegmentReady):
            if event.segment.filler:
                self._fillers.add(event.segment.index)
        elif isinstance(event, LatencyMeasured | ProviderFailed | TurnEnded):
            self._events.put_nowait(event)

    def here(self) -> Here:
        settings, engine = self._engine.settings, self._engine
        language, problems = settings.character.language, tuple(engine.problems)
        return Here(language, settings.latency, engine.model_in_use, engine.voice_in_use, problems)

    async def turn(self, text: str, *, whole_reply: bool) -> Sample:
        sample = Sample(whole_reply)
        self._fillers.clear()
        self._own_words_at, asked_at = None, asyncio.get_running_loop().time()
        self._session.say(UserInput(text, whole_reply=whole_reply))
        async for event in self._events:
            if isinstance(event, LatencyMeasured):
                sample.figures, sample.stages = dict(event.figures), dict(event.stages)
            elif isinstance(event, ProviderFailed):
                sample.failures.append(f"{event.provider}: {event.message}")
            elif isinstance(event, TurnEnded):
                if event.status is TurnStatus.FAILED:
                    raise HayakuchiError(f"the turn failed: {event.message}")
                break
        if self._own_words_at is not None:
            sample.own_words_ms = (self._own_words_at - asked_at) * 1000
        return sample


@asynccontextmanager
async def remote_speaker(url: str) -> AsyncIterator[Speaker]:
    """A server that runs already, in a session of its own, over its stage protocol."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

    parts = urlsplit(url if "//" in url else f"http://{url}")
    scheme = "wss" if parts.scheme in ("https", "wss") else "ws"
    address = f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/stage/ws?session=latency&sound=1"
    try:
        async with connect(address, open_timeout=CONNECT_DEADLINE_S, compression=None, proxy=None) as socket:
            yield _Remote(socket, await _snapshot(socket, url))
    except ConnectionClosed as error:
        raise HayakuchiError(f"the server at {url} went away: {error}") from error
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError, ValueError) as error:
        raise HayakuchiError(f"no Hayakuchi server answers at {url} ({error}); is it running?") from error


async def _snapshot(socket: Any, url: str) -> dict[str, Any]:
    """The first message of a server."""
    async with asyncio.timeout(CONNECT_DEADLINE_S):
        message = json.loads(await socket.recv())
    if not isinstance(message, dict) or message.get("type") != "session.snapshot":
        raise ProtocolError(f"what answers at {url} is no Hayakuchi server")
    return message


class _Remote:
    def __init__(self, socket: Any, snapshot: dict[str, Any]) -> None:
        self._socket = socket
        self._sample_rate = snapshot["audio"]["sample_rate"]
        self._language = snapshot.get("character", {}).get("language", "en")
        told = snapshot.get("latency", {})
        known = LatencySettings.model_fields.keys() & told.keys()
        self._limits = LatencySettings.model_validate({key: told[key] for key in known})
        self._models: dict[str, Any] = snapshot.get("models", {})

    def here(self) -> Here:
        models = self._models
        problems = tuple(models.get("problems", ()))
        return Here(self._language, self._limits, models.get("llm"), models.get("tts"), problems)

    async def turn(self, text: str, *, whole_reply: bool) -> Sample:
        sample = Sample(whole_reply)
        asked_at = asyncio.get_running_loop().time()
        await self._send({"type": "input.text", "text": text, "whole_reply": whole_reply})
        first_audio_ms: float | None = None
        turn = None
        async for message in self._socket:
            if isinstance(message, bytes):
                if first_audio_ms is None:
                    first_audio_ms = (asyncio.get_running_loop().time() - asked_at) * 1000
                await self._play(AudioFrame.decode(message))
                continue
            event = json.loads(message)
            kind = event["type"]
            if kind == "models":
                self._models = event
            elif kind == "turn.started":
                turn = event["turn"]
            elif kind == "latency" and event["turn"] == turn:
                sample.figures, sample.stages = dict(event["figures"]), dict(event["stages"])
            elif kind == "provider.failed":
                sample.failures.append(f"{event['provider']}: {event['message']}")
            elif kind == "error":
                raise ProtocolError(event["message"])
            elif kind == "turn.ended" and event["turn"] == turn:
                if event["status"] == "failed":
                    raise HayakuchiError(f"the turn failed: {event['message']}")
                break
        else:
            raise HayakuchiError("the server closed the connection")
        if first_audio_ms is not None:
            sample.figures["first_audio"] = first_audio_ms
            # What the server's own stages do not explain was spent on the way to it and back.
            sample.stages["network"] = max(first_audio_ms - sum(sample.stages.values()), 0.0)
        return sample

    async def _play(self, frame: AudioFrame) -> None:
        played_ms = (frame.position + frame.samples) * 1000 / self._sample_rate
        await self._send({"type": "playback", "turn": frame.turn, "played_ms": played_ms})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send(json.dumps(message))
