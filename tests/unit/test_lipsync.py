import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.types import Audio, Mark, MarkKind
from hayakuchi.live2d_bridge.lipsync import LipTrack, quantise
from hayakuchi.live2d_bridge.loudness import FLOOR_DB, VoiceLevel, levels_db
from hayakuchi.live2d_bridge.visemes import Shape

RATE = 24000
SHUT = bytes((0, 128, 0, 0, 0, 0, 0))
OPEN, FORM, A, I_, U = range(5)


def tone(ms: float, *, rate: int = RATE, amplitude: float = 0.2) -> bytes:
    """A buzz with the formants of nothing in particular: 120 Hz and its harmonics."""
    at = np.arange(int(ms * rate / 1000)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * harmonic * at) / harmonic for harmonic in range(1, 9))
    return np.clip(buzz * amplitude * 32767, -32768, 32767).astype("<i2").tobytes()


def silence(ms: float, rate: int = RATE) -> bytes:
    return bytes(2 * int(ms * rate / 1000))


def frames(lips: bytes) -> list[bytes]:
    return [lips[at : at + 7] for at in range(0, len(lips), 7)]


def play(
    track: LipTrack, pcm: bytes, *, marks: tuple[Mark, ...] = (), chunk_ms: int = 60, start: int = 0
) -> list[bytes]:
    """All of a segment through the track in pieces; the marks come with the first."""
    track.segment_started(start)
    out, step = [], 2 * (RATE * chunk_ms // 1000)
    for at in range(0, len(pcm), step):
        _, lips = track.add(start + at // 2, Audio(pcm[at : at + step], RATE, marks if at == 0 else ()))
        out += frames(lips)
    return out


def phoneme(at_ms: float, text: str) -> Mark:
    return Mark(MarkKind.PHONEME, at_ms, text)


@settings(deadline=None)
@given(
    rate=st.sampled_from((50, 101, 7350, 8000, 11025, 12345, 16000, 22050, 24000, 44100, 48000)),
    start=st.integers(0, 100_000),
    sizes=st.lists(st.integers(0, 3000) | st.sampled_from((0, 1, 441, 480)), max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_each_frame_comes_once_with_the_sound_that_holds_its_time(
    rate: int, start: int, sizes: list[int], seed: int
) -> None:
    track, position = LipTrack(rate), start
    random = np.random.default_rng(seed)
    for size in sizes:
        pcm = random.integers(-32768, 32767, size, "<i2", endpoint=True).tobytes()
        lip_start, lips = track.add(position, Audio(pcm, rate))
        assert len(lips) % 7 == 0
        mine = range(lip_start, lip_start + len(lips) // 7)
        held = [n for n in range(position * 50 // rate, (position + size) * 50 // rate + 2)
                if position <= n * rate / 50 < position + size]  # fmt: skip
        assert list(mine) == held
        position += size


def test_one_sample_at_a_time_misses_nothing() -> None:
    track, pcm = LipTrack(8000), tone(100, rate=8000)
    seen = []
    for at in range(len(pcm) // 2):
        first, lips = track.add(at, Audio(pcm[2 * at : 2 * at + 2], 8000))
        seen += range(first, first + len(lips) // 7)
    assert seen == [0, 1, 2, 3, 4]


def test_a_clip_in_one_piece_is_taken_in_bounded_blocks() -> None:
    first, lips = LipTrack(RATE).add(0, Audio(tone(10_000), RATE))
    assert (first, len(lips)) == (0, 7 * 500)


def test_silence_is_a_closed_mouth_even_if_the_marks_speak() -> None:
    marks = (phoneme(0, "a"), phoneme(200, "i"))
    assert play(LipTrack(RATE), silence(400), marks=marks) == [SHUT] * 20


@pytest.mark.parametrize("marks", [(), (phoneme(0, "a"),)])
def test_the_mouth_opens_quickly_and_ends_closed(marks: tuple[Mark, ...]) -> None:
    lips = play(LipTrack(RATE), silence(100) + tone(300) + silence(200), marks=marks)
    opening = [frame[OPEN] for frame in lips]
    assert opening[:5] == [0] * 5
    assert opening[7] > 40
    assert lips[-4:] == [SHUT] * 4
    assert min(opening[8:19]) > 40


def test_an_offset_is_no_sound() -> None:
    pcm = np.full(RATE // 2, 20000, "<i2").tobytes()
    assert set(play(LipTrack(RATE), pcm)) == {SHUT}


def test_a_clipped_voice_moves_within_bounds() -> None:
    lips = play(LipTrack(RATE), tone(500, amplitude=50))
    assert all(len(frame) == 7 for frame in lips)
    assert max(frame[OPEN] for frame in lips) > 60


def test_lips_touch_for_p_while_the_voice_sounds() -> None:
    lips = play(LipTrack(RATE), tone(400), marks=(phoneme(0, "ɑ"), phoneme(200, "m"), phoneme(230, "ɑ")))
    opening = [frame[OPEN] for frame in lips]
    assert opening[10:13] == [0, 0, 0]
    assert opening[9] > 150
    assert opening[15] > 100


def test_marks_shape_the_vowels_and_the_form() -> None:
    lips = play(LipTrack(RATE), tone(600), marks=(phoneme(0, "ɑ"), phoneme(200, "i"), phoneme(400, "u")))
    assert max(lips[8][A:]) == lips[8][A]
    assert max(lips[18][A:]) == lips[18][I_]
    assert max(lips[28][A:]) == lips[28][U]
    assert lips[18][FORM] > 160
    assert lips[28][FORM] < 96


def test_marks_count_from_their_segment() -> None:
    track = LipTrack(RATE)
    play(track, tone(200), marks=(phoneme(0, "ɑ"), phoneme(400, "ɑ")))
    second = play(track, tone(200), marks=(phoneme(0, "i"),), start=RATE // 5)
    assert second[-1][I_] > 100
    assert second[-1][A] < 30


def test_marks_may_come_ahead_of_their_sound() -> None:
    ahead, together = LipTrack(RATE), LipTrack(RATE)
    marks = (phoneme(0, "ɑ"), phoneme(100, "u"))
    first = play(ahead, tone(180), marks=marks)
    together.segment_started(0)
    pcm, step = tone(180), 2 * RATE * 60 // 1000
    second = []
    for index, due in enumerate(((marks[0],), (marks[1],), ())):
        second += frames(together.add(index * step // 2, Audio(pcm[index * step : (index + 1) * step], RATE, due))[1])
    assert first == second


def test_quiet_speech_opens_less() -> None:
    marks = (phoneme(0, "ɑ"),)
    level = VoiceLevel()
    play(LipTrack(RATE, level), tone(2000))
    loud = play(LipTrack(RATE, level), tone(200), marks=marks)[8][OPEN]
    soft = play(LipTrack(RATE, level), tone(200, amplitude=0.02), marks=marks)[8][OPEN]
    assert loud > 220
    assert 30 < soft < loud * 0.8


def test_a_faint_voice_comes_to_open_wide_and_keeps_it_over_turns() -> None:
    level, faint = VoiceLevel(), tone(2000, amplitude=0.02)
    first = play(LipTrack(RATE, level), faint, marks=(phoneme(0, "ɑ"),))[3]
    again = play(LipTrack(RATE, level), faint, marks=(phoneme(0, "ɑ"),))[3]
    assert again[OPEN] > first[OPEN] + 20
    assert level.reference_db < -25


def test_below_eight_kilohertz_loudness_alone_moves_the_mouth() -> None:
    track = LipTrack(6000)
    _, lips = track.add(0, Audio(tone(300, rate=6000), 6000))
    assert frames(lips)[10][OPEN] > 100


def test_a_gap_in_the_positions_is_survived() -> None:
    track = LipTrack(RATE)
    track.add(0, Audio(tone(60), RATE))
    first, lips = track.add(10 * RATE, Audio(tone(60), RATE))
    assert (first, len(lips)) == (500, 21)


def test_wrong_sound_is_refused() -> None:
    track = LipTrack(RATE)
    with pytest.raises(ValueError, match="24000 Hz, the sound at 22050 Hz"):
        track.add(0, Audio(b"", 22050))
    with pytest.raises(ValueError, match="multiple of element size"):
        track.add(0, Audio(b"\0\0\0", RATE))
    with pytest.raises(ValueError, match="at least 50 Hz"):
        LipTrack(49)


def test_quantise_reaches_the_ends() -> None:
    assert quantise(Shape(1, 1, 1, 0, 0, 0, 0), 1) == bytes((255, 255, 255, 0, 0, 0, 0))
    assert quantise(Shape(0.5, -1, 0, 1, 0, 0, 0), 1) == bytes((128, 0, 0, 255, 0, 0, 0))
    assert quantise(Shape(1, 1, 1, 1, 1, 1, 1), 0) == SHUT


def test_levels_are_decibels_of_full_scale() -> None:
    square = np.where(np.arange(480) % 2, 16384, -16384).astype(np.int16)
    full, offset, nothing = levels_db(np.stack((square, np.full(480, 9000, np.int16), np.zeros(480, np.int16))))
    assert full == pytest.approx(-6.02, abs=0.01)
    assert offset < FLOOR_DB
    assert nothing == pytest.approx(-120)


def test_the_reference_is_the_95th_percentile() -> None:
    level = VoiceLevel()
    random = np.random.default_rng(3)
    spoken = random.uniform(-40, -20, 4000)
    for chunk in spoken.reshape(-1, 4):
        level.hear(chunk.tolist())
    assert level.reference_db == pytest.approx(np.percentile(spoken, 95), abs=1.5)
    level.hear([-120.0] * 500)
    assert level.reference_db == pytest.approx(np.percentile(spoken, 95), abs=1.5)


def test_a_level_heard_for_days_stays_finite() -> None:
    level = VoiceLevel()
    for _ in range(40):
        level.hear([-20.0] * 1000)
    assert level.hear([-20.0, -120.0, 0.0, -44.9]) == pytest.approx([1.0, 0.0, 1.0, 0.0], abs=0.05)
