"""YAML files into trees: safe, bounded, and every mistake with its line.

Only plain data is built; tags that would make objects are refused. Scalars follow the core schema of YAML 1.2 (what editors
check against), so ``no`` and ``12:30`` are text. Size, depth and the number of values are bounded, aliases counted in full.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ..core.errors import ConfigError
from .tree import Entry, ListNode, MapNode, Node, Place, Scalar, ScalarValue

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000
MAX_DEPTH = 32
LONGEST_NUMBER = 40
"""Characters; anything longer is text."""

_TAG = "tag:yaml.org,2002:"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+", re.ASCII)
_INT_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_yaml(file: Path) -> MapNode:
    """The file's mapping; an empty file is an empty one. Raises ConfigError."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be opened"
        raise Place(file).error(f"cannot read the file: {reason}") from error
    return parse_yaml(raw, file)


def parse_yaml(raw: bytes, file: Path, told: list[ConfigError] | None = None) -> MapNode:
    """As ``read_yaml``, from bytes; ``file`` is what errors name. With ``told``, as other programs read: a key that is set
    twice is told there, and its last value counts; ``<<`` is a key like any other."""
    if len(raw) > MAX_BYTES:
        raise Place(file).error(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    root = _Builder(file, told).build(_decoded(raw, file))
    if root is None or (isinstance(root, Scalar) and root.value is None):
        return MapNode({}, Place(file, 1, 1))
    if not isinstance(root, MapNode):
        raise root.place.error("expected settings of the form 'key: value' at the top of the file")
    return root


def scalar_value(text: str) -> ScalarValue:
    """What an unquoted scalar means (YAML 1.2.2 section 10.3.2, Core schema)."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if len(text) > LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _INT_BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def _decoded(raw: bytes, file: Path) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Place(file, 1, 1).error("the file is saved as UTF-16; save it as UTF-8")
    text = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        raise Place(file, line, column).error("a character here is not UTF-8; save the file as UTF-8") from None


@dataclass(slots=True)
class _Open:
    """A list or map that is being read. ``values`` counts what is in it, ``height`` how deep it goes."""

    is_map: bool
    place: Place
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: Scalar | None = None
    values: int = 1
    height: int = 1

    def node(self) -> Node:
        return MapNode(self.entries, self.place) if self.is_map else ListNode(tuple(self.items), self.place)


@dataclass(frozen=True, slots=True)
class _Finished:
    node: Node
    values: int = 1
    height: int = 1


class _Builder:
    """Builds the tree from the parser's events with a stack of its own: no recursion, and no limit found out too late."""

    def __init__(self, file: Path, told: list[ConfigError] | None = None) -> None:
        self._file = file
        self._told = told
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Finished | None] = {}
        self._root: Node | None = None
        self._values = 0
        self._documents = 0

    def build(self, text: str) -> Node | None:
        for event in self._events(text):
            self._take(event)
        return self._root

    def _events(self, text: str) -> Iterator[yaml.Event]:
        last = Place(self._file, 1, 1)
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                last = self._place(event.start_mark)
                yield event
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error, text, last) from None
        except yaml.reader.ReaderError as error:
            before = text[: error.position]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            raise Place(self._file, line, column).error("a character that YAML does not allow") from None
        except (yaml.YAMLError, ValueError, OverflowError):
            # The scanner lets out what chr() and int() say about an escape that is no character.
            raise last.error("not valid YAML: an escape or a number after this place is out of range") from None

    def _syntax_error(self, error: yaml.MarkedYAMLError, text: str, last: Place) -> ConfigError:
        mark = error.problem_mark or error.context_mark
        where = f"from line {at.line + 1}" if (at := error.context_mark) and mark and at.line < mark.line else ""
        problem = " ".join(part for part in (error.context, where, error.problem) if part)
        hint = ""
        if "'\\t'" in problem:
            hint = "; use spaces to indent, not tabs"
        elif mark and text[max(mark.index - 1, 0) : mark.index + 1] == "${":
            hint = "; between braces, put ${…} in quotes"
        return (self._place(mark) if mark else last).error(f"not valid YAML: {problem}{hint}")

    def _place(self, mark: yaml.Mark) -> Place:
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _take(self, event: yaml.Event) -> None:
        place = self._place(event.start_mark)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise place.error("a second document begins here; a settings file holds one")
            case yaml.AliasEvent():
                self._add(self._alias(event.anchor, place), place)
            case yaml.ScalarEvent():
                self._finish(_Finished(_scalar(event, place)), event.anchor)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._open(event, place)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._stack.pop()
                self._finish(_Finished(done.node(), done.values, done.height), done.anchor)

    def _open(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent, place: Place) -> None:
        is_map = isinstance(event, yaml.MappingStartEvent)
        _check_tag(event.tag, ("map",) if is_map else ("seq",), place)
        if len(self._stack) >= MAX_DEPTH:
            raise place.error(f"nested more than {MAX_DEPTH} levels deep")
        if self._stack and self._stack[-1].is_map and self._stack[-1].key is None:
            raise place.error("a key must be a word, not a list or a mapping")
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(is_map, place, event.anchor))

    def _alias(self, anchor: str, place: Place) -> _Finished:
        if anchor not in self._anchors:
            raise place.error("'*' begins an alias here, and no anchor has that name; put the text in quotes")
        finished = self._anchors[anchor]
        if finished is None:
            raise place.error("an alias to what it stands in")
        return finished

    def _finish(self, done: _Finished, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = done
        self._add(done, done.node.place)

    def _add(self, done: _Finished, place: Place) -> None:
        if not self._stack:
            self._root = done.node
            return
        top = self._stack[-1]
        top.values += done.values
        top.height = max(top.height, done.height + 1)
        if top.values > MAX_VALUES:
            raise place.error(f"more than {MAX_VALUES} values")
        if len(self._stack) + done.height > MAX_DEPTH + 1:
            raise place.error(f"nested more than {MAX_DEPTH} levels deep")
        if not top.is_map:
            top.items.append(done.node)
        elif top.key is None:
            top.key = _key(done.node, place, top.entries, self._told)
        else:
            top.entries[top.key.text] = Entry(top.key.place, done.node)
            top.key = None


def _key(node: Node, place: Place, entries: dict[str, Entry], told: list[ConfigError] | None) -> Scalar:
    if not isinstance(node, Scalar):
        raise place.error("a key must be a word, not a list or a mapping")
    if node.plain and node.text == "<<" and told is None:
        raise place.error("merge keys (<<) are not supported; write the settings out")
    first = entries.get(node.text)
    if first:
        error = place.error(f"the key {node.text[:60]!r} is already set in line {first.place.line}")
        if told is None:
            raise error
        told.append(error)
    return Scalar(node.text, node.text, place)


def _scalar(event: yaml.ScalarEvent, place: Place) -> Scalar:
    _check_tag(event.tag, ("str", "int", "float", "bool", "null"), place)
    text: str = event.value
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise place.error("an escape here is half of a character")
    if event.tag in (None, "!"):
        plain = event.tag is None and event.implicit[0]
        return Scalar(scalar_value(text) if plain else text, text, place, plain)
    return Scalar(text if event.tag == _TAG + "str" else scalar_value(text), text, place)


def _check_tag(tag: str | None, allowed: tuple[str, ...], place: Place) -> None:
    if tag not in (None, "!") and tag not in {_TAG + name for name in allowed}:
        raise place.error("a tag (!…) is not allowed here; put the text in quotes if '!' is meant")
