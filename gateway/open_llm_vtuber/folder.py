"""The folder of an Open-LLM-VTuber user: models, backgrounds, avatars, and nothing beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from ...core.errors import ConfigError
from ...orchestrator.settings import Settings
from .file_types import IMAGES, MODELS, PAGES, VIDEOS, Types, content_type
from .model_dict import FILE_NAME, Model, ModelDict
from .safe_paths import file_below, is_safe_name

Kind = Literal["avatars", "backgrounds", "live2d-models", "web_tool"]
"""The folders within it."""
TYPES: Mapping[Kind, Types] = {
    "avatars": IMAGES,
    "backgrounds": {**IMAGES, **VIDEOS},
    "live2d-models": MODELS,
    "web_tool": PAGES,
}
MAX_LISTED = 1000
"""Files of a list, and models that are told."""
MAX_LOOKED_AT = 20_000
"""Files of a folder that are looked at to make a list."""


class UserFolder:
    """``root`` None: there is none, and nothing is found. What is in it may come and go."""

    def __init__(self, root: Path | None) -> None:
        self.root = root
        self._dict = ModelDict(root / FILE_NAME) if root else None

    @property
    def models(self) -> Sequence[Model]:
        """The entries of model_dict.json, in its order."""
        return self._dict.models if self._dict else ()

    @property
    def problem(self) -> ConfigError | None:
        """What is wrong with model_dict.json; the rest of the folder goes on."""
        return self._dict.problem if self._dict else None

    def backgrounds(self) -> Sequence[str]:
        """Names of pictures, sorted, that :meth:`file` finds."""
        return self._pictures("backgrounds")

    def avatars(self) -> Sequence[str]:
        """As :meth:`backgrounds`."""
        return self._pictures("avatars")

    def model_folders(self) -> Sequence[str]:
        """Names of the folders below live2d-models, sorted."""
        return sorted(islice(self._names("live2d-models", folders=True), MAX_LISTED), key=_order)

    def file(self, kind: Kind, name: str) -> Path | None:
        """The file below that folder, if it is there and of a type that is served. Never one outside, wherever links lead."""
        if self.root is None or content_type(name, TYPES[kind]) is None:
            return None
        found = file_below(self.root / kind, name)
        # A link, or a short name of Windows, may lead to a file of another type.
        return found if found and content_type(found.name, TYPES[kind]) else None

    def _pictures(self, kind: Kind) -> Sequence[str]:
        names = sorted((name for name in self._names(kind) if content_type(name, IMAGES)), key=_order)
        return [name for name in names[:MAX_LISTED] if self.file(kind, name)]

    def _names(self, kind: Kind, *, folders: bool = False) -> Iterator[str]:
        if self.root is None:
            return
        try:
            with os.scandir(self.root / kind) as entries:
                for entry in islice(entries, MAX_LOOKED_AT):
                    if is_safe_name(entry.name) and entry.is_dir() == folders:
                        yield entry.name
        except (OSError, ValueError):
            return


def folder_of(settings: Settings) -> UserFolder:
    """The folder that the settings name, else the one of conf.yaml if it looks like one."""
    ours = settings.open_llm_vtuber
    if not ours.enabled:
        return UserFolder(None)
    if ours.folder is not None or not settings.files:
        return UserFolder(ours.folder)
    beside = settings.files[0].absolute().parent
    return UserFolder(beside if looks_like_one(beside) else None)


def looks_like_one(folder: Path) -> bool:
    """Whether anything that is served from such a folder is there."""
    return (folder / FILE_NAME).is_file() or any((folder / kind).is_dir() for kind in TYPES)


def _order(name: str) -> tuple[str, str]:
    return name.casefold(), name
