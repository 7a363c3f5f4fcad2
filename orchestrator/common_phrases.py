"""What a character is sure to say again and again, as its turns ask the voice for it."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.character import DEFAULT_EXPRESSIONS, Character
from ..core.types import Boundary, Segment, SpeechRequest
from .cutter import Cutter
from .fillers import Fillers
from .speakable import pronounced
from .streaming import Streaming

APOLOGIES: Mapping[str, tuple[str, ...]] = {
    "en": ("Sorry, I lost my train of thought.", "Sorry, could you say that again?"),
    "zh": ("抱歉，我刚刚走神了。", "抱歉，能再说一遍吗？"),
    "ja": ("ごめんね、ちょっとぼんやりしてた。", "ごめんね、もう一回言ってくれる？"),
    "ko": ("미안, 잠깐 딴생각했어.", "미안, 다시 한번 말해 줄래?"),
    "es": ("Perdona, se me ha ido el hilo.", "Perdona, ¿lo repites?"),
    "fr": ("Pardon, j'ai perdu le fil.", "Pardon, tu peux répéter ?"),
    "de": ("Entschuldige, ich habe den Faden verloren.", "Entschuldige, sagst du das noch einmal?"),
}
"""By language (ISO 639): what is said when there is nothing to say."""


def apologies(language: str) -> tuple[str, ...]:
    """Those of a language (BCP 47); none where nobody has written any."""
    return APOLOGIES.get(language.split("-")[0].lower(), ())


def common_phrases(character: Character, streaming: Streaming) -> list[SpeechRequest]:
    """Greeting, fillers and apologies, each once, in the order in which they will be needed."""
    said = [_reply(character.opening_line, character, streaming)]
    if not streaming.whole:
        said += [_cutter(character, streaming).opener(Fillers([text]).take() or "", 0.0) for text in character.fillers]
    said += [_reply(text, character, streaming) for text in apologies(character.language)]
    found = [_request(segment, character) for segments in said for segment in segments if segment.speech]
    return list(dict.fromkeys(found))


def _reply(text: str, character: Character, streaming: Streaming) -> list[Segment]:
    """The text cut as a turn cuts a reply that comes in one piece."""
    cutter = _cutter(character, streaming)
    return [*cutter.feed(text, 0.0), *cutter.poll(0.0, 0.0, 0.0), *cutter.flush()]


def _cutter(character: Character, streaming: Streaming) -> Cutter:
    return Cutter(
        expressions={*character.expressions, *DEFAULT_EXPRESSIONS},
        sentences_only=streaming.sentences_only,
        whole=streaming.whole,
        grace=streaming.grace_ms,
        join_ms=streaming.join_ms,
    )


def _request(segment: Segment, character: Character) -> SpeechRequest:
    text = pronounced(segment.speech, character.lexicon)
    return SpeechRequest(text, final=segment.boundary is Boundary.SENTENCE)
