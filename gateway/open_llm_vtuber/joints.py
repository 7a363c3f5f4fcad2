"""What a client needs of the engine: who is on stage, a session with that one, and how that one looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.character import Character
from ...orchestrator.conversation import Conversation
from ...orchestrator.engine import Engine
from ...orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from ...orchestrator.session import Session

AHEAD_MS = 30_000.0
"""Their clients keep a queue of items, so much of a reply is sent as soon as it is there."""


@dataclass(frozen=True, slots=True)
class Part:
    """Who is on stage for a client."""

    id: str
    """Never empty; their web client files its histories under it."""
    character: Character
    look: OpenLlmVtuberSettings


def part_on_stage(engine: Engine) -> Part:
    """The character that conf.yaml names."""
    settings = engine.settings
    file = settings.character_file
    return Part(file.stem if file else "character", settings.character, settings.open_llm_vtuber)


def new_session(engine: Engine, name: str, history: Conversation, part: Part) -> Session:
    session = engine.new_session(name, history)
    session.playback.max_ahead_ms = AHEAD_MS
    return session


def model_info(part: Part) -> Mapping[str, Any]:
    """The Live2D model, in the words of model_dict.json; empty: none."""
    return {}


def expressions_of(part: Part, names: Sequence[str]) -> Sequence[int | str]:
    """What the model calls these expressions."""
    return tuple(names)


def avatar_of(part: Part) -> str:
    """The name of a file below /avatars, or empty."""
    return ""
