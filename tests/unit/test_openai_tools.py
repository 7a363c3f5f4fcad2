"""Tool calls of many servers' making come out as OpenAI means them: an index each, id and name once, arguments to be joined."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.types import ToolCallDelta
from hayakuchi.llm.openai_tools import ToolCalls


def piece(**fields: Any) -> dict[str, Any]:
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    return fields | {"type": "function", "function": function}


def read(*deltas: list[dict[str, Any]]) -> list[ToolCallDelta]:
    calls = ToolCalls()
    return [found for entries in deltas for found in calls.feed(entries)]


def test_two_calls_in_pieces():
    assert read(
        [piece(index=0, id="a", name="sing", arguments="")],
        [piece(index=0, arguments='{"song":')],
        [piece(index=0, arguments=' "moon"}')],
        [piece(index=1, id="b", name="dance", arguments="{}")],
    ) == [
        ToolCallDelta(0, "a", "sing", ""),
        ToolCallDelta(0, arguments='{"song":'),
        ToolCallDelta(0, arguments=' "moon"}'),
        ToolCallDelta(1, "b", "dance", "{}"),
    ]


def test_calls_that_all_have_index_0():
    assert read(
        [piece(index=0, id="a", name="x", arguments="{}")], [piece(index=0, id="b", name="x", arguments="[]")]
    ) == [
        ToolCallDelta(0, "a", "x", "{}"),
        ToolCallDelta(1, "b", "x", "[]"),
    ]


def test_id_and_name_that_are_repeated_are_told_once():
    repeated = [piece(index=0, id="a", name="x", arguments=text) for text in ("1", "2")]
    assert read(*([each] for each in repeated)) == [ToolCallDelta(0, "a", "x", "1"), ToolCallDelta(0, arguments="2")]


def test_pieces_without_an_index_go_on_with_the_last_call():
    found = read([piece(id="a", name="x"), piece(id="b", name="y")], [piece(arguments="{}")])
    assert found == [ToolCallDelta(0, "a", "x"), ToolCallDelta(1, "b", "y"), ToolCallDelta(1, arguments="{}")]


def test_a_call_without_an_id_gets_one():
    first, second = read([piece(name="x", arguments={"a": "早"})], [piece(name="y")])
    assert first.id
    assert second.id
    assert first.id != second.id
    assert (first.index, second.index) == (0, 1)
    assert first.arguments == '{"a": "早"}'


def test_a_name_that_comes_late_is_told():
    assert read([piece(index=0, id="a")], [piece(index=0, name="x", arguments="{}")]) == [
        ToolCallDelta(0, "a"),
        ToolCallDelta(0, name="x", arguments="{}"),
    ]


@pytest.mark.parametrize("entries", ["x", ["x"], [7], [{"function": "x"}], 7, [{"function": {}, "index": []}]])
def test_what_is_no_call_is_refused(entries: Any):
    with pytest.raises((AttributeError, TypeError, ValueError)):
        read(entries)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.lists(st.text(max_size=5), max_size=5)), max_size=5))
def test_arguments_come_out_whole(calls: list[tuple[str, list[str]]]):
    entries = [
        [piece(index=index, arguments=text) if nth else piece(index=index, id=f"id{index}", name=name, arguments=text)]
        for index, (name, texts) in enumerate(calls)
        for nth, text in enumerate(["", *texts])
    ]
    found = read(*entries)
    for index, (name, texts) in enumerate(calls):
        mine = [delta for delta in found if delta.index == index]
        assert (mine[0].id, mine[0].name) == (f"id{index}", name)
        assert "".join(delta.arguments for delta in mine) == "".join(texts)
