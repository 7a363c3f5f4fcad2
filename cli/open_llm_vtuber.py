"""What the settings say to those who come from Open-LLM-VTuber, looked at: their folder, models and frontend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..core.errors import ConfigError
from ..gateway.open_llm_vtuber.folder import UserFolder, folder_of, looks_like_one
from ..gateway.open_llm_vtuber.frontend import what_is_wrong
from ..orchestrator.problems import meant
from ..orchestrator.settings import Settings
from ..orchestrator.tree import Place, shown
from .finding import Finding, Status

SUBJECT = "open_llm_vtuber"
_LOCAL = "/live2d-models/"
_MOST_TOLD = 5


def coming_over(settings: Settings, places: Mapping[str, Place]) -> Iterator[Finding]:
    """``places``: where the keys that name a folder were written. Nothing is told where there is no such folder."""
    ours = settings.open_llm_vtuber
    if not ours.enabled:
        return
    if ours.folder is not None and (problem := _no_folder(ours.folder)):
        yield _problem(problem, f"{SUBJECT}.folder", places)
    elif (folder := folder_of(settings)).root is not None:
        yield from _folder(folder)
        yield from _model(folder, ours.model)
    if ours.frontend is not None:
        problem = what_is_wrong(ours.frontend)
        if problem:
            yield _problem(problem, f"{SUBJECT}.frontend", places)
        else:
            message = f"the frontend of {shown(ours.frontend)} is at /, the studio at /studio"
            yield Finding(Status.OK, SUBJECT, message)


def _no_folder(folder: Path) -> str | None:
    try:
        if not folder.is_dir():
            return f"there is no folder {shown(folder)}"
        if not looks_like_one(folder):
            return f"{shown(folder)} has no live2d-models, backgrounds, avatars, web_tool or model_dict.json"
    except (OSError, ValueError):
        return f"{shown(folder)} cannot be read"
    return None


def _folder(folder: UserFolder) -> Iterator[Finding]:
    if folder.root is None:
        return
    counts = (len(folder.models), len(folder.backgrounds()), len(folder.avatars()))
    message = "{}: models {}, backgrounds {}, avatars {}".format(shown(folder.root), *counts)
    yield Finding(Status.OK, SUBJECT, message)
    if folder.problem:
        yield Finding(Status.PROBLEM, SUBJECT, str(folder.problem), folder.problem)
    lost = [model["name"] for model in folder.models if not _is_there(folder, model["url"])]
    if lost:
        more = f" and {len(lost) - _MOST_TOLD} more" if len(lost) > _MOST_TOLD else ""
        names = ", ".join(lost[:_MOST_TOLD])
        yield Finding(Status.WARN, SUBJECT, f"model_dict.json: the model3.json of {names}{more} is not there")


def _is_there(folder: UserFolder, url: str) -> bool:
    """Models of other servers are not asked for."""
    path = url.removeprefix("/")
    return "://" in url or folder.file("live2d-models", path.removeprefix(_LOCAL.removeprefix("/"))) is not None


def _model(folder: UserFolder, name: str | None) -> Iterator[Finding]:
    names = [model["name"] for model in folder.models]
    if name is not None and name not in names and not folder.problem:
        message = f"{SUBJECT}.model: model_dict.json has no model {name}{meant(name, names)}"
        yield Finding(Status.PROBLEM, SUBJECT, message)


def _problem(message: str, path: str, places: Mapping[str, Place]) -> Finding:
    place = places.get(path)
    error = place.error(message, path) if place else ConfigError(message, path=path)
    return Finding(Status.PROBLEM, SUBJECT, str(error), error)
