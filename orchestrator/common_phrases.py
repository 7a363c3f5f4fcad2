"""What a character is sure to say again and again, as its turns ask the voice for it."""

from __future__ import annotations

from ..core.character import Character
from ..core.types import Segment, SpeechRequest
from .cutter import cutter_for
from .fillers import followed, own_fillers
from .speakable import pronounced
from .speaking import speech_request
from .streaming import Streaming


def common_phrases(character: Character, streaming: Streaming) -> list[SpeechRequest]:
    """Greeting and fillers, each once, in the order in which they will be needed.

    Of the fillers only those in the character's own language: the others may never be needed.
    """
    said = [_reply(character.opening_line, character, streaming)]
    if not streaming.whole:
        said += [cutter_for(character, streaming).interject(followed(text), 0.0) for text in own_fillers(character)]
    segments = (segment for reply in said for segment in reply if segment.speech)
    found = [speech_request(segment, pronounced(segment.speech, character.lexicon)) for segment in segments]
    return list(dict.fromkeys(found))


def _reply(text: str, character: Character, streaming: Streaming) -> list[Segment]:
    """The text cut as a turn cuts a reply that comes in one piece."""
    cutter = cutter_for(character, streaming)
    return [*cutter.feed(text, 0.0), *cutter.poll(0.0, 0.0, 0.0), *cutter.flush()]
