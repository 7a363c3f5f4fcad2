import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hayakuchi.core.errors import ProtocolError
from hayakuchi.live2d_bridge.wire import (
    BranchSelect,
    Greet,
    HistoryRollback,
    InputText,
    Interrupt,
    MessageEdit,
    MicStart,
    MicStop,
    MicTalk,
    Ping,
    PlaybackReport,
    ReplyRegenerate,
    SoundClaim,
    SoundRelease,
    Typing,
    parse_client_message,
)

UNDERSTOOD = {
    '{"type": "input.text", "text": "Hi"}': InputText("Hi"),
    '{"type": "input.text", "text": " Hi\\u0000\\u001b there\\r\\nyou ", "viewer": " Ann\\n\\u0007 B "}': InputText(
        "Hi there\nyou", "Ann B"
    ),
    '{"type": "input.text", "text": "\\ud83c\\udf38\\ud800", "viewer": null}': InputText("🌸"),
    '{"type": "input.text", "text": "Hi", "viewer": "\\u0001", "mood": [1]}': InputText("Hi"),
    '{"type": "input.text", "text": "Hi", "whole_reply": true}': InputText("Hi", whole_reply=True),
    '{"type": "input.text", "text": "Hi", "disable_quick_response": true}': InputText(
        "Hi", disable_quick_response=True
    ),
    '{"type": "input.text", "text": "Hi", "disable_quick_response": false}': InputText("Hi"),
    '{"type": "input.typing"}': Typing(),
    '{"type": "interrupt"}': Interrupt(),
    '{"type": "greet", "x": {}}': Greet(),
    '{"type": "playback", "turn": 0, "played_ms": 0}': PlaybackReport(0, 0.0),
    '{"type": "playback", "turn": 7, "played_ms": 1250.5}': PlaybackReport(7, 1250.5),
    '{"type": "sound.claim"}': SoundClaim(),
    '{"type": "sound.release"}': SoundRelease(),
    '{"type": "mic.start"}': MicStart(),
    '{"type": "mic.start", "mode": "push_to_talk", "half_duplex": true}': MicStart("push_to_talk", True),
    '{"type": "mic.start", "mode": null, "half_duplex": false, "x": 1}': MicStart(None, False),
    '{"type": "mic.stop"}': MicStop(),
    '{"type": "mic.talk", "down": true}': MicTalk(True),
    '{"type": "mic.talk", "down": false}': MicTalk(False),
    '{"type": "message.edit", "message": 7, "text": " Hi\\u0000 "}': MessageEdit(7, "Hi"),
    '{"type": "reply.regenerate"}': ReplyRegenerate(),
    '{"type": "history.rollback", "count": 2}': HistoryRollback(2),
    '{"type": "branch.select", "message": 9007199254740991}': BranchSelect(2**53 - 1),
    '{"type": "ping"}': Ping(),
    '{"type": "ping", "id": "a1"}': Ping("a1"),
    '{"type": "ping", "id": 12}': Ping(12),
    '{"type": "sing"}': None,
    '{"type": ""}': None,
}


@pytest.mark.parametrize(("text", "message"), UNDERSTOOD.items())
def test_messages_that_are_understood(text: str, message: object) -> None:
    assert parse_client_message(text) == message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("NaN", "not JSON"),
        ('{"type": "ping", "other": NaN}', "not JSON"),
        ("[" * 60_000, "deeply|not JSON"),
        ('{"type": "ping", "x": ' + "[" * 30_000 + "]" * 30_000 + "}", "deeply"),
        ('{"type": "playback", "turn": ' + "9" * 5000 + ', "played_ms": 0}', "not JSON"),
        ('{"type": "playback", "turn": ' + "9" * 400 + ', "played_ms": 0}', "turn"),
        ('{"type": "playback", "turn": 1, "played_ms": ' + "9" * 400 + "}", "played_ms"),
        ("[]", "not a JSON object"),
        ('"input.text"', "not a JSON object"),
        ("{}", "no type"),
        ('{"type": 1}', "no type"),
        ('{"type": ["ping"]}', "no type"),
        ('{"type": "input.text"}', "text must be a string"),
        ('{"type": "message.edit", "message": 1}', "message.edit: text must be a string"),
        ('{"type": "message.edit", "message": 1, "text": " "}', "message.edit: text must have 1"),
        ('{"type": "message.edit", "text": "x"}', "message.edit: message must be a whole number from 1"),
        ('{"type": "branch.select", "message": true}', "branch.select: message must be a whole number"),
        ('{"type": "branch.select", "message": 9007199254740992}', "branch.select: message must be"),
        ('{"type": "branch.select", "message": 1.0}', "branch.select: message must be"),
        ('{"type": "history.rollback", "count": 0}', "history.rollback: count must be a whole number from 1 to 1000"),
        ('{"type": "history.rollback", "count": "1"}', "history.rollback: count must be"),
        ('{"type": "input.text", "text": 5}', "text must be a string"),
        ('{"type": "input.text", "text": ""}', "1 to 8192"),
        ('{"type": "input.text", "text": " \\u0000\\n\\ud800 "}', "1 to 8192"),
        (json.dumps({"type": "input.text", "text": "x" * 8193}), "1 to 8192"),
        ('{"type": "input.text", "text": "Hi", "viewer": 5}', "viewer must be a string"),
        (json.dumps({"type": "input.text", "text": "Hi", "viewer": "x" * 61}), "at most 60"),
        ('{"type": "input.text", "text": "Hi", "whole_reply": 1}', "whole_reply must be true or false"),
        ('{"type": "input.text", "text": "Hi", "disable_quick_response": 1}', "disable_quick_response must be true"),
        ('{"type": "input.text", "text": "Hi", "disable_quick_response": null}', "disable_quick_response must be true"),
        ('{"type": "input.text", "text": "Hi", "disable_quick_response": "no"}', "disable_quick_response must be true"),
        ('{"type": "playback", "turn": true, "played_ms": 0}', "turn"),
        ('{"type": "playback", "turn": 1.0, "played_ms": 0}', "turn"),
        ('{"type": "playback", "turn": -1, "played_ms": 0}', "turn"),
        ('{"type": "playback", "turn": "1", "played_ms": 0}', "turn"),
        ('{"type": "playback", "turn": 1}', "played_ms"),
        ('{"type": "playback", "turn": 1, "played_ms": false}', "played_ms"),
        ('{"type": "playback", "turn": 1, "played_ms": -0.1}', "played_ms"),
        ('{"type": "playback", "turn": 1, "played_ms": 1e999}', "played_ms"),
        ('{"type": "playback", "turn": 1, "played_ms": -Infinity}', "not JSON"),
        ('{"type": "mic.start", "mode": "typed_only"}', "mode must be open_mic, push_to_talk or wake_word"),
        ('{"type": "mic.start", "mode": ["open_mic"]}', "mode must be"),
        ('{"type": "mic.start", "half_duplex": 1}', "half_duplex must be true or false"),
        ('{"type": "mic.talk"}', "down must be true or false"),
        ('{"type": "mic.talk", "down": 0}', "down must be true or false"),
        ('{"type": "ping", "id": true}', "id must be"),
        ('{"type": "ping", "id": {}}', "id must be"),
        ('{"type": "ping", "id": "\\ud800"}', "id must be"),
        (json.dumps({"type": "ping", "id": "x" * 101}), "id must be"),
    ],
    ids=lambda text: text[:50],
)
def test_malformed_messages_say_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ProtocolError, match=why) as caught:
        parse_client_message(text)
    assert len(str(caught.value)) < 120


def test_the_longest_text_is_taken() -> None:
    assert parse_client_message(json.dumps({"type": "input.text", "text": "🌸" * 8192})) == InputText("🌸" * 8192)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TYPES = (
    "input.text",
    "interrupt",
    "greet",
    "playback",
    "sound.claim",
    "sound.release",
    "mic.start",
    "mic.talk",
    "ping",
    "other",
)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=()))
    | st.builds(
        lambda kind, fields: json.dumps({**fields, "type": kind}),
        st.sampled_from(TYPES),
        st.dictionaries(
            st.sampled_from(
                ("text", "viewer", "whole_reply", "disable_quick_response", "turn", "played_ms", "id", "mode", "down")
            ),
            JSON,
        ),
    )
)
def test_whatever_comes_is_a_message_nothing_or_a_protocol_error(text: str) -> None:
    with suppress(ProtocolError):
        message = parse_client_message(text)
        if isinstance(message, InputText):
            assert 1 <= len(message.text.encode()) <= 4 * 8192
        if isinstance(message, PlaybackReport):
            assert 0 <= message.played_ms < 2**32
