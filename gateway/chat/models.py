"""Who answers: the character on stage, the others of the characters' folder, and the raw models, each by its id."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...agents import Agent, takes_quick
from ...core.character import DEFAULT_EXPRESSIONS, Character
from ...core.errors import ConfigError
from ...llm import LLM
from ...llm.fallback import FallbackLLM
from ...orchestrator.characters import available
from ...orchestrator.engine import Engine
from ...orchestrator.loader import load_settings
from ...orchestrator.providers import default_registry
from ..api.problem import Problem

ON_STAGE = "default"
"""As a model's name: the character on stage, as the empty name is."""
CHARACTERS = "hayakuchi"
"""Who owns the characters, in the list of models."""
NAMED = 40
"""Models that an error names."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Persona:
    """A character that answers."""

    id: str
    agent: Agent
    character: Character
    on_stage: bool

    @property
    def expressions(self) -> Collection[str]:
        """What tags may name in its replies."""
        return {*self.character.expressions, *DEFAULT_EXPRESSIONS}


@dataclass(frozen=True, slots=True)
class RawModel:
    """A model without a character."""

    id: str
    llm: LLM


Mind = Persona | RawModel


def _owner(llm: LLM) -> str:
    """The provider of a raw model, or of the first of its servers."""
    return llm.providers[0].name if isinstance(llm, FallbackLLM) else llm.name


class ChatModels:
    """Characters come before raw models of the same name. Those that are not on stage have the stage's models and agent, and
    are read from their files when they are first asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        settings = engine.settings
        self.on_stage = settings.character_file.stem if settings.character_file else settings.character.name
        self._cast = {self.on_stage.casefold(): Persona(self.on_stage, engine.agent, settings.character, True)}
        self._cast.setdefault(settings.character.name.casefold(), self._cast[self.on_stage.casefold()])
        self._files: Mapping[str, Path] | None = None
        self._reading = asyncio.Lock()

    async def find(self, model: str) -> Mind:
        """Who answers by this name, in any case of letters for characters. Raises Problem (404) that names who does."""
        name = model.strip()
        if name in ("", ON_STAGE):
            name = self.on_stage
        persona = self._cast.get(name.casefold()) or await self._read(name)
        if persona is not None:
            return persona
        llm = self._engine.llm_for(name)
        if llm is None:
            raise await self._unknown(name)
        return RawModel(name, llm)

    async def listed(self) -> Mapping[str, str]:
        """The ids that may be asked for, the one on stage first, and who owns each."""
        characters = [self.on_stage, *(name for name in await self._others() if name != self.on_stage)]
        raw = {name: _owner(llm) for name, llm in self._engine.raw_models.items()}
        cast = dict.fromkeys(characters, CHARACTERS)
        return cast | {name: owner for name, owner in raw.items() if name not in cast}

    async def _others(self) -> Mapping[str, Path]:
        """Character files by name; none where the settings were not read from a file."""
        if self._files is None:
            files = self._engine.settings.files
            self._files = await asyncio.to_thread(available, files[0]) if files else {}
        return self._files

    async def _read(self, name: str) -> Persona | None:
        files = {stem.casefold(): stem for stem in await self._others()}
        stem = files.get(name.casefold())
        if stem is None:
            return None
        async with self._reading:
            if (found := self._cast.get(stem.casefold())) is None:
                found = self._cast[stem.casefold()] = await self._persona(stem)
        return found

    async def _persona(self, stem: str) -> Persona:
        engine, settings = self._engine, self._engine.settings
        try:
            read = await asyncio.to_thread(
                load_settings, settings.files[0], character=stem, registry=default_registry()
            )
        except ConfigError as error:
            log.warning("the character %s cannot answer: %s", stem, error)
            message = f"the file of the character {stem!r} has a mistake; the server's log says which"
            raise Problem(503, message, "character_broken", "model", retry_after_s=60) from error
        make = settings.agent.provider
        quick = [engine.quick] if engine.quick and takes_quick(make) else []
        agent = make(settings.agent.config, engine.llm, read.character, *quick)
        return Persona(stem, agent, read.character, False)

    async def _unknown(self, name: str) -> Problem:
        known = list(await self.listed())
        names = ", ".join(known[:NAMED]) + (", …" if len(known) > NAMED else "")
        return Problem(404, f"there is no model {name[:100]!r}; there are: {names}", "model_not_found", "model")
