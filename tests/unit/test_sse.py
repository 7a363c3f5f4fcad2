from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.sse import EventTooLong, SSEDecoder


def decode(*chunks: bytes) -> list[bytes]:
    decoder = SSEDecoder()
    return [payload for chunk in chunks for payload in decoder.feed(chunk)] + decoder.finish()


@pytest.mark.parametrize(
    ("body", "payloads"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b": ping\n\n: ping\ndata: a\n\n", [b"a"]),
        (b"event: x\nid: 7\nretry: 3\ndata: a\n\n", [b"a"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data: a", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b"\n\n\n", []),
        (b"", []),
        ("data: 早口🌸\n\n".encode(), ["早口🌸".encode()]),
    ],
)
def test_payloads(body: bytes, payloads: list[bytes]):
    assert decode(body) == payloads
    assert decode(*(body[n : n + 1] for n in range(len(body)))) == payloads


def test_an_event_is_there_as_soon_as_its_empty_line_is():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [b"a"]
    assert decoder.feed(b"\ndata: b\r\n\r\n") == [b"b"]
    assert decoder.finish() == []


lines = st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=8), min_size=1, max_size=3)


@given(st.lists(lines, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 300), max_size=9))
def test_cuts_change_nothing(events: list[list[str]], end: str, cuts: list[int]):
    body = "".join("".join(f"data: {line}{end}" for line in event) + end for event in events).encode()
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    chunks = [body[start:stop] for start, stop in pairwise(places)]
    assert decode(*chunks) == ["\n".join(event).encode() for event in events]


def decode_many(decoder: SSEDecoder, chunk: bytes) -> None:
    for _ in range(30):
        decoder.feed(chunk)


@pytest.mark.parametrize("chunk", [b"x" * 1000, b"data: " + b"x" * 500 + b"\n", b"data: " + b"x" * 1000])
def test_memory_is_bounded(chunk: bytes):
    decoder = SSEDecoder(10_000)
    with pytest.raises(EventTooLong, match="10000 bytes"):
        decode_many(decoder, chunk)


def test_a_long_stream_of_short_events_is_not_too_long():
    decoder = SSEDecoder(100)
    for _ in range(1000):
        assert decoder.feed(b"data: abc") == []
        assert decoder.feed(b"def\n\n") == [b"abcdef"]
    for _ in range(1000):
        assert decoder.feed(b": a comment that is rather long\n") == []
