"""What characters are called, without reading more of their files than that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..core.errors import ConfigError
from .tree import Scalar
from .yaml_source import read_yaml

LONGEST = 60


def character_names(first: tuple[str, str], files: Mapping[str, Path]) -> list[tuple[str, str]]:
    """Id and name: ``first``, then that of each file, by id. A file that cannot be read is called by its id; where several have
    the same name, all but the first have their id added to it. Waits for the disk."""
    found = [first]
    taken = {first[1].casefold()}
    for id, file in files.items():
        name = _name(file) or id
        if name.casefold() in taken:
            name = f"{name} ({id})"
        taken.add(name.casefold())
        found.append((id, name))
    return found


def _name(file: Path) -> str | None:
    try:
        said = read_yaml(file).get("name")
    except ConfigError:
        return None
    name = said.text.strip() if isinstance(said, Scalar) else ""
    return name if 0 < len(name) <= LONGEST and "${" not in name else None
