"""A mapping of their settings that is read key by key: what is not of the expected kind is told, and nothing is fatal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass, field
from typing import TypeVar

from ...orchestrator.tree import MapNode, Node, Place, dotted, is_blank, kind
from ..notes import Notes
from ..yaml_text import Reference
from . import values
from .values import Unfit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section:
    """``path`` is the way to it; ``environ`` the environment variables that are set; what is read is remembered."""

    node: MapNode
    path: tuple[str, ...]
    notes: Notes
    environ: Container[str] = ()
    _read: set[str] = field(default_factory=set)

    def source(self, key: str | None = None) -> str:
        """``conf.yaml:12 system_config.port``: where a key, or this mapping, is written, for the report."""
        entry = self.node.entries.get(key) if key is not None else None
        path = self.path if key is None else (*self.path, key)
        return source_of(entry.place if entry else self.node.place, path)

    def has(self, key: str) -> bool:
        """Whether something is written there; that counts as having read it."""
        self._read.add(key)
        return not is_blank(self.node.get(key))

    def text(self, key: str) -> str | None:
        """None: nothing, or nothing but space, is written there."""
        return self._value(key, values.text) or None

    def prose(self, key: str) -> str | None:
        found = self._value(key, lambda node: values.prose(node, self.environ))
        return found if found and found.strip() else None

    def number(self, key: str) -> float | Reference | None:
        return self._value(key, values.number)

    def whole(self, key: str) -> int | Reference | None:
        return self._value(key, values.whole)

    def flag(self, key: str) -> bool | Reference | None:
        return self._value(key, values.flag)

    def texts(self, key: str) -> tuple[str, ...]:
        return self._value(key, values.texts) or ()

    def section(self, key: str) -> Section:
        """A mapping in this one; empty where none is written."""
        node = self.node.get(key)
        self._read.add(key)
        if not isinstance(node, MapNode):
            if not is_blank(node) and node is not None:
                self.notes.not_possible(self.source(key), f"expected a mapping (key: value), found {kind(node)}")
            place = self.node.entries[key].place if key in self.node.entries else self.node.place
            node = MapNode({}, place)
        return Section(node, (*self.path, key), self.notes, self.environ)

    def rest(self, known: Collection[str] = ()) -> None:
        """Tell of the keys that nobody has read."""
        for key in self.node.entries:
            if key not in self._read and key not in known:
                self.notes.left_out(self.source(key), "no setting of this name is known; it is ignored")

    def _value(self, key: str, convert: Callable[[Node], T]) -> T | None:
        self._read.add(key)
        node = self.node.get(key)
        if node is None or is_blank(node):
            return None
        try:
            return convert(node)
        except Unfit as error:
            self.notes.not_possible(self.source(key), str(error), "the default is used")
            return None


def source_of(place: Place, path: Collection[str]) -> str:
    """How the report names a place: the file without its folder, the line, and the way to the setting."""
    line = f":{place.line}" if place.line else ""
    return f"{place.file.name}{line} {dotted(tuple(path))}".strip()
