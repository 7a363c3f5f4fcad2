"""Common phrases are asked of the voice in the background exactly as turns ask for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS, make_session
from story import Story, ended, one_turn, tell

from hayakuchi.core.character import Character
from hayakuchi.core.types import Audio, SpeechRequest
from hayakuchi.orchestrator.characters import available
from hayakuchi.orchestrator.common_phrases import common_phrases
from hayakuchi.orchestrator.fillers import own_fillers
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.session import Session
from hayakuchi.orchestrator.streaming import Streaming

NAMES = sorted(available(Path("conf.yaml")))


class Asked(ScriptedTTS):
    """Takes down what it is asked."""

    def __init__(self, first_ms: float = 50) -> None:
        super().__init__(first_ms=first_ms)
        self.asked: list[tuple[str, bool]] = []

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        self.asked.append((request.text, request.final))
        async for audio in super().synthesize(request):
            yield audio


Requests = list[tuple[str, bool]]


def requests(character: Character, streaming: Streaming) -> Requests:
    return [(phrase.text, phrase.final) for phrase in common_phrases(character, streaming)]


def asked_by_greeting(character: Character, streaming: Streaming, first_ms: float) -> Requests:
    voice = Asked(first_ms)
    session = make_session([ScriptedLLM([])], [voice], character=character, streaming=streaming)

    async def script(session: Session, story: Story) -> None:
        session.greet()
        await ended(story)

    tell(session, script)
    return voice.asked


def asked_by_turn(character: Character, streaming: Streaming, *, first_ms: float, reply: str) -> Requests:
    """The model takes so long to say it all at once."""
    voice = Asked()
    session = make_session([ScriptedLLM([reply], first_ms=first_ms)], [voice], character=character, streaming=streaming)
    one_turn(session)
    return voice.asked


def character_of(name: str, **changes: Any) -> Character:
    character = load_settings(Path("conf.yaml"), character=name, registry=default_registry()).character
    return character.model_copy(update={"opening_line": "", "fillers": (), "language": "xx", **changes})


HOW = {
    "streaming": Streaming(),
    "whole": Streaming(whole=True),
    "sentences": Streaming(sentences_only=True),
    "joined": Streaming(join_ms=50.0),
}
how = pytest.mark.parametrize("streaming", HOW.values(), ids=HOW.keys())
everybody = pytest.mark.parametrize("name", NAMES)


@how
@everybody
@pytest.mark.parametrize("first_ms", [10, 700])
def test_the_greeting(name: str, streaming: Streaming, first_ms: float) -> None:
    line = load_settings(Path("conf.yaml"), character=name, registry=default_registry()).character.opening_line
    character = character_of(name, opening_line=line)
    expected = requests(character, streaming)
    assert asked_by_greeting(character, streaming, first_ms) == expected
    assert expected


@everybody
def test_fillers(name: str) -> None:
    fillers = own_fillers(load_settings(Path("conf.yaml"), character=name, registry=default_registry()).character)
    assert fillers
    for filler in fillers:
        character = character_of(name, fillers=(filler,))
        asked = asked_by_turn(character, Streaming(), first_ms=2000, reply="Okay.")
        assert asked == [*requests(character, Streaming()), ("Okay.", True)]


def test_replies_that_are_waited_for_have_no_fillers() -> None:
    assert requests(character_of("kiyo", fillers=("Hmm.",)), Streaming(whole=True)) == []


def test_of_the_fillers_only_those_in_the_characters_language_are_made() -> None:
    fillers = {"zh": ("嗯。",), "en": ("Hmm.", "Ooh."), "ja": ("えっと、",)}
    assert requests(character_of("kiyo", fillers=fillers, language="en-GB"), Streaming()) == [
        ("Hmm.", True),
        ("Ooh.", True),
    ]
    assert requests(character_of("kiyo", fillers=fillers, language="fr"), Streaming()) == []


def test_a_phrase_is_made_once() -> None:
    character = Character(name="Her", opening_line="[joy] Hi!", fillers=("Hi!", "Hmm.", "Hmm.", "😀"), language="xx")
    assert [phrase.text for phrase in common_phrases(character, Streaming())] == ["Hi!", "Hmm."]


def test_words_are_said_as_the_character_says_them() -> None:
    character = Character(name="Her", fillers=("GG.",), lexicon={"GG": "good game"}, language="xx")
    assert common_phrases(character, Streaming()) == [SpeechRequest("good game.")]
