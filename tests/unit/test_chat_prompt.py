"""Which messages a model is told, and which are left out when there are too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.types import Message, Role, ToolCall
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.gateway.chat.prompt import fitting, length, prompt_of

CALL = Message("assistant", "", tool_calls=(ToolCall("c1", "look", '{"a": 1}'),))
RESULT = Message("tool", "sunny", tool_call_id="c1")


def user(text: str) -> Message:
    return Message("user", text)


def told(*messages: Message) -> tuple[str, list[str], str | None]:
    prompt = prompt_of(messages)
    return prompt.instructions, [one.content for one in prompt.history], prompt.heard and prompt.heard.content


def test_instructions_stand_apart_and_the_last_message_is_what_was_heard() -> None:
    messages = (
        Message("system", "Be kind."),
        user("a"),
        Message("assistant", "b"),
        Message("system", "Be brief."),
        user("c"),
    )
    assert told(*messages) == ("Be kind.\n\nBe brief.", ["a", "b"], "c")


def test_an_instruction_at_the_end_is_what_is_answered() -> None:
    assert told(Message("system", "Greet the user.")) == ("", [], "Greet the user.")
    assert told(Message("system", "Be kind."), user("a"), Message("system", "Say bye.")) == (
        "Be kind.",
        ["a"],
        "Say bye.",
    )


def test_results_of_tools_go_on_from_the_history() -> None:
    assert told(user("a"), CALL, RESULT) == ("", ["a", "", "sunny"], None)
    assert told(user("a"), Message("assistant", "I")) == ("", ["a", "I"], None)
    assert told() == ("", [], None)


def test_what_fits_stays_as_it_is() -> None:
    messages = (user("abc"), user("de"))
    assert fitting(messages, 5, 413) == messages


@pytest.mark.parametrize("status", [413, 422])
def test_long_prompts_may_be_refused(status: int) -> None:
    with pytest.raises(Problem, match="6 characters, and 5 is the limit") as caught:
        fitting((user("abcdef"),), 5, status)  # type: ignore[arg-type]
    assert (caught.value.status, caught.value.code, caught.value.param) == (status, "prompt_too_long", "messages")


def test_the_oldest_exchanges_go_first_then_instructions_then_the_beginning_of_the_last_message() -> None:
    system = Message("system", "1234567890")
    messages = (system, user("old question"), Message("assistant", "old answer"), user("newer"), user("last one"))
    assert fitting(messages, 25, "trim") == (system, messages[3], messages[4])
    assert fitting(messages, 9, "trim") == (messages[4],)
    assert fitting(messages, 3, "trim") == (user("one"),)


def test_a_tools_answer_never_stands_without_its_call() -> None:
    messages = (user("weather?"), CALL, RESULT, Message("assistant", "Sunny."), user("and now?"))
    assert fitting(messages, length(messages) - 1, "trim") == (messages[-1],)
    assert fitting((user("old"), *messages[:3]), length(messages[:3]), "trim") == messages[:3]


def test_a_prompt_whose_turn_cannot_be_cut_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        fitting((user("a very long question"), CALL, RESULT), 12, "trim")
    assert caught.value.status == 413


ROLES: list[Role] = ["system", "user", "assistant"]


@given(
    st.lists(st.builds(Message, st.sampled_from(ROLES), st.text("ab ", max_size=12)), min_size=1, max_size=8),
    st.integers(1, 40),
)
def test_a_trimmed_prompt_fits_and_keeps_the_order(messages: list[Message], most: int) -> None:
    try:
        kept = fitting(messages, most, "trim")
    except Problem:
        assert len(messages[-1].content) < length(messages)
        return
    assert length(kept) <= most or kept == tuple(messages)
    assert messages[-1].content.endswith(kept[-1].content)
    rest = iter(messages)
    assert all(any(one == other for other in rest) for one in kept[:-1])
