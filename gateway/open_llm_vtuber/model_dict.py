"""``model_dict.json``: the Live2D models of the user's folder, as Open-LLM-VTuber describes them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ...core.errors import ConfigError
from ...orchestrator.tree import shown

FILE_NAME = "model_dict.json"
MAX_BYTES = 4 << 20
MAX_MODELS = 1000

log = logging.getLogger(__name__)

Model = Mapping[str, Any]
"""One entry: ``name`` and ``url`` are text that is not empty, the rest is as it was written."""


class ModelDict:
    """Read when it is asked for and has changed. While it cannot be read, what was read before stays."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._seen: tuple[int, int, int] | None = None
        self._models: tuple[Model, ...] = ()
        self._problem: ConfigError | None = None

    @property
    def models(self) -> Sequence[Model]:
        """In the order of the file; a name is there once. Empty when there is no file."""
        self._look()
        return self._models

    @property
    def problem(self) -> ConfigError | None:
        """What is wrong with the file, with its line where that is known."""
        self._look()
        return self._problem

    def _look(self) -> None:
        try:
            now = os.stat(self.file)
            seen = (now.st_mtime_ns, now.st_size, now.st_ino)
        except (OSError, ValueError):
            self._seen, self._models, self._problem = None, (), None
            return
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._models, self._problem = _read(self.file)
        except ConfigError as error:
            self._problem = error
        if self._problem:
            log.warning("%s", self._problem)


def _read(file: Path) -> tuple[tuple[Model, ...], ConfigError | None]:
    """The entries that can be used, and what is wrong with the first one that cannot. Raises ConfigError."""
    try:
        with file.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise _wrong(file, f"cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise _wrong(file, f"is larger than {MAX_BYTES >> 20} MB")
    try:
        found = json.loads(_text(data, file), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"is not JSON: {error.msg}", file=shown(file), line=error.lineno, column=error.colno
        ) from None
    except RecursionError:
        raise _wrong(file, "is nested too deeply") from None
    except ValueError as error:
        raise _wrong(file, f"is not JSON: {error}") from None
    if not isinstance(found, list):
        raise _wrong(file, "expected a list of models: [{name: …, url: …}, …]")
    return _entries(found, file)


def _text(data: bytes, file: Path) -> str:
    """UTF-8; else UTF-16 where it begins so, as some editors write it; else GBK."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gbk"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _wrong(file, "is neither UTF-8 nor GBK text; save it as UTF-8")


def _entries(found: list[Any], file: Path) -> tuple[tuple[Model, ...], ConfigError | None]:
    models: dict[str, Model] = {}
    problem = None if len(found) <= MAX_MODELS else _wrong(file, f"only the first {MAX_MODELS} models are taken")
    for number, entry in enumerate(found[:MAX_MODELS], 1):
        lacking = [key for key in ("name", "url") if not (isinstance(entry, dict) and _is_word(entry.get(key)))]
        if lacking:
            problem = problem or _wrong(file, f"model {number} has no {' and no '.join(lacking)}; it is left out")
        else:
            models.setdefault(entry["name"], entry)
    return tuple(models.values()), problem


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _wrong(file: Path, message: str) -> ConfigError:
    return ConfigError(message, file=shown(file))
