"""Each key of the section ``cache`` does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from scripted_tts import FakeTTS

from hayakuchi.core.block import Block
from hayakuchi.core.user_folders import user_cache
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.problems import ConfigErrors
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.tts.cache_settings import CacheSettings
from hayakuchi.tts.fallback import FallbackTTS
from hayakuchi.tts.phrase_cache import CachedTTS


class OwnSettings(Block):
    cache_size: int | None = None
    preload_common_phrases: bool | None = None


def voice(settings: CacheSettings, **own: Any) -> CachedTTS:
    speaker = FakeTTS("a")
    speaker.config = OwnSettings(**own)  # pyright: ignore[reportAttributeAccessIssue] as real voices have it
    return CachedTTS(FallbackTTS([speaker]), settings)


def loaded(folder: Path, text: str) -> CacheSettings:
    file = folder / "conf.yaml"
    file.write_text(text)
    return load_settings(file, registry=default_registry()).cache


def test_defaults_are_those_of_the_documentation() -> None:
    assert CacheSettings().model_dump() == {
        "enabled": True,
        "size": 200,
        "disk_mb": 64,
        "folder": "",
        "warm": True,
        "max_chars": 60,
        "max_seconds": 6,
    }


@pytest.mark.parametrize(
    "values",
    [{"size": 0}, {"disk_mb": -1}, {"max_chars": 0}, {"max_seconds": 0}, {"folder": "a\0b"}, {"sizes": 1}],
)
def test_limits(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CacheSettings.model_validate(values)


def test_every_key_is_read_from_the_file(tmp_path: Path) -> None:
    block = "{enabled: false, size: 7, disk_mb: 3, folder: here, warm: false, max_chars: 9, max_seconds: 2.5}"
    assert loaded(tmp_path, f"cache: {block}") == CacheSettings(
        enabled=False, size=7, disk_mb=3, folder=str(tmp_path / "here"), warm=False, max_chars=9, max_seconds=2.5
    )
    assert loaded(tmp_path, "cache:") == CacheSettings()


def test_a_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"conf.yaml:2:9: cache.size"):
        loaded(tmp_path, "cache:\n  size: many")


def test_a_character_may_have_settings_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "her.yaml").write_text("{name: Her, cache: {warm: false}}")
    assert loaded(tmp_path, "{character: ./her.yaml, cache: {size: 5}}") == CacheSettings(size=5, warm=False)


def test_a_folder_may_be_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert loaded(tmp_path, "cache: {folder: ~/phrases}").folder == str(tmp_path / "phrases")


def test_the_voices_own_keys_win() -> None:
    common = CacheSettings(size=50, warm=False)
    assert voice(common).settings == common
    assert voice(common, cache_size=9, preload_common_phrases=True).settings == CacheSettings(size=9, warm=True)
    assert voice(CacheSettings(), preload_common_phrases=False).settings.warm is False
    assert voice(CacheSettings(), cache_size=0).settings.enabled is False


def test_where_phrases_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert CacheSettings().path == tmp_path / "hayakuchi" / "phrases"
    assert CacheSettings(folder=str(tmp_path / "x")).path == tmp_path / "x"
    assert CacheSettings(disk_mb=0).path is None
    assert CacheSettings(enabled=False).path is None


def test_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path("/home/her")
    monkeypatch.setattr(Path, "home", lambda: home)
    assert user_cache({"XDG_CACHE_HOME": "/x"}, "linux") == Path("/x")
    assert user_cache({"XDG_CACHE_HOME": "relative"}, "linux") == home / ".cache"
    assert user_cache({}, "freebsd14") == home / ".cache"
    assert user_cache({"XDG_CACHE_HOME": "/x"}, "darwin") == home / "Library" / "Caches"
    assert user_cache({"LOCALAPPDATA": "C:\\Local"}, "win32") == Path("C:\\Local")
    assert user_cache({}, "win32") is None


def test_a_user_without_a_home_has_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert user_cache({}, "linux") is None
    assert user_cache({}, "darwin") is None
    assert user_cache({"XDG_CACHE_HOME": "/x"}, "linux") == Path("/x")
