"""Their ``character_config`` into a character file of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...core.character import Character
from ...orchestrator.languages import language_of
from ...orchestrator.tree import MapNode, is_blank
from .names import is_plain
from .rules import Moved, settled
from .section import Section
from .values import variables

LONGEST_NAME = 60
SCRIPTS = ("en", "zh", "ja", "ko", "ru")
"""Languages of which the letters alone tell which one is meant."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a character is known by in their folder. ``file`` is where it was written, ``stem`` the name of our file."""

    file: str
    stem: str
    conf_uid: str | None
    """Name of its folder in ``chat_history``; None where it names none, or none that is safe."""
    model: str | None
    """Name of its Live2D model in ``model_dict.json``."""


def title(section: Section) -> str | None:
    """What a character's file may be called: ``conf_name``, else its name."""
    return section.text("conf_name") or section.text("character_name")


def language(section: Section, of_voice: str | None) -> str:
    """The language a character speaks: as its persona is written, and in Latin letters as its voice does."""
    script = language_of(section.prose("persona_prompt") or "", SCRIPTS) or "en"
    if script == "en" and of_voice and of_voice not in ("zh", "ja", "ko", "ru"):
        return of_voice
    return script


def person(section: Section, stem: str, file: str, speaks: str, said: MapNode) -> tuple[dict[str, Any], Person]:
    """The character file's own fields, and what it is known by. Blank fields take our defaults.

    ``said`` is what its own file says: a name in it wins over one that it has from conf.yaml.
    """
    moved = Moved(section, stem)
    _name(moved, stem, said)
    persona = section.prose("persona_prompt")
    if persona:
        moved.put("persona", persona, "persona_prompt")
    else:
        message = "says nothing: the model does not know who it plays"
        section.notes.not_possible(
            section.source("persona_prompt"), message, f"write persona in characters/{stem}.yaml"
        )
    moved.put("language", speaks, None)
    section.notes.translated(section.source("persona_prompt"), f"{stem}.language: {speaks}")
    avatar = _plain(section, "avatar")
    if avatar:
        moved.put("avatar", avatar, "avatar")
    found = Person(
        file=file,
        stem=stem,
        conf_uid=_known_as(section, "conf_uid", f"its conversations of chat_history are those of {stem}"),
        model=_plain(section, "live2d_model_name"),
    )
    _tell_of_human(section)
    if section.has("conf_name"):
        section.notes.translated(section.source("conf_name"), f"characters/{stem}.yaml")
    tree: dict[str, Any] = settled(moved, Character) or {"name": stem[:LONGEST_NAME]}
    if found.model:
        tree["open_llm_vtuber"] = {"model": found.model}
        section.notes.translated(section.source("live2d_model_name"), f"{stem}.open_llm_vtuber.model")
    return tree, found


def _name(moved: Moved, stem: str, said: MapNode) -> None:
    section = moved.section
    for key in sorted(("character_name", "conf_name"), key=lambda key: is_blank(said.get(key))):
        if found := section.text(key):
            break
    else:
        moved.put("name", stem[:LONGEST_NAME], None)
        return
    if len(found) > LONGEST_NAME and not variables(found):
        message = f"has more than {LONGEST_NAME} characters; the first of them are the name"
        section.notes.translated(section.source(key), message)
        found = found[:LONGEST_NAME].strip()
    moved.put("name", found, key)


def _known_as(section: Section, key: str, what: str) -> str | None:
    found = _plain(section, key)
    if found:
        section.notes.translated(section.source(key), what)
    return found


def _plain(section: Section, key: str) -> str | None:
    """A name that may be that of a file; anything that could lead to another folder is refused."""
    found = section.text(key)
    if found is None or is_plain(found):
        return found
    section.notes.not_possible(section.source(key), "is refused: it is no plain name, but may lead to another folder")
    return None


def _tell_of_human(section: Section) -> None:
    found = section.text("human_name")
    if found is None:
        return
    if found.lower() in ("human", "user", "人类", "用户"):
        section.notes.left_out(section.source("human_name"), "nobody is named: whoever writes has a name of their own")
    else:
        message = "the person is not named in the settings"
        section.notes.not_possible(section.source("human_name"), message, "say in persona whom the character talks to")
