"""What would be taken over from a place, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import HayakuchiError
from ..core.registry import Registry
from . import cards, places, their_settings
from .cards import Card, read_card
from .conversations_found import Conversations, Tell, conversations_in
from .file_names import unused
from .folder_files import FolderFiles, Unreadable
from .models import models, pictures
from .notes import Notes

MOST_CARDS = 1_000
MOST_BYTES = 500_000_000
"""Of all cards together, as they are kept in memory until they are written."""
CHARACTERS = "characters"
_SIGNS = ("conf.yaml", "model_dict.json", "characters", "chat_history")
"""What tells Open-LLM-VTuber's folder from one with cards."""
SERVED = ("live2d-models", "backgrounds", "avatars", "web_tool", "model_dict.json")
"""What frontends are given out of it."""


@dataclass(frozen=True, slots=True)
class How:
    """What it depends on beside the files; ``history``: conversations are wanted, too."""

    registry: Registry
    environ: Mapping[str, str]
    history: bool
    tell: Tell


@dataclass(frozen=True, slots=True)
class Plan:
    """``files`` go to ``target``, by their path below it. A folder that is not ``whole`` is one that others are in, too."""

    source: FolderFiles
    target: Path
    files: places.Files
    whole: bool
    private: bool = False
    """For this user only: keys of services are in it, or what it is made of is for this user only, too."""
    conversations: Conversations = field(default_factory=Conversations)
    cast: Mapping[str, str] = field(default_factory=dict)
    """Our characters' names by their ``conf_uid``."""
    characters: tuple[str, ...] = ()
    """By the names of their files, without the ending."""
    programs: Mapping[str, str] = field(default_factory=dict)
    """What servers of tools start, by their names."""

    @property
    def is_done(self) -> bool:
        """Whether all files are there already."""
        return places.holds(self.target, self.files)

    @property
    def conf(self) -> Path:
        return self.target / "conf.yaml"


def planned(source: Path, to: Path | None, notes: Notes, how: How) -> Plan:
    """Look at a folder of Open-LLM-VTuber, at a card, or at a folder of cards. Raises HayakuchiError."""
    try:
        if source.is_file():
            if source.suffix.casefold() in (".yaml", ".yml"):
                raise HayakuchiError(
                    f"{source} is one file of settings; name the folder of Open-LLM-VTuber that it is in"
                )
            return _of_cards([source], to, notes, how.tell, alone=True)
        if any((source / sign).exists() for sign in _SIGNS):
            return _of_folder(source, to, notes, how)
        found = list(FolderFiles(source).below(".", *cards.SUFFIXES))
    except (OSError, Unreadable) as error:
        raise HayakuchiError(f"{source}: {getattr(error, 'strerror', None) or error}") from error
    if not found:
        raise HayakuchiError(
            f"{source} has neither a conf.yaml nor character cards ({', '.join(cards.SUFFIXES)}); "
            f"{_meant(source) or 'name the folder of Open-LLM-VTuber, or one with cards'}"
        )
    return _of_cards(found, to, notes, how.tell, alone=False)


def _meant(source: Path) -> str | None:
    """The folder of Open-LLM-VTuber that is above this one, or in it, if there is one."""
    whole = Path(os.path.abspath(source))
    above = next(filter(_is_surely_theirs, whole.parents), None)
    if above is not None:
        return f"did you mean the folder above, {above}?"
    try:
        below = [folder for folder in FolderFiles(source).folders(".") if _is_surely_theirs(folder)]
    except Unreadable:
        return None
    return f"did you mean {below[0]}?" if len(below) == 1 else None


def _is_surely_theirs(folder: Path) -> bool:
    """Other programs have a conf.yaml, too."""
    signs = ("model_dict.json", "chat_history", "live2d-models")
    return os.path.isfile(folder / "conf.yaml") and any(os.path.exists(folder / sign) for sign in signs)


def _of_folder(source: Path, to: Path | None, notes: Notes, how: How) -> Plan:
    files = FolderFiles(source)
    template = their_settings.read(source, notes)
    told = Notes()
    conversations = Conversations()
    if how.history:
        conversations = conversations_in(files, told, how.tell)
    elif files.has("chat_history"):
        told.left_out("chat_history", "the conversations stay where they are (--no-history)")
    is_served = any(files.has(name) for name in SERVED)
    where = their_settings.Surroundings(
        how.registry, how.environ, _called(source, to), is_served, len(conversations.files)
    )
    made = their_settings.settings_of(template, files, notes, where)
    target = places.folder_for(made.files, source, to)
    models(files, made.models, notes)
    pictures(files, notes)
    for note in told:
        notes.add(note)
    private = made.holds_keys or places.is_private(source, source / "conf.yaml")
    return Plan(files, target, made.files, True, private, conversations, made.cast, made.characters, made.programs)


def _called(source: Path, to: Path | None) -> str:
    """What a settings file in the target is to call the source: it may be moved together with it where it lies in it."""
    if to is None or Path(os.path.abspath(to)).parent == Path(os.path.abspath(source)):
        return ".."
    return os.path.abspath(source)


def _of_cards(found: list[Path], to: Path | None, notes: Notes, tell: Tell, *, alone: bool) -> Plan:
    if len(found) > MOST_CARDS:
        raise HayakuchiError(f"there are more than {MOST_CARDS} cards; take some at a time")
    target = to or Path()
    folder = FolderFiles(found[0].parent)
    files: dict[str, bytes] = {}
    stems: list[str] = []
    size = 0
    for number, path in enumerate(found):
        tell("cards", number, len(found))
        own = Notes()
        try:
            if not alone:
                folder.inside(path)
            stem, made = _named(read_card(path, own), target, files)
        except Unreadable as error:
            if alone:
                raise HayakuchiError(f"{path}: {error}") from error
            notes.not_possible(path.name, str(error), "the other cards are taken over")
            continue
        files |= made
        if (size := size + sum(map(len, made.values()))) > MOST_BYTES:
            raise HayakuchiError(f"the cards have more than {MOST_BYTES / 1e6:g} MB together; take some at a time")
        stems.append(stem)
        for note in own:
            notes.add(note)
    if not files:
        meant = _meant(found[0].parent)
        message = f"{found[0].parent}: none of the {len(found)} files in it is a character card"
        raise HayakuchiError(f"{message}; {meant}" if meant else message)
    private = places.is_private(*found)
    return Plan(folder, target, files, False, private, characters=tuple(stems))


def _named(card: Card, target: Path, planned_: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """The files of a card with names that are free, or that hold the same already. Raises Unreadable."""
    used = {Path(name).stem.casefold() for name in planned_}
    for _ in range(places.MOST_NAMES):
        stem = unused(card.stem, used)
        files = {f"{CHARACTERS}/{stem}.yaml": card.file(stem)}
        if card.picture is not None:
            files[f"{CHARACTERS}/{stem}.png"] = card.picture
        if places.is_usable(target, files):
            return stem, files
        used.add(stem.casefold())
    raise Unreadable(f"there are too many characters called {card.stem}")
