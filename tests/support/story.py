"""A session's events as lines that a person can read, for golden lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from scripted import Listener

from hayakuchi.core.clock import VirtualTimeLoop, loop_ms
from hayakuchi.core.events import (
    AudioSent,
    LatencyBreached,
    LatencyMeasured,
    ProviderFailed,
    SegmentReady,
    SessionEvent,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    ToolUsed,
    TurnEnded,
    TurnStarted,
    VoiceHeard,
    WordsHeard,
)
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.session import Session


class Story:
    """Observes a session; consecutive audio of a segment is one line."""

    def __init__(self) -> None:
        self.events: list[tuple[float, SessionEvent]] = []
        self.told = asyncio.Event()

    def observe(self, event: SessionEvent) -> None:
        self.events.append((loop_ms(), event))
        self.told.set()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def lines(self) -> list[str]:
        lines: list[str] = []
        audio: AudioSent | None = None
        for at, event in self.events:
            if isinstance(event, AudioSent):
                if audio is not None and (audio.turn, audio.segment) == (event.turn, event.segment):
                    continue
                audio = event
            lines.append(f"{at:7.0f} {getattr(event, 'turn', '-')} {describe(event)}")
        return lines


def describe(event: SessionEvent) -> str:
    match event:
        case TurnStarted(heard=heard):
            return f"turn started: {heard.text if heard else None!r}"
        case SegmentReady(segment=segment):
            tags = "".join(f" [{name}]" for name in segment.expressions)
            return f"segment {segment.index} ready: {segment.display!r} speech {segment.speech!r}{tags}"
        case SpeechStarted(segment=segment, at_ms=at_ms, silent=silent):
            return f"speech {segment.index} started at {at_ms:.0f}{' silent' if silent else ''}"
        case AudioSent(segment=segment, position=position):
            return f"audio of {segment} from sample {position}"
        case SpeechEnded(segment=segment, at_ms=at_ms):
            return f"speech {segment} ended at {at_ms:.0f}"
        case SpeechPaused(at_ms=at_ms):
            return f"speech paused at {at_ms:.0f}"
        case SpeechResumed():
            return "speech resumed"
        case VoiceHeard(active=active):
            return "somebody speaks" if active else "somebody stopped speaking"
        case WordsHeard(text=text, final=final, ignored=ignored):
            return f"words{' final' if final else ''}: {text!r}{f' ignored: {ignored}' if ignored else ''}"
        case ProviderFailed():
            return f"{event.provider} failed ({event.code}): {event.message}; fallback {event.fallback}"
        case ToolUsed():
            return f"tool {event.name} ({event.id}) {event.status}: {event.content}"
        case LatencyMeasured(figures=figures, stages=stages):
            numbers = [" ".join(f"{name} {value:.0f}" for name, value in part.items()) for part in (figures, stages)]
            return f"latency: {numbers[0]} | {numbers[1]}"
        case LatencyBreached():
            return f"breach: {event.figure} {event.value_ms:.0f} > {event.threshold_ms:.0f}, blame {event.stage}"
        case TurnEnded():
            return f"turn {event.status}: reply {event.reply!r} heard {event.heard_reply!r} {event.code or ''}".rstrip()


def tell(session: Session, script: Callable[[Session, Story], Awaitable[None]], *, listener: bool = True) -> Story:
    """Run ``script`` with the session in virtual time and return what happened; fails when a task is left over."""
    story = Story()

    async def main() -> None:
        session.observe(story.observe)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(session.run())
            playing = group.create_task(Listener(session).run()) if listener else None
            await script(session, story)
            session.close()
            await running
            if playing:
                playing.cancel()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    return story


async def ended(story: Story, turns: int = 1) -> None:
    """Wait until that many turns have ended."""
    while len(story.of(TurnEnded)) < turns:
        story.told.clear()
        await story.told.wait()


def one_turn(session: Session, text: str = "Hi") -> Story:
    """One message, answered to the end."""

    async def script(session: Session, story: Story) -> None:
        session.say(UserInput(text))
        await ended(story)

    return tell(session, script)
