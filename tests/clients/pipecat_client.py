"""Pipecat's services for OpenAI, told nothing but where and with which key. Runs in an environment of its own.

python pipecat_client.py http://127.0.0.1:8000/v1
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from commands import obey, sound, tone
from loguru import logger
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMMessagesAppendFrame,
    LLMTextFrame,
    MetricsFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

BASE_URL = sys.argv[1]
MICROPHONE = 16000


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def llm(key: str, model: str = "default") -> OpenAILLMService:
    return OpenAILLMService(api_key=key, base_url=BASE_URL, settings=OpenAILLMService.Settings(model=model))


def tts(key: str, **settings: Any) -> OpenAITTSService:
    return OpenAITTSService(api_key=key, base_url=BASE_URL, settings=OpenAITTSService.Settings(**settings))


def stt(key: str, **settings: Any) -> OpenAISTTService:
    return OpenAISTTService(api_key=key, base_url=BASE_URL, settings=OpenAISTTService.Settings(**settings))


class Ear(FrameProcessor):
    """Notes what passes."""

    def __init__(self, heard: asyncio.Queue[Frame]) -> None:
        super().__init__(enable_direct_mode=True)
        self._heard = heard

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self._heard.put_nowait(frame)
        await self.push_frame(frame, direction)


class Running:
    """A pipeline, and what came out of it at either end."""

    def __init__(self, worker: PipelineWorker, heard: asyncio.Queue[Frame]) -> None:
        self._worker, self._heard = worker, heard

    async def put(self, *frames: Frame) -> None:
        await self._worker.queue_frames(frames)

    async def until(self, *kinds: type[Frame]) -> list[Frame]:
        """All that comes up to the first of these kinds."""
        frames = [await self._heard.get()]
        while not isinstance(frames[-1], kinds):
            frames.append(await self._heard.get())
        return frames

    async def reply(self) -> dict[str, Any]:
        """All of a reply of the model."""
        return told(await self.until(LLMFullResponseEndFrame))

    async def speak(self, ms: float) -> None:
        """Sound from a microphone, with what a detector of speech would say of it."""
        pcm = tone(ms, MICROPHONE)
        step = MICROPHONE // 50 * 2
        parts = (pcm[at : at + step] for at in range(0, len(pcm), step))
        await self.put(VADUserStartedSpeakingFrame())
        await self.put(*(InputAudioRawFrame(audio=part, sample_rate=MICROPHONE, num_channels=1) for part in parts))
        await self.put(VADUserStoppedSpeakingFrame())


def told(frames: list[Frame]) -> dict[str, Any]:
    """What the frames say."""
    metrics = [data for frame in frames if isinstance(frame, MetricsFrame) for data in frame.data]
    usage = [data.value for data in metrics if isinstance(data, LLMUsageMetricsData)]
    return {
        "texts": [frame.text for frame in frames if isinstance(frame, LLMTextFrame)],
        "heard": [frame.text for frame in frames if isinstance(frame, TranscriptionFrame)],
        "errors": [frame.error for frame in frames if isinstance(frame, ErrorFrame)],
        "tokens": [[one.prompt_tokens, one.completion_tokens, one.total_tokens] for one in usage],
    }


def spoken(frames: list[Frame]) -> dict[str, Any]:
    """The sound among the frames."""
    parts = [frame for frame in frames if isinstance(frame, TTSAudioRawFrame)]
    rate = parts[0].sample_rate if parts else 24000
    return {"rate": rate, **sound(b"".join(part.audio for part in parts), rate)}


@asynccontextmanager
async def running(*services: FrameProcessor, after: FrameProcessor | None = None) -> AsyncIterator[Running]:
    """The services in a pipeline that runs. ``after``: stands behind the ear."""
    heard: asyncio.Queue[Frame] = asyncio.Queue()
    behind = [] if after is None else [after]
    worker = PipelineWorker(
        Pipeline([Ear(heard), *services, Ear(heard), *behind]),
        params=PipelineParams(
            audio_in_sample_rate=MICROPHONE,
            audio_out_sample_rate=24000,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
        cancel_on_idle_timeout=False,
        idle_timeout_secs=None,
        enable_rtvi=False,
        enable_turn_tracking=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    async with asyncio.TaskGroup() as group:
        group.create_task(runner.run())
        pipeline = Running(worker, heard)
        try:
            for _ in range(2):
                await pipeline.until(StartFrame)
            yield pipeline
        finally:
            await runner.cancel()


async def chat(key: str, text: str, model: str = "default") -> dict[str, Any]:
    """One reply."""
    async with running(llm(key, model)) as pipeline:
        await pipeline.put(LLMContextFrame(LLMContext([user(text)])))
        return await pipeline.reply()


async def both(key: str, texts: list[str]) -> dict[str, Any]:
    """Replies to two texts, the second asked for while the first is made."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for text in texts:
            tasks.append(group.create_task(chat(key, text)))
            await asyncio.sleep(0.5)
    return {"replies": [task.result() for task in tasks]}


async def talk(key: str, texts: list[str]) -> dict[str, Any]:
    """A conversation that Pipecat remembers."""
    context = LLMContext([{"role": "developer", "content": "Be brief."}])
    pair = LLMContextAggregatorPair(context)
    replies = []
    async with running(pair.user(), llm(key), after=pair.assistant()) as pipeline:
        for number, text in enumerate(texts, 1):
            await pipeline.put(LLMMessagesAppendFrame([user(text)], run_llm=True))
            replies.append("".join((await pipeline.reply())["texts"]))
            while len(context.messages) < 1 + 2 * number:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    return {"replies": replies}


async def tools(key: str, text: str) -> dict[str, Any]:
    """A reply that needs a function of ours."""
    asked: list[str] = []

    async def look(params: FunctionCallParams, at: str) -> None:
        """Look at something.

        Args:
            at: What to look at.
        """
        asked.append(at)
        await params.result_callback({"colour": "blue"})

    context = LLMContext([user(text)], tools=[look])
    pair = LLMContextAggregatorPair(context)
    async with running(pair.user(), llm(key), after=pair.assistant()) as pipeline:
        await pipeline.put(LLMContextFrame(context))
        first = await pipeline.reply()
        second = await pipeline.reply()
    return {"asked": asked, "first": first, "second": second}


async def interrupt(key: str, text: str, then: str) -> dict[str, Any]:
    """A reply that is interrupted after its first words, and another one in the same pipeline."""
    async with running(llm(key)) as pipeline:
        await pipeline.put(LLMContextFrame(LLMContext([user(text)])))
        first = told(await pipeline.until(LLMTextFrame))
        await pipeline.put(InterruptionFrame())
        for _ in range(2):
            await pipeline.until(InterruptionFrame)
        await pipeline.put(LLMContextFrame(LLMContext([user(then)])))
        frames = await pipeline.until(LLMTextFrame)
        frames += await pipeline.until(LLMFullResponseEndFrame)
    return {"first": first["texts"], "second": told(frames)["texts"]}


async def speak(key: str, text: str, **settings: Any) -> dict[str, Any]:
    """A text, spoken. ``took_s``: from the first sound to the last."""
    async with running(tts(key, **settings)) as pipeline:
        await pipeline.put(TTSSpeakFrame(text))
        frames = await pipeline.until(TTSAudioRawFrame, ErrorFrame)
        first = time.monotonic()
        if not isinstance(frames[-1], ErrorFrame):
            frames += await pipeline.until(TTSStoppedFrame, ErrorFrame)
    return {**told(frames), **spoken(frames), "took_s": time.monotonic() - first}


async def listen(key: str, ms: float, **settings: Any) -> dict[str, Any]:
    """Sound, understood."""
    async with running(stt(key, **settings)) as pipeline:
        await pipeline.speak(ms)
        return told(await pipeline.until(TranscriptionFrame, ErrorFrame))


async def bot(key: str, ms: float) -> dict[str, Any]:
    """All three services in one pipeline: sound in, sound out."""
    context = LLMContext([])
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.1)
    params = LLMUserAggregatorParams(user_turn_strategies=UserTurnStrategies(stop=[stop]))
    pair = LLMContextAggregatorPair(context, user_params=params)
    async with running(stt(key), pair.user(), llm(key), tts(key), after=pair.assistant()) as pipeline:
        await pipeline.speak(ms)
        frames = await pipeline.until(TTSStoppedFrame, ErrorFrame)
        while len(context.messages) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    return {**told(frames), **spoken(frames), "messages": context.messages}


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    known = (chat, both, talk, tools, interrupt, speak, listen, bot)
    asyncio.run(obey({command.__name__: command for command in known}))
