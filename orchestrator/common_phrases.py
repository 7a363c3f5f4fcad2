"""What a character is sure to say again and again, as its turns ask the voice for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core.character import DEFAULT_EXPRESSIONS, Character
from ..core.types import Boundary, Segment, SpeechRequest
from .cutter import Cutter

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


def request_for(segment: Segment) -> SpeechRequest:
    """What the voice is asked to say for a segment."""
    return SpeechRequest(segment.speech, final=segment.boundary is Boundary.SENTENCE)


def common_phrases(character: Character, *, whole: bool = False) -> list[SpeechRequest]:
    """Greeting, fillers and apologies, each once, in the order in which they will be needed.

    ``whole``: the character's turns wait for the whole reply before they cut it.
    """
    texts = [character.opening_line, *character.fillers, *apologies(character.language)]
    found = {request: None for text in texts for request in _requests(text, character, whole)}
    return list(found)


def _requests(text: str, character: Character, whole: bool) -> Iterator[SpeechRequest]:
    """The text cut as a turn cuts what comes in one piece."""
    known = {*character.expressions, *DEFAULT_EXPRESSIONS}
    cutter = Cutter(expressions=known, lexicon=character.lexicon, whole=whole)
    segments = [*cutter.feed(text, 0.0), *cutter.poll(0.0, 0.0, 0.0), *cutter.flush()]
    return (request_for(segment) for segment in segments if segment.speech)
