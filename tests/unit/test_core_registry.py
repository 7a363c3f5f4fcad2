"""Providers by name: found late, and every way of not finding one says what to do."""

import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hayakuchi.core import registry as registry_module
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.registry import ProviderSpec, Registry, UnknownProvider


def registry_of(*specs: ProviderSpec) -> Registry:
    return Registry({"tts": specs}, plugins=False)


def test_a_provider_is_imported_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "late_voice.py").write_text("class Voice: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry = registry_of(ProviderSpec("late", "late_voice:Voice"))
    assert registry.names("tts") == ["late"]
    assert registry.names("llm") == []
    assert "late_voice" not in sys.modules
    assert registry.load("tts", "late").__name__ == "Voice"


def test_an_unknown_name_gets_a_suggestion() -> None:
    registry = registry_of(ProviderSpec("espeak_tts", "a:A"), ProviderSpec("openai_tts", "b:B"))
    with pytest.raises(UnknownProvider, match="did you mean 'espeak_tts'") as caught:
        registry.load("tts", "espeak_tss")
    assert caught.value.known == ("espeak_tts", "openai_tts")
    with pytest.raises(UnknownProvider, match="none is installed") as caught:
        registry.load("asr", "x")
    assert caught.value.suggestion is None


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (
            ProviderSpec("x", "no_such_package_at_all.voice:V", "voices"),
            r"'no_such_package_at_all'.*pip install 'hayakuchi\[voices\]'",
        ),
        (ProviderSpec("x", "no_such_package_at_all:V"), "pip install no_such_package_at_all"),
        (ProviderSpec("x", "json:NoSuchClass"), "announces 'json:NoSuchClass', which does not exist"),
        (ProviderSpec("x", "json"), "announces 'json', which does not exist"),
    ],
)
def test_what_cannot_be_imported_says_the_remedy(spec: ProviderSpec, says: str) -> None:
    with pytest.raises(ProviderError, match=says) as caught:
        registry_of(spec).load("tts", "x")
    assert caught.value.category is Category.MISSING_EXTRA
    assert not caught.value.retryable


@pytest.mark.parametrize("code", ["raise OSError('PortAudio library not found')", "from json import nothing_like_this"])
def test_a_dependency_that_cannot_be_loaded_is_no_crash(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_voice_{abs(hash(code))}"
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ProviderError, match="cannot be loaded") as caught:
        registry_of(ProviderSpec("x", f"{name}:V")).load("tts", "x")
    assert caught.value.category is Category.MISSING_EXTRA


def test_a_mistake_inside_a_provider_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mistaken_voice.py").write_text("import json\njson.no_such_thing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AttributeError, match="no_such_thing"):
        registry_of(ProviderSpec("x", "mistaken_voice:V")).load("tts", "x")


def test_other_packages_announce_providers_but_do_not_replace_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("plugin_voice")
    module.__dict__["Voice"] = type("Voice", (), {})
    monkeypatch.setitem(sys.modules, "plugin_voice", module)
    points = [
        EntryPoint("mine", "plugin_voice:Voice [extra]", "hayakuchi.tts"),
        EntryPoint("espeak_tts", "plugin_voice:Voice", "hayakuchi.tts"),
    ]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: [p for p in points if p.group == group])
    registry = Registry({"tts": [ProviderSpec("espeak_tts", "json:JSONDecoder")]})
    assert registry.names("tts") == ["espeak_tts", "mine"]
    assert registry.load("tts", "mine").__name__ == "Voice"
    assert registry.load("tts", "espeak_tts").__name__ == "JSONDecoder"
    assert registry.names("llm") == []
