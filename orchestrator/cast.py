"""Everybody who may be on stage: the character that the settings name, and every other one of the characters' folders.

The others are read from their files when they are first asked for, and again when a file has changed. What a file does not say
otherwise is for all as it is on stage: flags of the command line hold for them, too, and a change of conf.yaml waits for the
next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from ..agents import Agent, takes_quick
from ..agents.mcp_tools import McpServers
from ..agents.tools import Toolbox
from ..core.character import DEFAULT_EXPRESSIONS, Character
from ..core.errors import ConfigError
from ..llm.fallback import FallbackLLM
from ..tts.phrase_cache import CachedTTS
from .character_names import CharacterNames, Stamp, stamp
from .characters import available
from .loader import load_settings
from .minds import make_agent, own_agent
from .open_llm_vtuber_settings import OpenLlmVtuberSettings
from .own_chains import OwnChains
from .problems import meant
from .providers import default_registry
from .settings import Settings
from .streaming import Streaming, resolved
from .tool_servers import named_by

_OWN = frozenset({"character", "character_file", "files"})
"""What characters never share."""
NAMED = 40
"""Characters that an error names."""


@dataclass(frozen=True, slots=True)
class Part:
    """A character that answers: what its file says, and with whom it thinks and speaks."""

    id: str
    """The stem of its file; never empty."""
    settings: Settings
    """conf.yaml with this character's file laid over it."""
    agent: Agent
    llm: FallbackLLM
    quick: FallbackLLM | None
    voice: CachedTTS
    on_stage: bool
    tools: Toolbox | None = None
    """What it may call."""
    held: tuple[object, ...] = field(default=(), repr=False, compare=False)
    """What keeps its own model and voice open: they are closed some time after the last who has this part is gone."""

    @property
    def character(self) -> Character:
        return self.settings.character

    @property
    def look(self) -> OpenLlmVtuberSettings:
        """How it looks to those who come from Open-LLM-VTuber."""
        return self.settings.open_llm_vtuber

    @property
    def expressions(self) -> Collection[str]:
        """What tags may name in its replies."""
        return {*self.character.expressions, *DEFAULT_EXPRESSIONS}

    def streaming(self) -> Streaming:
        """How its next turn streams: by its agent, and the model and voice that would serve it."""
        return resolved(self.agent.config, _config(self.llm.upcoming), _config(self.voice.upcoming))

    def showing(self, expressions: Sequence[str]) -> Part:
        """The same, seen as an avatar that has these expressions: the model is told of them alone, and tags of the character's
        own ones are taken out of its replies as ever."""
        if not expressions:
            return self
        known = self.character.expressions
        told = {name: known.get(name, {}) for name in expressions}
        person = self.character.model_copy(update={"expressions": told})
        agent = make_agent(replace(self.settings, character=person), self.llm, self.quick, self.tools)
        both = self.character.model_copy(update={"expressions": {**known, **told}})
        return replace(self, settings=replace(self.settings, character=both), agent=agent)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a character's file said when it was last read."""

    stamps: tuple[Stamp | None, ...]
    settings: Settings


class Cast:
    """Who is on stage stays as it was at the start, whatever becomes of its file."""

    def __init__(self, on_stage: Part, servers: McpServers) -> None:
        self.on_stage = on_stage
        self._servers = servers
        self._own = OwnChains(on_stage.voice.sample_rate, on_stage.settings.cache)
        self._names = CharacterNames()
        self._read: dict[str, _Read] = {}
        self._reading = asyncio.Lock()

    async def look_up(self, name: str, *, speaks: bool = True) -> Part | None:
        """The character of that id, in any case of letters; None: there is none. Who is on stage also answers to its own name.
        ``speaks`` False: it is to write, so its voice is not waited for.

        Raises ConfigError with the place of the mistake when its file, or conf.yaml, is broken, and ProviderError when its
        agent cannot be made. A model or voice that cannot be had is replaced by that of the stage.
        """
        wanted = name.strip().casefold()
        if wanted in (self.on_stage.id.casefold(), self.on_stage.character.name.casefold()):
            return self.on_stage
        files = await self._files()
        found = name if name in files else next((id for id in files if id.casefold() == wanted), None)
        return await self._part(found, files[found], speaks=speaks) if found is not None else None

    async def find(self, id: str) -> Part:
        """The character of exactly that id. Raises ConfigError as :meth:`look_up`, and where there is none."""
        if id == self.on_stage.id:
            return self.on_stage
        files = await self._files()
        if id not in files:
            ids = list(dict.fromkeys((self.on_stage.id, *files)))
            known = ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
            raise ConfigError(f"there is no character {id[:60]!r}{meant(id, ids)}; there are: {known}")
        return await self._part(id, files[id], speaks=True)

    async def ids(self) -> Sequence[str]:
        """All that may be asked for, the one on stage first."""
        return [self.on_stage.id, *(id for id in await self._files() if id != self.on_stage.id)]

    async def list(self) -> Sequence[tuple[str, str]]:
        """Id and name of all, the one on stage first; no two have the same name."""
        files = {id: file for id, file in (await self._files()).items() if id != self.on_stage.id}
        first = (self.on_stage.id, self.on_stage.character.name)
        return await asyncio.to_thread(self._names.of, first, files)

    @property
    def chains(self) -> Sequence[FallbackLLM | CachedTTS]:
        """Models and voices that are not those of the stage."""
        return self._own.chains

    @property
    def problems(self) -> Sequence[str]:
        """Who does without an own model or voice at the moment, and what is wrong with those of others, a line each."""
        return self._own.problems

    async def probe_all(self, model_s: float, *, failing_only: bool = False) -> None:
        """Close what nobody uses any longer, and ask the other models and voices whether they answer; ``model_s``: how long a
        model may take."""
        await self._own.probe_all(model_s, failing_only=failing_only)

    async def aclose(self) -> None:
        """Close what the others have to themselves; idempotent."""
        await self._own.aclose()

    async def _files(self) -> Mapping[str, Path]:
        """Character files by id; none where the settings were not read from a file."""
        files = self.on_stage.settings.files
        return await asyncio.to_thread(available, files[0]) if files else {}

    async def _part(self, id: str, file: Path, *, speaks: bool) -> Part:
        async with self._reading:
            settings = await asyncio.to_thread(self._fresh, id, file)
        stage, held = self.on_stage, list[object]()
        async with asyncio.TaskGroup() as group:
            llm = group.create_task(self._llm(settings, id, held), name=f"model of {id}")
            quick = group.create_task(self._quick(settings, id, held), name=f"quick model of {id}")
            voice = group.create_task(self._voice(settings, id, held), name=f"voice of {id}") if speaks else None
        tools = self._servers.toolbox(named_by(settings.agent))
        mind = own_agent(settings, llm.result(), quick.result(), tools)
        spoken = voice.result() if voice else stage.voice
        return Part(id, settings, mind, llm.result(), quick.result(), spoken, False, tools, tuple(held))

    async def _llm(self, settings: Settings, id: str, held: list[object]) -> FallbackLLM:
        """``held``, here and below: where to put what keeps it open."""
        if settings.llm == self.on_stage.settings.llm:
            return self.on_stage.llm
        held.append(loan := await self._own.model(settings.llm, id))
        return loan.chain or self.on_stage.llm

    async def _quick(self, settings: Settings, id: str, held: list[object]) -> FallbackLLM | None:
        """None: it does without first words of a small model."""
        if settings.quick_llm == self.on_stage.settings.quick_llm:
            return self.on_stage.quick
        if not (settings.quick_llm and settings.character.quick_reply and takes_quick(settings.agent.provider)):
            return None
        held.append(loan := await self._own.model(settings.quick_llm, id))
        return loan.chain

    async def _voice(self, settings: Settings, id: str, held: list[object]) -> CachedTTS:
        if settings.tts == self.on_stage.settings.tts:
            return self.on_stage.voice
        held.append(loan := await self._own.voice(settings.tts, id))
        return loan.chain or self.on_stage.voice

    def _fresh(self, id: str, file: Path) -> Settings:
        """What the files say at the moment; waits for the disk."""
        stage = self.on_stage.settings
        stamps = tuple(map(stamp, (file, *stage.files)))
        known = self._read.get(id)
        if known is None or known.stamps != stamps:
            known = self._read[id] = _Read(stamps, _settings(file, stage))
        return known.settings


def _settings(file: Path, stage: Settings) -> Settings:
    """A character's file laid over conf.yaml, with what is on stage wherever the two files say the same. Raises ConfigError."""
    registry, conf = default_registry(), stage.files[0]
    read = load_settings(conf, character=str(file), registry=registry)
    try:
        on_stage = str(stage.character_file) if stage.character_file else None
        beside = load_settings(conf, character=on_stage, registry=registry)
    except ConfigError:
        beside = stage  # its file was broken since the start
    shared = {
        field.name: getattr(stage, field.name)
        for field in fields(Settings)
        if field.name not in _OWN and getattr(read, field.name) == getattr(beside, field.name)
    }
    return replace(read, **shared)


def _config(provider: object) -> object:
    """A provider's block; providers of other packages may keep none."""
    return getattr(provider, "config", None)
