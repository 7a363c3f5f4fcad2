"""Character cards become characters, and hostile ones become nothing."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from olv_folder import CARD_DATA, card, card_png, card_text, chunk, png, written

from hayakuchi.core.character import Character
from hayakuchi.importing import charx, lorebook, png_chunks
from hayakuchi.importing.card_text import beginning, filled
from hayakuchi.importing.cards import LONGEST_OPENING, LONGEST_PERSONA, Card, read_card
from hayakuchi.importing.folder_files import Unreadable
from hayakuchi.importing.notes import Notes, Outcome
from hayakuchi.orchestrator.expand import expanded_map
from hayakuchi.orchestrator.tree import data
from hayakuchi.orchestrator.yaml_source import parse_yaml


def read(tmp_path: Path, content: Any, name: str = "card.json", notes: Notes | None = None) -> Card:
    return read_card(written(tmp_path / name, content), notes if notes is not None else Notes())


def character(made: Card, environ: dict[str, str] | None = None) -> Character:
    """As the loader reads its file."""
    problems: list[Any] = []
    tree = expanded_map(parse_yaml(made.file(made.stem), Path("x.yaml")), environ or {}, problems)
    assert problems == []
    return Character.model_validate(data(tree))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_json_cards_of_every_version(tmp_path: Path, version: int) -> None:
    made = read(tmp_path, card(version))
    lady = character(made)
    assert made.stem == "lady_bug"
    assert (lady.name, lady.language) == ("Lady Bug", "en")
    assert lady.opening_line == "Good evening, you. Lady Bug has been waiting."
    assert "Lady Bug is a spy. She watches the viewer." in lady.persona
    assert "Lady Bug never laughs" in lady.persona
    assert lady.persona.startswith("Stay in the train.")
    assert lady.persona.endswith("Never say ${HOME}.")


@pytest.mark.parametrize("keyword", [b"chara", b"ccv3", b"Chara"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_png_cards_in_every_chunk(tmp_path: Path, keyword: bytes, kind: bytes) -> None:
    made = read(tmp_path, card_png(card(), keyword, kind), "lady.png")
    assert character(made).name == "Lady Bug"
    assert character(made).avatar == "lady_bug.png"
    assert made.picture == png(), "what was written into the picture is not shown to the audience"


def test_version_3_wins_over_version_2_in_the_same_picture(tmp_path: Path) -> None:
    both = png(
        chunk(b"tEXt", b"chara\0" + card_text(card(2, name="Old"))),
        chunk(b"tEXt", b"ccv3\0" + card_text(card(3, name="New"))),
    )
    assert character(read(tmp_path, both, "both.png")).name == "New"


def test_a_nickname_is_what_the_character_is_called(tmp_path: Path) -> None:
    made = character(read(tmp_path, card(3, nickname="Bug")))
    assert made.name == "Lady Bug"
    assert "Bug is a spy" in made.persona
    assert "Lady Bug is" not in made.persona


def test_no_variable_of_this_machine_gets_into_a_persona(tmp_path: Path) -> None:
    made = character(read(tmp_path, card(description="${OPENAI_API_KEY} $${X} ${")), {"OPENAI_API_KEY": "sk-1"})
    assert "${OPENAI_API_KEY} $${X} ${" in made.persona


def test_the_report_tells_of_the_rest(tmp_path: Path) -> None:
    notes = Notes()
    read(tmp_path, card(), notes=notes)
    told = {note.what: note.outcome for note in notes}
    assert told["alternate_greetings: 2 more opening lines; there is one"] is Outcome.NOT_POSSIBLE
    assert told["character_book: 2 of 3 entries became part of the persona"] is Outcome.TRANSLATED
    assert told["extensions: says nothing to the model"] is Outcome.LEFT_OUT
    assert told["the character Lady Bug"] is Outcome.TRANSLATED


def test_the_book_comes_in_its_order(tmp_path: Path) -> None:
    persona = character(read(tmp_path, card())).persona
    assert "- The sky is red.\n- The train goes to Lady Bug's town." in persona
    assert "Nobody knows" not in persona


def test_a_book_takes_no_more_room_than_it_may() -> None:
    entries = [{"content": "word " * 400, "insertion_order": number} for number in range(50)]
    assert len(lorebook.as_text({"entries": entries})) <= lorebook.LONGEST
    assert lorebook.entry_count({"entries": entries})[0] < 50
    assert lorebook.as_text({"entries": {"0": {"content": "a"}}}) == "- a"
    assert lorebook.as_text({"entries": [{"content": "a", "insertion_order": float("nan")}, 3]}) == "- a"


def test_texts_that_are_too_long_are_cut_and_told(tmp_path: Path) -> None:
    notes = Notes()
    made = character(
        read(tmp_path, card(description="A sentence. " * 5000, first_mes="Hello there. " * 500), notes=notes)
    )
    assert len(made.persona) <= LONGEST_PERSONA
    assert len(made.opening_line) <= LONGEST_OPENING
    assert made.opening_line.endswith("there.")
    assert sum("characters" in note.what for note in notes if note.outcome is Outcome.NOT_POSSIBLE) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "too long"),
        ({"name": "x"}, "no character card"),
        ({"spec": "chara_card_v2", "data": []}, "no character card"),
        (card(name="  "), "no character card"),
        (card(name="\u0000\u0001"), "no name that can be shown"),
        ([], "no character card"),
        (b"\xff\xff\xff", "no text in UTF-8"),
        (png(), "without a character"),
        (b"\x89PNG\r\n\x1a\n", "without a character"),
        (png(chunk(b"tEXt", b"chara\0%%%")), "broken"),
        (png(chunk(b"zTXt", b"chara\0\0junk")), "broken"),
        (png(chunk(b"tEXt", b"chara\0" + card_text([1]))), "no character card"),
        (b"PK\x03\x04 and no archive", "broken archive"),
    ],
)
def test_what_is_no_card_says_why(tmp_path: Path, content: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(tmp_path, content)


def test_a_text_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_chunks, "LARGEST_TEXT", 100_000)
    bomb = png(chunk(b"zTXt", b"chara\0\0" + zlib.compress(b"A" * 10_000_000)))
    assert len(bomb) < 20_000
    with pytest.raises(Unreadable, match="larger than"):
        read(tmp_path, bomb)


def test_a_picture_that_nobody_can_draw_is_left_out(tmp_path: Path) -> None:
    notes = Notes()
    huge = png(chunk(b"tEXt", b"chara\0" + card_text(card())), width=100_000, height=100_000)
    made = read(tmp_path, huge, notes=notes)
    assert made.picture is None
    assert character(made).avatar is None
    assert any("pixels" in note.what for note in notes)


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "..", "C:\\Windows\\x", "a\0b", "CON", "nul.txt", "-rf", "💥", "A/B"]
)
def test_names_become_names_of_files(tmp_path: Path, name: str) -> None:
    stem = read(tmp_path, card(name=name)).stem
    assert stem
    assert not set(stem) & set("/\\\0:. ")
    assert stem.casefold() not in ("con", "nul", "..")
    assert not stem.startswith(("-", "."))


def archive(*files: tuple[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files:
            made.writestr(name, content)
    return raw.getvalue()


def charx_card(uri: str = "embeded://assets/icon/main.png") -> bytes:
    assets = [{"type": "background", "uri": "x"}, {"type": "icon", "uri": uri, "name": "main", "ext": "png"}]
    return json.dumps(card(3, assets=assets)).encode()


def test_charx_brings_its_picture(tmp_path: Path) -> None:
    made = read(tmp_path, archive(("card.json", charx_card()), ("assets/icon/main.png", png())), "lady.charx")
    assert made.picture == png()
    assert character(made).name == "Lady Bug"


def test_charx_does_not_look_outside_of_itself(tmp_path: Path) -> None:
    written(tmp_path / "secret.png", png())
    made = read(tmp_path, archive(("card.json", charx_card("embeded://../secret.png"))), "lady.charx")
    assert made.picture is None


def test_charx_that_swells_or_holds_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charx, "LARGEST_CARD", 100_000)
    with pytest.raises(Unreadable, match="larger than"):
        read(tmp_path, archive(("card.json", b" " * 10_000_000)), "bomb.charx")
    monkeypatch.setattr(charx, "MOST_ENTRIES", 10)
    with pytest.raises(Unreadable, match="more than 10 files"):
        read(tmp_path, archive(*((f"{number}", b"") for number in range(20))), "many.charx")
    with pytest.raises(Unreadable, match="without a character"):
        read(tmp_path, archive(("other.json", b"{}")), "other.charx")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with names")
    os.mkfifo(tmp_path / "card.json")
    with pytest.raises(Unreadable, match="no plain file"):
        read_card(tmp_path / "card.json", Notes())


def test_what_authors_write_for_other_programs() -> None:
    text = "{{CHAR}} and {{ user }}: {{random:a,b}} {{pick::x::y}} {{time}}<START>\n\n\n\n\n{{// c}}end"
    assert filled(text, "Lu", "you") == "Lu and you: a x <START>\n\nend"


def test_beginnings_end_with_a_sentence_or_a_word() -> None:
    assert beginning("One. Two three four.", 12) == "One."
    assert beginning("雨が好き。雪も好き。", 7) == "雨が好き。"
    assert beginning("word " * 10, 13) == "word word"
    assert beginning("x" * 30, 10) == "x" * 10


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("雨が大好きな女の子です。", "ja"),
        ("她喜欢下雨天。", "zh"),
        ("비를 좋아해요.", "ko"),
        ("Она любит дождь.", "ru"),
        ("…", "en"),
    ],
)
def test_languages_by_their_letters(tmp_path: Path, text: str, language: str) -> None:
    only: dict[str, Any] = {key: text for key, value in CARD_DATA.items() if isinstance(value, str) and key != "name"}
    assert character(read(tmp_path, card(**only, character_book=None))).language == language


@pytest.mark.parametrize("name", ["0E0", "1e5", "0o7", "12:30", "no", "null", "~", "1_000", "2026-11-22", "=", "<<"])
def test_a_name_that_could_be_something_else_stays_a_name(tmp_path: Path, name: str) -> None:
    assert character(read(tmp_path, card(name=name))).name == name


TEXTS = st.text(max_size=200) | st.sampled_from(
    ["${A}", "$${", "{{char}}", "no", "12:30", "1e5", "0E0", "0o7", "\ud800", "\x85\u2028", "- a: b"]
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(CARD_DATA)), TEXTS | st.none() | st.lists(st.integers()), min_size=3), TEXTS
)
def test_any_texts_make_a_file_that_can_be_read_or_are_refused(changes: dict[str, Any], name: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        changed: dict[str, Any] = changes | {"name": name}
        file = written(Path(folder) / "c.json", json.dumps(card(2, **changed)))
        try:
            made = read_card(file, Notes())
        except Unreadable:
            return
        character(made)
