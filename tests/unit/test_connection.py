"""What all WebSockets share, in virtual time: whatever a client does, it is let go with the code that tells why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from fake_websocket import FakeWebSocket
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.errors import CapacityError, HayakuchiError, ProtocolError, SessionClosed
from hayakuchi.gateway.admission import Admission
from hayakuchi.gateway.connection import (
    MAX_MISTAKES,
    SLOW_S,
    Budget,
    Connection,
    Goodbye,
    connected,
    serve,
    serve_session,
)
from hayakuchi.gateway.outbox import Outbox
from hayakuchi.orchestrator.gateway_settings import GatewaySettings

Hold = Callable[[Connection], Awaitable[None]]


class Rig:
    """A connection whose client is sent what is put into ``outbox``; ``taken`` is what was read of it."""

    def __init__(self, **settings: Any) -> None:
        self.admission = Admission(GatewaySettings(**settings))
        self.websocket = FakeWebSocket()
        self.outbox = Outbox(messages=4)
        self.taken: list[str] = []
        self.take: Callable[[str], None] = self.taken.append

    async def hold(self, connection: Connection) -> None:
        connection.write(self.outbox.texts(), self.outbox.channel, self.outbox.lost)

        async def take(text: str) -> None:
            try:
                self.take(text)
            except SessionClosed:
                raise
            except HayakuchiError as error:
                connection.count(error)
            else:
                connection.understood()

        await connection.read_texts(take, Budget(1000, 10, loop_ms()))

    async def serve(self, hold: Hold | None = None) -> None:
        websocket: Any = self.websocket
        await serve_session(websocket, self.admission, "rig", hold or self.hold)

    async def served(self, *doings: Callable[[], None], apart_s: float = 0.1) -> tuple[int, str] | None:
        """What it was closed with when all this was done, one after another; it has to be over by then, or soon."""
        async with asyncio.timeout(SLOW_S * 3), asyncio.TaskGroup() as group:
            group.create_task(self.serve())
            for do in doings:
                await asyncio.sleep(apart_s)
                do()
        assert (self.admission.sessions, self.admission.sockets) == (0, 0)
        return self.websocket.closed


def test_what_is_put_is_sent_and_what_is_said_is_taken_until_the_client_goes() -> None:
    async def main() -> None:
        rig = Rig()
        says = rig.websocket.says
        closed = await rig.served(
            lambda: rig.outbox.put("one"), lambda: says("a", "b"), lambda: rig.outbox.put("two"), rig.websocket.goes
        )
        assert closed is None, "who has gone is told nothing"
        assert (rig.websocket.sent, rig.taken) == (["one", "two"], ["a", "b"])

    run_virtual(main())


def test_who_takes_nothing_is_let_go_when_its_time_is_up() -> None:
    async def main() -> None:
        rig = Rig()
        rig.websocket.takes.clear()
        rig.outbox.put("stuck")
        began = loop_ms()
        assert await rig.served() == (1008, "too slow to follow")
        assert SLOW_S <= (loop_ms() - began) / 1000 <= SLOW_S + 3

    run_virtual(main())


def test_who_is_slow_but_takes_each_in_time_is_not() -> None:
    async def main() -> None:
        rig = Rig()
        takes = rig.websocket.takes
        takes.clear()

        def slowly() -> None:
            rig.outbox.put("x")
            asyncio.get_running_loop().call_later(SLOW_S - 5, takes.set)
            asyncio.get_running_loop().call_later(SLOW_S - 4, takes.clear)

        assert await rig.served(slowly, slowly, rig.websocket.goes, apart_s=SLOW_S - 1) is None
        assert rig.websocket.sent == ["x", "x"]

    run_virtual(main())


def test_whose_outbox_is_full_is_let_go_at_once_though_a_message_is_stuck() -> None:
    async def main() -> None:
        rig = Rig()
        rig.websocket.takes.clear()
        began = loop_ms()

        def many() -> None:
            for _ in range(9):
                rig.outbox.put("x")

        assert await rig.served(many) == (1008, "too slow to follow")
        assert loop_ms() - began < 2000
        assert rig.websocket.sent == [], "what it did not follow is not sent any more"

    run_virtual(main())


def test_at_the_servers_end_the_rest_is_sent_before_the_goodbye() -> None:
    async def main() -> None:
        rig = Rig()

        def end() -> None:
            rig.admission.goodbye.set()
            rig.outbox.put("the last")

        assert await rig.served(end) == (1001, "the server ends")
        assert rig.websocket.sent == ["the last"]

    run_virtual(main())


def test_too_much_at_once_and_binary_frames() -> None:
    async def main() -> None:
        much, binary = Rig(), Rig()
        assert await much.served(*[lambda: much.websocket.says("x" * 300)] * 4) == (1008, "too much at once")
        assert len(much.taken) == 3
        binary.websocket.says(b"\0")
        assert await binary.served() == (1003, "binary frames are not understood")

    run_virtual(main())


def test_a_budget_grows_again_with_time() -> None:
    budget = Budget(1000, 10, 0.0)
    assert budget.take(1000, 0)
    assert not budget.take(1, 0)
    assert budget.take(99, 10_000)
    assert not budget.take(1001, 1e9), "never to more than at first"


def test_mistakes_in_a_row_end_it_and_one_that_is_understood_makes_up_for_them() -> None:
    async def main() -> None:
        rig, wrong = Rig(), ["?"] * (MAX_MISTAKES - 1)

        def take(text: str) -> None:
            if text == "?":
                raise ProtocolError("what?")
            if text == "!":
                raise CapacityError("no")

        rig.take = take
        rig.websocket.says(*wrong, "!", "yes", *wrong, "yes", *wrong, "!", "?")
        assert await rig.served() == (1008, "too many messages that were not understood")

    run_virtual(main())


def test_a_session_that_has_ended_ends_it() -> None:
    async def main() -> None:
        rig = Rig()

        def take(text: str) -> None:
            raise SessionClosed("it is over")

        rig.take = take
        rig.websocket.says("x")
        assert await rig.served() == (1001, "it is over")

    run_virtual(main())


def test_a_goodbye_of_any_of_its_tasks_ends_it_and_all_the_others() -> None:
    async def main() -> None:
        rig, ended = Rig(), asyncio.Event()

        async def waits() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def parts() -> None:
            await asyncio.sleep(1)
            raise Goodbye(1013, "not now")

        async def hold(connection: Connection) -> None:
            connection.begin(waits(), "wait")
            connection.begin(parts(), "part")
            await rig.hold(connection)

        await rig.serve(hold)
        assert rig.websocket.closed == (1013, "not now")
        assert ended.is_set()

    run_virtual(main())


def test_what_breaks_in_it_is_not_hidden() -> None:
    async def main() -> None:
        rig = Rig()

        async def hold(connection: Connection) -> None:
            raise ZeroDivisionError

        with pytest.raises(ExceptionGroup) as broken:
            await rig.serve(hold)
        assert broken.group_contains(ZeroDivisionError)
        assert rig.admission.sessions == 0

    run_virtual(main())


def test_who_is_cancelled_ends_without_a_goodbye() -> None:
    async def main() -> None:
        rig = Rig()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await rig.serve()
        assert rig.websocket.closed is None
        assert rig.admission.sessions == 0

    run_virtual(main())


@pytest.mark.parametrize(
    ("error", "status"), [(CapacityError("full"), 503), (ProtocolError("what?"), 400), (HayakuchiError("no"), 503)]
)
def test_who_may_not_enter_is_refused_before_it_is_accepted(error: HayakuchiError, status: int) -> None:
    async def main() -> None:
        rig, left = Rig(), asyncio.Event()

        async def enter(held: AsyncExitStack) -> None:
            held.callback(left.set)
            raise error

        async def hold(connection: Connection, entered: None) -> None:
            pytest.fail("it was let in")

        websocket: Any = rig.websocket
        await serve(websocket, rig.admission, "rig", enter, hold)
        assert (rig.websocket.accepted, rig.websocket.refused) == (False, status)
        assert left.is_set(), "what was held already is let go"

    run_virtual(main())


def test_a_full_server_refuses_a_session() -> None:
    async def main() -> None:
        rig = Rig(max_sessions=1)
        with rig.admission.session():
            await rig.serve()
        assert (rig.websocket.accepted, rig.websocket.refused) == (False, 503)

    run_virtual(main())


def test_a_crowd_of_messages_lets_others_have_their_turn() -> None:
    async def main() -> None:
        rig, others = Rig(), 0
        rig.websocket.says(*["x"] * 90)
        websocket: Any = rig.websocket

        async def other() -> None:
            nonlocal others
            while True:
                await asyncio.sleep(0)
                others += 1

        async with connected(websocket, rig.admission, "rig") as connection:
            connection.begin(other(), "other")
            rig.websocket.goes()
            await rig.hold(connection)
        assert others >= 10

    run_virtual(main())
