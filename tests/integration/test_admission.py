"""How much the server takes on, and how it says no: before it accepts, at once, with the time to come back."""

from __future__ import annotations

import asyncio
import time

import pytest
from listening import EARS
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import ending, serving, settings_for, viewing
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hayakuchi.core.errors import CapacityError
from hayakuchi.gateway import admission as admission_module
from hayakuchi.gateway.admission import SHED_FROM, SOCKETS_PER_SESSION, Admission
from hayakuchi.gateway.stage import rooms as rooms_module
from hayakuchi.orchestrator.gateway_settings import GatewaySettings
from hayakuchi.orchestrator.settings import Settings


def talkative(**gateway: object) -> Settings:
    return settings_for(
        lambda: ScriptedLLM(["Hello.", " You."]),
        ScriptedTTS,
        asr=lambda: ScriptedASR(lambda clip: ""),
        ears=EARS,
        **gateway,
    )


async def refusal(url: str, path: str) -> tuple[int, str | None, float]:
    """Status, Retry-After, and how long it took (s)."""
    began = time.monotonic()
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url.replace("http", "ws", 1) + path, proxy=None, compression=None):
            pass
    response = refused.value.response
    return response.status_code, response.headers.get("Retry-After"), time.monotonic() - began


@pytest.mark.parametrize("held", ["/stage/ws?session=a", "/ws", "/ws_asr", "/client-ws", "/tts-ws"])
@pytest.mark.parametrize("wanted", ["/stage/ws?session=b", "/ws", "/client-ws", "/tts-ws"])
async def test_stages_and_listeners_are_counted_together(held: str, wanted: str) -> None:
    async with serving(talkative(max_sessions=1)) as (url, _):
        async with connect(url.replace("http", "ws", 1) + held, proxy=None):
            assert (await refusal(url, wanted))[:2] == (503, "5")


async def test_another_viewer_of_a_session_is_no_further_session() -> None:
    async with serving(talkative(max_sessions=1)) as (url, _), viewing(url) as one, viewing(url) as other:
        assert {one.snapshot["viewer"], other.snapshot["viewer"]} == {"v1", "v2"}


def test_a_session_has_no_viewers_without_end() -> None:
    admission = Admission(GatewaySettings(max_sessions=1))
    held = [admission.socket() for _ in range(SOCKETS_PER_SESSION)]
    for socket in held:
        socket.__enter__()
    with pytest.raises(CapacityError), admission.socket():
        pass
    held[0].__exit__(None, None, None)
    with admission.socket():
        assert admission.sockets == SOCKETS_PER_SESSION


def test_replies_are_counted_and_refused_above_the_limit() -> None:
    admission = Admission(GatewaySettings(max_turns=2))
    with admission.turn(), admission.turn():
        with pytest.raises(CapacityError) as refused, admission.turn():
            pass
        assert refused.value.retry_after_s == 5
        assert admission.turns == 2
    with pytest.raises(ZeroDivisionError), admission.turn():
        raise ZeroDivisionError
    assert admission.turns == 0


def test_a_session_that_gets_no_connection_is_not_counted() -> None:
    admission = Admission(GatewaySettings(max_sessions=1))
    admission.sockets = SOCKETS_PER_SESSION
    with pytest.raises(CapacityError), admission.session():
        pass
    assert (admission.sessions, admission.sockets) == (0, SOCKETS_PER_SESSION)


def test_one_that_is_late_by_others_work_refuses_nobody() -> None:
    admission = Admission(GatewaySettings())
    admission.lag.late = True
    for _ in range(SHED_FROM):
        admission.begin_session()
    with pytest.raises(CapacityError):
        admission.begin_session()
    admission.end_session()
    admission.begin_session()


async def test_a_server_that_is_late_takes_on_nobody_and_serves_those_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission_module, "SHED_FROM", 1)
    async with ending(talkative()) as (url, _, server, _), viewing(url, "sound=1") as viewer:
        lag = server.doors.admission.lag
        lag.late = True
        lag._limit_ms = -1.0  # every sample is above it
        assert (await refusal(url, "/stage/ws?session=b"))[:2] == (503, "2")
        assert (await refusal(url, "/ws"))[:2] == (503, "2")
        with pytest.raises(CapacityError), server.doors.admission.turn():
            pass
        async with viewing(url):
            await viewer.send(type="input.text", text="Hi")
            await viewer.next("turn.started")
        lag._limit_ms = 60_000.0
        async with asyncio.timeout(10):
            while lag.late:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        async with viewing(url, "session=b"):
            pass


async def test_the_emptiest_room_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms_module, "MAKE_WAY_MS", 60_000.0)
    async with ending(talkative(max_sessions=3)) as (url, _, server, _), viewing(url, "session=held"):
        for name in ("old", "young"):
            async with viewing(url, f"session={name}"):
                pass
            await asyncio.sleep(0.05)
        assert (await refusal(url, "/stage/ws?session=b"))[0] == 503
        monkeypatch.setattr(rooms_module, "MAKE_WAY_MS", 0.0)
        async with viewing(url, "session=b"):
            assert {name for _, name in server.doors.rooms._rooms} == {"held", "young", "b"}
        assert server.doors.admission.sessions == 3


async def test_many_are_refused_at_once_and_soon() -> None:
    async with serving(talkative(max_sessions=1)) as (url, _), viewing(url) as viewer:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            tasks = [group.create_task(refusal(url, f"/stage/ws?session=s{number}")) for number in range(100)]
        assert {task.result()[:2] for task in tasks} == {(503, "5")}
        await viewer.send(type="ping", id=1)
        assert (await viewer.next("pong"))["id"] == 1
