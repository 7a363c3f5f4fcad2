"""A turn's sound as items: nothing lost, nothing doubled, seams where they do not matter, and the first sound in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.events import AudioSent, SessionEvent, SpeechEnded, SpeechStarted, TurnEnded, TurnStatus
from hayakuchi.core.types import Audio, Mark, MarkKind, Segment
from hayakuchi.gateway.open_llm_vtuber.item import Item
from hayakuchi.gateway.open_llm_vtuber.items import (
    BETWEEN_MS,
    EARLY_MS,
    HOLD_MS,
    LEAST_MS,
    LONGEST_MS,
    MOST_MS,
    OPENING_MS,
    WAIT_MS,
    ItemMaker,
    Split,
)

RATE = 8000
PER_MS = RATE // 1000
FIRST_MS = 500.0
HUSH = 60
"""No sample of silence is louder."""


def sound(ms: float, amplitude: float = 8000) -> np.ndarray:
    count = round(ms * PER_MS)
    return (np.sin(np.arange(count) * 2 * np.pi * 310 / RATE) * amplitude).astype(np.int16)


def hush(ms: float) -> np.ndarray:
    return np.random.default_rng(7).integers(-HUSH, HUSH, round(ms * PER_MS)).astype(np.int16)


@dataclass
class Speech:
    """A segment and its sound, in pieces: when each comes (ms) and how many samples it has. No pieces: it is silent."""

    segment: Segment
    samples: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int16))
    pieces: Sequence[tuple[float, int]] = ()
    ended: float = 0.0
    marks: tuple[Mark, ...] = ()

    def events(self, begin: int) -> Iterator[tuple[float, SessionEvent]]:
        """``begin``: its place in the turn's sound."""
        at_ms = begin / PER_MS
        first = self.pieces[0][0] if self.pieces else self.ended
        yield first, SpeechStarted(1, self.segment, at_ms, silent=not self.pieces)
        start = 0
        for at, count in self.pieces:
            marks = tuple(mark for mark in self.marks if start <= mark.at_ms * PER_MS < start + count)
            audio = Audio(self.samples[start : start + count].tobytes(), RATE, marks)
            yield at, AudioSent(1, self.segment.index, begin + start, audio)
            start += count
        yield self.ended, SpeechEnded(1, self.segment.index, at_ms + start / PER_MS)


def said(text: str, samples: np.ndarray, at: float, rtf: float, *, piece_ms: float = 100, **more: object) -> Speech:
    """Spoken from ``at`` on by a voice that is so fast."""
    step = round(piece_ms * PER_MS)
    sizes = [min(step, len(samples) - start) for start in range(0, len(samples), step)]
    times = [at + rtf * piece_ms * number for number in range(len(sizes))]
    segment = Segment(0, text, text.strip(), **more)  # type: ignore[arg-type]
    return Speech(segment, samples, list(zip(times, sizes, strict=True)), times[-1])


def played(speeches: Iterable[Speech], maker: ItemMaker) -> list[tuple[float, Item]]:
    """What is sent, and when, with a timer that rings when ``next_poll`` says."""
    sent: list[tuple[float, Item]] = []
    now, begin = 0.0, 0
    for speech in speeches:
        for at, event in speech.events(begin):
            while maker.next_poll is not None and maker.next_poll <= max(at, now):
                assert maker.next_poll > now - 1 or not sent, "it was to be polled in the past"
                now = max(now, maker.next_poll)
                sent += [(now, item) for item in maker.poll(now)]
                assert maker.next_poll is None or maker.next_poll > now, "polling leads nowhere"
            now = max(now, at)
            sent += [(now, item) for item in maker.observe(event, now)]
        begin += len(speech.samples)
    return sent


def items_of(*speeches: Speech, split: Split = "auto", maker: ItemMaker | None = None) -> list[tuple[float, Item]]:
    maker = maker or ItemMaker(RATE, split, FIRST_MS)
    maker.begin(0.0)
    return played(speeches, maker)


def samples_of(item: Item) -> np.ndarray:
    return np.frombuffer(item.pcm or b"", np.int16)


def length_ms(item: Item) -> float:
    return len(item.pcm or b"") / 2 / PER_MS


# What stands for a segment.


def test_a_segment_that_is_complete_in_time_is_one_item() -> None:
    whole = np.concatenate([sound(600), hush(200), sound(600)])
    [(at, item)] = items_of(said("Hello there, you. ", whole, 150, 0.2))
    assert at <= FIRST_MS
    assert (item.text, item.pcm, item.start_ms, item.end_ms) == ("Hello there, you. ", whole.tobytes(), 0, 1400)


def test_a_silent_segment_is_an_item_of_words() -> None:
    silent = Speech(Segment(0, "```code```", "", expressions=("joy",)), ended=300)
    [(at, item)] = items_of(silent)
    assert at == 300
    assert item == Item("```code```", ("joy",), None, 0, 0)


def test_an_expression_of_a_silent_segment_is_taken_on_with_the_next_sound() -> None:
    silent = Speech(Segment(0, "[code] ", "", expressions=("joy",)), ended=100)
    after = said("Look at that. ", sound(400), 150, 0.1)
    last = said("And that. ", sound(400), 300, 0.1)
    assert [item.expressions for _, item in items_of(silent, after, last)] == [("joy",), ("joy",), ()]


def test_an_expression_of_its_own_comes_before_one_that_waits() -> None:
    silent = Speech(Segment(0, "[code] ", "", expressions=("joy",)), ended=100)
    after = said("Look. ", sound(400), 150, 0.1, expressions=("anger",))
    assert [item.expressions for _, item in items_of(silent, after)] == [("joy",), ("anger",)]


# The beginning is sent ahead.


def test_a_clip_that_is_late_is_split_where_the_voice_pauses() -> None:
    whole = np.concatenate([sound(600), hush(200), sound(2000)])
    sent = items_of(said("Well now, this is a long one, isn't it? ", whole, 300, 0.2))
    (at, first), (_, second) = sent[:2]
    assert at <= FIRST_MS
    assert first.end_ms == second.start_ms == pytest.approx(600 + 100 + BETWEEN_MS / 2, abs=6)
    assert length_ms(first) == pytest.approx(700 - BETWEEN_MS / 2, abs=6)
    assert sum(length_ms(item) for _, item in sent) == len(whole) / PER_MS - BETWEEN_MS


def test_without_a_pause_the_beginning_goes_at_the_threshold_and_not_before() -> None:
    (at, first), *_ = items_of(said("This is a rather long sentence without any rest. ", sound(3000), 250, 0.5))
    assert at == FIRST_MS
    assert length_ms(first) > 300


def test_what_is_late_from_the_first_piece_on_goes_as_soon_as_it_is_enough() -> None:
    (at, first), *_ = items_of(said("This is a rather long sentence without any rest. ", sound(3000), 640, 0.5))
    assert at == 640
    assert length_ms(first) >= 0.9 * OPENING_MS


def test_a_seam_is_where_it_is_quietest() -> None:
    whole = np.concatenate([sound(420), sound(40, 300), sound(2500)])
    (_, first), *_ = items_of(said("This is a rather long sentence without any rest. ", whole, 250, 0.5))
    assert 420 <= length_ms(first) <= 460


def test_a_short_clip_that_is_about_to_end_is_waited_for() -> None:
    [(at, item)] = items_of(said("Oh. ", sound(200), 600, 0.3))
    assert at == 630
    assert length_ms(item) == 200


@pytest.mark.parametrize("rtf", [0.1, 0.3, 0.5, 0.7])
def test_a_voice_that_keeps_up_goes_on_without_a_hole(rtf: float) -> None:
    dry = inf
    speeches = [
        said("This is a rather long sentence without any rest. ", sound(4000), 640, rtf),
        said("This is another one. ", sound(1500), 640 + 4000 * rtf, rtf),
    ]
    for at, item in items_of(*speeches):
        assert at <= dry
        dry = (at if dry == inf else dry) + length_ms(item) + WAIT_MS


def test_a_pause_is_waited_for_as_long_as_it_takes_if_that_is_wanted() -> None:
    whole = np.concatenate([sound(1600), hush(150), sound(900)])
    sent = items_of(said("This is a rather long sentence, with one rest. ", whole, 300, 0.8), split="pauses")
    assert len(sent) == 2
    assert sent[0][1].end_ms == pytest.approx(1675 + BETWEEN_MS / 2, abs=6)


def test_never_is_never() -> None:
    whole = np.concatenate([sound(600), hush(300), sound(3000)])
    [(at, item)] = items_of(said("This is long, and more. ", whole, 600, 0.9), split="never")
    assert item.pcm == whole.tobytes()
    assert at > 3000


def test_but_no_more_is_held_than_may_be_sent_before_it_is_heard() -> None:
    whole = np.concatenate([sound(3000)] * 14)
    sent = items_of(said("This is very long indeed. ", whole, 600, 0.2), split="never")
    assert b"".join(item.pcm or b"" for _, item in sent) == whole.tobytes()
    assert max(item.end_ms - item.start_ms for _, item in sent) <= LONGEST_MS + 100
    assert len(sent) == 3


def test_a_pause_at_the_end_of_a_segment_is_shorter_by_the_clients_own() -> None:
    whole = np.concatenate([sound(600), hush(200)])
    [(_, item)] = items_of(said("Hello. ", whole, 100, 0.1))
    assert length_ms(item) == 800 - BETWEEN_MS
    assert item.end_ms == 800


# Which words go with which part.


def test_text_is_divided_by_the_marks_of_the_voice() -> None:
    text = "Well, this goes on and on without rest. "
    starts = [index for index, char in enumerate(text) if index == 0 or text[index - 1] == " "]
    marks = tuple(
        Mark(MarkKind.WORD, number * 400.0, "", start, len(text[start:].split(" ")[0].rstrip(",.")))
        for number, start in enumerate(starts)
    )
    speech = said(text, sound(3200), 600, 0.5)
    speech.marks = marks
    sent = [item for _, item in items_of(speech)]
    assert len(sent) > 2
    for item in sent:
        begun = [index for index, mark in enumerate(marks) if item.start_ms <= mark.at_ms + 20 <= item.end_ms - 1]
        assert item.text == "".join(text.split(" ")[index] + " " for index in begun)


def test_without_marks_every_word_stays_whole() -> None:
    text = "Well, this goes on and on (really!) without rest. "
    sent = [item for _, item in items_of(said(text, sound(3200), 600, 0.5))]
    assert len(sent) > 2
    assert "".join(item.text for item in sent) == text
    assert all(item.text.endswith(" ") for item in sent if item.text)
    assert sent[0].text == "Well, "


# The end of a turn.


def test_what_was_not_sent_when_a_turn_ends_never_is() -> None:
    maker = ItemMaker(RATE, "auto", FIRST_MS)
    maker.begin(0.0)
    speech = said("This is a rather long one. ", sound(3000), 300, 0.2)
    events = list(speech.events(0))[:4]
    assert [item for at, event in events for item in maker.observe(event, at)] == []
    maker.observe(TurnEnded(1, TurnStatus.INTERRUPTED, "", ""), 400)
    assert maker.next_poll is None
    assert maker.poll(2000) == []
    maker.begin(3000)
    [item] = [item for at, event in said("New. ", sound(300), 3100, 0.1).events(0) for item in maker.observe(event, at)]
    assert (item.text, item.start_ms, item.end_ms) == ("New. ", 0, 300)


# Whatever is said, however it comes.


@st.composite
def speeches(draw: st.DrawFn) -> list[Speech]:
    """Segments with voice and pauses of any length, in pieces of any size, at any time; with marks or without."""
    made: list[Speech] = []
    now = draw(st.floats(0, 900))
    for index in range(draw(st.integers(1, 4))):
        words = draw(
            st.lists(
                st.sampled_from(["Oh,", "hello", "there", "(you)", "今天", "天气", "it's", "ok.", "…"]),
                min_size=1,
                max_size=9,
            )
        )
        display = draw(st.sampled_from([" ", ""])).join(words) + draw(st.sampled_from(["", " "]))
        speech = draw(
            st.sampled_from([display.strip(), display.replace("(", "").replace(")", "").strip(), "something else"])
        )
        segment = Segment(index, display, speech, expressions=tuple(draw(st.lists(st.sampled_from("ab"), max_size=2))))
        parts = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 900)), max_size=6))
        samples = np.concatenate([np.zeros(0, np.int16), *(sound(ms) if loud else hush(ms) for loud, ms in parts)])
        now += draw(st.floats(0, 300))
        pieces: list[tuple[float, int]] = []
        left = len(samples)
        rtf = draw(st.floats(0, 1.5))
        while left:
            count = min(draw(st.integers(1, 200 * PER_MS)) if len(pieces) < 12 else left, left, 200 * PER_MS)
            pieces.append((now, count))
            now += draw(st.sampled_from([0.0, 1.0, 1.0, 1.0, 3.0])) * rtf * count / PER_MS
            left -= count
        length = max(len(samples) / PER_MS, 1.0)
        marks = tuple(Mark(MarkKind.WORD, at * length / len(speech), "", at, 1) for at in range(len(speech)))
        made.append(Speech(segment, samples, pieces, now, marks if draw(st.booleans()) else ()))
    return made


@settings(max_examples=150, deadline=None)
@given(speeches(), st.sampled_from(["auto", "pauses", "never"]))
def test_nothing_is_lost_or_doubled(all_said: list[Speech], split: Split) -> None:
    sent = [item for _, item in items_of(*all_said, split=split)]
    assert "".join(item.text for item in sent) == "".join(speech.segment.display for speech in all_said)
    whole = np.concatenate([speech.samples for speech in all_said])
    heard = 0
    for item in sent:
        start, end = round(item.start_ms * PER_MS), round(item.end_ms * PER_MS)
        assert heard <= start <= end
        samples = samples_of(item)
        assert (samples == whole[start : start + len(samples)]).all()
        for left_out in (whole[heard:start], whole[start + len(samples) : end]):
            assert len(left_out) <= BETWEEN_MS * PER_MS + 1
            assert not left_out.size or np.abs(left_out).max() <= HUSH
        heard = end
    assert len(whole) - heard <= BETWEEN_MS * PER_MS
    assert not len(whole[heard:]) or np.abs(whole[heard:]).max() <= HUSH


@settings(max_examples=100, deadline=None)
@given(speeches(), st.sampled_from(["auto", "pauses", "never"]))
def test_expressions_come_with_the_first_item_of_their_segment(all_said: list[Speech], split: Split) -> None:
    sent = [item for _, item in items_of(*all_said, split=split)]
    waiting: tuple[str, ...] = ()
    expected: list[tuple[str, ...]] = []
    for speech in all_said:
        waiting = speech.segment.expressions or waiting
        expected.append(waiting if speech.pieces else speech.segment.expressions)
        waiting = () if speech.pieces else waiting
    assert [item.expressions for item in sent if item.expressions] == [names for names in expected if names]


@settings(max_examples=100, deadline=None)
@given(speeches())
def test_pauses_only_cuts_in_pauses_and_never_does_not_cut(all_said: list[Speech]) -> None:
    whole = np.concatenate([speech.samples for speech in all_said])
    ends = np.cumsum([len(speech.samples) for speech in all_said]) / PER_MS
    for _, item in items_of(*all_said, split="pauses"):
        if item.pcm and not np.isclose(item.end_ms, ends).any():
            cut = round((item.end_ms - BETWEEN_MS / 2) * PER_MS)
            near = whole[max(cut - 35 * PER_MS, 0) : cut + 35 * PER_MS]
            assert np.abs(near).max() <= HUSH
    assert len(items_of(*all_said, split="never")) == len(all_said)


@settings(max_examples=150, deadline=None)
@given(speeches())
def test_the_first_sound_is_never_late_without_need(all_said: list[Speech]) -> None:
    """With ``auto`` it is there by the threshold, or as soon as the slowest voice's beginning could go."""
    times = [at for at, item in items_of(*all_said) if item.pcm]
    if not times:
        return
    spoken = next(speech for speech in all_said if speech.pieces)
    got, enough = 0.0, spoken.ended
    for at, count in spoken.pieces:
        got += count / PER_MS
        if got >= MOST_MS:
            enough = min(enough, at)
            break
    assert times[0] <= max(FIRST_MS + HOLD_MS, enough + HOLD_MS)


@settings(max_examples=100, deadline=None)
@given(speeches())
def test_no_beginning_is_shorter_than_it_has_to_be(all_said: list[Speech]) -> None:
    sent = [item for _, item in items_of(*all_said)]
    ends = np.cumsum([len(speech.samples) for speech in all_said]) / PER_MS
    for item in sent:
        if item.pcm and not np.isclose(item.end_ms, ends, atol=BETWEEN_MS + 1).any():
            assert length_ms(item) >= 0.9 * OPENING_MS - 1


def test_the_voice_is_known_after_a_while() -> None:
    """A voice that was fast so far is trusted to be so in the next clip; a slow one is not."""
    text = "This is a rather long sentence without any rest. "
    for rtf, whole in ((0.02, True), (0.8, False)):
        maker = ItemMaker(RATE, "auto", FIRST_MS)
        counts = [len(items_of(said(text, sound(3000), 430, rtf), maker=maker)) for _ in range(4)]
        assert (counts[-1] == 1) == whole


def test_an_item_goes_early_enough() -> None:
    assert 0 < EARLY_MS - WAIT_MS < OPENING_MS < LEAST_MS
