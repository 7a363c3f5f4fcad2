"""Character cards, as SillyTavern and others write them, into characters: versions 1, 2 and 3, as JSON, PNG and CHARX.

The specifications: https://github.com/malfoyslastname/character-card-spec-v2, https://github.com/kwaroran/character-card-spec-v3
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..orchestrator.languages import language_of
from . import charx, png_chunks
from .card_text import beginning, filled, plain
from .character_file import character_yaml
from .file_names import file_stem
from .folder_files import Unreadable, parsed_json, read_file
from .lorebook import as_text, entry_count
from .notes import Notes

SUFFIXES = (".png", ".json", ".charx")
LARGEST_FILE = 64_000_000
LONGEST_NAME = 60
LONGEST_OPENING = 1_000
LONGEST_PERSONA = 24_000
"""Characters. A model reads all of it before each reply."""
LONGEST_TEXT = 10 * LONGEST_PERSONA
"""Of one text, what is looked at."""
_KEYWORDS = (b"ccv3", b"chara")
"""The first one that is there wins."""
_USER = "the viewer"
_SHAPE = {"name", "first_mes"}


@dataclass(frozen=True, slots=True)
class Card:
    """A card that was read: the fields of a character file, and the picture, PNG."""

    stem: str
    fields: Mapping[str, Any]
    picture: bytes | None

    def file(self, stem: str) -> bytes:
        """The character file, for files of this stem. Raises Unreadable."""
        fields = dict(self.fields)
        if self.picture is not None:
            fields["avatar"] = f"{stem}.png"
        return character_yaml(fields, f"{stem}.yaml")


def read_card(file: Path, notes: Notes) -> Card:
    """Raises Unreadable for what is no card."""
    raw = read_file(file, LARGEST_FILE)
    picture = None
    if raw.startswith(png_chunks.SIGNATURE):
        document, picture = _in_png(raw), raw
    elif raw.startswith(b"PK"):
        document, picture = charx.opened(raw)
    else:
        document = parsed_json(raw)
    data = _data(document)
    card = _translated(data, file.name, notes)
    return Card(file_stem(card["name"]), card, _shown(picture, file.name, notes))


def _in_png(raw: bytes) -> Any:
    found = png_chunks.texts(raw, *_KEYWORDS)
    text = next((found[keyword] for keyword in _KEYWORDS if keyword in found), None)
    if text is None:
        raise Unreadable("it is a picture without a character in it")
    try:
        document = base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("the character in it is broken") from None
    return parsed_json(document)


def _data(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise Unreadable("it is no character card")
    inner = document.get("data")
    data = inner if isinstance(inner, Mapping) and str(document.get("spec", "")).startswith("chara_card") else document
    if not data.keys() >= _SHAPE or not _text(data, "name").strip():
        raise Unreadable("it is no character card")
    return data


def _translated(data: Mapping[str, Any], source: str, notes: Notes) -> dict[str, Any]:
    name = " ".join(plain(_text(data, "name")).split())[:LONGEST_NAME].strip()
    called = " ".join(plain(_text(data, "nickname")).split())[:LONGEST_NAME].strip() or name
    if not called:
        raise Unreadable("its character has no name that can be shown")
    persona, cut = _persona(data, called)
    whole_opening = filled(_text(data, "first_mes")[:LONGEST_TEXT], called, "you")
    opening = beginning(whole_opening, LONGEST_OPENING)
    fields: dict[str, Any] = {"name": name or called, "language": _language(persona + opening)}
    fields |= {"opening_line": opening} if opening else {}
    fields["persona"] = persona
    notes.translated(source, f"the character {fields['name']}")
    if cut:
        notes.not_possible(source, f"the last {cut} characters of its texts: a model would read them before each reply",
                           "shorten the persona in the file, then add what is missing")  # fmt: skip
    if len(opening) < len(whole_opening):
        notes.not_possible(source, f"the opening line beyond {len(opening)} characters", "write your own opening_line")
    _tell_of_the_rest(data, source, notes)
    return fields


def _persona(data: Mapping[str, Any], name: str) -> tuple[str, int]:
    """The texts that say who the character is, as one, and how many characters are too many."""
    parts = (
        ("", "system_prompt"),
        ("", "description"),
        ("Personality: ", "personality"),
        ("The scene: ", "scenario"),
        ("How you talk, in examples:\n", "mes_example"),
        ("Above all: ", "post_history_instructions"),
    )
    told = [(heading, filled(_text(data, key)[:LONGEST_TEXT], name, _USER)) for heading, key in parts]
    unseen = sum(max(0, len(_text(data, key)) - LONGEST_TEXT) for _, key in parts)
    known = filled(as_text(data.get("character_book")), name, _USER)
    if known:
        told.insert(4, ("What you know:\n", known))
    whole = "\n\n".join(f"{heading}{text}" for heading, text in told if text)
    persona = beginning(whole, LONGEST_PERSONA)
    return persona, len(whole) - len(persona) + unseen


def _tell_of_the_rest(data: Mapping[str, Any], source: str, notes: Notes) -> None:
    greetings = data.get("alternate_greetings")
    if isinstance(greetings, list) and greetings:
        notes.not_possible(source, f"alternate_greetings: {len(greetings)} more opening lines; there is one",
                           "write the one you like best as opening_line")  # fmt: skip
    taken, all_ = entry_count(data.get("character_book"))
    if all_:
        notes.translated(source, f"character_book: {taken} of {all_} entries became part of the persona")
    if taken < all_:
        notes.not_possible(source, f"character_book: {all_ - taken} entries are switched off, empty or too long together",
                           "write what matters into the persona")  # fmt: skip
    for key in (
        "tags",
        "creator",
        "creator_notes",
        "character_version",
        "group_only_greetings",
        "extensions",
        "assets",
    ):
        if data.get(key):
            notes.left_out(source, f"{key}: says nothing to the model")


def _shown(picture: bytes | None, source: str, notes: Notes) -> bytes | None:
    """The picture without what is written into it: the audience need not read that."""
    if picture is None:
        return None
    try:
        alone = png_chunks.without_texts(picture)
    except Unreadable as error:
        notes.not_possible(source, f"its picture: {error}", "name another file as avatar")
        return None
    notes.taken(
        source, "its picture, beside the character's file; frontends of Open-LLM-VTuber show what is in avatars/"
    )
    return alone


def _language(text: str) -> str:
    """As the letters say."""
    return language_of(text, ("en", "zh", "ja", "ko", "ru")) or "en"


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
