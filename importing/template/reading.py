"""Their files into trees: ``conf.yaml`` and the character files, read within our bounds and never executed.

What would take more than it is worth (size, depth, aliases), what has no end (cycles) and what makes objects (tags) is refused
with a ConfigError that names the line; a key that is set twice is told, and the last value counts, as it does with them.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ...core.errors import ConfigError
from ...orchestrator.tree import Entry, ListNode, MapNode, Node, Place, Scalar, is_blank
from ...orchestrator.yaml_source import MAX_BYTES, parse_yaml
from ..notes import Notes

CONF = "conf.yaml"
CHARACTERS = "characters"
"""Where character files lie unless ``system_config.config_alts_dir`` says otherwise."""
MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Template:
    """What their folder says. ``characters`` are the trees of the character files by their path in the folder."""

    folder: Path
    conf: MapNode
    characters: Mapping[str, MapNode] = field(default_factory=dict)


def read_template(folder: Path, notes: Notes) -> Template:
    """Read the folder's settings; a missing conf.yaml counts as an empty one where there are character files.

    A character file that cannot be read is told and left out. Raises ConfigError for a conf.yaml that cannot.
    """
    file = folder / CONF
    conf = read_tree(file, notes) if file.is_file() else None
    found: dict[str, MapNode] = {}
    for path in _character_files(folder, conf, notes):
        try:
            found[path.relative_to(folder).as_posix()] = read_tree(path, notes)
        except ConfigError as error:
            notes.not_possible(path.name, f"cannot be read: {error}", "mend the file and import again")
    if conf is None:
        if not found:
            raise Place(file).error("there is no such file; is this the folder of Open-LLM-VTuber?")
        notes.left_out(CONF, "there is no such file: everything but the characters takes our defaults")
    return Template(folder, conf or MapNode({}, Place(file)), found)


def read_tree(file: Path, notes: Notes) -> MapNode:
    """One file's mapping. Raises ConfigError."""
    told: list[ConfigError] = []
    tree = parse_yaml(_in_utf8(_bytes_of(file), file, notes), file, told)
    for error in told:
        notes.left_out(f"{file.name}:{error.line}", f"{error.message}; the last value counts")
    joined = _with_merge_keys(tree)
    return joined if isinstance(joined, MapNode) else tree


def _bytes_of(file: Path) -> bytes:
    try:
        if not file.is_file():
            raise Place(file).error("cannot read the file: it is no regular file")
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be opened"
        raise Place(file).error(f"cannot read the file: {reason}") from error
    if len(raw) > MAX_BYTES:
        raise Place(file).error(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    return raw


def _in_utf8(raw: bytes, file: Path, notes: Notes) -> bytes:
    """UTF-8 (with its mark or without), else GBK, as they guess it; anything else is told by who parses it."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw
    try:
        raw.decode("utf-8")
        return raw
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw
    notes.translated(file.name, "from GBK into UTF-8")
    return text.encode("utf-8")


def _with_merge_keys(node: Node) -> Node:
    """``<<`` of YAML 1.1: the settings of another mapping, below those that are written here. Depth is bounded already."""
    if isinstance(node, ListNode):
        return ListNode(tuple(map(_with_merge_keys, node.items)), node.place)
    if not isinstance(node, MapNode):
        return node
    entries = {key: Entry(entry.place, _with_merge_keys(entry.value)) for key, entry in node.entries.items()}
    below = entries.pop("<<", None)
    if below is None:
        return MapNode(entries, node.place)
    sources = below.value.items if isinstance(below.value, ListNode) else (below.value,)
    for source in sources:
        if not isinstance(source, MapNode):
            raise below.place.error("'<<' takes a mapping, or a list of them")
        for key, entry in source.entries.items():
            entries.setdefault(key, entry)
    return MapNode(entries, node.place)


def _character_files(folder: Path, conf: MapNode | None, notes: Notes) -> list[Path]:
    """In a stable order. Nothing that lies outside of the folder, by its name or by a link, is read."""
    name, place = _alternatives(conf)
    below = folder / name
    if not _lies_in(below, folder):
        notes.not_possible(
            f"{CONF}:{place.line if place else ''} system_config.config_alts_dir",
            "leads out of the folder and is not read",
            "copy its files into characters/ of the folder",
        )
        return []
    try:
        found = below.rglob("*.yaml") if below.is_dir() and os.listdir(below) else ()
    except OSError as error:
        notes.not_possible(f"{name}/", f"cannot be listed: {error.strerror}", "let this user read it and import again")
        return []
    regular = (path for path in found if path.is_file() and path != folder / CONF)
    files = sorted(islice(regular, MOST_CHARACTERS + 1))
    if len(files) > MOST_CHARACTERS:
        raise Place(below).error(f"has more than {MOST_CHARACTERS} character files")
    for path in files:
        if not _lies_in(path, folder):
            notes.not_possible(f"{name}/{path.name}", "is a link that leads out of the folder and is not read")
    return [path for path in files if _lies_in(path, folder)]


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether it does, with all links followed; those that lead in a circle lead nowhere."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _alternatives(conf: MapNode | None) -> tuple[str, Place | None]:
    """The folder of the character files as it is named, and where."""
    system = conf.get("system_config") if conf else None
    entry = system.entries.get("config_alts_dir") if isinstance(system, MapNode) else None
    if entry is None or is_blank(entry.value) or not isinstance(entry.value, Scalar) or "\0" in entry.value.text:
        return CHARACTERS, None
    return entry.value.text or CHARACTERS, entry.place
