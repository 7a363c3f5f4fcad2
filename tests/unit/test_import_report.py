"""What the report says, for people and for programs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from hayakuchi.cli.import_report import print_notes
from hayakuchi.importing import report
from hayakuchi.importing.carrying_out import Done
from hayakuchi.importing.folder_files import FolderFiles
from hayakuchi.importing.history_store import Kept
from hayakuchi.importing.notes import Note, Notes, Outcome
from hayakuchi.importing.plan import Plan

PLAN = Plan(FolderFiles(Path("theirs")), Path("ours"), {"conf.yaml": b""}, whole=True)


def test_conversations_that_broke_meanwhile_are_told_to_both() -> None:
    broken = {f"chat_history/{folder}/\x1b[2Jx.json": "it is not valid JSON" for folder in "abcd"}
    done = Done((Path("ours/conf.yaml"),), Kept(new=1, broken=broken), Path("data.sqlite3"))
    told = json.loads(json.dumps(report.as_data(Notes(), PLAN, done, dry=False)))["conversations"]
    assert [one["source"] for one in told["broken"]] == [f"chat_history/{folder}/ [2Jx.json" for folder in "abcd"]
    assert {one["why"] for one in told["broken"]} == {"it is not valid JSON"}
    said = list(report.sentences(PLAN, done, dry=False))
    assert "chat_history/a/ [2Jx.json: not taken over, it is not valid JSON" in said
    assert said[-1] == "1 more conversations could not be read"


def test_where_all_could_be_read_nothing_is_broken() -> None:
    done = Done((), Kept(same=2), Path("data.sqlite3"))
    told = report.as_data(Notes(), PLAN, done, dry=False)["conversations"]
    assert (told["broken"], told["same"]) == ([], 2)
    assert not any("could not be read" in line for line in report.sentences(PLAN, done, dry=False))


def notes() -> Notes:
    found = Notes()
    found.taken("conf.yaml:32 character_config.agent_config.conversation_agent_choice", "agent.basic_memory_agent")
    found.translated(
        "zh_小蓟.yaml:14 character_config.tts_config.edge_tts.voice", "tts.edge_tts.voice: zh-CN-XiaoxiaoNeural"
    )
    found.not_possible("model_dict.json shizuku-local.v2", "there is no file [bold]x[/bold]", "mend it there")
    found.not_possible("chat_history/0123456789abcdef/0123456789abcdef0123456789abcdef.json", "it is no list")
    found.left_out("conf.yaml:57 a.b", "not in use")
    return found


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize("everything", [False, True])
def test_on_a_terminal_it_is_as_wide_as_that_and_no_word_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, everything: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    print_notes(report.lines(notes(), everything=everything))
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(cell_len, out.splitlines())) <= width
    assert [line for line in out.splitlines() if line and not line.startswith(" ")] == [
        "taken over (1)",
        "translated (1)",
        "not possible (2)",
        *(["left out (1)"] if everything else []),
    ]
    if width < 80:
        return
    told = [line.strip() for line in out.splitlines()]
    assert any("conversation_agent_choice" in line for line in told)
    assert re.search(
        r"model_dict.json shizuku-local.v2 +there is no file \[bold]x\[/bold] *\n +→ mend it there *\n", out
    )
    assert re.search(r"zh_小蓟.yaml:14 voice +tts.edge_tts.voice: zh-CN-Xiaoxiao", out)


def test_without_colour_there_is_none(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_notes(report.lines(notes(), everything=True))
    assert "\x1b[1;33mnot possible" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    print_notes(report.lines(notes(), everything=True))
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", capsys.readouterr().out)


def test_elsewhere_each_is_a_line_with_the_whole_way(capsys: pytest.CaptureFixture[str]) -> None:
    print_notes(report.lines(notes(), everything=False))
    out = capsys.readouterr().out
    assert out.count("\n") == 4
    assert "translated   zh_小蓟.yaml:14 character_config.tts_config.edge_tts.voice: tts.edge_tts.voice: zh-CN" in out
    assert "not possible model_dict.json shizuku-local.v2: there is no file [bold]x[/bold] → mend it there\n" in out


@pytest.mark.parametrize(
    ("source", "short"),
    [
        ("conf.yaml:12 system_config.port", "conf.yaml:12 port"),
        ("my own.yaml:3 character_config", "my own.yaml:3 character_config"),
        ("model_dict.json a.b.c", "model_dict.json a.b.c"),
        ("conf.yaml:12", "conf.yaml:12"),
        ("conf.yaml:12 a.", "conf.yaml:12 a."),
        ("lady.png", "lady.png"),
    ],
)
def test_where_a_line_is_named_the_last_part_of_the_way_is_enough(source: str, short: str) -> None:
    assert report.short_source(Note(source, Outcome.TAKEN, "x")) == short
