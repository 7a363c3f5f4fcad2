"""Silence at the ends of a clip goes, everything else stays, whatever pieces it comes in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.types import Audio, Mark, MarkKind
from hayakuchi.tts.trim import LEAD_MS, PIECE_MS, WINDOW_MS, Trimmer

RATE = 16_000
PER_MS = RATE // 1000
AUDIBLE = 33.0
"""RMS of -60 dBFS, about."""


def sound(ms: float, amplitude: float = 8000) -> np.ndarray:
    count = int(ms * PER_MS)
    return (np.sin(np.arange(count) * 2 * np.pi * 440 / RATE + 1) * amplitude).astype(np.int16)


def silence(ms: float, noise: float = 0) -> np.ndarray:
    return np.random.default_rng(1).normal(0, noise, int(ms * PER_MS)).astype(np.int16)


def clip(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts)


def mark(at_ms: float) -> Mark:
    return Mark(MarkKind.WORD, at_ms, "", int(at_ms), 1)


def chunks(samples: np.ndarray, sizes: Sequence[int], marks: Sequence[Mark] = ()) -> list[Audio]:
    """The samples in pieces of these sizes and a last one; each mark goes with the piece it falls into."""
    ends = [end for end in np.cumsum([0, *sizes]) if end < len(samples)] + [len(samples)]
    found = []
    for start, end in itertools.pairwise(ends):
        own = [
            m for m in marks if start / PER_MS <= m.at_ms < end / PER_MS or (end == len(samples) == m.at_ms * PER_MS)
        ]
        found.append(Audio(samples[start:end].tobytes(), RATE, tuple(own)))
    return found


def trimmed(pieces: Sequence[Audio], **limits: float | None) -> list[Audio]:
    trimmer = Trimmer(RATE, **limits)
    return [audio for piece in pieces for audio in trimmer.feed(piece)] + trimmer.flush()


def samples_of(pieces: Sequence[Audio]) -> np.ndarray:
    return np.frombuffer(b"".join(piece.pcm for piece in pieces), np.int16)


def length_ms(pieces: Sequence[Audio]) -> float:
    return sum(piece.duration_ms for piece in pieces)


@pytest.mark.parametrize("noise", [0, 10])
def test_both_ends_are_trimmed_and_the_middle_is_kept(noise: float) -> None:
    whole = clip(silence(200, noise), sound(100), silence(300, noise), sound(100), silence(400, noise))
    got = trimmed(chunks(whole, [480] * 99), tail_ms=50)
    assert length_ms(got) == pytest.approx(LEAD_MS + 500 + 50, abs=2 * WINDOW_MS)
    start = 200 - LEAD_MS
    assert samples_of(got).tobytes() in whole.tobytes()
    assert length_ms(got) + start == pytest.approx(750, abs=2 * WINDOW_MS)


@pytest.mark.parametrize(("tail_ms", "kept_ms"), [(None, 400), (0, 0), (60, 60), (150, 150), (1000, 400)])
def test_the_end_keeps_what_it_may(tail_ms: float | None, kept_ms: float) -> None:
    got = trimmed(chunks(clip(sound(100), silence(400)), [300] * 99), tail_ms=tail_ms)
    assert length_ms(got) == pytest.approx(100 + kept_ms)


def test_without_limits_everything_passes_at_once() -> None:
    pieces = chunks(clip(silence(200), sound(100), silence(200)), [777] * 99)
    trimmer = Trimmer(RATE, lead_ms=None)
    for piece in pieces:
        assert trimmer.feed(piece) == [piece]
    assert trimmer.flush() == []


def test_nothing_but_silence_is_an_empty_clip() -> None:
    assert trimmed(chunks(silence(500, 10), [160] * 99)) == []


def test_sound_leaves_in_the_piece_it_came_in() -> None:
    trimmer = Trimmer(RATE, tail_ms=0)
    whole = clip(silence(50), sound(200), silence(90), sound(50))
    for piece in chunks(whole, [PER_MS * 10] * 99):
        samples = np.frombuffer(piece.pcm, np.int16)
        given = samples_of(trimmer.feed(piece))
        if np.abs(samples).max() > 100:
            assert given.tobytes().endswith(piece.pcm)
        else:
            assert given.size == 0


def test_silence_that_the_tail_may_have_is_not_held() -> None:
    trimmer = Trimmer(RATE, tail_ms=30)
    trimmer.feed(Audio(sound(50).tobytes(), RATE))
    assert length_ms(trimmer.feed(Audio(silence(20).tobytes(), RATE))) == 20
    assert length_ms(trimmer.feed(Audio(silence(20).tobytes(), RATE))) == 10
    assert length_ms(trimmer.feed(Audio(sound(10).tobytes(), RATE))) == 20


@pytest.mark.parametrize("fade_ms", [20, 50, 120])
@pytest.mark.parametrize("level", [120, 400, 3000])
def test_a_soft_onset_is_not_clipped(fade_ms: int, level: float) -> None:
    """Noise that fades in, as s, f and h do: what is cut off is at most as loud as nobody hears."""
    hiss = np.random.default_rng(2).normal(0, level, fade_ms * PER_MS) * np.linspace(0, 1, fade_ms * PER_MS)
    whole = clip(silence(150), hiss.astype(np.int16), sound(100))
    cut = len(whole) - samples_of(trimmed(chunks(whole, [500] * 99))).size
    lost = whole[:cut].astype(float)
    assert cut > 100 * PER_MS
    assert not lost.size or np.sqrt(np.mean(lost[-PER_MS * 5 :] ** 2)) < AUDIBLE


def test_marks_move_with_the_sound_and_never_before_it() -> None:
    marks = [mark(0), mark(95), mark(150), mark(390)]
    got = trimmed(chunks(clip(silence(100), sound(100), silence(200)), [480] * 99, marks), tail_ms=20)
    assert [(m.at_ms, m.start) for piece in got for m in piece.marks] == [(0, 0), (5, 95), (60, 150)]


def test_a_mark_that_comes_after_its_sound_still_comes() -> None:
    trimmer = Trimmer(RATE)
    trimmer.feed(Audio(sound(50).tobytes(), RATE))
    assert trimmer.feed(Audio(b"", RATE, (mark(10),))) == []
    assert [m.at_ms for piece in trimmer.flush() for m in piece.marks] == [10]


def test_long_pieces_are_given_out_in_short_ones() -> None:
    got = trimmed([Audio(clip(silence(300), sound(1000)).tobytes(), RATE, (mark(310), mark(900)))])
    assert max(piece.duration_ms for piece in got) <= PIECE_MS
    assert [index for index, piece in enumerate(got) for _ in piece.marks] == [0, 6]


def test_it_knows_where_the_sound_ends() -> None:
    trimmer = Trimmer(RATE)
    trimmer.feed(Audio(clip(silence(100), sound(100), silence(100)).tobytes(), RATE))
    assert trimmer.sound_end == (LEAD_MS + 100) * PER_MS


def test_the_breath_after_speech_is_no_speech() -> None:
    """Soft noise is sound by itself, and nothing after a loud word; a word that is spoken softly is kept anyway."""
    breath, soft = silence(100, 70), sound(100, 250)
    assert length_ms(trimmed([Audio(clip(sound(200, 16_000), breath).tobytes(), RATE)], tail_ms=0)) == 200
    assert length_ms(trimmed([Audio(clip(sound(200, 16_000), soft).tobytes(), RATE)], tail_ms=0)) == 300
    assert length_ms(trimmed([Audio(breath.tobytes(), RATE)], tail_ms=0)) == 100


@pytest.mark.parametrize("step_ms", [1, 2, 5, 7])
def test_soft_sound_and_breath_are_told_apart_in_small_pieces(step_ms: int) -> None:
    pieces = chunks(clip(silence(50), sound(20, 60), sound(50, 16_000), silence(100, 70)), [step_ms * PER_MS] * 300)
    assert length_ms(trimmed(pieces, tail_ms=0)) == LEAD_MS + 70


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_trimming_twice_is_trimming_once(rate: int) -> None:
    whole = Audio(clip(silence(333), sound(99), silence(111, 20), sound(77, 300), silence(222, 20)).tobytes(), rate)

    def twice(**limits: float | None) -> bytes:
        first, second = Trimmer(rate), Trimmer(rate, lead_ms=None, **limits)
        once = [*first.feed(whole), *first.flush()]
        return samples_of([audio for piece in once for audio in second.feed(piece)]).tobytes()

    for tail_ms in (None, 0, 7, 60):
        at_once = Trimmer(rate, tail_ms=tail_ms)
        assert twice(tail_ms=tail_ms) == samples_of(at_once.feed(whole)).tobytes()


def test_a_clip_that_ends_within_a_window_loses_nothing() -> None:
    whole = clip(sound(100), sound(1, 120))
    assert samples_of(trimmed([Audio(whole.tobytes(), RATE)], tail_ms=0)).size == len(whole)
    alone = sound(1, 100)
    assert samples_of(trimmed([Audio(clip(silence(100), alone).tobytes(), RATE)])).tobytes().endswith(alone.tobytes())


parts = st.lists(
    st.one_of(
        st.integers(0, 80).map(silence),
        st.integers(0, 40).map(lambda ms: silence(ms, 15)),
        st.integers(0, 40).map(lambda ms: sound(ms, 60)),
        st.integers(0, 40).map(sound),
    ),
    min_size=1,
    max_size=8,
).map(lambda found: clip(*found))
tails = st.one_of(st.none(), st.integers(0, 100))
leads = st.one_of(st.none(), st.just(LEAD_MS))


@given(parts, st.lists(st.integers(1, 1500), max_size=40), tails, leads)
def test_how_it_comes_in_pieces_does_not_matter(
    whole: np.ndarray, sizes: list[int], tail_ms: float | None, lead_ms: float | None
) -> None:
    at_once = samples_of(trimmed(chunks(whole, []), tail_ms=tail_ms, lead_ms=lead_ms))
    in_pieces = samples_of(trimmed(chunks(whole, sizes), tail_ms=tail_ms, lead_ms=lead_ms))
    assert in_pieces.tobytes() == at_once.tobytes()


@given(parts, st.lists(st.integers(1, 1500), max_size=40), tails)
def test_nothing_that_can_be_heard_is_lost(whole: np.ndarray, sizes: list[int], tail_ms: float | None) -> None:
    got = samples_of(trimmed(chunks(whole, sizes), tail_ms=tail_ms))
    loud = np.flatnonzero(np.abs(whole.astype(int)) > 200)
    if not loud.size:
        return
    heard = np.flatnonzero(np.abs(got.astype(int)) > 200)
    assert got[heard[0] : heard[-1] + 1].tobytes() == whole[loud[0] : loud[-1] + 1].tobytes()
    assert heard[0] <= (LEAD_MS + WINDOW_MS) * PER_MS or np.abs(got[: heard[0]].astype(int)).max() > 30
    if tail_ms is not None:
        after = got[heard[-1] + 1 :].astype(int)
        assert after.size <= (tail_ms + WINDOW_MS) * PER_MS or np.abs(after).max() > 30


@given(
    parts,
    st.lists(st.integers(1, 1500), max_size=40),
    st.lists(st.integers(0, 300), max_size=8).map(sorted),
    tails,
    leads,
)
def test_marks_stay_in_order_in_the_clip_and_in_time(
    whole: np.ndarray, sizes: list[int], times: list[int], tail_ms: float | None, lead_ms: float | None
) -> None:
    marks = [mark(at_ms) for at_ms in times if at_ms * PER_MS <= len(whole)]
    got = trimmed(chunks(whole, sizes, marks), tail_ms=tail_ms, lead_ms=lead_ms)
    latest = given_ms = 0.0
    for piece in got:
        given_ms += piece.duration_ms
        for m in piece.marks:
            assert latest <= m.at_ms <= given_ms
            latest = m.at_ms
    kept = [m.start for piece in got for m in piece.marks]
    assert kept == [m.start for m in marks][: len(kept)]
    if tail_ms is None and got:
        assert len(kept) == len(marks)
