"""The name at the beginning, however it is spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.orchestrator.wake_word import WakeWords

NAMES = WakeWords(["Kiyo", "キヨ", "Iron Man", "孙悟空", "Bo"])


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Kiyo, what's the time?", "what's the time?"), ("kiyo", ""), ("Hey Kyo what is up", "what is up"),
        ("Um, hey, Keyo: sing!", "sing!"),
        ("Kio.", ""), ("キヨ、今何時？", "今何時？"), ("ねえ、きよ、歌って", "歌って"), ("Iron Man, hello", "hello"),
        ("Ironman fly", "fly"),
        ("嘿孙悟空，你好", "你好"), ("Bo, go", "go"),
    ],
)  # fmt: skip
def test_called(text: str, rest: str) -> None:
    called = NAMES.called(text)
    assert called is not None
    assert called.rest == rest


@pytest.mark.parametrize(
    "text",
    ["", "...", "kilo of rice", "I told Kiyo that", "Kyoto is nice", "the iron", "okay", "Bow", "きょう", "空",
    "hey hey hey hey Kiyo"]
)  # fmt: skip
def test_not_called(text: str) -> None:
    assert NAMES.called(text) is None


def test_without_names_nobody_is_called() -> None:
    assert WakeWords(["", "!!"]).called("!! hello") is None


@given(st.text(max_size=60))
def test_the_rest_is_the_end_of_the_text(text: str) -> None:
    called = NAMES.called(f"Kiyo {text}")
    assert called is None or text.strip().endswith(called.rest) or called.rest == ""
