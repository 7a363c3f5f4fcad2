"""Who is on stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import Field, TypeAdapter, field_validator

from .block import Block

DEFAULT_EXPRESSIONS = ("neutral", "joy", "sadness", "anger", "surprise", "fear", "smirk", "shy", "thinking")
"""What the default avatar can do by itself."""
_TEXTS: Final = TypeAdapter(tuple[str, ...])
_TEXTS_BY_LANGUAGE: Final = TypeAdapter(dict[str, tuple[str, ...]])


class Character(Block):
    """A character file: ``characters/NAME.yaml``."""

    name: str = Field(min_length=1, max_length=60, description="The name the audience sees")
    avatar: str | None = Field(
        default=None, description="Picture of the character: a file beside the character file, or an emoji"
    )
    look: dict[str, str] = Field(
        default_factory=dict,
        description="The default puppet: hair, eyes, skin, dress, accent (colours), style (long, short), accessory",
    )
    persona: str = Field(default="", description="Who the character is; becomes the system prompt")
    opening_line: str = Field(default="", description="What the character says when somebody comes")
    language: str = Field(
        default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$", description="BCP 47 tag, for example en, zh, ja"
    )
    voice: dict[str, str] = Field(
        default_factory=dict, description="Voice per provider, for example {espeak_tts: en-us+f3}; wins over conf.yaml"
    )
    expressions: dict[str, dict[str, float]] = Field(
        default_factory=lambda: {name: {} for name in DEFAULT_EXPRESSIONS},
        description="Tags such as [joy] in the reply, and the Live2D parameters each one sets; empty: the avatar's own",
    )
    fillers: tuple[str, ...] | dict[str, tuple[str, ...]] = Field(
        default=(),
        description="Short openers that may be spoken while the model still thinks: a list in the character's language, or "
        "lists by language, for example {en: [Hmm.], ja: [えっと、]}",
    )
    quick_reply: bool = Field(
        default=True, description="false: no first words from the model of quick_llm, only the reply proper"
    )
    lexicon: dict[str, str] = Field(
        default_factory=dict, description="How to say a word: what is written → what is spoken"
    )
    scene: str | None = Field(default=None, description="Scene behind the character, when the page has not chosen one")

    @field_validator("fillers", mode="wrap")
    @classmethod
    def _list_or_lists(cls, value: object, _: object) -> object:
        """Told of as what it is: an error has the place of the entry, not the names of both forms."""
        if not isinstance(value, Mapping):
            return _TEXTS.validate_python(value)
        found = _TEXTS_BY_LANGUAGE.validate_python(value)
        if not all(re.fullmatch("[a-z]{2,3}", language) for language in found):
            raise ValueError("fillers by language have languages as keys, without a region: en, zh, ja")
        if not all(found.values()):
            raise ValueError("a language of the fillers has none; name some, or leave the language out")
        return found

    @field_validator("expressions", mode="before")
    @classmethod
    def _list_of_names(cls, value: object) -> object:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return {name: {} for name in value}
        return value
