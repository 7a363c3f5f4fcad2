"""``model_dict.json``: the Live2D models of Open-LLM-VTuber. They stay where they are; what is wrong with them is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from .folder_files import FolderFiles, Unreadable
from .notes import Notes

FILE = "model_dict.json"
MODELS = "live2d-models"
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".avif", ".svg")
_KEPT = {"backgrounds": "background", "avatars": "avatar"}
"""Folders of pictures, and what is in them."""
MOST = 1_000
LARGEST = 4 << 20
"""Bytes, and models: as many as the server reads."""
LONGEST = 100


def models(files: FolderFiles, wanted: Mapping[str, str], notes: Notes) -> None:
    """Tell of the models, and of characters whose model (``wanted``, by the character's file) cannot be shown."""
    good = _good(files, notes)
    for stem, name in wanted.items():
        if name not in good:
            instead = f"another name of {FILE} as open_llm_vtuber.model in characters/{stem}.yaml"
            notes.not_possible(f"{FILE} {name[:LONGEST]}", f"there is no such model for {stem}", instead)


def _good(files: FolderFiles, notes: Notes) -> tuple[str, ...]:
    """The names of the models that can be shown."""
    if not files.has(FILE):
        notes.not_possible(FILE, "there is none, so there is no Live2D model", "the built-in puppet")
        return ()
    try:
        document = files.json(files.root / FILE, LARGEST)
    except Unreadable as error:
        notes.not_possible(FILE, str(error), "mend it: it is read where it is")
        return ()
    if not isinstance(document, list):
        notes.not_possible(FILE, "it is no list of models", "mend it: it is read where it is")
        return ()
    good: list[str] = []
    for number, model in enumerate(document[:MOST], 1):
        name, problem = _checked(files, model)
        if problem:
            notes.not_possible(f"{FILE} {name or f'model {number}'}", problem, "mend it there: it is read where it is")
        elif name in good:
            notes.left_out(f"{FILE} {name}", "it is there twice; the first one is used")
        elif name:
            good.append(name)
    if good:
        notes.taken(FILE, f"{_counted(len(good), 'model')}, used where they are: {', '.join(good[:10])}{_more(good)}")
    if len(document) > MOST:
        notes.not_possible(FILE, f"the models beyond the first {MOST}")
    return tuple(good)


def pictures(files: FolderFiles, notes: Notes) -> None:
    """Tell of the backgrounds and avatars, which stay where they are."""
    for folder, noun in _KEPT.items():
        try:
            count = sum(1 for _ in files.below(folder, *PICTURES))
        except Unreadable as error:
            notes.not_possible(folder, str(error), "put pictures there that this user may read, not a link")
            continue
        if count:
            notes.taken(folder, f"{_counted(count, noun)}, used where {'it is' if count == 1 else 'they are'}")


def _checked(files: FolderFiles, model: Any) -> tuple[str | None, str | None]:
    """The model's name, and what is wrong with it."""
    if not isinstance(model, Mapping) or not isinstance(model.get("name"), str) or not model["name"].strip():
        return None, "it has no name"
    name = " ".join(model["name"].split())[:LONGEST]
    url = model.get("url")
    if not isinstance(url, str) or not url.strip():
        return name, "it has no url"
    if _scheme(url) in ("http", "https"):
        return name, None
    path = unquote(url.split("?")[0]).replace("\\", "/").strip("/")
    parts = path.split("/")
    if parts[0] != MODELS or ".." in parts or "\0" in path:
        return name, f"its url does not lead into {MODELS}"
    if not files.has(*parts):
        return name, f"there is no file {path[:LONGEST]}"
    emotions = model.get("emotionMap", {})
    if not isinstance(emotions, Mapping):
        return name, "its emotionMap is no mapping"
    return name, None


def _scheme(url: str) -> str:
    """The scheme, or nothing."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _more(names: list[str]) -> str:
    return f" and {len(names) - 10} more" if len(names) > 10 else ""
