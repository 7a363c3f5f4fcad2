"""What lies in somebody's folder is read with care, told of, and left where it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from olv_folder import MODELS, olv_folder, written

from hayakuchi.gateway.open_llm_vtuber.file_types import IMAGES
from hayakuchi.importing import folder_files, models
from hayakuchi.importing.file_names import file_stem, unused
from hayakuchi.importing.folder_files import FolderFiles, Unreadable, parsed_json, read_file, text_of
from hayakuchi.importing.models import pictures
from hayakuchi.importing.notes import Notes, Outcome
from hayakuchi.importing.rest import LONGEST_PROMPT, prompt_texts
from hayakuchi.importing.template import Prompt


def told(notes: Notes, outcome: Outcome) -> dict[str, str]:
    return {note.source: note.what for note in notes if note.outcome is outcome}


def of_models(tmp_path: Path, content: Any, wanted: dict[str, str] | None = None) -> Notes:
    notes = Notes()
    written(tmp_path / "model_dict.json", content)
    models.models(FolderFiles(tmp_path), wanted or {}, notes)
    return notes


def test_models_that_are_there_are_taken_and_the_others_told(tmp_path: Path) -> None:
    notes = of_models(olv_folder(tmp_path), MODELS, {"a": "mao_pro", "b": "missing"})
    assert told(notes, Outcome.TAKEN)["model_dict.json"].startswith("2 models, used where they are: shizuku-local, mao")
    lost = told(notes, Outcome.NOT_POSSIBLE)
    assert lost["model_dict.json gone"] == "there is no file live2d-models/gone/gone.model3.json"
    assert lost["model_dict.json evil"] == "its url does not lead into live2d-models"
    assert lost["model_dict.json missing"] == "there is no such model for b"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("/live2d-models/../secret.json", "does not lead"),
        ("/live2d-models/%2e%2e/secret.json", "does not lead"),
        ("/live2d-models\\..\\secret.json", "does not lead"),
        ("/etc/passwd", "does not lead"),
        ("/live2d-models/a\0b", "does not lead"),
        ("/live2d-models/" + "x" * 5000, "there is no file"),
        ("//[", "does not lead"),
        ("", "no url"),
        (7, "no url"),
    ],
)
def test_addresses_of_models_stay_within(tmp_path: Path, url: Any, problem: str) -> None:
    written(tmp_path / "secret.json", "{}")
    notes = of_models(tmp_path, [{"name": "m", "url": url}])
    assert problem in told(notes, Outcome.NOT_POSSIBLE)["model_dict.json m"]


def test_a_model_on_another_server_needs_no_file(tmp_path: Path) -> None:
    notes = of_models(tmp_path, [{"name": "m", "url": "https://example.com/a.model3.json"}])
    assert "1 model" in told(notes, Outcome.TAKEN)["model_dict.json"]


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[" * 99_999, "[1, null, {}]", [{"name": "a", "url": "/live2d-models/a", "emotionMap": 3}], b"\xff"],
)
def test_a_broken_list_of_models_is_told_and_stops_nothing(tmp_path: Path, content: Any) -> None:
    (tmp_path / "live2d-models" / "a").mkdir(parents=True)
    notes = of_models(tmp_path, content)
    assert notes.counts()[Outcome.NOT_POSSIBLE] >= 1
    assert notes.counts()[Outcome.TAKEN] == 0


def test_a_folder_without_models_is_told_of(tmp_path: Path) -> None:
    notes = Notes()
    models.models(FolderFiles(tmp_path), {}, notes)
    assert "there is none" in told(notes, Outcome.NOT_POSSIBLE)["model_dict.json"]


def test_a_list_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "LARGEST", 100)
    assert "larger than" in told(of_models(tmp_path, MODELS), Outcome.NOT_POSSIBLE)["model_dict.json"]


def test_every_kind_of_picture_that_is_served_is_counted(tmp_path: Path) -> None:
    for suffix in IMAGES:
        written(tmp_path / "avatars" / f"a{suffix}", b"x")
    notes = Notes()
    pictures(FolderFiles(tmp_path), notes)
    assert told(notes, Outcome.TAKEN)["avatars"] == f"{len(IMAGES)} avatars, used where they are"


def test_pictures_behind_a_link_are_not_counted(tmp_path: Path) -> None:
    written(tmp_path / "outside" / "a.png", b"x")
    (tmp_path / "olv").mkdir()
    os.symlink(tmp_path / "outside", tmp_path / "olv" / "avatars")
    notes = Notes()
    pictures(FolderFiles(tmp_path / "olv"), notes)
    assert told(notes, Outcome.NOT_POSSIBLE)["avatars"] == "it leads out of the folder"


def test_a_folder_with_too_many_files_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_files, "MOST_FILES", 10)
    for number in range(20):
        written(tmp_path / "avatars" / f"{number}.png", b"x")
    with pytest.raises(Unreadable, match="more than 10 files"):
        list(FolderFiles(tmp_path).below("avatars"))


def test_prompts_become_part_of_the_persona(tmp_path: Path) -> None:
    folder = tmp_path / "prompts" / "utils"
    written(folder / "live.txt", "Many people watch.\x00\r\n")
    written(folder / "long.txt", "Say this. " * 2000)
    written(folder / "gbk.txt", "直播中。".encode("gb18030"))
    os.symlink("/etc/passwd", folder / "link.txt")
    keys = ("live", "long", "gbk", "link", "missing", "../../x")
    prompts = [Prompt(f"{name}_prompt", name, f"conf.yaml {name}") for name in keys]
    prompts += [Prompt("think_tag_prompt", "live", "t"), Prompt("speakable_prompt", "live", "s")]
    notes = Notes()
    texts = prompt_texts(FolderFiles(tmp_path), prompts, notes)
    assert texts.keys() == {"live_prompt", "long_prompt", "gbk_prompt"}
    assert texts["live_prompt"] == "Many people watch."
    assert texts["gbk_prompt"] == "直播中。"
    assert len(texts["long_prompt"]) <= LONGEST_PROMPT
    lost = told(notes, Outcome.NOT_POSSIBLE)
    assert "leads out of the folder" in lost["conf.yaml link"]
    assert "cannot be read" in lost["conf.yaml missing"]
    assert lost.keys() == {"conf.yaml long", "conf.yaml link", "conf.yaml missing", "conf.yaml ../../x", "t"}


def test_what_is_no_plain_file_is_not_opened_for_long(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        read_file(tmp_path, 100)
    with pytest.raises(Unreadable, match="cannot be read"):
        read_file(tmp_path / "none", 100)
    with pytest.raises(Unreadable):
        read_file(Path("a\0b"), 100)
    if Path("/dev/zero").exists():
        with pytest.raises(Unreadable, match="no plain file"):
            read_file(Path("/dev/zero"), 100)
    with pytest.raises(Unreadable, match="larger than"):
        read_file(written(tmp_path / "f", b"x" * 101), 100)
    assert read_file(written(tmp_path / "f", b"x" * 100), 100) == b"x" * 100


def test_texts_in_the_encodings_of_windows() -> None:
    assert text_of("你好".encode("utf-16")) == "你好"
    assert text_of("你好".encode("gb18030")) == "你好"
    assert text_of(b"\xef\xbb\xbfhi") == "hi"
    with pytest.raises(Unreadable):
        text_of(b"\xff\xff\xff")
    with pytest.raises(Unreadable):
        parsed_json(b"nothing")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Lady Bug", "lady_bug"),
        ("孙悟空", "孙悟空"),
        ("  ../x  ", "x"),
        ("COM1", "com1_"),
        ("aux", "aux_"),
        ("...", "character"),
        ("ﬁn", "fin"),
        ("x" * 300, "x" * 60),
        ("नमस्ते", "नमस्ते"),
    ],
)
def test_names_of_files(name: str, stem: str) -> None:
    assert file_stem(name) == stem


def test_names_that_are_taken_get_a_number() -> None:
    assert unused("a", {"a", "a-2"}) == "a-3"
    assert unused("A", {"a"}) == "A-2"
