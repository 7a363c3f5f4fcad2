"""A character as a file of this program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..core.character import Character
from ..orchestrator.expand import expanded_map
from ..orchestrator.tree import data
from ..orchestrator.yaml_source import parse_yaml
from .folder_files import Unreadable
from .yaml_text import dumped


def character_yaml(fields: Mapping[str, Any], name: str) -> bytes:
    """The file with these fields. What looks like a variable in a text is no variable: it was written by somebody else.

    Raises Unreadable when they are no character's. ``name`` is what the file is to be called, for the error.
    """
    written = dumped(_escaped(dict(fields))).encode()
    problems: list[Any] = []
    tree = data(expanded_map(parse_yaml(written, Path(name)), {}, problems))
    try:
        Character.model_validate(tree)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"{'.'.join(map(str, found['loc']))}: {found['msg']}") from None
    if problems or tree != fields:
        raise Unreadable("its texts cannot be kept")
    return written


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value
