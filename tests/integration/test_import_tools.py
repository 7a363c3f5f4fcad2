"""Tools of an Open-LLM-VTuber folder, taken over from end to end: who may use them, and what is told."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from olv_folder import MAO, olv_folder, written
from olv_template import template

from hayakuchi.cli.main import main
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.tool_servers import named_by

PROGRAM = {"command": sys.executable, "args": ["tools/own.py"], "env": {"KEY": "VERY-SECRET ${HOME}"}}


@pytest.fixture
def olv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = olv_folder(tmp_path / "olv")
    written(folder / "tools" / "own.py", b"")
    return folder


def imported(olv: Path, capsys: pytest.CaptureFixture[str], **basic: Any) -> tuple[Path, dict[str, dict[str, Any]]]:
    tree = template()
    tree["character_config"]["agent_config"]["agent_settings"]["basic_memory_agent"] |= basic
    written(olv / "conf.yaml", yaml.safe_dump(tree, allow_unicode=True))
    written(olv / "mcp_servers.json", {"mcp_servers": {"own": PROGRAM, "my time": {"command": sys.executable}}})
    with pytest.raises(SystemExit) as end:
        main(["import", str(olv), "--json", "--no-history"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    assert "VERY-SECRET" not in out
    report = json.loads(out)
    assert report["to_mend"] == []
    return Path(report["target"]), {
        note["source"].rpartition(" ")[2].rpartition(".")[2]: note for note in report["notes"]
    }


def test_the_character_may_use_what_it_might(olv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, notes = imported(olv, capsys, use_mcpp=True, mcp_enabled_servers=["own", "my time", "gone"])
    settings = load_settings(target / "conf.yaml", registry=default_registry())
    assert named_by(settings.agent) == ("own", "my_time")
    own = settings.mcp_servers["own"]
    assert own.env["KEY"].get_secret_value() == "VERY-SECRET ${HOME}", "it is meant as it stands"
    assert own.cwd == str(olv), "it is started where it was"
    assert notes["use_mcpp"]["outcome"] == "taken over"
    assert notes["own"]["what"].startswith("mcp_servers.own: a program that is started")
    mao = load_settings(target / "conf.yaml", character="mao", registry=default_registry())
    assert "agent_config" not in MAO
    assert named_by(mao.agent) == ("own", "my_time"), "as with them, what a character does not say is as in conf.yaml"
    if sys.platform != "win32":
        assert stat.S_IMODE((target / "conf.yaml").stat().st_mode) == 0o600


def test_tools_that_were_off_stay_off(olv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, notes = imported(olv, capsys, use_mcpp=False)
    settings = load_settings(target / "conf.yaml", registry=default_registry())
    assert named_by(settings.agent) == ()
    assert set(settings.mcp_servers) == {"own", "my_time"}, "they can be switched on"
    assert notes["use_mcpp"]["outcome"] == "left out"


@pytest.mark.parametrize("beside", [True, False])
def test_what_lies_in_a_folder_without_models_is_started_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], beside: bool
) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    theirs, to = tmp_path / "olv", tmp_path / "other" / "ours"
    written(theirs / "conf.yaml", yaml.safe_dump(template(), allow_unicode=True))
    written(theirs / "tools" / "own.py", b"")
    database = {"command": sys.executable, "args": ["own.py", "postgres://me:hunter2@host/db"], "cwd": "tools"}
    own = {"command": sys.executable, "args": ["tools/own.py"]}
    written(theirs / "mcp_servers.json", {"mcp_servers": {"database": database, "own": own}})
    with pytest.raises(SystemExit) as end:
        main(["import", str(theirs), *([] if beside else ["--to", str(to)])])
    out = capsys.readouterr().out
    assert end.value.code == 0
    conf = theirs / "hayakuchi" / "conf.yaml" if beside else to / "conf.yaml"
    servers = load_settings(conf, registry=default_registry()).mcp_servers
    assert {name: server.cwd for name, server in servers.items()} == {
        "database": str(theirs / "tools"),
        "own": str(theirs),
    }
    assert "`run` will start these programs" in out
    assert f"  own: {sys.executable} tools/own.py\n" in out
    assert "hunter2" not in out
    if os.name == "posix":
        assert stat.S_IMODE(conf.stat().st_mode) == 0o600, "there is a password among the arguments"
