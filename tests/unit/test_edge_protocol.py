"""What the messages of Edge's service mean, and how it is told what to send."""

import json
from contextlib import suppress

import pytest
from fake_edge import BEGIN, END, LAST, audio_message, text_message, word
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.tts.edge_protocol import End, Garbled, Sound, Word, events, speech_config


def test_each_kind_of_message() -> None:
    assert events(BEGIN) == []
    assert events(text_message("response", '{"context":{}}')) == []
    assert events(text_message("a kind that does not exist yet")) == []
    assert events(word(12.5, "AT&amp;T")) == [Word(12.5, "AT&T")]
    assert events(word(0, "A sentence.", "SentenceBoundary")) == []
    assert events(audio_message(b"mp3")) == [Sound(b"mp3")]
    assert events(LAST) == []
    assert events(END) == [End()]


def test_several_words_in_one_message() -> None:
    items = [json.loads(word(at, text).split("\r\n\r\n")[1])["Metadata"][0] for at, text in ((1, "a"), (2, "b"))]
    assert events(text_message("audio.metadata", json.dumps({"Metadata": items}))) == [Word(1, "a"), Word(2, "b")]


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("", "without a header"),
        ("hello", "without a header"),
        ("a:b\r\n\r\n{}", "without a header"),
        (text_message("audio.metadata", "{"), "metadata"),
        (text_message("audio.metadata", "[]"), "metadata"),
        (text_message("audio.metadata", '{"Metadata": [{"Type": "WordBoundary", "Data": {}}]}'), "metadata"),
        (text_message("audio.metadata", '{"Metadata": [{"Type": "WordBoundary", "Data": 3}]}'), "metadata"),
        (b"", "shorter than its header"),
        (b"\0", "shorter than its header"),
        (b"\xff\xffPath:audio\r\n", "shorter than its header"),
        (b"\0\x02ab", "not audio"),
        (audio_message(b"x", path="video"), "not audio"),
        (audio_message(b"x", kind="audio/webm"), "audio/webm"),
        (audio_message(b"x", kind=None), "None"),
    ],
)
def test_garbled_messages(message: str | bytes, what: str) -> None:
    with pytest.raises(Garbled, match=what):
        events(message)


@given(st.one_of(st.text(), st.binary(), st.text().map(lambda text: text_message("audio.metadata", text))))
def test_whatever_comes_is_understood_or_garbled(message: str | bytes) -> None:
    with suppress(Garbled):
        events(message)


def test_the_format_and_words_are_asked_for() -> None:
    head, _, body = speech_config("today", "audio-x").partition("\r\n\r\n")
    assert head.split("\r\n") == [
        "X-Timestamp:today",
        "Content-Type:application/json; charset=utf-8",
        "Path:speech.config",
    ]
    audio = json.loads(body)["context"]["synthesis"]["audio"]
    assert audio["outputFormat"] == "audio-x"
    assert audio["metadataoptions"] == {"sentenceBoundaryEnabled": "false", "wordBoundaryEnabled": "true"}
