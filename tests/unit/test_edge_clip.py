"""MP3 and words in, PCM and marks out."""

import lameenc
import pytest
from fake_edge import RATE, chirp, lag_and_likeness, mp3
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.types import Audio
from hayakuchi.tts.edge_clip import DECODED_AT_ONCE, KEPT_BYTES, ClipMaker
from hayakuchi.tts.edge_mp3 import Mp3Decoder, NotMp3
from hayakuchi.tts.edge_pace import Pace

SOURCE = chirp(1500)


def made(maker: ClipMaker, data: bytes, size: int = 720) -> list[Audio]:
    pieces: list[Audio] = []
    for start in range(0, len(data), size):
        maker.add(data[start : start + size])
        while maker.enough:
            pieces += maker.step()
    return pieces + maker.finish()


def pcm_of(pieces: list[Audio]) -> bytes:
    return b"".join(piece.pcm for piece in pieces)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6000), st.integers(1, 8000), st.sampled_from((48, 96)))
def test_the_sound_is_what_was_encoded_and_begins_where_it_began(size: int, chunk: int, kbit: int) -> None:
    pieces = made(ClipMaker("", chunk), mp3(SOURCE, kbit), size)
    assert all(0 < piece.duration_ms <= 100 and len(piece.pcm) % 2 == 0 for piece in pieces)
    lag, likeness = lag_and_likeness(pcm_of(pieces), SOURCE)
    assert (lag, likeness > 0.99) == (0, True)
    assert len(pcm_of(pieces)) >= len(SOURCE)


def test_the_first_message_gives_sound() -> None:
    maker = ClipMaker("", 144)
    maker.add(mp3(SOURCE)[:720])
    assert maker.enough
    assert len(pcm_of(maker.step())) == (5 * 576 - 1105) * 2 - KEPT_BYTES


def test_nothing_is_decoded_before_enough_has_come() -> None:
    maker = ClipMaker("", 1440)
    maker.add(mp3(SOURCE)[:1439])
    assert not maker.enough
    maker.add(b"\0")
    assert maker.enough


def test_a_step_is_short_however_much_has_come() -> None:
    data = mp3(chirp(60_000))
    maker = ClipMaker("", 144)
    maker.add(data)
    steps = 0
    while maker.rest:
        assert sum(piece.duration_ms for piece in maker.step()) <= DECODED_AT_ONCE / 6 + 24
        steps += 1
    assert steps == -(-len(data) // DECODED_AT_ONCE)


def test_words_come_with_the_sound_they_belong_to() -> None:
    text = "one two three"
    maker = ClipMaker(text, 144, begin_ms=1000, offset=7)
    for at, word in ((0, "one"), (500, "two"), (1200, "three")):
        maker.word(at, word)
    begin, seen = 1000.0, []
    for piece in made(maker, mp3(SOURCE)):
        for mark in piece.marks:
            assert begin <= mark.at_ms < begin + piece.duration_ms
            seen.append((mark.at_ms, text[mark.start - 7 : mark.start - 7 + mark.length]))
        begin += piece.duration_ms
    assert seen == [(1000, "one"), (1500, "two"), (2200, "three")]


def test_words_told_late_or_out_of_order_or_beyond_the_end_are_kept_in_order() -> None:
    maker = ClipMaker("one two three", 144)
    data = mp3(SOURCE)
    maker.add(data)
    pieces: list[Audio] = []
    while maker.rest:
        pieces += maker.step()
    maker.word(700, "one")
    maker.word(300, "two")
    maker.word(99_000, "three")
    pieces += maker.finish()
    marks = [mark for piece in pieces for mark in piece.marks]
    assert [(mark.at_ms, mark.start) for mark in marks] == [(700, 0), (700, 4), (maker.end_ms, 8)]


def test_a_clip_that_breaks_off_within_a_frame() -> None:
    whole = (10 * 576 - 1105) * 2
    assert len(pcm_of(made(ClipMaker("", 144), mp3(SOURCE)[: 144 * 10]))) == whole
    assert len(pcm_of(made(ClipMaker("", 144), mp3(SOURCE)[: 144 * 10 + 100]))) in (whole, whole + 576 * 2)
    assert made(ClipMaker("", 144), b"") == []
    assert made(ClipMaker("", 144), mp3(SOURCE)[:100]) == []


@pytest.mark.parametrize("data", [bytes(5000), b"<html>" * 800, mp3(SOURCE)[:1440] + bytes(range(256)) * 20])
def test_what_is_no_mp3(data: bytes) -> None:
    with pytest.raises(NotMp3):
        made(ClipMaker("", 144), data)


def test_mp3_in_two_channels_is_refused() -> None:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(64)
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(2)
    encoder.silence()
    with pytest.raises(NotMp3, match="in 2 channels"):
        Mp3Decoder().feed(bytes(encoder.encode(bytes(RATE * 4)) + encoder.flush()))


def test_pace_counts_waiting_for_the_service_only() -> None:
    pace = Pace()
    assert (pace.begun, pace.late_ms(500)) == (False, 0)
    pace.gave(100, 1000, 1000)
    assert pace.begun
    assert pace.late_ms(1100) == 0
    pace.gave(100, 1100, 5100)
    assert pace.late_ms(5150) == 0, "the listener took four seconds over it"
    assert pace.late_ms(5230) == 30
    assert pace.late_ms(5230) == 0, "told once"
    pace.gave(100, 5230, 5230)
    assert pace.late_ms(5331) == 1
