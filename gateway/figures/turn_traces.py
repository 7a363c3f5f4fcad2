"""A turn as a trace: think, cut, speak for each segment, and how long the listener waited for the first sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING, Any

from ...core.clock import loop_ms
from ...core.events import AudioSent, SegmentReady, SessionEvent, SpeechEnded, TurnEnded, TurnStarted, TurnStatus
from ...orchestrator.latency import Moment
from .traces import Piece, Traces

if TYPE_CHECKING:
    from ...orchestrator.session import Session
    from ...orchestrator.turn import Turn

_BETWEEN = (
    ("cut", Moment.LLM_FIRST_TOKEN, Moment.FIRST_SEGMENT),
    ("first audio", Moment.HEARD, Moment.FIRST_AUDIO),
)


@dataclass(slots=True)
class _Spoken:
    """A segment: since when it is worked on (ms), until when, and how much sound it has."""

    began: float
    ended: float | None = None
    sound_ms: float = 0.0


class TurnTracer:
    """Give :meth:`observe` to the session."""

    def __init__(self, traces: Traces, session: Session, model: Callable[[], str | None]) -> None:
        self._traces, self._session, self._model = traces, session, model
        self._turn: Turn | None = None
        self._segments: dict[int, _Spoken] = {}

    def observe(self, event: SessionEvent) -> None:
        match event:
            case TurnStarted():
                self._turn, self._segments = self._session.turn, {}
            case SegmentReady(segment=segment):
                self._segments[segment.index] = _Spoken(loop_ms())
            case AudioSent(segment=index, audio=audio) if index in self._segments:
                self._segments[index].sound_ms += audio.duration_ms
            case SpeechEnded(segment=index) if index in self._segments:
                self._segments[index].ended = loop_ms()
            case TurnEnded():
                self._ended(event)
            case _:
                pass

    def _ended(self, event: TurnEnded) -> None:
        turn, self._turn = self._turn, None
        if turn is None or turn.place.span is None:
            return
        about = {"gen_ai.conversation.id": self._session.name, "hayakuchi.turn": event.turn}
        pieces = _Pieces(turn, self._model(), self._segments, about)
        error = event.code if event.status is TurnStatus.FAILED else None
        self._traces.work(turn.place.span, pieces.whole(event.status), list(pieces.parts()), error)


class _Pieces:
    """What a turn that is over did, in the clock on the wall."""

    def __init__(
        self, turn: Turn, model: str | None, segments: Mapping[int, _Spoken], about: Mapping[str, Any]
    ) -> None:
        self._turn, self._marks, self._model = turn, turn.trace.marks, model
        self._segments, self._about = segments, about
        self._now = loop_ms()
        self._shift_ns = time_ns() - int(self._now * 1e6)

    def whole(self, status: TurnStatus) -> Piece:
        begins = [self._marks[moment] for moment in (Moment.HEARD, Moment.LLM_REQUEST) if moment in self._marks]
        return self._piece("turn", min(begins, default=self._now), self._now, {"hayakuchi.status": str(status)})

    def parts(self) -> Iterator[Piece]:
        marks = self._marks
        if self._turn.heard is not None and (asked := marks.get(Moment.LLM_REQUEST)) is not None:
            yield self._chat(asked, marks.get(Moment.THOUGHT, self._now))
        for name, start, end in _BETWEEN:
            if start in marks and end in marks:
                yield self._piece(name, marks[start], marks[end], {})
        for index, spoken in self._segments.items():
            about = {"hayakuchi.segment": index, "hayakuchi.sound_ms": round(spoken.sound_ms)}
            yield self._piece("speak", spoken.began, self._now if spoken.ended is None else spoken.ended, about)

    def _chat(self, began: float, ended: float) -> Piece:
        usage = self._turn.usage
        about = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._model,
            "gen_ai.usage.input_tokens": usage.prompt_tokens if usage else None,
            "gen_ai.usage.output_tokens": usage.completion_tokens if usage else None,
        }
        return self._piece(f"chat {self._model}" if self._model else "chat", began, ended, about)

    def _piece(self, name: str, began: float, ended: float, about: Mapping[str, Any]) -> Piece:
        return Piece(name, self._wall_ns(began), self._wall_ns(ended), {**self._about, **about})

    def _wall_ns(self, ms: float) -> int:
        return int(ms * 1e6) + self._shift_ns
