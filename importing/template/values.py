"""What their settings say, as values of ours.

They fill ``${NAME}`` in before the YAML is read, and leave what is not set as it stands; they take ``yes``, ``on`` and ``1``
for true, and numbers in quotes for numbers. Here a reference is kept, so that ours takes it from the environment as well.
"""

from __future__ import annotations

import re
from collections.abc import Container
from math import isfinite
from typing import NoReturn

from ...orchestrator.tree import ListNode, Node, Scalar, kind
from ..yaml_text import Reference

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"(?<!\$)\$\{{({_NAME})\}}", re.ASCII)
_OPENING = re.compile(rf"\$\{{(?:(?={_NAME}\}})({_NAME}))?", re.ASCII)
_TRUE, _FALSE = ("true", "yes", "on", "1", "y", "t"), ("false", "no", "off", "0", "n", "f")


class Unfit(ValueError):
    """Something else is written there than can be used; says what."""


def variables(text: str) -> tuple[str, ...]:
    """Names of the environment variables that a text is filled from."""
    return tuple(_REFERENCE.findall(text))


def text(node: Node) -> str:
    """Text as it was written, with every ``${`` that begins no reference made literal. Raises Unfit."""
    return _OPENING.sub(lambda found: found[0] if found[1] else "$${", _written(node))


def prose(node: Node, environ: Container[str]) -> str:
    """As ``text``, where only variables that are set are meant: ``${x}`` in a persona is otherwise just these characters."""
    return _OPENING.sub(lambda found: found[0] if found[1] in environ else f"${found[0]}", _written(node))


def whole(node: Node) -> int | Reference:
    """Raises Unfit."""
    found = number(node)
    if isinstance(found, Reference):
        return found
    if found != int(found):
        raise Unfit("expected a whole number")
    return int(found)


def number(node: Node) -> float | Reference:
    """Raises Unfit."""
    if isinstance(node, Scalar):
        if _REFERENCE.fullmatch(node.text):
            return Reference(node.text)
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return _finite(node.value)
        try:
            return _finite(float(node.text)) if len(node.text) <= 40 else _refused(node, "a number")
        except ValueError:
            pass
    return _refused(node, "a number")


def flag(node: Node) -> bool | Reference:
    """Raises Unfit."""
    if isinstance(node, Scalar):
        if _REFERENCE.fullmatch(node.text):
            return Reference(node.text)
        word = node.text.strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
    return _refused(node, "true or false")


def texts(node: Node) -> tuple[str, ...]:
    """A list of texts; a single one counts as a list. Raises Unfit."""
    if isinstance(node, ListNode):
        return tuple(_written(item) for item in node.items)
    return (_written(node),)


def _written(node: Node) -> str:
    if not isinstance(node, Scalar):
        return _refused(node, "text")
    return node.text.strip() if "\n" not in node.text else node.text


def _finite(value: float) -> float:
    try:
        if isfinite(value):
            return value
    except OverflowError:
        pass
    raise Unfit("expected a number of reasonable size")


def _refused(node: Node, expected: str) -> NoReturn:
    raise Unfit(f"expected {expected}, found {kind(node)}")
