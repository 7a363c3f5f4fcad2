"""Cards that were made to do harm: they are refused or read in time, and nothing of them leads anywhere."""

from __future__ import annotations

import base64
import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
from olv_folder import CARD_DATA, card, card_png, card_text, chunk, png, written

from hayakuchi.core.errors import HayakuchiError
from hayakuchi.importing import cards, plan, png_chunks
from hayakuchi.importing.card_text import filled
from hayakuchi.importing.cards import LONGEST_PERSONA, Card, read_card
from hayakuchi.importing.folder_files import Unreadable
from hayakuchi.importing.notes import Notes, Outcome
from hayakuchi.importing.plan import How, planned
from hayakuchi.orchestrator.providers import default_registry


def read(tmp_path: Path, content: Any, name: str = "card.json") -> Card:
    return read_card(written(tmp_path / name, content), Notes())


def test_a_file_of_200_mb_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "card.json").open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(Unreadable, match="larger than 64 MB"):
        read_card(tmp_path / "card.json", Notes())


def test_a_text_of_megabytes_is_cut_in_time(tmp_path: Path) -> None:
    made = read(tmp_path, card(description="A sentence. " * 200_000, first_mes="x" * 2_000_000))
    assert len(made.fields["persona"]) <= LONGEST_PERSONA
    assert len(made.fields["opening_line"]) <= cards.LONGEST_OPENING


def test_what_nobody_looks_at_of_a_text_is_counted_as_cut(tmp_path: Path) -> None:
    notes = Notes()
    whole = 3 * cards.LONGEST_TEXT
    only = {key: "" for key, value in CARD_DATA.items() if isinstance(value, str) and key not in ("name", "first_mes")}
    changes = only | {"description": "x" * whole, "character_book": None}
    read_card(written(tmp_path / "card.json", card(2, **changes)), notes)
    [cut] = [note.what for note in notes if "of its texts" in note.what]
    assert cut.startswith(f"the last {whole - LONGEST_PERSONA} characters of its texts")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "\n" * 200_000 + "x",
        " \n" * 100_000 + "x",
        "{" * 200_000,
        "{{random:" * 20_000,
        "{{ " + " " * 200_000,
        "{{//" * 50_000,
        "<START>" * 30_000,
        "\r" * 200_000,
        ". " * 100_000,
        '."' * 100_000,
    ],
    ids=range(10),
)
def test_no_text_takes_more_than_its_length(text: str) -> None:
    assert len(filled(text, "Lu", "you")) <= len(text)


@pytest.mark.parametrize("pack", ["json", "png"])
@pytest.mark.parametrize(
    ("whole", "says"),
    [
        ('{"spec": "chara_card_v2", "data": ' + '{"a": ' * 50_000 + "}" * 50_001, "nested too deeply"),
        ('{"name": "a", "first_mes": "", "extensions": ' + "[" * 200_000, "nested too deeply"),
        ('{"name": "a", "first_mes": "", "name": ""}', "no character card"),
        ('{"name": "a", "first_mes": "", "name": null}', "no character card"),
        ('{"name": NaN, "first_mes": Infinity}', "no character card"),
        ('{"name": "a", "first_mes": ' + "1" * 10_000 + "}", "too long"),
    ],
)
def test_json_of_every_odd_kind(tmp_path: Path, pack: str, whole: str, says: str) -> None:
    raw = whole.encode()
    content = raw if pack == "json" else png(chunk(b"tEXt", b"chara\0" + base64.b64encode(raw)))
    with pytest.raises(Unreadable, match=says):
        read(tmp_path, content)


def test_of_a_key_that_is_there_twice_the_last_counts(tmp_path: Path) -> None:
    assert read(tmp_path, '{"name": "a", "first_mes": "hi", "name": "b", "description": NaN}').fields["name"] == "b"
    entries = '[{"content": "k", "insertion_order": NaN}, {"content": "l", "insertion_order": -Infinity}]'
    book = json.dumps(card(1, character_book=0)).replace(
        '"character_book": 0', f'"character_book": {{"entries": {entries}}}'
    )
    assert "- l\n- k" in read(tmp_path, book).fields["persona"]


def test_only_the_text_that_counts_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_chunks, "LARGEST_TEXT", 100_000)
    swelling = chunk(b"zTXt", b"chara\0\0" + zlib.compress(b"A" * 10_000_000))
    whole = chunk(b"tEXt", b"chara\0" + card_text(card(name="Last")))
    assert read(tmp_path, png(*[swelling] * 50, whole)).fields["name"] == "Last"
    with pytest.raises(Unreadable, match="larger than"):
        read(tmp_path, png(whole, swelling))
    with pytest.raises(Unreadable, match="larger than"):
        read(tmp_path, png(chunk(b"iTXt", b"chara\0\1\0\0\0" + zlib.compress(b"A" * 10_000_000))))


def test_more_chunks_than_any_picture_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png_chunks, "MOST_CHUNKS", 1000)
    with pytest.raises(Unreadable, match="more than 1000 parts"):
        read(tmp_path, png(*[chunk(b"tEXt", b"")] * 1001))


def test_a_chunk_that_says_it_is_longer_than_the_file(tmp_path: Path) -> None:
    lying = b"\xff\xff\xff\xfftEXtchara\0" + card_text(card())
    with pytest.raises(Unreadable, match="without a character"):
        read(tmp_path, png()[:33] + lying)


@pytest.mark.parametrize(
    "keyword", [b"../../chara", b"chara\0\0", b"\0chara", b"chara ", b"char", b"x" * 300, b"chara/../ccv3"]
)
def test_only_its_own_keywords_name_a_card(tmp_path: Path, keyword: bytes) -> None:
    with pytest.raises(Unreadable):
        read(tmp_path, card_png(card(), keyword))


@pytest.mark.parametrize(
    "name",
    ["CON", "con.", "LPT1", "..\\x", "x..", "x. . ", ".hidden", "a\0b", "n" * 300, "名" * 300, "a:b", "~root", "$HOME"],
)
def test_names_that_a_system_has_for_itself(tmp_path: Path, name: str) -> None:
    made = read(tmp_path, card(name=name))
    assert len(f"{made.stem}.yaml".encode()) <= 255
    assert (tmp_path / f"{made.stem}.yaml").parent == tmp_path
    assert made.stem.casefold() not in ("con", "lpt1")
    assert not set(made.stem) & set('<>:"/\\|?*. \0~$')
    made.file(made.stem)


def cards_in(folder: Path, to: Path, notes: Notes) -> dict[str, bytes]:
    how = How(default_registry(), {}, False, lambda what, done, total: None)
    return dict(planned(folder, to, notes, how).files)


def test_links_out_of_a_folder_of_cards_are_not_followed(tmp_path: Path) -> None:
    written(tmp_path / "outside" / "secret.json", card(name="Secret"))
    written(tmp_path / "cards" / "a.json", card(name="A"))
    try:
        os.symlink(tmp_path / "outside" / "secret.json", tmp_path / "cards" / "link.json")
        os.symlink(tmp_path / "cards" / "circle.json", tmp_path / "cards" / "circle.json")
    except OSError:
        pytest.skip("this user may not make links")
    notes = Notes()
    assert set(cards_in(tmp_path / "cards", tmp_path / "to", notes)) == {"characters/a.yaml"}
    lost = {
        note.source: note.what for note in notes if note.outcome is Outcome.NOT_POSSIBLE and note.source != "a.json"
    }
    assert lost["link.json"] == "it leads out of the folder"
    assert "circle.json" in lost


def test_more_than_can_be_kept_until_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        written(tmp_path / "cards" / f"{number}.png", card_png(card(name=f"Lady {number}")))
    assert len(cards_in(tmp_path / "cards", tmp_path / "to", Notes())) == 6
    monkeypatch.setattr(plan, "MOST_BYTES", 1_000)
    with pytest.raises(HayakuchiError, match="together; take some at a time"):
        cards_in(tmp_path / "cards", tmp_path / "to", Notes())


def test_names_that_differ_in_case_only_become_two_files(tmp_path: Path) -> None:
    for number, name in enumerate(("Lady", "LADY", "lady")):
        written(tmp_path / "cards" / f"{number}.json", card(name=name, description=f"the {number}."))
    made = cards_in(tmp_path / "cards", tmp_path / "to", Notes())
    assert {name.casefold() for name in made} == {f"characters/lady{end}.yaml" for end in ("", "-2", "-3")}
