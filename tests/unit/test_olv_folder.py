"""The user's folder: what is found in it, what is not, and nothing outside it."""

from __future__ import annotations

import json
import logging
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from olv_folder import ENTRY, PNG, user_folder
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for

from hayakuchi.gateway.open_llm_vtuber import folder as folders
from hayakuchi.gateway.open_llm_vtuber import model_dict
from hayakuchi.gateway.open_llm_vtuber.backgrounds import HANDLERS
from hayakuchi.gateway.open_llm_vtuber.client_messages import FetchBackgrounds
from hayakuchi.gateway.open_llm_vtuber.folder import UserFolder, folder_of
from hayakuchi.gateway.open_llm_vtuber.safe_paths import file_below, is_safe_name
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

BAD_NAMES = [
    "",
    ".",
    "..",
    ".env",
    "a.png.",
    "a.png ",
    "a:b.png",
    "a.png::$DATA",
    "C:",
    "a\\b.png",
    "..\\b.png",
    "a\0.png",
    "a\n.png",
    "a\x7f.png",
    "a\udcff.png",
    "a?.png",
    "a*.png",
    'a".png',
    "a<b>.png",
    "a|b.png",
    "CON",
    "con.png",
    "Nul.model3.json",
    "aux .png",
    "com1.png",
    "LPT9.png",
    "com².png",
    "CONIN$",
    "conout$.png",
    "clock$",
    "a" * 252 + ".png",
    "あ" * 84 + ".png",
]
GOOD_NAMES = [
    "a.png",
    "夜の部屋.png",
    "my background (1).jpg",
    "a..b.png",
    "console.png",
    "com10.png",
    "común.png",
    "100%.png",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_mean_something_else_somewhere(name: str, tmp_path: Path) -> None:
    assert not is_safe_name(name)
    assert file_below(tmp_path, f"x/{name}/y.png") is None
    assert file_below(tmp_path, name) is None


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_names_that_people_give(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PNG)
    assert is_safe_name(name)
    assert file_below(tmp_path, name) == (tmp_path / name).resolve()


OUTSIDE = [
    "../secret.png",
    "../../etc/passwd",
    "/etc/passwd",
    "//etc/passwd",
    "a/../../secret.png",
    "./a.png",
    "a//b.png",
    "a/./b.png",
    "a/",
    "/",
    "..",
    "..\\secret.png",
    "C:/Windows/win.ini",
    "\\\\host\\share\\a.png",
    "~/a.png",
    "a/" * 600 + "a.png",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_outside(path: str, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    inside = tmp_path / "inside"
    (inside / "a").mkdir(parents=True)
    (inside / "a" / "b.png").write_bytes(PNG)
    (inside / "a.png").write_bytes(PNG)
    assert file_below(inside, path) is None
    assert file_below(inside, "a/b.png") is not None


def test_links_must_end_below_the_folder(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", user_folder(tmp_path / "theirs")
    outside.mkdir()
    (outside / "secret.png").write_bytes(PNG)
    pictures = root / "backgrounds"
    (pictures / "link.png").symlink_to(outside / "secret.png")
    (pictures / "relative.png").symlink_to("../../outside/secret.png")
    (pictures / "folder").symlink_to(outside)
    (pictures / "conf.png").symlink_to("../conf.yaml")
    (pictures / "text.png").symlink_to("notes.txt")
    (pictures / "loop.png").symlink_to("loop.png")
    (pictures / "good.png").symlink_to("夜の部屋.png")
    folder = UserFolder(root)
    for name in ("link.png", "relative.png", "folder/secret.png", "conf.png", "text.png", "loop.png"):
        assert folder.file("backgrounds", name) is None, name
        assert name not in folder.backgrounds()
    assert folder.file("backgrounds", "good.png") == (pictures / "夜の部屋.png").resolve()


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """Models are large: people keep them on another disk."""
    root = user_folder(tmp_path / "theirs")
    (root / "live2d-models").rename(tmp_path / "disk")
    (root / "live2d-models").symlink_to(tmp_path / "disk")
    assert (
        UserFolder(root).file("live2d-models", "mao/runtime/mao.moc3")
        == (tmp_path / "disk/mao/runtime/mao.moc3").resolve()
    )
    assert UserFolder(root).file("live2d-models", "../secret.png") is None


def test_only_regular_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = user_folder(tmp_path)
    (root / "avatars" / "folder.png").mkdir()
    os.mkfifo(root / "avatars" / "pipe.png")
    with socket.socket(socket.AF_UNIX) as plug:
        monkeypatch.chdir(root / "avatars")
        plug.bind("plug.png")  # the whole path may be too long for one
        folder = UserFolder(root)
        for name in ("folder.png", "pipe.png", "plug.png"):
            assert folder.file("avatars", name) is None, name


@pytest.mark.parametrize(
    ("kind", "name", "served"),
    [
        ("avatars", "mao.png", True),
        ("avatars", "sign.svg", True),
        ("avatars", ".hidden.png", False),
        ("backgrounds", "city.mp4", True),
        ("backgrounds", "notes.txt", False),
        ("backgrounds", "page.html", False),
        ("live2d-models", "mao/runtime/mao.model3.json", True),
        ("live2d-models", "mao/runtime/mao.moc3", True),
        ("live2d-models", "mao/runtime/mao.4096/texture_00.png", True),
        ("live2d-models", "not-one/readme.txt", False),
        ("live2d-models", "mao/runtime", False),
        ("web_tool", "index.html", True),
    ],
)
def test_which_types_are_served(kind: folders.Kind, name: str, served: bool, tmp_path: Path) -> None:
    assert (UserFolder(user_folder(tmp_path)).file(kind, name) is not None) is served


def test_lists_are_sorted_and_hold_pictures_only(tmp_path: Path) -> None:
    root = user_folder(tmp_path)
    for name in ("b.png", "B2.png", "a.JPG", "CON.png", "x:y.png"):
        (root / "backgrounds" / name).write_bytes(PNG)
    with open(os.fsencode(root / "backgrounds") + b"/\xff.png", "wb"):
        pass
    folder = UserFolder(root)
    assert folder.backgrounds() == ["a.JPG", "b.png", "B2.png", "ceiling-window-room-night.jpeg", "夜の部屋.png"]
    assert folder.avatars() == ["mao.png", "sign.svg"]
    assert folder.model_folders() == ["mao", "not-one", "shizuku"]
    json.dumps(folder.backgrounds(), ensure_ascii=False).encode()


def test_lists_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_LISTED", 3)
    root = user_folder(tmp_path)
    for number in range(9):
        (root / "backgrounds" / f"{number}.png").write_bytes(PNG)
        (root / "live2d-models" / f"{number}").mkdir()
    assert UserFolder(root).backgrounds() == ["0.png", "1.png", "2.png"]
    assert len(UserFolder(root).model_folders()) == 3
    monkeypatch.setattr(folders, "MAX_LOOKED_AT", 2)
    assert len(UserFolder(root).backgrounds()) <= 2


@pytest.mark.parametrize("root", [None, Path("/nonexistent"), Path("/dev/null"), Path("a\0b")])
def test_no_folder_is_an_empty_one(root: Path | None) -> None:
    folder = UserFolder(root)
    assert (folder.models, folder.problem, folder.backgrounds(), folder.avatars()) == ((), None, [], [])
    assert folder.model_folders() == []
    assert folder.file("avatars", "a.png") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_the_dictionary_in_the_encodings_that_editors_write(encoding: str, tmp_path: Path) -> None:
    entry = ENTRY | {"description": "春日部"}
    (tmp_path / "model_dict.json").write_bytes(json.dumps([entry], ensure_ascii=False).encode(encoding))
    folder = UserFolder(tmp_path)
    assert folder.problem is None
    assert folder.models == (entry,)


BROKEN = [
    (b'[\n  {"name": "a",\n   "url": }\n]', "model_dict.json:3:11: is not JSON"),
    (b"", "model_dict.json:1:1: is not JSON"),
    (b"{}", "expected a list of models"),
    (b"\xff\xff\xff\xff", "neither UTF-8 nor GBK"),
    (b"[" * 200_000, "is nested too deeply"),
    (b'[{"name": "a", "url": "b", "kScale": NaN}]', "NaN is no number"),
    (b'[{"name": "a"}]', "model 1 has no url"),
    (b'[{"name": "  ", "url": 3}]', "model 1 has no name and no url"),
    (b'["mao"]', "model 1 has no name and no url"),
    (b"[" + b" " * (model_dict.MAX_BYTES + 1), "is larger than 4 MB"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_a_broken_dictionary_is_told_and_the_rest_goes_on(
    text: bytes, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = user_folder(tmp_path)
    (root / "model_dict.json").write_bytes(text)
    folder = UserFolder(root)
    with caplog.at_level(logging.WARNING):
        assert folder.models == ()
        assert message in str(folder.problem)
        assert str(folder.problem).count("model_dict.json") == 1
        assert folder.models == ()
    assert len(caplog.records) == 1, "it is told once, not each time it is asked for"
    assert folder.file("avatars", "mao.png")
    assert folder.backgrounds()


def test_good_models_beside_a_bad_one_are_taken(tmp_path: Path) -> None:
    (tmp_path / "model_dict.json").write_text(json.dumps([{"name": "bad"}, ENTRY, ENTRY | {"url": "/other"}]))
    folder = UserFolder(tmp_path)
    assert folder.models == (ENTRY,), "a name that comes twice means the first one"
    assert "model 1 has no url" in str(folder.problem)


def test_a_dictionary_that_changes_is_read_again_and_a_broken_one_forgets_nothing(tmp_path: Path) -> None:
    file = user_folder(tmp_path) / "model_dict.json"
    folder = UserFolder(tmp_path)
    assert [model["name"] for model in folder.models] == ["mao"]
    file.write_text(json.dumps([ENTRY, ENTRY | {"name": "second"}]))
    assert [model["name"] for model in folder.models] == ["mao", "second"]
    file.write_text("[")
    assert [model["name"] for model in folder.models] == ["mao", "second"]
    assert folder.problem is not None
    file.write_text("[]")
    assert (folder.models, folder.problem) == ((), None)
    file.unlink()
    assert (folder.models, folder.problem) == ((), None)


def test_an_unchanged_dictionary_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_folder(tmp_path)
    folder, reads = UserFolder(tmp_path), []
    read = model_dict._read
    monkeypatch.setattr(model_dict, "_read", lambda file: reads.append(file) or read(file))
    for _ in range(5):
        assert folder.models
    assert len(reads) == 1


@given(st.binary(max_size=200))
def test_no_dictionary_does_harm(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    place = tmp_path_factory.mktemp("any")
    (place / "model_dict.json").write_bytes(data)
    assert all(isinstance(model["name"], str) for model in UserFolder(place).models)


@given(st.text(max_size=60))
def test_whatever_is_asked_for_is_below_the_folder_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    place = tmp_path_factory.getbasetemp()
    found = file_below(place, name)
    assert found is None or found.is_relative_to(place.resolve())


def folder_with(block: dict[str, Any], conf: Path | None) -> UserFolder:
    settings = settings_for(lambda: ScriptedLLM([]), ScriptedTTS)
    object.__setattr__(settings, "open_llm_vtuber", OpenLlmVtuberSettings.model_validate(block))
    object.__setattr__(settings, "files", (conf,) if conf else ())
    return folder_of(settings)


def test_which_folder_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, empty = user_folder(tmp_path / "theirs"), tmp_path / "empty"
    empty.mkdir()
    assert folder_with({"folder": str(theirs)}, empty / "conf.yaml").root == theirs
    assert folder_with({}, theirs / "conf.yaml").root == theirs
    assert folder_with({}, empty / "conf.yaml").root is None
    assert folder_with({}, None).root is None
    assert folder_with({"enabled": False, "folder": str(theirs)}, theirs / "conf.yaml").root is None
    monkeypatch.chdir(theirs)
    assert folder_with({}, Path("conf.yaml")).root == theirs


async def test_a_client_that_asks_for_backgrounds_is_told(tmp_path: Path) -> None:
    class Client:
        def __init__(self, root: Path | None) -> None:
            self.doors: Any = type("Doors", (), {"user_folder": UserFolder(root)})
            self.sent: list[Any] = []

        def send(self, message: Any, request_id: str | None = None) -> None:
            self.sent.append((message, request_id))

    asked = FetchBackgrounds(type="fetch-backgrounds")
    for root, files in (
        (user_folder(tmp_path), ["ceiling-window-room-night.jpeg", "夜の部屋.png"]),
        (None, []),
    ):
        client = Client(root)
        await HANDLERS[FetchBackgrounds](client, asked, "7")
        assert client.sent == [({"type": "background-files", "files": files}, "7")]
