"""How a character looks to a frontend: its Live2D model in the words of model_dict.json, and what that calls expressions."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

from ...orchestrator.cast import Part

NOWHERE = "/live2d-models/none/none.model3.json"
"""What is told as the address of a model where there is none: their web client does not go on without a text."""
HOW = (
    "no Live2D model: name the folder with live2d-models and model_dict.json as open_llm_vtuber.folder in conf.yaml, "
    "and one of its models as open_llm_vtuber.model"
)
MOST_EMOTIONS = 100
"""They are all told to the language model."""

log = logging.getLogger(__name__)


class Folder(Protocol):
    """What is needed of the user's folder."""

    @property
    def models(self) -> Sequence[Mapping[str, Any]]:
        """The entries of model_dict.json, each with a name and a url; the same object until they change. The disk is asked."""
        ...

    def file(self, kind: Literal["avatars"], name: str) -> Path | None: ...


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_name(value: Any) -> bool:
    """An expression is named, or known by its number."""
    return _is_text(value) or (isinstance(value, int) and not isinstance(value, bool))


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _are_motions(value: Any) -> bool:
    """Areas of the model, and how much each motion of theirs is wanted."""
    areas = value.values() if isinstance(value, Mapping) else [None]
    return all(isinstance(motions, Mapping) and all(map(_is_number, motions.values())) for motions in areas)


FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_text, "text"),
    "description": (_is_text, "text"),
    "url": (_is_text, "text"),
    "kScale": (_is_number, "a number"),
    "initialXshift": (_is_number, "a number"),
    "initialYshift": (_is_number, "a number"),
    "kXOffset": (_is_number, "a number"),
    "idleMotionGroupName": (_is_text, "text"),
    "defaultEmotion": (_is_name, "the number or name of an expression"),
    "tapMotions": (_are_motions, "motions and their weights by area"),
    "pointerInteractive": (_is_switch, "true or false"),
    "scrollToResize": (_is_switch, "true or false"),
}
"""Fields whose type is known, except ``emotionMap``; others are passed on as they are."""


class Look:
    """One per server. What is wrong with an entry is told once in the log, and left out.

    The models are those that were there when somebody came last, or changed the character; while somebody speaks the disk is
    not asked.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._models: Sequence[Mapping[str, Any]] | None = None
        """None: nobody has come yet."""
        self._called: dict[str | None, Mapping[str, int | str] | None] = {}
        """By the name of the model that is asked for: what it does, by the folded names of its expressions; None: there are no
        models."""
        self._told: set[str] = set()

    def model_info(self, part: Part) -> dict[str, Any]:
        """What ``set-model-and-conf`` tells; always with a name, a url and an emotionMap. Asks the disk."""
        self._refresh()
        entry = self._entry(part)
        if entry is None:
            self._tell(f"{part.id}: {HOW}")
            return {"name": "none", "description": HOW, "url": NOWHERE, "emotionMap": {}}
        name = entry["name"]
        info: dict[str, Any] = {}
        for field, value in entry.items():
            fits, what = FIELDS.get(field, (_anything, ""))
            if fits(value):
                info[field] = value
            elif value is not None:
                self._tell(f"model_dict.json: {name}: {field} is left out; expected {what}")
        info["emotionMap"] = self._emotions(name, entry.get("emotionMap"))
        if not info["url"].startswith(("http://", "https://", "/")):
            info["url"] = f"/{info['url']}"  # their web client puts the server's address before it as it is
        return info

    def expressions(self, part: Part, names: Sequence[str]) -> list[int | str]:
        """What the model calls the expressions that a reply names, in any case of letters; those that it lacks are left out.
        Where there is no model the names themselves: a client may bring its own."""
        wanted = part.look.model
        if wanted not in self._called:
            known = {name.casefold(): value for name, value in self.emotions(part).items()}
            self._called[wanted] = known if self._entry(part) is not None else None
        found = self._called[wanted]
        if found is None:
            return list(names)
        return [found[name.casefold()] for name in names if name.casefold() in found]

    def emotions(self, part: Part) -> Mapping[str, int | str]:
        """The expressions of the model: what a reply calls each, and what the model does."""
        entry = self._entry(part)
        return self._emotions(entry["name"], entry.get("emotionMap")) if entry else {}

    def seen(self, part: Part) -> Part:
        """The character as their clients see it: it is told of the expressions that its model has, and their tags are taken out
        of its replies. The same again for one that was seen before. Asks the disk."""
        self._refresh()
        return part.showing(list(self.emotions(part)))

    def avatar(self, part: Part) -> str:
        """The character's picture, a name below /avatars; empty: none that is served there."""
        name = part.character.avatar or ""
        return name if name and self._folder.file("avatars", name) else ""

    def _entry(self, part: Part) -> Mapping[str, Any] | None:
        models = self._refresh() if self._models is None else self._models
        wanted = part.look.model
        if wanted is None or not models:
            return models[0] if models else None
        same = (entry for entry in models if entry["name"] == wanted)
        alike = (entry for entry in models if entry["name"].casefold() == wanted.casefold())
        found = next(same, None) or next(alike, None)
        if found is None:
            names = ", ".join(entry["name"] for entry in models[:20])
            self._tell(
                f"{part.id}: model_dict.json has no model {wanted!r}; {models[0]['name']} is shown; there are: {names}"
            )
        return found or models[0]

    def _refresh(self) -> Sequence[Mapping[str, Any]]:
        models = self._folder.models
        if models is not self._models:
            self._models = models
            self._called.clear()
        return models

    def _emotions(self, model: str, said: Any) -> dict[str, int | str]:
        entries = said if isinstance(said, Mapping) else {}
        fitting = ((name, value) for name, value in entries.items() if _is_word(name) and _is_name(value))
        found = dict(islice(fitting, MOST_EMOTIONS))
        if len(found) < len(entries) or (said is not None and not isinstance(said, Mapping)):
            self._tell(
                f"model_dict.json: {model}: emotionMap: expected up to {MOST_EMOTIONS} emotions, and a number or name for each"
            )
        return found

    def _tell(self, problem: str) -> None:
        if problem not in self._told:
            self._told.add(problem)
            log.warning("%s", problem)


def _anything(value: Any) -> bool:
    return True


def _is_word(name: Any) -> bool:
    """What may stand between the brackets of a tag."""
    return isinstance(name, str) and 0 < len(name.strip()) <= 40 and not set(name) & set("[]\n")
