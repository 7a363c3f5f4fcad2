"""What a configuration file says, each value with its place.

A tree is made of scalars, lists and maps; no value is ever separated from the file, line and column it was written at, so trees
of two files can be laid over one another and an error still points at the file to mend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import ConfigError

ScalarValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file. Lines and columns count from 1; both are None for what no file says (a default)."""

    file: Path
    line: int | None = None
    column: int | None = None

    def error(self, message: str, path: str = "") -> ConfigError:
        return ConfigError(message, file=shown(self.file), line=self.line, column=self.column, path=path)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text, a number, true or false, or nothing. Its repr does not show it: it may be a secret."""

    value: ScalarValue = field(repr=False)
    text: str = field(repr=False)
    """As written, before it was taken for a number."""
    place: Place
    plain: bool = False
    """Written without quotes and without a tag."""
    variables: tuple[str, ...] = ()
    """Environment variables that it was filled from."""


@dataclass(frozen=True, slots=True)
class ListNode:
    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a map (by the place of the key) and its value."""

    place: Place
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    entries: dict[str, Entry]
    place: Place

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.value if entry else None

    def without(self, *keys: str) -> MapNode:
        return MapNode({key: entry for key, entry in self.entries.items() if key not in keys}, self.place)

    def extended(self, key: str, entry: Entry) -> MapNode:
        return MapNode({**self.entries, key: entry}, self.place)


Node = Scalar | ListNode | MapNode
Path_ = tuple[str | int, ...]
"""The way from the root of a tree to a value: keys and list indices."""


def shown(file: Path) -> str:
    """A file's name for people: relative to the current folder where it lies below it, with forward slashes."""
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return file.as_posix()


def dotted(path: Sequence[str | int]) -> str:
    """``("tts", 0, "edge_tts")`` → ``tts.0.edge_tts``; a key that is no plain word is quoted."""
    return ".".join(str(part) if isinstance(part, int) or _is_word(part) else repr(part[:60]) for part in path)


def _is_word(text: str) -> bool:
    return 0 < len(text) <= 60 and text.isprintable() and not set(text) & set(" .:'\"")


def is_blank(node: Node | None) -> bool:
    """Whether nothing is written there: no such key, or a key without a value."""
    return node is None or (isinstance(node, Scalar) and node.value is None)


def merged(base: Node, over: Node) -> Node:
    """``over`` laid over ``base``: maps key by key to any depth, anything else replaces. A blank changes nothing of a map."""
    if not isinstance(base, MapNode):
        return over
    if is_blank(over):
        return base
    if not isinstance(over, MapNode):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = base.get(key)
        entries[key] = entry if below is None else Entry(entry.place, merged(below, entry.value))
    return MapNode(entries, over.place)


def data(node: Node, as_text: frozenset[Path_] = frozenset(), path: Path_ = ()) -> object:
    """The tree as plain dicts, lists and scalars; the scalars at ``as_text`` as they were written."""
    if isinstance(node, Scalar):
        return node.text if path in as_text else node.value
    if isinstance(node, ListNode):
        return [data(item, as_text, (*path, index)) for index, item in enumerate(node.items)]
    return {key: data(entry.value, as_text, (*path, key)) for key, entry in node.entries.items()}


def steps(entry: Entry, path: Sequence[str | int]) -> Iterator[tuple[Node, Place]]:
    """The nodes along a path, as far as it leads: each with the place of the key (or item) that holds it."""
    node = entry.value
    yield node, entry.place
    for part in path:
        if isinstance(node, MapNode) and isinstance(part, str) and part in node.entries:
            entry = node.entries[part]
            node, place = entry.value, entry.place
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            place = node.place
        else:
            return
        yield node, place


def kind(node: Node) -> str:
    """What is written there, in plain words and without its value."""
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    match node.value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case "":
            return "empty text"
        case _:
            return "text"
