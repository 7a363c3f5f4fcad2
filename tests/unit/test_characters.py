"""The characters that ship: valid files, whose lines use only what the character has."""

import re
from importlib.resources import files

import pytest
import yaml

from hayakuchi.agents.prompt import system_prompt
from hayakuchi.core.character import DEFAULT_EXPRESSIONS, Character
from hayakuchi.core.types import Message
from hayakuchi.llm.demo import lines
from hayakuchi.llm.demo.situation import TAG, read
from hayakuchi.orchestrator.languages import language_of

SHIPPED = ["harry_potter", "iron_man", "kiyo", "sun_wukong"]
SCENES = {"room", "night", "stage", "garden"}


def load(name: str) -> Character:
    return Character.model_validate(
        yaml.safe_load(files("hayakuchi").joinpath("characters", f"{name}.yaml").read_text("utf-8"))
    )


@pytest.fixture(params=SHIPPED)
def character(request: pytest.FixtureRequest) -> Character:
    return load(request.param)


def test_exactly_these_are_shipped():
    found = {file.name for file in files("hayakuchi").joinpath("characters").iterdir() if file.name.endswith(".yaml")}
    assert found == {f"{name}.yaml" for name in SHIPPED}


def test_everything_a_stage_wants_to_know_is_there(character: Character):
    colours = {"hair", "eyes", "skin", "dress", "accent"}
    assert colours <= set(character.look) <= colours | {"style", "accessory"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", character.look[name]) for name in colours)
    assert character.scene in SCENES
    assert character.avatar
    assert character.voice["espeak_tts"]
    assert all(written and spoken for written, spoken in character.lexicon.items())


def test_fillers_are_in_the_language_that_they_are_for(character: Character):
    assert isinstance(character.fillers, dict)
    assert set(character.fillers) == {"en", "zh", "ja", "ko"}
    for language, texts in character.fillers.items():
        assert 3 <= len(texts) <= 6
        assert len(set(texts)) == len(texts)
        assert [language_of(text, character.fillers) for text in texts] == [language] * len(texts)
        assert all(text[-1] in ".。" and len(text) <= 20 for text in texts)


def test_the_persona_is_neither_a_note_nor_a_novel(character: Character):
    words = len(re.findall(r"[A-Za-z'’-]+", character.persona))
    assert 100 <= words <= 220 or 150 <= len(character.persona) - words <= 450


def test_the_opening_line_is_speech_with_tags_that_the_character_has(character: Character):
    tags = TAG.findall(character.opening_line)
    speech = TAG.sub("", character.opening_line)
    assert character.opening_line.startswith("[")
    assert set(tags) <= set(character.expressions)
    assert not re.search(r"[*_#`<>\[\]{}|~]|https?:|[\U0001f000-\U0001faff]", speech)
    assert 1 <= len(re.findall(r"[.!?。！？]", speech)) <= 3


def test_expressions_are_the_default_ones_and_some_of_its_own(character: Character):
    own = {name: moved for name, moved in character.expressions.items() if name not in DEFAULT_EXPRESSIONS}
    assert set(DEFAULT_EXPRESSIONS) <= set(character.expressions)
    assert 1 <= len(own) <= 2
    for moved in own.values():
        assert moved
        assert all(re.fullmatch(r"Param[A-Z]\w+", name) for name in moved)
        assert all(abs(value) <= (30 if name.startswith("ParamAngle") else 1) for name, value in moved.items())


@pytest.mark.parametrize("name", SHIPPED)
def test_the_demo_mind_knows_it_and_has_lines_for_its_faces(name: str):
    character = load(name)
    situation = read([Message("system", system_prompt(character)), Message("user", "1 + 1")])
    assert situation.flavour == name
    assert situation.me == character.name
    assert situation.language == character.language
    assert situation.tags == set(character.expressions)
    used = {tag for (flavour, _), pools in lines.load().files.items() if flavour == name for pool in pools.values()
            for line in pool.lines for tag in TAG.findall(line)}  # fmt: skip
    assert used <= set(character.expressions)
    assert used - set(DEFAULT_EXPRESSIONS)
