"""Whose work a task does goes with it into all that it starts, and to the servers that work for it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.core.place import Place, Span, at, place, trace_headers

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_tasks_are_where_they_were_started_and_what_is_learnt_later_is_known_there() -> None:
    here = Place(session="main")
    go_on = asyncio.Event()

    async def work() -> dict[str, str | int]:
        await go_on.wait()
        found = place()
        assert found is not None
        return found.fields()

    async with asyncio.TaskGroup() as group:
        with at(here):
            task = group.create_task(work())
        assert place() is None
        here.turn = 3
        go_on.set()
    assert task.result() == {"session": "main", "turn": 3}


def test_a_turn_that_has_not_begun_has_no_number() -> None:
    assert Place(request="r", session="s", turn=0).fields() == {"request": "r", "session": "s"}


def test_only_traced_work_tells_other_servers_of_its_trace() -> None:
    assert trace_headers() == {}
    with at(Place(session="main")):
        assert trace_headers() == {}
    span = Span.below(f"00-{TRACE}-{PARENT}-01")
    with at(Place(span=span)):
        assert trace_headers() == {"traceparent": f"00-{TRACE}-{span.id:016x}-01"}
    assert span.parent == int(PARENT, 16)


@pytest.mark.parametrize(
    ("header", "sampled"), [(f"00-{TRACE}-{PARENT}-00", False), (f"cc-{TRACE}-{PARENT}-03-more", True)]
)
def test_who_sent_it_decides_whether_it_is_kept(header: str, sampled: bool) -> None:
    span = Span.below(header)
    assert (span.trace_id, span.sampled) == (int(TRACE, 16), sampled)
    assert span.child().parent == span.id
    assert span.child().header.endswith("-01" if sampled else "-00")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
    ],
)
def test_what_is_no_trace_begins_one(header: str | None) -> None:
    span = Span.below(header)
    assert span.parent is None
    assert span.trace_id != int(TRACE, 16)


@given(st.text(max_size=80))
def test_nothing_that_comes_breaks_it(header: str) -> None:
    assert Span.below(header).id
