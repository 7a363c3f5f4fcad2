"""Open-LLM-VTuber's settings and characters as files of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import ConfigError
from ..core.registry import Registry
from .folder_files import FolderFiles
from .notes import Notes
from .rest import prompt_texts
from .template import Template, character_text, conf_text, read_template, translated, with_prompts

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


def read(source: Path, notes: Notes) -> Template:
    """Raises ConfigError, also where the settings are none of theirs."""
    template = read_template(source, notes)
    entries = template.conf.entries
    if entries and not SECTIONS & entries.keys():
        message = "these are no settings of Open-LLM-VTuber: there is neither system_config nor character_config"
        raise ConfigError(message, file=str(source / "conf.yaml"))
    return template


def settings_of(
    template: Template, files: FolderFiles, notes: Notes, registry: Registry, environ: Mapping[str, str], folder: str
) -> Made:
    """``folder`` is what our conf.yaml is to call theirs."""
    made = translated(template, notes, registry, folder=folder.replace("${", "$${"), environ=environ)
    made = with_prompts(made, prompt_texts(files, made.prompts, notes))
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
        holds_keys=made.holds_keys,
    )
