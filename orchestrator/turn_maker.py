"""What a session makes its turns of: the mind and the voice, how they stream, and what fills the wait for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from ..agents import Agent, QuickAgent
from ..core.character import Character
from ..core.events import SessionEvent
from ..core.types import LLMDelta, Message, TextDelta, UserInput
from ..tts import Voice
from .cutter import cutter_for
from .cutting import Filler
from .fillers import Fillers
from .playback import Playback
from .speakable import pronounced
from .streaming import Streaming
from .turn import Turn, TurnSettings


class TurnMaker:
    """One per session."""

    def __init__(
        self,
        agent: Agent,
        voice: Voice,
        character: Character,
        playback: Playback,
        settings: TurnSettings,
        streaming: Callable[[], Streaming],
        publish: Callable[[SessionEvent], None],
    ) -> None:
        self._agent, self._voice, self._character, self._playback = agent, voice, character, playback
        self._settings, self._streaming, self._publish = settings, streaming, publish
        self._asks_quick = agent.asks_quick if isinstance(agent, QuickAgent) else _never
        self._fillers = Fillers(character)

    def next_turn(self) -> None:
        """A turn has begun."""
        self._fillers.next_turn()

    def made(self, heard: UserInput | None, history: Sequence[Message]) -> Turn:
        """A turn that answers this, knowing what was said before; None: it speaks the opening line."""
        streaming = self._streaming()
        if heard is not None and heard.whole_reply:
            streaming = streaming.made_whole()
        return Turn(
            heard,
            reply=self._reply(heard, history),
            cutter=cutter_for(self._character, streaming, self._voice.first_byte_ms),
            voice=self._voice,
            playback=self._playback,
            publish=self._publish,
            settings=self._settings,
            streaming=streaming,
            polish=self._polish,
            filler=self._filler(heard),
        )

    def _reply(self, heard: UserInput | None, history: Sequence[Message]) -> AsyncIterator[LLMDelta]:
        if heard is None:
            return _spoken_line(self._character.opening_line)
        return self._agent.reply(heard, history)

    def _filler(self, heard: UserInput | None) -> Filler:
        """What may fill the wait for the answer: nothing where a small model is asked for the first words."""
        if heard is None or self._asks_quick(heard):
            return lambda: None
        return partial(self._fillers.take, heard.text)

    async def _polish(self, text: str) -> str:
        return pronounced(text, self._character.lexicon)


async def _spoken_line(text: str) -> AsyncIterator[LLMDelta]:
    yield TextDelta(text)


def _never(heard: UserInput) -> bool:
    return False
