"""What of a conversation a model is shown, where tools were called and pictures sent."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.agents.memory import PICTURES, bounded, recalled
from hayakuchi.agents.prompt import conversation
from hayakuchi.core.types import Image, Message, ToolCall, UserInput

PICTURE = (Image("data:image/png;base64,AA"),)


def call(*ids: str, text: str = "") -> Message:
    return Message("assistant", text, tool_calls=tuple(ToolCall(id, "sing", "{}") for id in ids))


def answer(id: str, text: str = "la") -> Message:
    return Message("tool", text, tool_call_id=id)


ASK, SAID = Message("user", "Sing!"), Message("assistant", "La.")
WHOLE = [ASK, call("a", "b"), answer("a"), answer("b", ""), SAID]


def everything(history: list[Message]) -> list[Message]:
    return bounded(history, 1000, 100_000)


def test_an_exchange_with_calls_stays_whole():
    assert everything(WHOLE) == WHOLE
    assert bounded([*WHOLE, *WHOLE], 9, 1000) == WHOLE
    assert bounded(WHOLE, 4, 1000) == []
    assert bounded(WHOLE, 5, 10) == []


def test_one_that_is_not_over_is_kept_whatever_its_size():
    going_on = WHOLE[:4]
    assert bounded([ASK, SAID, *going_on], 0, 0) == going_on
    assert bounded([ASK, SAID, *going_on], 5, 1000) == going_on
    assert bounded([ASK, SAID, *going_on], 6, 1000) == [ASK, SAID, *going_on]


def test_calls_and_answers_without_each_other_are_left_out():
    assert everything([ASK, call("a"), SAID]) == [ASK, SAID]
    assert everything([ASK, call("a", text="Wait."), ASK]) == [ASK, Message("assistant", "Wait."), ASK]
    assert everything([ASK, answer("a"), SAID]) == [ASK, SAID]
    assert everything([ASK, call("a", "b"), answer("b"), SAID]) == [ASK, call("b"), answer("b"), SAID]
    assert everything([ASK, call("a"), answer("x"), answer("a"), SAID]) == [ASK, call("a"), answer("a"), SAID]
    assert everything([ASK, call("a"), ASK, answer("a"), SAID]) == [ASK, ASK, SAID]
    assert everything([ASK, call("a")]) == [ASK]


def test_a_picture_says_something_without_words():
    seen = Message("user", "", images=PICTURE)
    assert everything([seen, SAID]) == [seen, SAID]


def test_of_pictures_that_were_answered_a_note_is_left():
    seen = [Message("user", "Look!", "Mika", PICTURE), SAID, Message("user", "", images=PICTURE * 3), SAID]
    assert recalled(seen) == [Message("user", "Look! [picture]", "Mika"), SAID, Message("user", "[3 pictures]"), SAID]
    assert recalled([]) == []
    assert recalled(WHOLE) == WHOLE
    told = conversation("Be.", recalled(seen), UserInput("And this?", images=PICTURE))
    assert [message.images for message in told[1:]] == [(), (), (), (), PICTURE]
    assert told[1].content == '"Mika" says: Look! [picture]'


def test_pictures_that_nobody_has_answered_are_shown_with_what_is_said_next():
    seen, unseen = Message("user", "This", images=PICTURE), Message("user", "", images=PICTURE)
    assert recalled([seen, SAID, seen, unseen]) == [Message("user", "This [picture]"), SAID, seen, unseen]
    many = [Message("user", str(number), images=PICTURE) for number in range(PICTURES + 2)]
    told = recalled(many)
    assert told[2:] == many[2:]
    assert told[:2] == [Message("user", "0 [picture]"), Message("user", "1 [picture]")]


def test_the_model_goes_on_with_a_tool_s_answer():
    told = conversation("Be.", WHOLE[:4], UserInput("", "Mika"))
    assert told == [Message("system", "Be."), *WHOLE[:4]]
    assert conversation("Be.", WHOLE[:4], UserInput("And?"))[-1] == Message("user", "And?")


def test_only_neighbours_that_may_become_one_do():
    told = conversation("Be.", [*WHOLE, SAID, call("c"), answer("c")], UserInput("", images=PICTURE))
    both = Message("assistant", "La.\nLa.", tool_calls=call("c").tool_calls)
    assert told[1:] == [*WHOLE[:4], both, answer("c"), Message("user", "", images=PICTURE)]
    pictures = [Message("user", "This", images=PICTURE), Message("user", "", images=PICTURE)]
    assert conversation("Be.", pictures, UserInput("or that?"))[1:] == [
        Message("user", "This\nor that?", images=PICTURE * 2)
    ]


def test_a_caller_s_instructions_stand_behind_the_character_s_own():
    heard = UserInput("Hi", instructions=" Use no verbs. \n")
    system, _ = conversation("You are Kiyo.", [], heard)
    assert system.content == "You are Kiyo.\n\nUse no verbs."
    opening = conversation("You are Kiyo.", [SAID, ASK, SAID], heard)[0].content
    assert opening.startswith('You are Kiyo.\n\nUse no verbs.\n\nYou have just opened the conversation with: "La."')


MESSAGES = st.one_of(
    st.builds(Message, st.sampled_from(["user", "assistant", "system"]), st.sampled_from(["", "a", "bb"])),
    st.lists(st.sampled_from("ab"), max_size=2, unique=True).map(lambda ids: call(*ids)),
    st.builds(answer, st.sampled_from("ab"), st.sampled_from(["", "la"])),
)


@given(st.lists(MESSAGES, max_size=12), st.integers(0, 8), st.integers(0, 30), st.sampled_from(["", "hi"]))
def test_whatever_happened_the_order_is_valid(history: list[Message], most: int, chars: int, text: str):
    told = conversation("Be.", bounded(history, most, chars), UserInput(text))
    assert [message.role for message in told].count("system") == 1
    assert told[-1].role in ("user", "tool")
    open_calls: set[str] = set()
    for before, message in pairwise(told):
        if message.role == "tool":
            assert message.tool_call_id in open_calls
            open_calls.discard(message.tool_call_id or "")
        else:
            assert not open_calls
            open_calls = {each.id for each in message.tool_calls}
            assert message.role != before.role or before.tool_calls
    assert not open_calls
