"""Character files: where they are, and what of them overrides conf.yaml.

A character file holds the fields of ``core.character.Character`` and, beside them, any of conf.yaml's blocks except
``character`` and ``server``. How those are laid over conf.yaml:

* ``latency``, ``gateway``, ``playback``, ``cache``, ``ears``, ``open_llm_vtuber`` and ``avatar`` are merged key by key, to
  any depth.
* ``llm``, ``quick_llm``, ``tts``, ``asr`` and ``agent`` replace conf.yaml's section as a whole. A blank section overrides
  nothing.
* ``voice: {espeak_tts: en-us+f3}`` becomes the setting ``voice`` of every provider of that name in the chain of voices,
  wherever that chain was written, if the provider has a setting of that name; otherwise it has no effect.
* ``avatar`` is the character's picture when it is text. When it is a mapping it overrides the block ``avatar``, and its key
  ``picture`` is the character's picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..core.character import Character
from ..core.errors import ConfigError
from .problems import meant, unknown_key
from .tree import Entry, MapNode, dotted

SHIPPED = Path(__file__).parent.parent / "characters"
FOLDER = "characters"
OVERRIDES = (
    "agent",
    "llm",
    "quick_llm",
    "tts",
    "asr",
    "avatar",
    "latency",
    "gateway",
    "playback",
    "cache",
    "ears",
    "open_llm_vtuber",
)


def available(settings_file: Path) -> Mapping[str, Path]:
    """Character files by name: the shipped ones and those in the folder beside the settings file, which win."""
    found: dict[str, Path] = {}
    for folder in (SHIPPED, settings_file.parent / FOLDER):
        found |= {file.stem: file for file in sorted(folder.glob("*.yaml")) if file.is_file()}
    return found


def find(name: str, settings_file: Path, base: Path) -> Path:
    """The file of a character that was named, or given as the path of a .yaml file, relative to ``base``.

    A name is looked up in a list, never joined to a path, so it cannot lead out of the folder. Raises LookupError that says
    what is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return _explicit(name, base)
    if "/" in name or "\\" in name:
        raise LookupError("a character is a plain name, or the path of a .yaml file")
    known = available(settings_file)
    if name not in known:
        names = ", ".join(sorted(known)) or f"there is no file in {FOLDER}/"
        raise LookupError(f"no character {name[:60]!r}{meant(name, known)}; available: {names}")
    return known[name]


def _explicit(name: str, base: Path) -> Path:
    file = base / name
    try:
        exists = file.is_file()
    except (OSError, ValueError):
        exists = False
    if not exists:
        raise LookupError(f"there is no character file {name[:200]!r}")
    return file


def split(tree: MapNode, problems: list[ConfigError]) -> tuple[MapNode, MapNode]:
    """A character file's own fields, and the blocks that override conf.yaml. Keys that are neither are ``problems``."""
    fields = tuple(Character.model_fields)
    own = MapNode({key: entry for key, entry in tree.entries.items() if key in fields}, tree.place)
    overrides = MapNode({key: entry for key, entry in tree.entries.items() if key in OVERRIDES}, tree.place)
    avatar = tree.get("avatar")
    if isinstance(avatar, MapNode):
        own = own.without("avatar")
        picture = avatar.entries.get("picture")
        if picture:
            own = own.extended("avatar", picture)
        overrides = overrides.extended("avatar", Entry(tree.entries["avatar"].place, avatar.without("picture")))
    else:
        overrides = overrides.without("avatar")
    for key, entry in tree.entries.items():
        if key == "server":
            problems.append(entry.place.error("a character cannot change the server; set this in conf.yaml", key))
        elif key not in fields and key not in OVERRIDES:
            problems.append(entry.place.error(unknown_key(key, (*fields, *OVERRIDES)), dotted((key,))))
    return own, overrides
