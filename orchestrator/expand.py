"""``${NAME}`` and ``${NAME:-default}`` in a tree's scalars, from the environment.

As in a shell, the default stands in for a variable that is not set or empty; ``$${`` is a literal ``${``. What a variable
holds is never expanded again. An unquoted scalar that is one ``${…}`` and nothing else is read as if its text stood in the
file, so ``port: ${PORT:-12393}`` is a number; anywhere else the result is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..core.errors import ConfigError
from .tree import Entry, ListNode, MapNode, Node, Path_, Scalar, dotted
from .yaml_source import scalar_value

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?", re.ASCII)


def expanded(node: Node, environ: Mapping[str, str], problems: list[ConfigError], path: Path_ = ()) -> Node:
    """The tree with its variables filled in; keys are left as they are. What is wrong is added to ``problems``."""
    if isinstance(node, Scalar):
        return _filled(node, environ, problems, path)
    if isinstance(node, ListNode):
        items = (expanded(item, environ, problems, (*path, index)) for index, item in enumerate(node.items))
        return ListNode(tuple(items), node.place)
    return expanded_map(node, environ, problems, path)


def expanded_map(node: MapNode, environ: Mapping[str, str], problems: list[ConfigError], path: Path_ = ()) -> MapNode:
    """As ``expanded``, for a map."""
    entries = {
        key: Entry(entry.place, expanded(entry.value, environ, problems, (*path, key)))
        for key, entry in node.entries.items()
    }
    return MapNode(entries, node.place)


def _filled(node: Scalar, environ: Mapping[str, str], problems: list[ConfigError], path: Path_) -> Scalar:
    if "${" not in node.text:
        return node
    used: list[str] = []

    def fill(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        try:
            value = _lookup(found, environ)
        except LookupError as error:
            problems.append(node.place.error(str(error.args[0]), dotted(path)))
            return ""
        used.append(found[1])
        return value

    text = _REFERENCE.sub(fill, node.text)
    whole = _REFERENCE.fullmatch(node.text)
    typed = node.plain and whole is not None and whole[1] is not None and text != ""
    return replace(node, value=scalar_value(text) if typed else text, text=text, variables=tuple(used))


def _lookup(found: re.Match[str], environ: Mapping[str, str]) -> str:
    name, default = found[1], found[2]
    if name is None:
        raise LookupError("'${' begins no variable; write ${NAME} or ${NAME:-default}, or $${ for the characters '${'")
    value = environ.get(name)
    if value and any("\ud800" <= char <= "\udfff" for char in value):
        raise LookupError(f"what the environment variable {name} holds is not UTF-8")
    if default is not None:
        return value or default
    if value is None:
        raise LookupError(f"the environment variable {name} is not set; set it, or write ${{{name}:-default}}")
    return value
