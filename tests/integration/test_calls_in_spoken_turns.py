"""A model that calls a tool while somebody listens: what it calls is not spoken, and the turn ends as ever."""

from typing import Any

import pytest
from scripted import ScriptedTTS, make_session
from scripted_llm import FakeLLM, Step
from story import one_turn

from hayakuchi.core.events import ProviderFailed, TurnEnded, TurnStatus
from hayakuchi.core.types import Finish, FinishReason, TextDelta, ToolCallDelta, Usage

CALLS: list[Step] = [
    ToolCallDelta(0, "a", "sing", '{"song":'),
    ToolCallDelta(0, arguments='"moon"}'),
    Finish(FinishReason.TOOL_CALLS),
    Usage(3, 4),
]


@pytest.mark.parametrize("patience", [None, 100])
@pytest.mark.parametrize("said", ["", "Let me see."])
def test_a_call_is_not_spoken(said: str, patience: float | None):
    spoken: list[Step] = [TextDelta(said)] if said else []
    model, voice = FakeLLM("caller", *spoken, *CALLS), ScriptedTTS()
    patient: Any = model
    patient.config = type("Config", (), {"first_response_timeout": patience})
    other = FakeLLM("other", TextDelta("Me too!"))
    session = make_session([model, other], [voice])
    story = one_turn(session)
    end = story.of(TurnEnded)[0]
    assert (end.status, end.heard_reply) == (TurnStatus.COMPLETED, said)
    assert voice.spoken == ([said] if said else [])
    assert story.of(ProviderFailed) == []
    assert other.asked == 0
    assert [message.content for message in session.history.messages] == ["Hi", *([said] if said else [])]
