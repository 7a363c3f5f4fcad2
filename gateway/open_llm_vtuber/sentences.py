"""A text in sentences, each with what a voice is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...core.character import Character
from ...core.types import Boundary, SpeechRequest
from ...orchestrator.cutter import cutter_for
from ...orchestrator.speakable import pronounced
from ...orchestrator.speaking import speech_request
from ...orchestrator.streaming import Streaming

LONGEST = 400
"""Characters after which a sentence is parted where its voice may be."""


@dataclass(slots=True)
class Sentence:
    """``text``: as it is shown. The texts, joined, are all of it without its tags."""

    text: str = ""
    requests: list[SpeechRequest] = field(default_factory=list)


def sentences_of(
    text: str, character: Character, streaming: Streaming, pauses: Mapping[Boundary, float]
) -> list[Sentence]:
    """What can be spoken of it, in order; what cannot goes with the sentence before or after. Takes some milliseconds."""
    cutter = cutter_for(character, replace(streaming, sentences_only=True, whole=False))
    done: list[Sentence] = []
    open_one = Sentence()
    for segment in (*cutter.feed(text, 0.0), *cutter.flush()):
        open_one.text += segment.display
        if segment.speech:
            spoken = pronounced(segment.speech, character.lexicon)
            open_one.requests.append(speech_request(segment, spoken, pauses.get(segment.boundary)))
        over = segment.boundary is Boundary.SENTENCE or len(open_one.text) >= LONGEST
        if over and open_one.requests:
            done.append(open_one)
            open_one = Sentence()
    if open_one.requests:
        done.append(open_one)
    elif done:
        done[-1].text += open_one.text
    return done
