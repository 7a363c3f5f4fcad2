"""Clips that are fetched by name: how long, how many, and whose go first."""

from __future__ import annotations

import pytest

from hayakuchi.core.errors import CapacityError
from hayakuchi.gateway.open_llm_vtuber import clips
from hayakuchi.gateway.open_llm_vtuber.clips import LIFE_MS, MAX_CLIPS, Clips


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_clip_is_there_for_some_minutes() -> None:
    clock = Clock()
    kept = Clips(clock)
    name = kept.keep("me", b"sound")
    assert kept.find(name) == b"sound"
    clock.now = LIFE_MS - 1
    assert kept.find(name) == b"sound"
    clock.now = LIFE_MS
    assert kept.find(name) is None


def test_names_are_not_to_be_guessed() -> None:
    kept = Clips(Clock())
    names = {kept.keep("me", b"x") for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) == 36 and name.endswith(".wav") for name in names)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x.wav", "a.wav", "x" * 32 + ".wav", "x" * 32 + ".WAV", "\0", "é" * 32]
)
def test_names_that_are_none(name: str) -> None:
    kept = Clips(Clock())
    kept.keep("me", b"x")
    assert kept.find(name) is None


def test_who_fills_it_up_loses_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_BYTES", 1000)
    kept = Clips(Clock())
    mine = kept.keep("me", bytes(100))
    theirs = [kept.keep("flood", bytes(200)) for _ in range(20)]
    assert kept.find(mine) is not None
    assert [name for name in theirs if kept.find(name)] == theirs[-4:]


def test_there_are_only_so_many() -> None:
    kept = Clips(Clock())
    names = [kept.keep("me", b"x") for _ in range(MAX_CLIPS + 3)]
    assert [kept.find(name) for name in names[:4]] == [None, None, None, b"x"]


def test_old_ones_make_room_before_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_BYTES", 1000)
    clock = Clock()
    kept = Clips(clock)
    kept.keep("me", bytes(900))
    clock.now = LIFE_MS
    names = [kept.keep("me", bytes(450)) for _ in range(2)]
    assert all(kept.find(name) for name in names)


def test_one_that_is_too_large_is_refused_and_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_BYTES", 1000)
    kept = Clips(Clock())
    mine = kept.keep("me", bytes(1000))
    with pytest.raises(CapacityError):
        kept.keep("other", bytes(1001))
    assert kept.find(mine) is not None
