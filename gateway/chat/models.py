"""Who answers: the character on stage, the others of the characters' folder, and the raw models, each by its id."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from ...core.errors import ConfigError
from ...llm import LLM
from ...llm.fallback import FallbackLLM
from ...orchestrator.cast import Part
from ...orchestrator.engine import Engine
from ..api.problem import Problem

ON_STAGE = "default"
"""As a model's name: the character on stage, as the empty name is."""
CHARACTERS = "hayakuchi"
"""Who owns the characters, in the list of models."""
NAMED = 40
"""Models that an error names."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RawModel:
    """A model without a character."""

    id: str
    llm: LLM


Mind = Part | RawModel


def _owner(llm: LLM) -> str:
    """The provider of a raw model, or of the first of its servers."""
    return llm.providers[0].name if isinstance(llm, FallbackLLM) else llm.name


class ChatModels:
    """Characters come before raw models of the same name."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._cast = engine, engine.cast
        self.on_stage = engine.cast.on_stage.id

    async def find(self, model: str) -> Mind:
        """Who answers by this name, in any case of letters for characters. Raises Problem (404) that names who does."""
        name = model.strip()
        if name in ("", ON_STAGE):
            return self._cast.on_stage
        try:
            part = await self._cast.look_up(name, speaks=False)
        except ConfigError as error:
            log.warning("the character %s cannot answer: %s", name[:100], error)
            message = f"the file of the character {name[:100]!r} has a mistake; the server's log says which"
            raise Problem(503, message, "character_broken", "model", retry_after_s=60) from error
        if part is not None:
            return part
        llm = self._engine.llm_for(name)
        if llm is None:
            raise await self._unknown(name)
        return RawModel(name, llm)

    async def listed(self) -> Mapping[str, str]:
        """The ids that may be asked for, the one on stage first, and who owns each."""
        raw = {name: _owner(llm) for name, llm in self._engine.raw_models.items()}
        cast = dict.fromkeys(await self._cast.ids(), CHARACTERS)
        return cast | {name: owner for name, owner in raw.items() if name not in cast}

    async def _unknown(self, name: str) -> Problem:
        known = list(await self.listed())
        names = ", ".join(known[:NAMED]) + (", …" if len(known) > NAMED else "")
        return Problem(404, f"there is no model {name[:100]!r}; there are: {names}", "model_not_found", "model")
