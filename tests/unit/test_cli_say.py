"""What ``hayakuchi say`` does with the sound it was given."""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

import pytest

from hayakuchi.cli.say import play, rested
from hayakuchi.core.errors import HayakuchiError

LOUD = struct.pack("<h", -9000)


@pytest.mark.parametrize(("quiet", "added"), [(0, 100), (40, 60), (100, 0), (250, 0)])
def test_sound_ends_with_a_tenth_of_a_second_of_silence(quiet: int, added: int) -> None:
    pcm = LOUD * 500 + struct.pack("<h", -3) * quiet
    assert rested(pcm, 1000) == pcm + bytes(2 * added)


def test_the_odds() -> None:
    assert rested(b"", 1000) == b""
    assert rested(bytes(20), 1000) == bytes(200)
    assert rested(LOUD, 8000) == LOUD + bytes(1600)


def test_who_has_no_program_for_sound_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(HayakuchiError, match=r"apt install alsa-utils.*-o speech\.wav"):
        play(Path("speech.wav"))
