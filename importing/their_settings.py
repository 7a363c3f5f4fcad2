"""Open-LLM-VTuber's settings and characters as files of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import ConfigError
from ..core.registry import Registry
from ..orchestrator.gateway_settings import SessionsSettings
from .folder_files import FolderFiles
from .notes import Notes
from .rest import prompt_texts
from .template import Template, character_text, conf_text, read_template, translated, with_prompts
from .tool_servers import tool_servers

STEP = 5_000
"""In which the room for conversations grows."""
SECTIONS = frozenset({"system_config", "character_config", "live_config"})


@dataclass(frozen=True, slots=True)
class Made:
    """Files by their path below the folder that they are for."""

    files: Mapping[str, bytes]
    characters: tuple[str, ...]
    """The stems of their files; the first one is on stage."""
    cast: Mapping[str, str]
    """The characters' names by their ``conf_uid``."""
    models: Mapping[str, str]
    """What each character's Live2D model is called, by the stem of its file."""
    holds_keys: bool
    programs: Mapping[str, str]
    """What servers of tools start, by their names."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the settings depend on beside theirs."""

    registry: Registry
    environ: Mapping[str, str]
    folder: str
    """What our conf.yaml is to call their folder."""
    is_served: bool
    """Whether there is something for frontends in it."""
    conversations: int
    """How many are taken over."""


def read(source: Path, notes: Notes) -> Template:
    """Raises ConfigError, also where the settings are none of theirs."""
    template = read_template(source, notes)
    entries = template.conf.entries
    if entries and not SECTIONS & entries.keys():
        message = "these are no settings of Open-LLM-VTuber: there is neither system_config nor character_config"
        raise ConfigError(message, file=str(source / "conf.yaml"))
    return template


def settings_of(template: Template, files: FolderFiles, notes: Notes, where: Surroundings) -> Made:
    """Never raises for what is written in them."""
    folder = where.folder.replace("${", "$${")
    tools = tool_servers(files, folder, notes)
    served = folder if where.is_served else None
    made = translated(template, notes, where.registry, folder=served, environ=where.environ, tools=tools.names)
    if tools.blocks:
        made = replace(made, conf={**made.conf, "mcp_servers": tools.blocks})
    made = with_prompts(made, prompt_texts(files, made.prompts, notes))
    made = replace(made, conf={**made.conf, **_room_for(where.conversations, notes)})
    people = {person.stem: person for person in made.people}
    written = {"conf.yaml": conf_text(made.conf, "conf.yaml")} | {
        f"characters/{stem}.yaml": character_text(tree, people[stem].file) for stem, tree in made.characters.items()
    }
    return Made(
        files={name: text.encode() for name, text in written.items()},
        characters=tuple(people),
        cast={
            person.conf_uid: str(made.characters[stem]["name"]) for stem, person in people.items() if person.conf_uid
        },
        models={stem: person.model for stem, person in people.items() if person.model},
        holds_keys=made.holds_keys or tools.holds_keys,
        programs=tools.programs,
    )


def _room_for(conversations: int, notes: Notes) -> dict[str, dict[str, int]]:
    """So many conversations that the server would forget some get more room: as much again as there are, in round numbers."""
    if conversations * 2 <= SessionsSettings.model_fields["max_stored"].default:
        return {}
    most = -(-conversations * 2 // STEP) * STEP
    notes.translated("chat_history", f"sessions.max_stored: {most}, so that none of them is forgotten for want of room")
    return {"sessions": {"max_stored": most}}
