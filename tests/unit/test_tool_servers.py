"""Servers of tools in conf.yaml: what may be written, what is wrong with it and where, and what ``check`` says of them."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hayakuchi.cli.check import as_data
from hayakuchi.cli.finding import Status
from hayakuchi.cli.main import main
from hayakuchi.cli.tool_findings import asked_for_tools, tool_servers
from hayakuchi.orchestrator import tool_servers as section
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.json_schema import settings_schema
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.problems import ConfigErrors
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Settings
from hayakuchi.orchestrator.tool_servers import named_by
from hayakuchi.orchestrator.tree import data
from hayakuchi.orchestrator.yaml_source import read_yaml

PROGRAM = Path(__file__).parents[1] / "support" / "mcp_program.py"
TIME = "mcp_servers:\n  time: {command: uvx, args: [mcp-server-time]}\n"
USED = "agent:\n  basic_memory_agent:\n    mcp_servers: [time]\n"
REST = "llm: demo_llm\ntts: espeak_tts\nserver: {port: 0}\n"


def load(folder: Path, text: str, **characters: str) -> Settings:
    (folder / "conf.yaml").write_text(text + REST)
    (folder / "characters").mkdir(exist_ok=True)
    for name, own in characters.items():
        (folder / "characters" / f"{name}.yaml").write_text(own)
    environ = {"TOKEN": "s3cret", "PORT": "8080"}
    return load_settings(folder / "conf.yaml", registry=default_registry(), environ=environ)


def mistakes(folder: Path, text: str, **characters: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(folder, text, **characters)
    return [str(error).removeprefix(f"{folder.as_posix()}/") for error in caught.value.problems]


def test_a_server_is_named_by_the_character_that_may_use_it(tmp_path: Path):
    made = load(tmp_path, TIME + USED)
    assert made.mcp_servers["time"].args == ("mcp-server-time",)
    assert named_by(made.agent) == ("time",)
    assert named_by(load(tmp_path, TIME).agent) == (), "none may, unless it is said"


def test_each_character_may_have_its_own(tmp_path: Path):
    own = f"name: Mao\n{USED}"
    load(tmp_path, TIME, mao=own)
    mao = load_settings(tmp_path / "conf.yaml", character="mao", registry=default_registry())
    assert named_by(mao.agent) == ("time",)


def test_what_is_written_there_may_come_from_the_environment_and_is_not_shown(tmp_path: Path):
    made = load(
        tmp_path,
        'mcp_servers:\n  web: {url: "http://127.0.0.1:${PORT}/mcp", headers: {Authorization: "Bearer ${TOKEN}"}}\n'
        '  own: {command: ./own, args: [--port, "${PORT}", 1.10], env: {KEY: "${TOKEN}", LEVEL: 3}, cwd: tools, timeout: 5}\n',
    )
    web, own = made.mcp_servers["web"], made.mcp_servers["own"]
    assert web.url == "http://127.0.0.1:8080/mcp"
    assert web.headers["Authorization"].get_secret_value() == "Bearer s3cret"
    assert own.args == ("--port", "8080", "1.10")
    assert own.env["LEVEL"].get_secret_value() == "3"
    assert own.cwd == str(tmp_path / "tools"), "relative to the file"
    assert "s3cret" not in repr(made.mcp_servers)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            TIME + USED.replace("time", "tme"),
            "conf.yaml:5:19: agent.basic_memory_agent.mcp_servers.0: there is no server 'tme' under mcp_servers "
            "(did you mean 'time'?)",
        ),
        (
            USED,
            "conf.yaml:3:19: agent.basic_memory_agent.mcp_servers.0: there is no server 'time' under mcp_servers",
        ),
        (
            "mcp_servers:\n  time: {comand: uvx}\n" + USED,
            "conf.yaml:2:10: mcp_servers.time.comand: unknown key (did you mean 'command'?)",
        ),
        ("mcp_servers:\n  time: {}\n", "conf.yaml:2:9: mcp_servers.time: takes either a command or a url"),
        (
            "mcp_servers:\n  time: {command: uvx, url: http://x/}\n",
            "conf.yaml:2:9: mcp_servers.time: takes either a command or a url",
        ),
        (
            "mcp_servers:\n  time: {url: http://x/, args: [a]}\n",
            "conf.yaml:2:9: mcp_servers.time: args, env and cwd go with a command, not with a url",
        ),
        (
            "mcp_servers:\n  time: {url: ftp://x/}\n",
            "conf.yaml:2:15: mcp_servers.time.url: has not the expected form: Address of a server with streamable HTTP: "
            "http://127.0.0.1:8000/mcp",
        ),
        *(
            (
                f"mcp_servers:\n  time: {{url: '{url}'}}\n",
                "conf.yaml:2:15: mcp_servers.time.url: is no address: its host, or its port, is none",
            )
            for url in (
                "http://[::1:8123/mcp",
                "http://h:99999/",
                "http://u:hunter22/x@h/",
                "http:///mcp",
                "http://h:0/",
            )
        ),
        (
            "mcp_servers:\n  time: {command: uvx, timeout: 0}\n",
            "conf.yaml:2:33: mcp_servers.time.timeout: must be greater than 0",
        ),
        (
            "mcp_servers:\n  my time: {command: uvx}\n",
            "conf.yaml:2:3: mcp_servers.'my time': the name of a server has 1 to 64 letters, digits, '_', '.' and '-'",
        ),
        (
            "mcp_servers: [time]\n",
            "conf.yaml:1:14: mcp_servers: expected a mapping of names to servers of tools, found a list",
        ),
        (
            TIME + USED.replace("[time]", "time"),
            "conf.yaml:5:18: agent.basic_memory_agent.mcp_servers: expected a list, found text",
        ),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, text: str, mistake: str):
    assert mistakes(tmp_path, text) == [mistake]


def test_a_characters_mistake_is_in_its_own_file(tmp_path: Path):
    (tmp_path / "conf.yaml").write_text(TIME + REST)
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "mao.yaml").write_text("name: Mao\n" + USED.replace("time", "tme"))
    with pytest.raises(ConfigErrors, match=r"characters/mao\.yaml:4:19: .* \(did you mean 'time'\?\)"):
        load_settings(tmp_path / "conf.yaml", character="mao", registry=default_registry())


def test_the_package_that_is_missing_is_named_only_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(section, "find_spec", lambda name: None)
    assert mistakes(tmp_path, TIME + USED) == [
        "conf.yaml:5:18: agent.basic_memory_agent.mcp_servers: needs the Python package mcp: pip install "
        "'hayakuchi[mcp]', or uv sync --extra mcp"
    ]
    assert load(tmp_path, TIME).mcp_servers
    assert load(tmp_path, TIME.replace("uvx,", "uvx, enabled: false,") + USED)


def test_the_schema_takes_what_the_loader_takes(tmp_path: Path):
    schema, missing = settings_schema(default_registry())
    assert missing == []
    checked = jsonschema.Draft202012Validator(schema)

    def fits(text: str) -> bool:
        (tmp_path / "conf.yaml").write_text(text)
        tree: Any = data(read_yaml(tmp_path / "conf.yaml"))
        return checked.is_valid(tree)

    assert fits(TIME + USED)
    assert fits("mcp_servers:\n")
    assert fits("mcp_servers: {web: {url: http://x/, headers: {A: b}, timeout: 3}}\n")
    assert not fits("mcp_servers: {web: {ulr: http://x/}}\n")
    assert not fits("mcp_servers: {my web: {url: http://x/}}\n")
    assert not fits("mcp_servers: [web]\n")


def own(how: str = "") -> str:
    program = f"command: {json.dumps(sys.executable)}, args: [-S, {json.dumps(str(PROGRAM))}{how}]"
    return f"mcp_servers:\n  own: {{{program}}}\n"


def test_check_says_which_program_is_missing(tmp_path: Path):
    nowhere = "mcp_servers:\n  own: {command: no-such-program}\n  off: {command: x, enabled: false}\n"
    [own_, off] = tool_servers(load(tmp_path, nowhere))
    assert (own_.status, off.status) == (Status.WARN, Status.OK)
    assert own_.message == "own: there is no program 'no-such-program'; install it, or write its whole path"
    used = USED.replace("time", "own")
    assert next(tool_servers(load(tmp_path, nowhere + used))).status is Status.PROBLEM
    gone = "mcp_servers:\n  own: {command: python, cwd: nowhere}\n"
    assert "there is no folder" in next(tool_servers(load(tmp_path, gone + used))).message
    beside = f"mcp_servers:\n  own: {{command: %s, cwd: {json.dumps(str(PROGRAM.parent))}}}\n"
    [finding] = tool_servers(load(tmp_path, beside % PROGRAM.name))
    assert "there is no program" in finding.message, "a name alone is one of PATH"
    [finding] = tool_servers(load(tmp_path, beside % f"./{PROGRAM.name}"))
    assert finding.status is Status.OK
    web = "mcp_servers:\n  own: {url: 'http://user:pass@127.0.0.1:1/mcp'}\n"
    assert next(tool_servers(load(tmp_path, web + used))).message == "own: http://127.0.0.1"
    [finding] = tool_servers(load(tmp_path, own()))
    assert finding.status is Status.OK
    assert finding.message.endswith("; Kiyo does not use it")


async def test_check_starts_servers_and_says_what_they_offer(tmp_path: Path):
    [finding] = await asked_for_tools(load(tmp_path, own()))
    assert (finding.status, finding.subject) == (Status.OK, "mcp_servers probe")
    assert finding.message == "own: echo, hang, stick, die, grow, picture, fail, odd_name_"
    mute = load(tmp_path, own(", mute") + USED.replace("time", "own"))
    [finding] = await asked_for_tools(mute, 0.2)
    assert (finding.status, finding.message) == (Status.PROBLEM, "own: gave no answer within 0.2 s")
    assert await asked_for_tools(load(tmp_path, "")) == []


def test_the_command_asks_only_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    load(tmp_path, own(", broken") + USED.replace("time", "own"))
    monkeypatch.chdir(tmp_path)
    for arguments, expected in ((["check", "--json"], True), (["check", "--json", "--probe"], False)):
        with pytest.raises(SystemExit):
            main(arguments)
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] is expected
    [problem] = [finding for finding in told["findings"] if finding["status"] == "problem"]
    assert problem["subject"] == "mcp_servers probe"
    assert "I am broken" in problem["message"]
    assert as_data([])["ok"]


async def test_a_character_that_is_asked_for_later_has_its_tools_then(tmp_path: Path):
    mao = f"name: Mao\n{USED.replace('time', 'own')}"
    async with Engine(load(tmp_path, own() + "sessions: {keep: false}\n", mao=mao)) as engine:
        assert engine.cast.on_stage.tools is None
        assert engine.tool_servers.connections == {}
        part = await engine.cast.find("mao")
        await engine.tool_servers.connections["own"].tried.wait()
        assert part.tools is not None
        assert len(part.tools.tools) == 8
        assert part.showing(["joy"]).tools is part.tools
        assert not any("tools of" in problem for problem in engine.problems)
