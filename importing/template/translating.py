"""Everything that their settings say, as settings of ours: plain trees, and a note of what became of each line."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...core.registry import Registry
from ...orchestrator.loader import BLOCKS
from ...orchestrator.tree import MapNode, merged
from ..file_names import file_stem, unused
from ..notes import Notes
from . import ears, voices
from .models import DEMO, holds_key
from .names import engine
from .person import Person, language, person, title
from .reading import CONF, Template
from .rules import settled
from .section import Section
from .server import Prompt, server
from .speech import tell_of_live, tell_of_speech
from .thinking import BASIC, thinking
from .voices import Speaker

CHARACTER = "character_config"
FIRST_VERSION = (
    "LLM_PROVIDER",
    "TTS_MODEL",
    "ASR_MODEL",
    "PERSONA_CHOICE",
    "LIVE2D_MODEL",
    "SYSTEM_PROMPT",
    "VAD_MODEL",
)
"""Keys that stood at the top of the file before version 1.0."""
NO_TOOLS: Mapping[str, str] = MappingProxyType({})
PARTS = ("agent", "llm", "tts", "asr", "ears")
"""Sections of ours that a character of theirs may have for itself."""


@dataclass(frozen=True, slots=True)
class Translated:
    """``conf`` is our conf.yaml, ``characters`` our character files by the stem of their names; people are in their order."""

    conf: Mapping[str, Any]
    characters: Mapping[str, Mapping[str, Any]]
    notes: Notes
    people: tuple[Person, ...]
    prompts: tuple[Prompt, ...]
    """Files of ``prompts/utils`` whose texts are to be added to every persona: see ``with_prompts``."""

    @property
    def holds_keys(self) -> bool:
        """Whether literal keys of services stand in it, so that nobody else should read the files."""
        return holds_key(self.conf) or holds_key(self.characters)


@dataclass(frozen=True, slots=True)
class _Cast:
    folder: Path
    registry: Registry
    environ: Container[str]
    tools: Mapping[str, str]


def translated(
    template: Template,
    notes: Notes,
    registry: Registry,
    *,
    folder: str | None = None,
    environ: Container[str] = os.environ,
    tools: Mapping[str, str] = NO_TOOLS,
) -> Translated:
    """``folder`` is what our conf.yaml is to call their folder, relative to itself; None: it is not named.

    ``environ``: the variables that are set; no other is taken from a persona. ``tools``: what their servers of tools are called
    with us. Never raises for what the files say.
    """
    cast = _Cast(template.folder, registry, environ, tools)
    root = Section(template.conf, (), notes, environ)
    block, doors, prompts = server(root.section("system_config"))
    has_own = isinstance(template.conf.get(CHARACTER), MapNode)
    own = root.section(CHARACTER)
    base = own.node
    parts, speaks = _parts(own, cast) if has_own else ({}, "en")
    characters: dict[str, Mapping[str, Any]] = {}
    people: list[Person] = []
    if has_own:
        _add(own, CONF, speaks, base, {}, characters, people)
    for file, tree in template.characters.items():
        _alternative(file, tree, base, parts, cast, notes, characters, people)
    tell_of_live(root.section("live_config"))
    _tell_of_rest(root, has_own)
    if folder is not None:
        doors = {"folder": folder} | doors
    conf = _conf(people, parts, block, doors)
    return Translated(conf, characters, notes, tuple(people), prompts)


def _tell_of_rest(root: Section, has_own: bool) -> None:
    if old := [key for key in root.node.entries if key in FIRST_VERSION]:
        why = "settings of a version before 1.0 are not known"
        instead = "let Open-LLM-VTuber upgrade the file (upgrade.py), then import again"
        root.notes.not_possible(root.source(old[0]), why, instead)
    elif not has_own and root.node.place.line is not None:
        root.notes.left_out(CONF, f"has no {CHARACTER}: the settings are our defaults")
    root.rest(FIRST_VERSION if old else ())


def with_prompts(made: Translated, texts: Mapping[str, str]) -> Translated:
    """The same with the texts of ``prompts`` (by the prompt's key) behind every persona, as they put them there."""
    added = [
        text.strip().replace("${", "$${") for prompt in made.prompts if (text := texts.get(prompt.key, "")).strip()
    ]
    if not added:
        return made
    characters = {
        stem: {**tree, "persona": "\n\n".join([str(tree.get("persona", "")).rstrip(), *added]).strip()}
        for stem, tree in made.characters.items()
    }
    return replace(made, characters=characters)


def _conf(
    people: list[Person], parts: Mapping[str, Any], block: Mapping[str, Any], doors: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {"character": people[0].stem} if people else {}
    found |= {"server": dict(block)} if block else {}
    found |= {name: parts[name] for name in PARTS if parts.get(name)}
    found.setdefault("llm", dict(DEMO))
    return found | ({"open_llm_vtuber": dict(doors)} if doors else {})


def _add(
    section: Section,
    file: str,
    speaks: str,
    said: MapNode,
    own: Mapping[str, Any],
    characters: dict[str, Mapping[str, Any]],
    people: list[Person],
) -> None:
    """``said`` is what its own file says, ``own`` the parts of our settings that it has for itself."""
    stem = unused(file_stem(_named(section, file)), {name.casefold() for name in characters})
    tree, who = person(section, stem, file, speaks, said)
    section.rest()
    if any(who.conf_uid == other.conf_uid for other in people):
        who = replace(who, conf_uid=None)
    characters[stem] = {**tree, **own}
    people.append(who)


def _named(section: Section, file: str) -> str:
    return (title(section) or "character") if file == CONF else Path(file).stem


def _alternative(
    file: str,
    tree: MapNode,
    base: MapNode,
    parts: Mapping[str, Any],
    cast: _Cast,
    notes: Notes,
    characters: dict[str, Mapping[str, Any]],
    people: list[Person],
) -> None:
    """A character file: its settings laid over those of conf.yaml. Only what it says itself is told."""
    name = Path(file).name
    overrides = tree.get(CHARACTER)
    if not isinstance(overrides, MapNode):
        notes.not_possible(name, f"has no {CHARACTER}: no character is made of it")
        return
    for key in tree.entries:
        if key != CHARACTER:
            source = Section(tree, (), notes).source(key)
            notes.left_out(source, f"a character file says {CHARACTER} only; this is ignored, as it was")
    told = Notes()
    whole = merged(base, overrides)
    section = Section(whole if isinstance(whole, MapNode) else overrides, (CHARACTER,), told, cast.environ)
    own, speaks = _parts(section, cast)
    _add(section, file, speaks, overrides, _differing(own, parts), characters, people)
    for note in told:
        if note.source.startswith(f"{name}:"):
            notes.add(note)


def _differing(own: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """What a character has otherwise than conf.yaml; what it lacks there is set back to our default."""
    found = {key: value for key, value in own.items() if value and value != base.get(key)}
    if base.get("agent") and not own["agent"]:
        found["agent"] = {BASIC: {}}
    defaults = BLOCKS["ears"].model_fields
    if back := {key: defaults[key].default for key in base.get("ears", {}) if key not in own["ears"]}:
        found["ears"] = {**own["ears"], **back}
    return found


def _parts(section: Section, cast: _Cast) -> tuple[dict[str, Any], str]:
    """Our sections for what a ``character_config`` says, and the language that the character speaks."""
    agent, llm = thinking(section.section("agent_config"), cast.registry, cast.tools)
    tts = section.section("tts_config")
    voice, block = _chosen(tts, "tts_model", voices.KNOWN, {*voices.LOCAL, *voices.HOSTED})
    speaks = language(section, voices.language_of_voice(voice, block) if voice else None)
    speaker = Speaker(speaks, cast.registry)
    source = tts.source("tts_model")
    chain = voices.voices(voice, block, source, speaker) if voice else [speaker.edge(), speaker.espeak()]
    asr = section.section("asr_config")
    hears, block = _chosen(asr, "asr_model", ears.KNOWN, ears.INSTEAD)
    listens, heard = ears.default_recogniser(speaks), {}
    if hears:
        listens, heard = ears.recogniser(hears, block, asr.source("asr_model"), cast.registry, cast.folder, speaks)
    detected = settled(ears.detection(section.section("vad_config")), BLOCKS["ears"]) or {}
    tell_of_speech(section.section("tts_preprocessor_config"))
    found = {"agent": {BASIC: agent} if agent else {}, "llm": llm, "tts": chain, "asr": listens}
    return {**found, "ears": {**heard, **detected}}, speaks


def _chosen(section: Section, key: str, known: tuple[str, ...], lacking: Container[str]) -> tuple[str | None, Section]:
    """The engine that is in use, and its settings; the others are told as left out. Those that there are not are told later."""
    said = section.text(key)
    name = engine(said, known) if said else None
    written = {found: own for own in section.node.entries if (found := engine(own, known))}
    for other, own in written.items():
        if section.has(own) and other != name:
            section.notes.left_out(section.source(own), "not in use")
    block = section.section(written.get(name, name)) if name else section
    section.rest()
    if name is None:
        why = "no such engine is known" if said else "names no engine"
        section.notes.not_possible(
            section.source(key), f"{why}; a default of ours is used", "see docs/configuration.md"
        )
    elif name in lacking:
        if block.node.entries:
            section.notes.left_out(block.source(), f"goes with {name}")
    else:
        section.notes.translated(section.source(key), section.path[-1].partition("_")[0])
    return name, block
