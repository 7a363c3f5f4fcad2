from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.types import Mark, MarkKind
from hayakuchi.live2d_bridge.articulation import CLOSURE_MS, STALE_MS, Articulation
from hayakuchi.live2d_bridge.visemes import CLOSED, REST, Shape, visemes

CORNERS = {
    "a": "a",
    "i": "i",
    "u": "u",
    "e": "e",
    "o": "o",
    "ɯᵝ": "u",
    "ä": "a",
    "o̞": "o",
    "ɑː": "a",
    "ˈɛ": "e",
    "ɪ": "i",
    "ʊ": "u",
}


def shape(phoneme: str) -> Shape:
    (only,) = visemes(phoneme)
    return only.shape


def strongest(of: Shape) -> str:
    return max("aiueo", key=lambda vowel: getattr(of, vowel))


def test_a_vowel_resembles_its_nearest_corner() -> None:
    assert {phoneme: strongest(shape(phoneme)) for phoneme in CORNERS} == CORNERS


def test_height_opens_and_rounding_purses() -> None:
    assert shape("a").open > shape("ɛ").open > shape("e").open > shape("i").open > 0
    assert shape("i").form > shape("e").form > 0 > shape("o").form > shape("u").form


def test_what_is_not_a_sound_makes_no_difference() -> None:
    for written, plain in {
        "ˈaː": "a",
        "i5": "i",
        "ɔ̃": "ɔ",
        "t͡s": "ts",
        "ˌn̩": "n",
        "ə-": "ə",
        "s.": "s",
        "ɑ˥˩": "ɑ",
    }.items():
        assert visemes(written) == visemes(plain), written


def test_the_lips_touch_for_m_b_p_in_every_spelling() -> None:
    for phoneme in ("m", "b", "p", "ph", "pʰ", "p͈", "mʲ", "ˈm̩", "ɓ"):
        assert visemes(phoneme)[0].is_closure, phoneme
        assert visemes(phoneme)[0].shape == CLOSED


def test_labiodentals_nearly_close_and_w_and_sh_are_rounded() -> None:
    assert all(0 < shape(phoneme).open < 0.1 for phoneme in "fv")
    assert all(shape(phoneme).form < -0.3 for phoneme in ("w", "ʃ", "tʃ", "dʒ"))


def test_a_diphthong_moves() -> None:
    assert [strongest(part.shape) for part in visemes("ˈaɪ")] == ["a", "i"]
    assert [strongest(part.shape) for part in visemes("iou")] == ["i", "o", "u"]


def test_a_pause_closes_and_a_bare_mark_goes_on() -> None:
    assert visemes("") == visemes("_:") == visemes(" ") == (REST,)
    assert visemes("ː") == visemes("ˈ") == visemes("5") == ()


def test_a_phoneme_cut_in_the_middle_of_a_character_keeps_the_rest() -> None:
    cut = "ˈɔːɹ".encode()[:5].decode("utf-8", "replace")
    assert "�" in cut
    assert strongest(visemes(cut)[0].shape) == "o"


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_text_gives_a_possible_mouth(phoneme: str) -> None:
    for viseme in visemes(phoneme):
        assert 0 <= viseme.own <= 1
        assert -1 <= viseme.shape.form <= 1
        assert all(0 <= value <= 1 for value in (viseme.shape.open, *viseme.shape[2:]))
        assert sum(viseme.shape[2:]) <= 1 + 1e-9


def phonemes(*timed: tuple[float, str]) -> Articulation:
    speech = Articulation()
    speech.extend(Mark(MarkKind.PHONEME, at_ms, text) for at_ms, text in timed)
    return speech


def test_without_phonemes_the_marks_say_nothing() -> None:
    speech = Articulation()
    speech.extend([Mark(MarkKind.WORD, 0, "", 0, 5)])
    assert speech.shape_at(0) is None


def test_a_closure_is_held_even_if_the_next_sound_comes_sooner() -> None:
    speech = phonemes((100, "m"), (120, "a"))
    assert speech.shape_at(100) == speech.shape_at(100 + CLOSURE_MS - 1) == (CLOSED, True)
    assert speech.shape_at(100 + CLOSURE_MS) == (shape("a"), False)


def test_a_long_m_stays_closed() -> None:
    speech = phonemes((0, "m"), (300, "a"))
    assert speech.shape_at(280) == (CLOSED, True)


def test_a_consonant_lets_the_next_vowel_shine_through() -> None:
    (before_a, _), (before_i, _) = (phonemes((0, "k"), (60, v)).shape_at(20) or (CLOSED, True) for v in ("ɑ", "i"))
    assert before_a.open > before_i.open > 0
    assert before_i.i > 0.3 > before_a.i


def test_a_consonant_before_a_pause_keeps_the_last_vowel() -> None:
    speech = phonemes((0, "i"), (80, "k"), (140, ""), (300, "ɑ"))
    speech.shape_at(0)
    said = speech.shape_at(100)
    assert said is not None
    assert strongest(said[0]) == "i"


def test_a_pause_too_short_to_see_does_not_move_the_mouth() -> None:
    speech = phonemes((0, "o"), (100, ""), (112, "s"))
    assert speech.shape_at(105) == (shape("o"), False)


def test_a_real_pause_closes() -> None:
    assert phonemes((0, "o"), (100, ""), (250, "s")).shape_at(105) == (CLOSED, False)


def test_a_diphthong_takes_its_second_half_in_time() -> None:
    speech = phonemes((0, "aɪ"), (100, "n"))
    halves = [speech.shape_at(ms) for ms in (0, 40, 60, 90)]
    assert [strongest(said[0]) for said in halves if said] == ["a", "a", "i", "i"]


def test_before_the_first_phoneme_the_mouth_is_closed() -> None:
    assert phonemes((100, "a")).shape_at(20) == (CLOSED, False)


def test_when_the_marks_stop_the_sound_decides() -> None:
    speech = phonemes((0, "a"))
    assert speech.shape_at(STALE_MS) is not None
    assert speech.shape_at(STALE_MS + 20) is None


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(), st.sampled_from(("a", "aɪ", "iou", "m", "pʰa", "t", "", "ː")), st.floats(-1000, 1000)),
        max_size=8,
    )
)
def test_no_marks_at_any_time_break_the_mouth(steps: list[tuple[float, str, float]]) -> None:
    speech = Articulation()
    for at_ms, text, ask_ms in steps:
        speech.extend([Mark(MarkKind.PHONEME, at_ms, text)])
        said = speech.shape_at(ask_ms)
        assert said is None or all(-1 <= value <= 1 for value in said[0])


def test_late_and_disordered_marks_are_put_in_order() -> None:
    speech = phonemes((60, "i"), (0, "a"))
    assert speech.shape_at(20) == (shape("a"), False)
    speech.extend([Mark(MarkKind.PHONEME, 30, "u")])
    assert speech.shape_at(40) == (shape("u"), False)
    assert speech.shape_at(80) == (shape("i"), False)
