"""Who speaks next in a group: named rules, and what holds whatever is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.gateway.open_llm_vtuber.floor import PASSED_OVER_MS, Floor, says_nothing

NAMES = {"a": "Kiyo", "b": "Harry Potter", "c": "孙悟空"}


def floor(turns: int = 6, **names: str) -> Floor:
    made = Floor(turns)
    for uid, name in (names or NAMES).items():
        made.join(uid, name)
    return made


def round_of(made: Floor, reply: str = "Well then.", now: float = 0.0) -> list[str]:
    """Who speaks until it is a person's turn, when all say the same."""
    spoke: list[str] = []
    while (uid := made.next(now)) is not None:
        spoke.append(uid)
        made.replied(uid, reply)
    return spoke


def test_nobody_speaks_before_a_person_has() -> None:
    assert floor().next(0) is None


def test_the_character_that_is_spoken_to_answers_first_then_the_others_in_turn() -> None:
    made = floor(5)
    made.person_spoke("Hello!", "b")
    assert round_of(made) == ["b", "a", "c", "b", "a"]


def test_a_round_ends_at_the_budget_and_a_person_refills_it() -> None:
    made = floor(3)
    made.person_spoke("Hello!", "a")
    assert len(round_of(made)) == 3
    assert made.next(1e9) is None
    made.person_spoke("And?", "a")
    assert len(round_of(made)) == 3


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Harry Potter, what do you say?", "b"),
        ("And you, Harry?", "b"),
        ("harry potter?", "b"),
        ("悟空？孙悟空，你呢？", "c"),
        ("KIYO!", "a"),
        ("Kiyoさん、どう？", "a"),
    ],
)
def test_a_name_that_is_spoken_to_gets_the_floor(text: str, first: str) -> None:
    made = floor()
    made.person_spoke(text, "a" if first != "a" else "b")
    assert made.next(0) == first


@pytest.mark.parametrize("text", ["They harry me.", "Kiyoto is a city.", "A pot.", "悟"])
def test_a_name_is_a_whole_word(text: str) -> None:
    made = floor()
    made.person_spoke(text, "c" if "悟" not in text else "b")
    assert made.next(0) == ("c" if "悟" not in text else "b")


def test_several_names_are_answered_in_order_and_before_those_that_replies_name() -> None:
    made = floor()
    made.person_spoke("孙悟空 and Kiyo, tell me!", "b")
    assert made.next(0) == "c"
    made.replied("c", "Ask Harry.")
    assert made.next(0) == "a"
    made.replied("a", "Me?")
    assert made.next(0) == "b"


def test_a_reply_hands_the_floor_over_by_a_name_but_not_to_itself() -> None:
    made = floor()
    made.person_spoke("Hi", "a")
    assert made.next(0) == "a"
    made.replied("a", "I am Kiyo. 孙悟空, you?")
    assert made.next(0) == "c"


def test_nobody_speaks_twice_in_a_row_unless_a_person_asks() -> None:
    made = floor()
    made.leave("b")
    made.leave("c")
    made.person_spoke("Hi", "a")
    assert round_of(made) == ["a"]
    made.person_spoke("Once more!", "a")
    assert round_of(made) == ["a"]


def test_those_who_share_a_name_answer_beginning_with_the_one_that_is_spoken_to() -> None:
    made = floor(a="Mao", b="Mao")
    made.person_spoke("Mao?", "b")
    assert round_of(made, "Yes.")[:2] == ["b", "a"]


def test_who_fails_is_passed_over_and_costs_no_reply() -> None:
    made = floor(3)
    made.person_spoke("Hi", "a")
    assert made.next(0) == "a"
    made.failed("a", 0)
    assert round_of(made, now=10 * PASSED_OVER_MS) == ["b", "c", "b"]


def test_who_failed_lately_is_asked_again_by_whom_it_is_named() -> None:
    made = floor(2)
    made.person_spoke("Hi", "a")
    made.failed(made.next(0) or "", 0)
    made.person_spoke("Hi", "b")
    assert round_of(made, now=1) == ["b", "c"]
    made.person_spoke("Kiyo?", "b")
    assert made.next(2) == "a"


def test_when_all_fail_the_round_is_over_however_long_that_takes() -> None:
    made = floor()
    made.person_spoke("Hi", "a")
    now, asked = 0.0, 0
    while (uid := made.next(now)) is not None:
        asked, now = asked + 1, now + 2 * PASSED_OVER_MS
        made.failed(uid, now)
    assert asked == 3


def test_who_leaves_is_not_asked() -> None:
    made = floor(2)
    made.person_spoke("Harry Potter?", "a")
    made.leave("b")
    assert round_of(made) == ["a", "c"]


@pytest.mark.parametrize(
    "reply", ["", "…", "...", "[thinking]", "🙂", "Nothing to add.", "没有补充。", "特にありません。", "Pass!"]
)
def test_a_reply_that_says_nothing_ends_the_round(reply: str) -> None:
    made = floor()
    made.person_spoke("Hi", "a")
    assert made.next(0) == "a"
    made.replied("a", reply)
    assert made.next(0) is None


def test_but_who_was_named_still_answers() -> None:
    made = floor()
    made.person_spoke("Kiyo, Harry?", "c")
    assert made.next(0) == "a"
    made.replied("a", "...")
    assert round_of(made) == ["b"]


@pytest.mark.parametrize("reply", ["No.", "Ja", "はい", "Pass me the salt.", "I have nothing to add but this."])
def test_short_replies_say_something(reply: str) -> None:
    assert not says_nothing(reply)


def test_an_interruption_takes_the_floor_until_that_person_speaks() -> None:
    made = floor(4)
    made.person_spoke("Kiyo, Harry?", "c")
    made.next(0)
    made.interrupted()
    assert (made.next(0), made.left) == (None, 4)
    made.person_spoke("Now you.", "c")
    assert made.next(0) == "c"


def test_a_member_speaks_up_by_itself_while_there_are_replies_left() -> None:
    made = floor(3)
    assert not made.speaks_up("a", 0)
    made.interrupted()
    assert made.speaks_up("b", 0)
    assert not made.speaks_up("stranger", 0)
    assert len(round_of(made)) == 3
    assert not made.speaks_up("a", 0)


def test_who_is_there_already_may_take_another_name() -> None:
    made = floor()
    made.join("a", "Mao")
    made.person_spoke("Mao?", "b")
    assert (made.next(0), len(made.members)) == ("a", 3)


UIDS = st.sampled_from("abcd")
TEXTS = (
    st.sampled_from(["", "...", "Kiyo?", "Harry!", "孙悟空 and Kiyo", "hm", "Nothing to add.", "\x00\u202e["])
    | st.text()
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), UIDS, st.sampled_from([*NAMES.values(), "", "\n"]) | st.text(max_size=8)),
        st.tuples(st.just("leave"), UIDS, st.just("")),
        st.tuples(st.just("person"), UIDS, TEXTS),
        st.tuples(st.just("interrupt"), UIDS, st.just("")),
        st.tuples(st.just("up"), UIDS, st.just("")),
        st.tuples(st.just("turn"), UIDS, TEXTS),
        st.tuples(st.just("fail"), UIDS, st.just("")),
        st.tuples(st.just("wait"), UIDS, st.just("")),
    ),
    max_size=60,
)


def _replayed(turns: int, steps: list[tuple[str, str, str]]) -> list[str | None]:
    """The speakers of a story; on the way all that has to hold is checked."""
    made, now, speakers = Floor(turns), 0.0, list[str | None]()
    replies, failures, last = turns, 0, None  # before the first person speaks, none may be given at all
    spoken_to = False
    for kind, uid, text in steps:
        now += 1 if kind != "wait" else PASSED_OVER_MS
        match kind:
            case "join":
                made.join(uid, text)
            case "leave":
                made.leave(uid)
            case "person":
                made.person_spoke(text, uid)
                replies, failures, last, spoken_to = 0, 0, None, True
            case "interrupt":
                made.interrupted()
                replies, failures, last, spoken_to = 0, 0, None, False
            case "up":
                spoken_to = made.speaks_up(uid, now) or spoken_to
            case "turn" | "fail":
                speaker = made.next(now)
                speakers.append(speaker)
                if speaker is None:
                    continue
                assert spoken_to, "nobody has asked"
                assert speaker in made.members
                assert speaker != last, "twice in a row"
                if kind == "fail":
                    made.failed(speaker, now)
                    failures += 1
                else:
                    made.replied(speaker, text)
                    replies, last = replies + 1, speaker
                assert replies <= turns
                assert failures <= 8
            case _:
                pass
        assert 0 <= made.left <= turns
    return speakers


@given(st.integers(1, 8), STEPS)
def test_whatever_is_said_the_budget_holds_and_nobody_speaks_twice_in_a_row(
    turns: int, steps: list[tuple[str, str, str]]
) -> None:
    assert _replayed(turns, steps) == _replayed(turns, steps)


@given(st.integers(1, 20), st.lists(TEXTS, min_size=1, max_size=40))
def test_endless_chatter_stops(turns: int, replies: list[str]) -> None:
    made = floor(turns)
    made.person_spoke("Go!", "a")
    count = 0
    while (uid := made.next(0)) is not None:
        made.replied(uid, replies[count % len(replies)])
        count += 1
        assert count <= turns
