"""What ``run`` says about the warming voice: a line that counts on a terminal, one line elsewhere; always on stderr."""

from __future__ import annotations

import pytest

from hayakuchi.cli.warming import warming_line
from hayakuchi.orchestrator.warming import Progress


def test_elsewhere_only_the_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with warming_line() as tell:
        tell(Progress(1, 0, 2))
        assert capsys.readouterr() == ("", "")
        tell(Progress(2, 0, 2))
        assert capsys.readouterr() == ("", "the voice is warm: 2 phrases are ready at once\n")


def test_phrases_that_could_not_be_said_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with warming_line() as tell:
        tell(Progress(1, 1, 2))
    assert "1 of 2 phrases" in capsys.readouterr().err


def test_on_a_terminal_it_counts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with warming_line() as tell:
        tell(Progress(6, 0, 12))
        tell(Progress(7, 0, 12))
    out, err = capsys.readouterr()
    assert out == ""
    assert "warming the voice: 7/12 phrases" in err
    assert "the voice is warm" not in err


def test_nothing_is_said_when_nothing_was_warmed(capsys: pytest.CaptureFixture[str]) -> None:
    with warming_line():
        pass
    assert capsys.readouterr() == ("", "")
