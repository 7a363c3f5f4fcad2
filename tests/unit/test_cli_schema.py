"""The JSON Schema: a real validator accepts what the loader accepts, and marks what it refuses."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from hayakuchi.cli import schema as schema_command
from hayakuchi.cli.main import main
from hayakuchi.core.registry import ProviderSpec, Registry
from hayakuchi.orchestrator.json_schema import settings_schema
from hayakuchi.orchestrator.providers import default_registry

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema, missing = settings_schema(default_registry())
    assert missing == []
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_shipped_file_is_valid(validator: Draft202012Validator):
    assert list(validator.iter_errors(yaml.safe_load((ROOT / "conf.yaml").read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "conf",
    [
        "",
        "server:\nllm:\n",
        "llm: demo_llm",
        "llm: [demo_llm, {demo_llm: }]",
        "llm: {openai_llm: {model: m, base_url: http://a, temperature: 0.5}}",
        "server: {port: '${PORT:-12393}', open_browser: '${OPEN}'}",
        "latency: {first_audio_ms: 1.5}",
        "asr: []",
        "asr: {faster_whisper: {model: base, device: cpu, vocabulary: [Kiyo]}}",
        "quick_llm: [demo_llm]",
        "quick_llm:",
        "quick_llm: []",
        "models:",
        "models: {a/b:1: demo_llm, b: [demo_llm, {openai_llm: {model: m, base_url: http://a, max_concurrent: 2}}]}",
        "embeddings: {openai_embeddings: {model: m, base_url: http://a}}",
        "embeddings: []",
        "gateway: {cors: ['http://a'], auth: {enabled: true}}",
    ],
)
def test_what_the_loader_accepts(conf: str, validator: Draft202012Validator):
    assert list(validator.iter_errors(yaml.safe_load(conf))) == []


@pytest.mark.parametrize(
    "conf",
    [
        "sever: {}",
        "server: {port: lots}",
        "server: {port: 70000}",
        "llm: no_llm",
        "llm: []",
        "llm: {openai_llm: {model: m, base_url: http://a, temprature: 1}}",
        "llm: {openai_llm: {base_url: http://a}}",
        "llm: {openai_llm: {model: m, base_url: http://a}, demo_llm: {}}",
        "agent: [basic_memory_agent]",
        "asr: whisper",
        "quick_llm: whisper",
        "models: [demo_llm]",
        "models: {a: }",
        "models: {a: []}",
        "models: {a: whisper}",
        "models: {a b: demo_llm}",
        "embeddings: demo_llm",
        "- a",
    ],
)
def test_what_the_loader_refuses(conf: str, validator: Draft202012Validator):
    assert not validator.is_valid(yaml.safe_load(conf))


def test_it_says_what_the_keys_mean():
    definitions = settings_schema(default_registry())[0]["$defs"]
    assert definitions["ServerSettings"]["properties"]["port"]["default"] == 12393
    assert "free one" in definitions["ServerSettings"]["properties"]["port"]["description"]


def test_a_file_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["schema", "-o", str(tmp_path / "s.json")])
    assert caught.value.code == 0
    assert capsys.readouterr() == ("", "")
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["title"] == "Hayakuchi settings"


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["schema", "-o", str(tmp_path)])
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("error: cannot write ")


def test_a_provider_that_cannot_be_imported_is_left_out_with_a_note(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    registry = Registry({"llm": [ProviderSpec("absent_llm", "no_such_module:X", extra="absent")]}, plugins=False)
    monkeypatch.setattr(schema_command, "default_registry", lambda: registry)
    with pytest.raises(SystemExit):
        main(["schema"])
    captured = capsys.readouterr()
    assert "absent_llm" not in captured.out
    assert captured.err == (
        "note: left out: absent_llm: needs the Python package 'no_such_module', which is not installed; "
        "try: pip install 'hayakuchi[absent]'\n"
    )
