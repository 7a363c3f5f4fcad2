"""A microphone and an avatar's voice for turn-taking, driven by hand: what is decided is done at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hayakuchi.asr.hearing import EndReason, Final, HearingEvent, Nothing, Onset, Partial, Resumed, Settled
from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.core.events import VoiceHeard, WordsHeard
from hayakuchi.core.types import SpeechTimes
from hayakuchi.orchestrator.floor import Action, Drop, Interrupt, Pause, Resume, Say, Show, Think, VoiceNow
from hayakuchi.orchestrator.turn_taking import TurnTaking

LINE = "So there I was, three in the morning, arguing with a toaster about the meaning of toast."


def final(text: str, at: float = 0.0) -> Final:
    return Final(text, "en", (), SpeechTimes(at - 900, at - 100, at), EndReason.SILENCE)


def told(action: Action) -> str:
    """An action in a word or two: ``pause``, ``say Hello``, ``words Hello``, ``final Hello (echo)``."""
    match action:
        case Say(text) | Think(text):
            return f"{type(action).__name__.lower()} {text}"
        case Show(VoiceHeard(active)):
            return "voice" if active else "silence"
        case Show(WordsHeard(text, is_final, ignored)):
            return f"{'final' if is_final else 'words'} {text}" + (f" ({ignored})" if ignored else "")
        case _:
            return type(action).__name__.lower()


@dataclass
class _Voice:
    speaking: bool = False
    paused: bool = False
    said: str = ""
    quiet_since: float | None = None


class Conversation:
    """``done`` are all actions so far. The voice obeys; it begins and ends to speak as it is told by the test."""

    def __init__(
        self,
        mode: Mode = Mode.OPEN_MIC,
        *,
        language: str | None = None,
        names: tuple[str, ...] = ("Kiyo",),
        half_duplex: bool = False,
        **settings: Any,
    ) -> None:
        self.taking = TurnTaking(
            EarsSettings(**settings), mode=mode, language=language, wake_words=names, half_duplex=half_duplex
        )
        self.now = 10_000.0
        self.voice = _Voice()
        self.done: list[Action] = []

    def speaks(self, said: str = LINE) -> Conversation:
        """She is heard to say this, and goes on."""
        self.voice.speaking, self.voice.quiet_since = True, None
        self.voice.said = f"{self.voice.said} {said}".strip()[-250:]
        self.poll()
        return self

    def ends(self) -> list[str]:
        """Her last sound ends."""
        self._silent()
        return self.poll()

    def hears(self, *events: HearingEvent | str, after: float = 100.0) -> list[str]:
        """What is done when these are heard, each ``after`` ms; a text is a partial one."""
        before = len(self.done)
        for event in events:
            self.now += after
            self._do(
                self.taking.take(Partial(event, "en") if isinstance(event, str) else event, self._seen(), self.now)
            )
        return [told(action) for action in self.done[before:]]

    def says(self, text: str) -> list[str]:
        """What is done when somebody says this: onset, the words one after the other, a pause, the end."""
        words = text.split()
        parts = [" ".join(words[:end]) for end in range(1, len(words))]
        heard = self.hears(Onset(self.now), *parts, text, Settled(text, "en"))
        return heard + self.hears(final(text, self.now + 500), after=500)

    def presses(self, down: bool) -> list[str]:
        before = len(self.done)
        self._do(self.taking.talk(down, self._seen(), self.now))
        return [told(action) for action in self.done[before:]]

    def poll(self, after: float = 0.0) -> list[str]:
        before = len(self.done)
        self.now += after
        self._do(self.taking.poll(self._seen(), self.now))
        return [told(action) for action in self.done[before:]]

    def waits(self, ms: float) -> list[str]:
        """Time passes, and it is polled as it wishes."""
        before, until = len(self.done), self.now + ms
        while (due := self.taking.next_poll()) is not None and due <= until:
            self.now = max(due, self.now)
            self._do(self.taking.poll(self._seen(), self.now))
        self.now = until
        return [told(action) for action in self.done[before:]]

    def leaves(self) -> list[str]:
        before = len(self.done)
        self._do(self.taking.leave(self._seen(), self.now))
        return [told(action) for action in self.done[before:]]

    @property
    def listens(self) -> bool:
        return self.taking.listens(self._seen(), self.now)

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            self.done.append(action)
            match action:
                case Pause():
                    assert self.voice.speaking
                    assert not self.voice.paused
                    self.voice.paused = True
                case Resume():
                    assert self.voice.paused
                    self.voice.paused = False
                case Interrupt() | Say():
                    assert self.voice.speaking or isinstance(action, Say)
                    self._silent()
                case Drop() | Think() | Show():
                    pass

    def _silent(self) -> None:
        if self.voice.speaking:
            self.voice.quiet_since = self.now
        self.voice.speaking = self.voice.paused = False

    def _seen(self) -> VoiceNow:
        voice = self.voice
        return VoiceNow(voice.speaking, voice.paused, voice.said, voice.quiet_since)


__all__ = ["LINE", "Conversation", "Nothing", "Onset", "Partial", "Resumed", "Settled", "final", "told"]
