"""Whisper models in CTranslate2's form: which can be had, how large they are, and where they lie on this machine.

A model is a folder of plain files. It is looked for in our own folder first, ``~/.cache/hayakuchi/models`` unless another one
is set, then in the cache that Hugging Face's programs share. Downloads go into our own: it can be copied as it is to a machine
without a network, and no other program takes a download that was broken off for a model.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.user_folders import user_cache

NEEDED = ("config.json", "model.bin", "tokenizer.json")
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
"""One of these as well."""
FILES = (*NEEDED, *VOCABULARIES, "preprocessor_config.json")
"""All that is downloaded."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class WhisperModel:
    """A model that has a name of its own."""

    name: str
    repository: str
    """At Hugging Face."""
    size_mb: float
    """About, of all its files."""

    @property
    def english_only(self) -> bool:
        return self.name.endswith(".en") or self.name.startswith("distil-")


def _systran(name: str, size_mb: float) -> WhisperModel:
    prefix = "faster-distil-whisper" if name.startswith("distil-") else "faster-whisper"
    return WhisperModel(name, f"Systran/{prefix}-{name.removeprefix('distil-')}", size_mb)


MODELS: Mapping[str, WhisperModel] = {
    model.name: model
    for model in (
        _systran("tiny", 78),
        _systran("tiny.en", 78),
        _systran("base", 148),
        _systran("base.en", 148),
        _systran("small", 486),
        _systran("small.en", 486),
        _systran("distil-small.en", 336),
        _systran("medium", 1531),
        _systran("medium.en", 1531),
        _systran("distil-medium.en", 792),
        _systran("large-v1", 3090),
        _systran("large-v2", 3090),
        _systran("large-v3", 3091),
        WhisperModel("large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1622),
        _systran("distil-large-v2", 1516),
        _systran("distil-large-v3", 1517),
        WhisperModel("distil-large-v3.5", "distil-whisper/distil-large-v3.5-ct2", 1517),
    )
}
OTHER_NAMES: Mapping[str, str] = {"large": "large-v3", "turbo": "large-v3-turbo"}


def known_name(text: str) -> str:
    """A model as it is written in the settings: a name, a folder, or ``owner/name`` at Hugging Face. Raises ValueError."""
    text = text.strip()
    if "\0" in text or not text:
        raise ValueError("must be the name of a model, or a folder")
    name = OTHER_NAMES.get(text, text)
    if name in MODELS or "/" in text or "\\" in text or text.startswith(("~", ".")):
        return name
    close = difflib.get_close_matches(text, [*MODELS, *OTHER_NAMES], n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ValueError(
        f"no Whisper model has this name{hint}; known are {', '.join(MODELS)}; a folder has a slash: ./NAME"
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is, or would be. ``repository`` is None for a folder of the user's, which nothing is fetched into."""

    folder: Path
    repository: str | None
    size_mb: float = 0.0
    """About, of the download."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The files that are not there; empty: it can be loaded. Never raises."""
        return missing(self.folder)


def place_of(name: str, folder: str = "", environ: Mapping[str, str] = os.environ) -> Place:
    """Where the model ``known_name`` gave lies; ``folder`` is where models are kept, empty: in the user's cache."""
    path = Path(os.path.abspath(os.path.expanduser(name)))
    model = MODELS.get(name)
    if model is None and (not _REPOSITORY.fullmatch(name) or is_folder(path)):
        return Place(path, None)
    repository = model.repository if model else name
    size_mb = model.size_mb if model else guessed_mb(name)
    own = _kept(folder, environ) / repository.replace("/", "--")
    for candidate in (own, *_hugging_face(repository, environ)):
        if not missing(candidate):
            return Place(candidate, repository, size_mb)
    return Place(own, repository, size_mb)


def guessed_mb(repository: str) -> float:
    """About what a model is to download of which nothing is known but its name, such as ``me/faster-whisper-small-tuned``."""
    named = [name for name in MODELS if name in repository.lower()]
    return MODELS[max(named, key=len, default="medium")].size_mb


def missing(folder: Path) -> tuple[str, ...]:
    """Which of the files that a model is made of are not in ``folder``, or empty."""
    lacking = [name for name in NEEDED if not _has(folder / name)]
    if not any(_has(folder / name) for name in VOCABULARIES):
        lacking.append(" or ".join(VOCABULARIES))
    return tuple(lacking)


def _has(file: Path) -> bool:
    try:
        return file.is_file() and file.stat().st_size > 0
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _kept(folder: str, environ: Mapping[str, str]) -> Path:
    if folder:
        return Path(os.path.abspath(os.path.expanduser(folder)))
    base = user_cache(environ, sys.platform)
    return base / "hayakuchi" / "models" if base else Path("models").absolute()


def _hugging_face(repository: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """The snapshots of a repository in Hugging Face's cache, the one that was asked for last first."""
    root = _hub_cache(environ)
    if root is None:
        return
    home = root / f"models--{repository.replace('/', '--')}"
    with suppress(OSError, ValueError):
        commit = (home / "refs" / "main").read_text(encoding="ascii").strip()
        if re.fullmatch(r"[0-9a-f]{7,64}", commit):
            yield home / "snapshots" / commit
    with suppress(OSError, ValueError):
        yield from sorted((home / "snapshots").iterdir())


def _hub_cache(environ: Mapping[str, str]) -> Path | None:
    for name, below in (("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub")):
        if environ.get(name):
            return Path(os.path.expanduser(environ[name])) / below
    # Unlike other programs, Hugging Face's use ~/.cache on every system.
    base = user_cache({"XDG_CACHE_HOME": environ.get("XDG_CACHE_HOME", "")}, "linux")
    return base / "huggingface" / "hub" if base else None
