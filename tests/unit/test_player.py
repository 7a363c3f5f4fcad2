"""What a client has played, from what it tells and what it does not: every wait has an end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.gateway.open_llm_vtuber.player import REPORT_MS, Player

PATIENCE = 5000.0


def player(*lengths: float, at: float = 0.0, all_sent: bool = True) -> Player:
    """Items named a, b, c… of these lengths, all sent at once."""
    made, start = Player(PATIENCE), 0.0
    send(made, *lengths, at=at, start=start)
    if all_sent:
        made.sent_all()
    return made


def send(made: Player, *lengths: float, at: float, start: float = 0.0, first: str = "a") -> None:
    for index, length in enumerate(lengths):
        made.sent(chr(ord(first) + index), start, start + length, at)
        start += length


def waited(made: Player, now: float, until: float = 1e6) -> float:
    """When it is over, looking whenever it wants to be looked at."""
    while not made.over(now):
        due = made.next_look(now)
        assert due is not None, f"nobody would look after {now}"
        assert due >= now
        assert due < until
        now = max(due, now + 0.01)
    return now


def test_nothing_is_heard_before_the_client_says_that_it_plays() -> None:
    made = player(1000)
    assert made.played_ms(4999) == 0
    made.began("a", 3000)
    assert made.played_ms(3000) == 0


def test_between_two_starts_the_clock_tells_up_to_the_end_of_the_item() -> None:
    made = player(1000, 2000)
    made.began("a", 100)
    assert made.played_ms(600) == 500
    assert made.played_ms(3000) == 1000
    made.began("b", 3000)
    assert made.played_ms(3500) == 1500
    assert made.played_ms(9000) == 3000


def test_an_item_that_is_long_is_reported_on_all_the_time() -> None:
    made = player(60_000)
    made.began("a", 0)
    assert made.next_look(0) == REPORT_MS
    assert made.next_look(59_950) == 60_000
    assert not made.over(64_000)


def test_complete_is_the_end_though_it_comes_early() -> None:
    made = player(1000, 1000)
    made.began("a", 0)
    made.completed(5)
    assert made.over(10)
    assert made.played_ms(10) == 2000


def test_complete_before_everything_was_sent_belongs_to_another_turn() -> None:
    made = player(1000, all_sent=False)
    made.completed(0)
    made.sent_all()
    made.began("a", 0)
    assert not made.over(500)


def interrupted(*lengths: float, at: float) -> Player:
    """A turn that was sent to its end, of which the client had not said that it played all; and then these were sent."""
    made = player(3000)
    made.begin()
    send(made, *lengths, at=at)
    made.sent_all()
    return made


def test_complete_that_is_still_owed_for_an_earlier_turn_does_not_end_one_that_cannot_have_been_played() -> None:
    made = interrupted(1000, 1000, at=5000)
    made.completed(5100)
    assert not made.over(5100)
    made.completed(5200)
    assert made.over(5200), "no more than one was owed"


def test_complete_once_all_can_have_been_played_is_the_end_though_an_earlier_one_never_came() -> None:
    made = interrupted(1000, 1000, at=5000)
    made.completed(7000)
    assert made.over(7000)
    made.begin()
    send(made, 1000, at=9000)
    made.sent_all()
    made.completed(9001)
    assert made.over(9001), "and nothing is owed any more"


def test_complete_of_a_client_that_tells_its_starts_is_its_last_word_once_no_sound_is_left_to_begin() -> None:
    made = interrupted(1000, 1000, 0, at=5000)
    made.began("a", 5000)
    made.completed(9000)
    assert not made.over(9000)
    made._owed = 1
    made.began("b", 9000)
    made.completed(9500)
    assert made.over(9500)


def test_complete_before_everything_was_sent_pays_what_is_owed() -> None:
    made = player(3000)
    made.begin()
    made.completed(5000)
    send(made, 1000, at=5000)
    made.sent_all()
    made.completed(5001)
    assert made.over(5001)


def test_a_lost_complete_ends_with_patience() -> None:
    made = player(1000)
    made.began("a", 200)
    assert waited(made, 200) == pytest.approx(1200 + PATIENCE, abs=1)


def test_a_client_that_never_says_play_start_is_believed_to_play_after_patience() -> None:
    made = player(1000, 8000, at=100)
    assert made.played_ms(100 + PATIENCE - 1) == 0
    assert made.played_ms(100 + PATIENCE) == PATIENCE
    assert waited(made, 100) == pytest.approx(100 + 9000 + PATIENCE, abs=1)


def test_in_the_next_turn_it_is_not_waited_for_again() -> None:
    made = player(1000)
    waited(made, 0)
    made.begin()
    send(made, 1000, 1000, at=20_000)
    assert made.played_ms(20_500) == 500
    assert made.played_ms(21_500) == 1500


def test_who_says_play_start_after_all_is_believed_from_then_on() -> None:
    made = player(1000)
    waited(made, 0)
    made.begin()
    send(made, 1000, 1000, at=20_000)
    made.began("a", 20_400)
    assert made.played_ms(20_500) == 100
    made.began("b", 21_500)
    assert made.played_ms(21_600) == 1100


def test_a_lost_play_start_is_presumed_once_patience_is_over() -> None:
    made = player(1000, 2000, 1000)
    made.began("a", 0)
    assert made.played_ms(1000 + PATIENCE - 1) == 1000
    made.began("c", 3000)
    assert made.played_ms(3500) == 3500


def test_all_starts_lost_but_the_first_costs_patience_once() -> None:
    made = player(1000, 1000, 1000, 1000)
    made.began("a", 0)
    assert waited(made, 0) == pytest.approx(4000 + PATIENCE, abs=1)


def test_patience_for_an_item_begins_when_it_is_sent() -> None:
    made = player(1000, all_sent=False)
    made.began("a", 0)
    assert made.next_look(1000) is None
    made.sent("b", 1000, 2000, 30_000)
    assert made.played_ms(30_000 + PATIENCE - 1) == 1000
    assert made.played_ms(30_000 + PATIENCE) == 2000


def test_items_without_words_of_their_own_are_begun_in_order() -> None:
    made = Player(PATIENCE)
    for index in range(3):
        made.sent("", index * 1000, index * 1000 + 1000, 0)
    for index in range(3):
        made.began("", index * 1100)
        assert made.played_ms(index * 1100 + 500) == index * 1000 + 500


def test_more_starts_than_items_do_no_harm() -> None:
    made = player(1000)
    for _ in range(10):
        made.began("a", 0)
    assert made.played_ms(500) == 500


def test_a_start_of_another_turns_item_is_let_be() -> None:
    made = player(1000)
    made.began("from before", 0)
    assert made.played_ms(500) == 0
    made.began("a", 600)
    assert made.played_ms(700) == 100


def test_starts_that_do_not_say_of_what_are_those_of_the_next_items() -> None:
    made = player(1000, 1000)
    made.began(None, 0)
    made.began(None, 1100)
    assert made.played_ms(1200) == 1100


def test_silent_items_take_no_time() -> None:
    made = player(1000, 0, 1000)
    for text, at in (("a", 0), ("b", 1000), ("c", 1020)):
        made.began(text, at)
    assert made.played_ms(1520) == 1500


def test_a_stream_grows_while_it_is_played() -> None:
    made = Player(PATIENCE)
    made.sent("a", 0, 0, 0)
    made.began("a", 0)
    made.grew(400)
    assert made.played_ms(300) == 300
    assert made.played_ms(900) == 400
    made.grew(2000)
    assert made.played_ms(900) == 900


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Hello there.", (0, 1000)),
        ("Hello there. How are", (1000, 3000)),
        ("Hello there.How are you?", (1000, 3000)),
        ("Hello\n there. How are you? Fine", (3000, 4000)),
        ("Earlier words. Hello there.", (0, 1000)),
        ("Hel", (0, 1000)),
        ("something else", None),
        ("", None),
    ],
)
def test_their_words_bound_what_was_heard(words: str, expected: tuple[float, float] | None) -> None:
    made = Player(PATIENCE)
    for text, start, end in (("Hello there. ", 0, 1000), ("How are you? ", 1000, 3000), ("Fine.", 3000, 4000)):
        made.sent(text, start, end, 0)
    assert made.bounds(words) == expected


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.floats(0, 20_000), max_size=8),
    st.lists(st.tuples(st.sampled_from("abcdefgh?"), st.floats(0, 9000)), max_size=20),
    st.booleans(),
)
def test_whatever_is_told_it_ends_and_never_tells_more_than_was_sent(
    lengths: list[float], doings: list[tuple[str, float]], completes: bool
) -> None:
    made, now = player(*lengths), 0.0
    for text, wait in doings:
        now += wait
        if text == "?" and completes:
            made.completed(now)
        else:
            made.began(text, now)
        assert 0 <= made.played_ms(now) <= sum(lengths) + 1e-6
    end = waited(made, now)
    assert end <= now + sum(lengths) + PATIENCE + 1
    assert made.played_ms(end) == pytest.approx(sum(lengths))
