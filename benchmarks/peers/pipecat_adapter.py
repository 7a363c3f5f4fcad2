"""Pipecat as it is measured: runs in an environment of its own, answers one JSON line for each turn it is given.

    .envs/pipecat/bin/python pipecat_adapter.py http://127.0.0.1:8000/pipecat/v1

stdin: {"text": ...}. stdout: {"asked", "first_audio", "ended": monotonic s, "audio_ms"}; the first line says ``ready``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from loguru import logger
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    StartFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.workers.runner import WorkerRunner

TURN_DEADLINE_S = 60.0
AUDIBLE = 500


class Sink(FrameProcessor):
    """Stands where an output transport would: notes when audio comes, and how much."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self.started = asyncio.Event()
        self.ended = asyncio.Event()
        self.first_audio: float | None = None
        self.audio_ms = 0.0
        self.errors: list[str] = []

    def begin(self) -> None:
        self.ended.clear()
        self.first_audio, self.audio_ms, self.errors = None, 0.0, []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, StartFrame):
            self.started.set()
        elif isinstance(frame, TTSAudioRawFrame):
            if self.first_audio is None and max(memoryview(frame.audio).cast("h")) > AUDIBLE:
                self.first_audio = time.monotonic()
            self.audio_ms += len(frame.audio) / 2 * 1000 / frame.sample_rate
        elif isinstance(frame, ErrorFrame):
            self.errors.append(str(frame.error))
        elif isinstance(frame, LLMFullResponseEndFrame):
            self.ended.set()
        await self.push_frame(frame, direction)


async def turns(worker: PipelineWorker, runner: WorkerRunner, sink: Sink) -> None:
    """Answer the lines of stdin until it ends, then end the pipeline."""
    async with asyncio.timeout(TURN_DEADLINE_S):
        await sink.started.wait()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        message = {"role": "user", "content": json.loads(line)["text"]}
        sink.begin()
        asked = time.monotonic()
        await worker.queue_frame(LLMContextFrame(LLMContext([message])))
        async with asyncio.timeout(TURN_DEADLINE_S):
            await sink.ended.wait()
        answer = {
            "asked": asked,
            "first_audio": sink.first_audio,
            "ended": time.monotonic(),
            "audio_ms": sink.audio_ms,
            "errors": sink.errors,
        }
        print(json.dumps(answer), flush=True)
    await runner.cancel()


async def main(base_url: str) -> None:
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    sink = Sink()
    llm = OpenAILLMService(
        api_key="none", base_url=base_url, settings=OpenAILLMService.Settings(model="scripted", temperature=0.5)
    )
    tts = OpenAITTSService(
        api_key="none",
        base_url=base_url,
        sample_rate=24000,
        settings=OpenAITTSService.Settings(model="tts-1", voice="alloy"),
    )
    worker = PipelineWorker(
        Pipeline([llm, tts, sink]),
        params=PipelineParams(audio_out_sample_rate=24000),
        cancel_on_idle_timeout=False,
        idle_timeout_secs=None,
        enable_rtvi=False,
        enable_turn_tracking=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), turns(worker, runner, sink))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
