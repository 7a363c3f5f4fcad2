"""Common phrases are asked of the voice in the background exactly as turns ask for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS, make_session
from story import Story, ended, tell

from hayakuchi.agents import AgentConfig
from hayakuchi.core.character import Character
from hayakuchi.core.types import Audio, SpeechRequest, UserInput
from hayakuchi.orchestrator.characters import available
from hayakuchi.orchestrator.common_phrases import APOLOGIES, apologies, common_phrases
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.session import Session

NAMES = sorted(available(Path("conf.yaml")))


class Asked(ScriptedTTS):
    """Takes down what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, bool]] = []

    async def synthesize(self, request: SpeechRequest) -> AsyncIterator[Audio]:
        self.asked.append((request.text, request.final))
        async for audio in super().synthesize(request):
            yield audio


def asked_by_turns(character: Character, texts: Sequence[str], agent: AgentConfig | None = None) -> list[Any]:
    """What a session asks the voice for: the greeting, then each text as a whole reply."""
    voice = Asked()
    model = ScriptedLLM([])
    session = make_session([model], [voice], character=character, agent=agent)

    async def script(session: Session, story: Story) -> None:
        if character.opening_line:
            session.greet()
            await ended(story)
        for number, text in enumerate(texts):
            model.tokens = [text]
            session.say(UserInput("Hi"))
            await ended(story, number + 1 + bool(character.opening_line))
            await asyncio.sleep(1)

    tell(session, script)
    return list(dict.fromkeys(voice.asked))


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_turns_ask_for_nothing_else(name: str, streaming: bool) -> None:
    character = load_settings(Path("conf.yaml"), character=name, registry=default_registry()).character
    texts = [*character.fillers, *apologies(character.language)]
    asked = asked_by_turns(character, texts, AgentConfig(enable_streaming=streaming))
    phrases = common_phrases(character, whole=not streaming)
    assert [(phrase.text, phrase.final) for phrase in phrases] == asked
    assert len(phrases) >= 6


def test_a_phrase_is_made_once() -> None:
    character = Character(name="Her", opening_line="[joy] Hi! Hi!", fillers=("Hmm.", "Hmm.", "😀", ""), language="xx")
    assert [phrase.text for phrase in common_phrases(character)] == ["Hi!", "Hmm."]


def test_words_are_said_as_the_character_says_them() -> None:
    character = Character(name="Her", fillers=("GG.",), lexicon={"GG": "good game"}, language="xx")
    assert common_phrases(character) == [SpeechRequest("good game.")]


def test_apologies_go_by_language() -> None:
    assert apologies("zh-Hant-TW") == apologies("zh") == APOLOGIES["zh"]
    assert apologies("tlh") == ()
    assert all(len(said) == len(set(said)) >= 2 for said in APOLOGIES.values())
