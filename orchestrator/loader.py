"""conf.yaml and a character file into Settings; every mistake with its file, line and column.

Nothing is read but the two files and the environment variables they name, nothing is imported but the providers they name, and
whatever is wrong with them comes out as one ConfigErrors that holds all of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..asr.settings import EarsSettings
from ..core.block import Block
from ..core.character import Character
from ..core.errors import ConfigError
from ..core.registry import Registry
from ..tts.cache_settings import CacheSettings
from . import characters
from .components import COMPONENTS, MODELS, components, models
from .expand import expanded_map
from .gateway_settings import GatewaySettings, ObservabilitySettings, SessionsSettings
from .open_llm_vtuber_settings import OpenLlmVtuberSettings
from .problems import ConfigErrors, built, misplaced, unknown_key
from .remarks import Remarks, overridden_voices
from .settings import (
    PUPPET,
    AvatarSettings,
    Component,
    LatencySettings,
    PlaybackSettings,
    ServerSettings,
    Settings,
)
from .tool_servers import SECTION, check_named, tool_servers
from .tree import Entry, MapNode, Place, Scalar, dotted, is_blank, kind, merged, shown
from .yaml_source import read_yaml

FILE_NAME = "conf.yaml"
SHIPPED = Path(__file__).parent.parent / FILE_NAME
DEFAULT_CHARACTER = "kiyo"
BLOCKS: Mapping[str, type[Block]] = {
    "server": ServerSettings,
    "avatar": AvatarSettings,
    "latency": LatencySettings,
    "gateway": GatewaySettings,
    "playback": PlaybackSettings,
    "cache": CacheSettings,
    "ears": EarsSettings,
    "sessions": SessionsSettings,
    "observability": ObservabilitySettings,
    "open_llm_vtuber": OpenLlmVtuberSettings,
}
SECTIONS = ("character", *COMPONENTS, MODELS, SECTION, *BLOCKS)
"""The keys of conf.yaml."""
FOLDERS = (
    ("avatar", "model"),
    ("cache", "folder"),
    ("ears", "smart_turn"),
    ("sessions", "file"),
    ("open_llm_vtuber", "folder"),
    ("open_llm_vtuber", "frontend"),
)
"""Keys that hold a path."""
_NO_FOLDER = {"avatar": PUPPET}


def settings_file(path: Path | None = None) -> Path:
    """The file to read: the one given, else ``conf.yaml`` in the current folder, else the shipped one."""
    if path is not None:
        return path
    here = Path(FILE_NAME)
    return here if here.is_file() else SHIPPED


def load_settings(
    path: Path | None = None,
    *,
    character: str | None = None,
    registry: Registry,
    environ: Mapping[str, str] = os.environ,
    remarks: Remarks | None = None,
) -> Settings:
    """Read the settings (``settings_file(path)``) with a character: the one given, else the file's, else kiyo.

    Sections that are missing or blank take their defaults. How a character file overrides the settings is said in
    ``characters``. ``remarks`` takes what is worth telling and no mistake. Raises ConfigErrors with all mistakes, the first
    one first.
    """
    file = settings_file(path)
    problems: list[ConfigError] = []
    settings = None
    try:
        conf = expanded_map(read_yaml(file), environ, problems)
        settings = _settings(conf, file, character, registry, environ, problems, remarks or Remarks())
    except ConfigError as error:
        problems.append(error)
    if problems or settings is None:
        raise ConfigErrors(_in_file_order(problems, file))
    return settings


@dataclass(frozen=True, slots=True)
class _Cast:
    """A character file: its own fields, and what it overrides."""

    file: Path | None
    own: MapNode
    overrides: MapNode


def _settings(
    conf: MapNode,
    file: Path,
    character: str | None,
    registry: Registry,
    environ: Mapping[str, str],
    problems: list[ConfigError],
    remarks: Remarks,
) -> Settings | None:
    for key, entry in conf.entries.items():
        if key not in SECTIONS:
            message = misplaced(key, registry) or unknown_key(key, SECTIONS)
            problems.append(entry.place.error(message, dotted((key,))))
    cast = _cast(conf, file, character, environ, problems)
    tree = _laid_over(conf, cast.overrides)
    chains = {
        section: components(section, tree.get(section), None, registry, problems, Place(file))
        for section in COMPONENTS
        if section != "tts"
    }
    chains["tts"] = _voices(tree, cast, registry, problems, Place(file), remarks)
    offered = models(tree.get(MODELS), registry, problems)
    servers = tool_servers(tree.get(SECTION), problems)
    for agent in chains["agent"]:
        check_named(agent, tree, servers, problems)
    for section, key in FOLDERS:
        remarks.folder(tree, section, key)
        tree = _with_folder(tree, section, key)
    person = built(Character, Entry(cast.own.place, cast.own), (), problems) if cast.file else None
    blocks = {name: _block(model, name, tree, problems) for name, model in BLOCKS.items()}
    if problems or person is None:
        return None
    return Settings(
        character=person,
        character_file=cast.file,
        agent=chains.pop("agent")[0],
        files=(file, cast.file) if cast.file else (file,),
        models=offered,
        mcp_servers=servers,
        **chains,
        **blocks,
    )


def _voices(
    tree: MapNode, cast: _Cast, registry: Registry, problems: list[ConfigError], root: Place, remarks: Remarks
) -> tuple[Component, ...]:
    """The chain of voices, with the character's own. A voice that was written wrong is told also where another one wins."""
    section, own = tree.get("tts"), cast.own.get("voice")
    voices = own if isinstance(own, MapNode) else None
    found = components("tts", section, voices, registry, problems, root)
    if voices is not None:
        mistakes: list[ConfigError] = []
        components("tts", section, None, registry, mistakes, root)
        told = set(map(str, problems))
        problems += [error for error in mistakes if error.path.endswith(".voice") and str(error) not in told]
        remarks.without_effect += overridden_voices(section, voices, found, cast.file)
    return found


def _cast(
    conf: MapNode, file: Path, given: str | None, environ: Mapping[str, str], problems: list[ConfigError]
) -> _Cast:
    try:
        found = _character_file(conf, file, given)
        tree = expanded_map(read_yaml(found), environ, problems)
    except ConfigError as error:
        problems.append(error)
        nothing = MapNode({}, Place(file))
        return _Cast(None, nothing, nothing)
    return _Cast(found, *characters.split(tree, problems))


def _character_file(conf: MapNode, file: Path, given: str | None) -> Path:
    node = conf.get("character")
    try:
        if given is not None:
            return characters.find(given, file, Path())
        if node is None or is_blank(node):
            return characters.find(DEFAULT_CHARACTER, file, file.parent)
        if isinstance(node, Scalar):
            return characters.find(node.text, file, file.parent)
        raise LookupError(f"expected the name of a character, or the path of its file, found {kind(node)}")
    except LookupError as error:
        if given is not None:
            raise ConfigError(f"--character: {error}") from None
        raise (node.place if node else Place(file)).error(str(error), "character") from None


def _laid_over(conf: MapNode, overrides: MapNode) -> MapNode:
    """conf.yaml with a character's blocks over it; component sections are replaced, not merged."""
    said = overrides.without(*[name for name, entry in overrides.entries.items() if is_blank(entry.value)])
    tree = merged(conf.without(*(said.entries.keys() & COMPONENTS.keys())), said)
    return tree if isinstance(tree, MapNode) else conf


def _with_folder(tree: MapNode, section: str, key: str) -> MapNode:
    """The folder that a key of a section names, which is relative to the file that names it; ``~`` is the user's own."""
    block = tree.get(section)
    said = block.get(key) if isinstance(block, MapNode) else None
    if (
        not isinstance(block, MapNode)
        or not isinstance(said, Scalar)
        or said.value in (None, "", _NO_FOLDER.get(section))
    ):
        return tree
    folder = os.path.abspath(said.place.file.parent / os.path.expanduser(said.text))
    resolved = Entry(block.entries[key].place, replace(said, value=folder, text=folder))
    return tree.extended(section, Entry(tree.entries[section].place, block.extended(key, resolved)))


def _block(model: type[Block], name: str, tree: MapNode, problems: list[ConfigError]) -> Any:
    entry = tree.entries.get(name)
    if entry is None or is_blank(entry.value):
        return model()
    return built(model, entry, (name,), problems)


def _in_file_order(problems: Iterable[ConfigError], file: Path) -> list[ConfigError]:
    return sorted(problems, key=lambda error: (error.file != shown(file), error.line or 0, error.column or 0))
