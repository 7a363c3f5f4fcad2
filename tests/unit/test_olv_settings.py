"""The block open_llm_vtuber: what it takes, what ``hayakuchi check`` and ``run --frontend`` say of it, and where it is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from olv_assets import ENTRY, built_frontend, user_folder
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for

from hayakuchi.cli.finding import Finding, Status
from hayakuchi.cli.findings import inspected
from hayakuchi.cli.main import main
from hayakuchi.cli.run import studio_moved, with_frontend
from hayakuchi.core.errors import ConfigError
from hayakuchi.orchestrator.json_schema import settings_schema
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings
from hayakuchi.orchestrator.providers import default_registry

ROOT = Path(__file__).parents[2]
BASE = "llm: demo_llm\ntts: espeak_tts\nasr: []\nserver: {port: 0}\n"


def conf(place: Path, block: str) -> Path:
    file = place / "conf.yaml"
    file.write_text(BASE + block, encoding="utf-8")
    return file


def found(place: Path, block: str) -> list[Finding]:
    findings, _ = inspected(conf(place, block), None, default_registry())
    return [finding for finding in findings if "open_llm_vtuber" in finding.subject + finding.message]


def messages(place: Path, block: str, status: Status) -> list[str]:
    return [finding.message for finding in found(place, block) if finding.status is status]


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = conf(tmp_path, "open_llm_vtuber: {folder: theirs, frontend: web, origins: ['HTTP://Localhost:5173/']}")
    ours = load_settings(file, registry=default_registry()).open_llm_vtuber
    assert (ours.folder, ours.frontend) == (tmp_path / "theirs", tmp_path / "web")
    assert ours.origins == ("http://localhost:5173",)


def test_a_character_may_have_a_model_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "mao.yaml").write_text("name: Mao\nopen_llm_vtuber: {model: mao}\n", encoding="utf-8")
    file = conf(tmp_path, "character: mao\nopen_llm_vtuber: {folder: theirs, model: other}")
    ours = load_settings(file, registry=default_registry()).open_llm_vtuber
    assert (ours.model, ours.folder) == ("mao", tmp_path / "theirs")


MISTAKES = [
    ("open_llm_vtuber: {orgins: []}", "did you mean 'origins'"),
    ("open_llm_vtuber: {origins: ['*']}", "'*' is not allowed"),
    ("open_llm_vtuber: {origins: ['null']}", "an origin has the form"),
    ("open_llm_vtuber: {file_origin: maybe}", "expected true or false"),
    ("open_llm_vtuber: {split: often}", "expected 'auto', 'pauses' or 'never'"),
    ("open_llm_vtuber: {group_turns: 0}", "must be at least 1"),
    ("open_llm_vtuber: {playback_patience_s: 0}", "must be at least 0.5"),
    ("open_llm_vtuber: {model: ''}", "must have at least 1 character"),
]


@pytest.mark.parametrize(("block", "message"), MISTAKES)
def test_a_mistake_has_its_line(block: str, message: str, tmp_path: Path) -> None:
    (problem,) = found(tmp_path, block)
    assert problem.status is Status.PROBLEM
    assert message in problem.message
    assert problem.place is not None
    assert problem.place.line == 5


def test_nothing_is_told_to_those_who_come_from_nowhere(tmp_path: Path) -> None:
    assert found(tmp_path, "") == []
    assert found(tmp_path, "open_llm_vtuber: {enabled: false, folder: nowhere, frontend: nowhere}") == []


def test_what_is_there_is_counted(tmp_path: Path) -> None:
    user_folder(tmp_path / "theirs")
    built_frontend(tmp_path / "web")
    told = messages(tmp_path, "open_llm_vtuber: {folder: theirs, frontend: web, model: mao}", Status.OK)
    assert len(told) == 2
    assert told[0].endswith("theirs: models 1, backgrounds 2, avatars 2")
    assert told[1].endswith("web is at /, the studio at /studio")
    assert [one.status for one in found(tmp_path, "open_llm_vtuber: {folder: theirs}")] == [Status.OK]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("open_llm_vtuber:\n  folder: nowhere\n", "conf.yaml:6:11: open_llm_vtuber.folder: there is no folder"),
        ("open_llm_vtuber:\n  folder: empty\n", "conf.yaml:6:11: open_llm_vtuber.folder: "),
        ("open_llm_vtuber:\n  frontend: nowhere\n", "conf.yaml:6:13: open_llm_vtuber.frontend: there is no folder"),
        ("open_llm_vtuber:\n  frontend: empty\n", "conf.yaml:6:13: open_llm_vtuber.frontend: no index.html in"),
    ],
)
def test_a_folder_that_cannot_be_used_is_a_problem_with_its_place(block: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (problem,) = [one for one in found(tmp_path, block) if one.status is Status.PROBLEM]
    assert message in problem.message
    assert problem.place is not None
    assert (problem.place.line, problem.place.path.partition(".")[0]) == (6, "open_llm_vtuber")


def test_the_models_are_looked_at(tmp_path: Path) -> None:
    theirs = user_folder(tmp_path / "theirs")
    file = theirs / "model_dict.json"
    block = "open_llm_vtuber: {folder: theirs, model: moa}"
    assert "no model moa (did you mean 'mao'?)" in messages(tmp_path, block, Status.PROBLEM)[0]
    others = [
        {"name": "far", "url": "https://models.example/far.model3.json"},
        {"name": "lost", "url": "/live2d-models/lost/lost.model3.json"},
        {"name": "sly", "url": "/live2d-models/../../secret.json"},
    ]
    file.write_text(json.dumps([ENTRY, *others]))
    (warning,) = [one for one in found(tmp_path, "open_llm_vtuber: {folder: theirs}") if one.status is Status.WARN]
    assert warning.message.endswith("the model3.json of lost, sly is not there")
    file.write_text('[\n  {"name": "mao",\n}]')
    (problem,) = [one for one in found(tmp_path, block) if one.status is Status.PROBLEM]
    assert "model_dict.json:3:1: is not JSON" in problem.message
    assert problem.place is not None
    assert problem.place.line == 3


def test_the_folder_of_the_file_is_taken_if_it_is_one(tmp_path: Path) -> None:
    user_folder(tmp_path)
    (finding,) = found(tmp_path, "")
    assert finding.message.endswith("models 1, backgrounds 2, avatars 2")


def test_the_command_line_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web = built_frontend(tmp_path / "web")
    settings = settings_for(lambda: ScriptedLLM([]), ScriptedTTS)
    assert with_frontend(settings, None) is settings
    assert not studio_moved(settings)
    configured = replace(settings, open_llm_vtuber=OpenLlmVtuberSettings(enabled=False, frontend=tmp_path / "other"))
    assert not studio_moved(configured)
    monkeypatch.chdir(tmp_path)
    for folder in (web, Path("web")):
        served = with_frontend(configured, folder)
        assert served.open_llm_vtuber.frontend == web
        assert studio_moved(served)
    with pytest.raises(ConfigError, match=r"^--frontend: there is no folder .*nowhere"):
        with_frontend(settings, Path("nowhere"))


def test_run_refuses_a_frontend_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "-c", str(conf(tmp_path, "")), "--port", "0", "--frontend", str(tmp_path)])
    assert caught.value.code == 2
    told = capsys.readouterr()
    assert "--frontend: no index.html in" in told.err
    assert "ready" not in told.out


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(settings_schema(default_registry())[0])


def test_the_schema_knows_the_block(validator: Draft202012Validator) -> None:
    good = "open_llm_vtuber: {folder: a, frontend: b, origins: ['http://localhost:5173'], file_origin: true, split: pauses}"
    assert validator.is_valid(yaml.safe_load(good))
    assert validator.is_valid({"open_llm_vtuber": None})
    for block, _ in MISTAKES:
        if "origins: [" not in block:  # the form of an origin is not part of the schema
            assert not validator.is_valid(yaml.safe_load(block)), block


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "open-llm-vtuber.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))
    fields = OpenLlmVtuberSettings.model_fields
    assert list(rows) == list(fields)
    for name, written in rows.items():
        default = fields[name].default
        if default is not None:
            expected = json.dumps(list(default)) if isinstance(default, tuple) else str(default).lower()
            assert written.strip("`") == expected, name
