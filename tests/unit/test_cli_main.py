"""The command line around the commands: help, exit codes, errors without tracebacks, and a light start."""

import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from hayakuchi import __version__
from hayakuchi.cli import check
from hayakuchi.cli.main import COMMANDS, loaded, main
from hayakuchi.core.errors import AllProvidersFailed, ConfigError, HayakuchiError
from hayakuchi.orchestrator.problems import ConfigErrors


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def failing(error: BaseException):
    def inspected(*_: object) -> NoReturn:
        raise error

    return inspected


def test_every_command_of_the_table_can_be_loaded():
    for spec in COMMANDS:
        assert loaded(spec).name == spec.name


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]):
    assert run("--help") == 0
    out = capsys.readouterr().out
    for spec in COMMANDS:
        assert f"  {spec.name} " in out
        assert spec.summary in out


def test_the_version(capsys: pytest.CaptureFixture[str]):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"hayakuchi {__version__}\n"


def test_a_command_that_is_not_there_is_a_mistake_with_a_hint(capsys: pytest.CaptureFixture[str]):
    assert run("shcema") == 2
    assert "Did you mean 'schema'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (ConfigError("is wrong", file="c.yaml", line=4, column=3, path="a.b"), 2, ["error: c.yaml:4:3: a.b: is wrong"]),
        (ConfigErrors([ConfigError("one"), ConfigError("two")]), 2, ["error: one", "error: two"]),
        (HayakuchiError("broken\n  in two"), 1, ["error: broken in two"]),
        (AllProvidersFailed("llm", ()), 1, ["error: no llm is usable now"]),
        (HayakuchiError(), 1, ["error: HayakuchiError"]),
        (
            ExceptionGroup("g", [ExceptionGroup("h", [HayakuchiError("a")]), ConfigError("b")]),
            2,
            ["error: a", "error: b"],
        ),
    ],
)
def test_an_error_is_told_without_a_traceback(
    error: Exception, code: int, lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(check, "inspected", failing(error))
    assert run("check") == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err.splitlines()) == ("", lines)


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(check, "inspected", failing(HayakuchiError("broken")))
    with pytest.raises(HayakuchiError, match="broken"):
        main(["--debug", "check"])


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch):
    for bug in (ValueError("bug"), ExceptionGroup("g", [HayakuchiError("a"), ValueError("bug")])):
        monkeypatch.setattr(check, "inspected", failing(bug))
        with pytest.raises(type(bug)):
            main(["check"])


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(check, "inspected", failing(KeyboardInterrupt()))
    assert run("check") == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], {"pydantic", "yaml", "rich", "asyncio", "numpy", "fastapi", "aiohttp"}),
        (["check", "--help"], {"rich", "fastapi", "uvicorn", "numpy", "soxr"}),
        (["check"], {"rich", "fastapi", "uvicorn", "starlette"}),
    ],
)
def test_a_command_imports_only_what_it_needs(arguments: list[str], absent: set[str], tmp_path: Path):
    program = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('loaded', *sorted({absent!r} & set(sys.modules)), file=sys.stderr))\n"
        f"from hayakuchi.cli.main import main\nmain({arguments!r})\n"
    )
    (tmp_path / "conf.yaml").write_text("server: {port: 0}\nllm: demo_llm\n")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "loaded\n")


def test_python_m_does_the_same_and_speaks_utf8_into_a_pipe(tmp_path: Path):
    (tmp_path / "conf.yaml").write_text("sérver: {}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-m", "hayakuchi", "check"],
        cwd=tmp_path,
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": "", "SYSTEMROOT": "C:\\Windows"},
        check=False,
    )
    assert done.returncode == 1
    assert "conf.yaml:1:1: sérver: unknown key (did you mean 'server'?)" in done.stdout.decode("utf-8")
