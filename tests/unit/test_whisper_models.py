"""Which Whisper models there are, what may be written for one, and where they are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hayakuchi.asr.hub_listing import HubFile, hub_address, listing_of, tidy_hub
from hayakuchi.asr.whisper_models import MODELS, NEEDED, guessed_mb, known_name, missing, place_of
from hayakuchi.asr.whisper_settings import FasterWhisperConfig

SYSTRAN = "models--Systran--faster-whisper-base"


def write_model(folder: Path, *without: str, vocabulary: str = "vocabulary.txt") -> Path:
    folder.mkdir(parents=True)
    for name in (*NEEDED, vocabulary):
        if name not in without:
            (folder / name).write_bytes(b"x")
    return folder


def environment(folder: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(folder / "cache")}


def test_the_names_are_those_that_faster_whisper_knows():
    from faster_whisper.utils import _MODELS

    ours = {model.name: model.repository for model in MODELS.values()}
    assert ours == {name: repository for name, repository in _MODELS.items() if name not in ("large", "turbo")}
    assert _MODELS["turbo"] == MODELS[known_name("turbo")].repository
    assert _MODELS["large"] == MODELS[known_name("large")].repository


def test_only_english_models_say_so():
    assert {name for name, model in MODELS.items() if model.english_only} == {
        name for name in MODELS if name.endswith(".en") or "distil" in name
    }


@pytest.mark.parametrize("text", ["base", " base ", "./here", "/models/x", "~/x", "a/b", "C:\\models", ".", ".."])
def test_what_may_be_written(text: str):
    assert known_name(text) == text.strip()
    assert FasterWhisperConfig(model=text).model == text.strip()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bse", "(did you mean 'base'?)"),
        ("large-v4", "(did you mean 'large-v"),
        ("Base", "(did you mean 'base'?)"),
        ("whisper-model", "a folder has a slash: ./NAME"),
        ("", "must be the name of a model"),
        ("a/\0", "must be the name of a model"),
    ],
)
def test_what_may_not(text: str, told: str):
    with pytest.raises(ValidationError) as caught:
        FasterWhisperConfig(model=text)
    assert told in str(caught.value)


def test_our_folder_comes_before_hugging_faces(tmp_path: Path):
    environ = environment(tmp_path)
    own = tmp_path / "cache" / "hayakuchi" / "models" / "Systran--faster-whisper-base"
    assert place_of("base", "", environ).folder == own
    assert place_of("base", "", environ).missing == (*NEEDED, "vocabulary.json or vocabulary.txt")
    theirs = write_model(tmp_path / "cache" / "huggingface" / "hub" / SYSTRAN / "snapshots" / "abc")
    assert place_of("base", "", environ).folder == theirs
    write_model(own, vocabulary="vocabulary.json")
    assert place_of("base", "", environ).folder == own
    other = write_model(tmp_path / "models" / "Systran--faster-whisper-base")
    assert place_of("base", str(tmp_path / "models"), environ).folder == other


def test_the_version_that_hugging_faces_program_took_last_comes_first(tmp_path: Path):
    home = tmp_path / "hub" / SYSTRAN
    first, second = (write_model(home / "snapshots" / name) for name in ("aaaaaaa", "bbbbbbb"))
    (home / "refs").mkdir()
    for commit, expected in (("bbbbbbb", second), ("aaaaaaa", first), ("../../x", first), ("\xff", first)):
        (home / "refs" / "main").write_bytes(commit.encode("latin-1"))
        assert place_of("base", "", {"HF_HUB_CACHE": str(tmp_path / "hub")}).folder == expected


@pytest.mark.parametrize("name", ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"])
def test_where_hugging_faces_cache_may_be_said_to_be(tmp_path: Path, name: str):
    root = tmp_path / "hub" if name == "HF_HOME" else tmp_path
    folder = write_model(root / SYSTRAN / "snapshots" / "abc")
    assert place_of("base", "", {name: str(tmp_path)}).folder == folder


def test_half_a_model_in_hugging_faces_cache_does_not_count(tmp_path: Path):
    write_model(tmp_path / SYSTRAN / "snapshots" / "abc", "model.bin")
    assert place_of("base", "", {"HF_HUB_CACHE": str(tmp_path)} | environment(tmp_path)).missing


def test_a_folder_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "my" / "model", "tokenizer.json")
    place = place_of("my/model")
    assert (place.folder, place.repository, place.missing) == (tmp_path / "my" / "model", None, ("tokenizer.json",))
    assert place_of("my/other").repository == "my/other"
    assert place_of("./my/other").repository is None
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place_of("~/my/model").folder == tmp_path / "my" / "model"


def test_looking_never_raises(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert len(missing(blocked / "deeper")) == 4
    assert len(missing(Path("a" * 5000))) == 4
    empty = write_model(tmp_path / "empty")
    (empty / "model.bin").write_bytes(b"")
    assert missing(empty) == ("model.bin",)


def test_a_guess_of_the_size_of_a_model_that_nobody_knows():
    assert guessed_mb("deepdml/faster-whisper-large-v3-turbo-ct2") == MODELS["large-v3-turbo"].size_mb
    assert guessed_mb("me/Whisper-Small.en-tuned") == MODELS["small.en"].size_mb
    assert guessed_mb("me/mine") > 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" https://hf-mirror.com/ ", "https://hf-mirror.com"),
        ("http://proxy:8081/repository/hf/?x=1#y", "http://proxy:8081/repository/hf"),
    ],
)
def test_the_address_of_a_mirror(text: str, expected: str):
    assert tidy_hub(text) == expected


@pytest.mark.parametrize(
    "text", ["hf-mirror.com", "ftp://x", "http://", "http://a:0", "http://a:99999", "http://me:key@x"]
)
def test_an_address_that_is_none(text: str):
    with pytest.raises(ValueError, match=r"."):
        tidy_hub(text)
    with pytest.raises(ValidationError):
        FasterWhisperConfig(mirror=text)


def test_which_mirror_counts():
    assert hub_address("", {}) == "https://huggingface.co"
    assert hub_address("", {"HF_ENDPOINT": "http://a/"}) == "http://a"
    assert hub_address("http://b", {"HF_ENDPOINT": "http://a"}) == "http://b"


def test_a_listing_holds_what_is_wanted():
    listing = listing_of(
        b'{"sha": "abc", "siblings": [{"rfilename": "README.md"}, {"rfilename": "a", "size": 3, "lfs": {"sha256": "%s"}},'
        b'{"rfilename": "b", "size": -1, "lfs": 5}, {"rfilename": "../a"}]}' % (b"0" * 64),
        ("a", "b"),
    )
    assert listing
    assert listing.files == (HubFile("a", 3, "0" * 64), HubFile("b", None, None))
    assert listing.size == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"sha": "../..", "siblings": []}',
        b'{"sha": "a", "siblings": {"a": 1}}',
        b'{"sha": "a", "siblings": [5]}',
        b'{"sha": "a", "siblings": [{}]}',
        b"[1]",
        bytes(range(128, 178)),
    ],
)
def test_what_is_no_listing(body: bytes):
    assert listing_of(body, ("a",)) is None
