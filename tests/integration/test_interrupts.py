"""Interruption leaves nothing behind: no task, no connection, no process."""

from __future__ import annotations

import asyncio
import random
import sys

import psutil
from fake_openai import FakeOpenAI
from leaks import no_process_stays
from scripted import EchoAgent
from story import Story, ended

from hayakuchi.agents import AgentConfig
from hayakuchi.core.character import Character
from hayakuchi.core.events import TurnEnded, TurnStatus
from hayakuchi.core.types import UserInput
from hayakuchi.llm.fallback import FallbackLLM
from hayakuchi.llm.openai import OpenAIConfig, OpenAILLM
from hayakuchi.orchestrator.playback import Playback
from hayakuchi.orchestrator.session import Session
from hayakuchi.orchestrator.streaming import Streaming
from hayakuchi.orchestrator.turn import TurnSettings
from hayakuchi.tts.espeak import EspeakConfig, EspeakTTS
from hayakuchi.tts.fallback import FallbackTTS

INTERRUPTS = 1000


def open_files(process: psutil.Process) -> int:
    """Descriptors, sockets and pipes included; on Windows handles."""
    return process.num_handles() if sys.platform == "win32" else process.num_fds()


async def test_a_thousand_interrupts_leave_nothing_behind() -> None:
    with no_process_stays():
        await interrupt_a_thousand_times()


async def interrupt_a_thousand_times() -> None:
    random_ = random.Random(7)
    this = psutil.Process()
    async with FakeOpenAI() as server:
        llm = FallbackLLM([OpenAILLM(OpenAIConfig.model_validate({"base_url": server.url, "model": "fake"}))])
        voice = FallbackTTS([EspeakTTS(EspeakConfig())])
        descriptors = open_files(this)
        await llm.open()
        await voice.open()
        character = Character(name="Test")
        session = Session(
            "test",
            agent=EchoAgent(AgentConfig(), llm, character),
            voice=voice,
            character=character,
            playback=Playback(voice.sample_rate),
            settings=TurnSettings(),
            streaming=Streaming,
        )
        story = Story()
        session.observe(lambda event: story.observe(event) if isinstance(event, TurnEnded) else None)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(session.run())
            session.say(UserInput("warm up"))
            await asyncio.sleep(0.2)
            session.interrupt()
            await ended(story)
            tasks, children = len(asyncio.all_tasks()), this.children()
            for number in range(INTERRUPTS):
                session.say(UserInput(f"number {number}"))
                await asyncio.sleep(random_.random() * 0.012)
                session.interrupt()
                await ended(story, number + 2)
                assert session.turn is None
            assert this.children() == children
            assert len(asyncio.all_tasks()) <= tasks
            session.close()
            await running
        statuses = {event.status for event in story.of(TurnEnded)}
        assert statuses <= {TurnStatus.INTERRUPTED, TurnStatus.COMPLETED}
        await voice.aclose()
        await llm.aclose()
        await asyncio.sleep(0.1)  # the server's side of the connections that were just closed
        assert open_files(this) <= descriptors
