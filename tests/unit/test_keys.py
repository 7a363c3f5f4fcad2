"""Keys, the ring that knows them, and what becomes of what goes on when one ends."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from virtual import run_virtual

from hayakuchi.core.clock import loop_ms
from hayakuchi.core.database import Database, StoreError
from hayakuchi.gateway.access import key_ring
from hayakuchi.gateway.access.caller import Caller
from hayakuchi.gateway.access.entrance import Entrance
from hayakuchi.gateway.access.failures import FREE, LONGEST_S, MOST_ADDRESSES, Failures
from hayakuchi.gateway.access.key_ring import KeyRing
from hayakuchi.gateway.access.keys import TOKEN, Key, all_keys, digest_of, insert, new_key, revoke
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.orchestrator.gateway_settings import GatewaySettings, LimitSettings, Scope
from hayakuchi.orchestrator.schema import MIGRATIONS

CHAT = (Scope.CHAT,)


class Clock:
    """Wall-clock seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at


@asynccontextmanager
async def ring(file: Path | None = None) -> AsyncIterator[tuple[KeyRing, Database, Clock]]:
    database, clock = Database(file, MIGRATIONS), Clock()
    await database.open()
    try:
        yield KeyRing(lambda: database, clock), database, clock
    finally:
        await database.aclose()


async def added(database: Database, clock: Clock, **options: Any) -> tuple[Key, str]:
    key, token = new_key("test", CHAT, clock(), **options)
    await database.write(lambda connection: insert(connection, key))
    return key, token


def test_a_token_is_256_random_bits_and_only_its_digest_is_kept() -> None:
    made = [new_key("test", CHAT, 0.0) for _ in range(200)]
    tokens = [token for _, token in made]
    assert len(set(tokens)) == len({key.id for key, _ in made}) == 200
    for key, token in made:
        parts = TOKEN.fullmatch(token)
        assert parts is not None
        assert parts[1] == key.id == token[3:11]
        assert key.digest == hashlib.sha256(token.encode()).digest()
        assert re.search(r"[A-Za-z0-9_-]{43}", repr(key)) is None
        assert "digest" not in repr(key)


async def test_what_is_written_is_read() -> None:
    async with ring() as (_, database, clock):
        key, _ = await added(database, clock, owner="", limits={"characters_per_day": 7}, expires_at=clock() + 5)
        assert await database.read(all_keys) == [key]
        caller = key.caller(LimitSettings(requests_per_minute=9))
        assert caller == Caller(key.id, "", frozenset(CHAT), LimitSettings(requests_per_minute=9, characters_per_day=7))


async def test_only_the_right_secret_opens() -> None:
    async with ring() as (keys, database, clock):
        key, token = await added(database, clock)
        assert await keys.find(token) == key
        other = new_key("other", CHAT, 0.0)[1]
        for wrong in (
            other,
            token[:-1],
            f"{token}a",
            token.upper(),
            f"{token[:12]}{other[12:]}",
            "",
            "hk_",
            f" {token}",
        ):
            with pytest.raises(Problem) as refused:
                await keys.find(wrong)
            assert (refused.value.status, refused.value.code) == (401, "invalid_api_key")


async def test_an_unknown_id_and_a_wrong_secret_take_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many digests and comparisons of as many bytes; how long they take is not ours to see."""
    compared: list[tuple[int, int]] = []
    digested: list[int] = []

    def comparing(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return hmac.compare_digest(one, other)

    def digesting(token: str) -> bytes:
        digested.append(len(token))
        return digest_of(token)

    async with ring() as (keys, database, clock):
        _, token = await added(database, clock)
        await keys.find(token)
        monkeypatch.setattr("hayakuchi.gateway.access.key_ring.compare_digest", comparing)
        monkeypatch.setattr("hayakuchi.gateway.access.key_ring.digest_of", digesting)
        ways = []
        for wrong in (f"hk_zzzzzzzz_{token[12:]}", f"{token[:12]}{token[:11:-1]}"):
            with pytest.raises(Problem, match="not known"):
                await keys.find(wrong)
            ways.append((tuple(compared), tuple(digested)))
            compared.clear()
            digested.clear()
        assert ways[0] == ways[1] == (((32, 32),) * 2, (len(token),) * 2)


async def test_what_another_process_changes_counts(tmp_path: Path) -> None:
    async with ring(tmp_path / "k") as (keys, _, clock), ring(tmp_path / "k") as (_, other, _):
        _, first = await added(other, clock)
        await keys.find(first)
        await asyncio.sleep(key_ring.EAGER_MS / 1000 + 0.01)
        key, second = await added(other, clock)
        assert await keys.find(second) == key, "a key that was made a moment ago is good at once"
        await other.write(lambda connection: revoke(connection, key.id, clock()))
        await asyncio.sleep(key_ring.FRESH_MS / 1000 + 0.01)
        with pytest.raises(Problem, match="was revoked") as refused:
            await keys.find(second)
        assert refused.value.code == "key_revoked"


async def test_the_file_is_read_once_a_second_however_many_come(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ring() as (keys, database, clock):
        _, token = await added(database, clock)
        reads: list[float] = []
        read = database.read

        async def counting(work: Any) -> Any:
            reads.append(loop_ms())
            return await read(work)

        monkeypatch.setattr(database, "read", counting)
        for _ in range(50):
            await asyncio.gather(*(keys.find(token) for _ in range(20)))
        assert len(reads) <= 2


async def test_a_key_expires_to_the_second() -> None:
    async with ring() as (keys, database, clock):
        _, token = await added(database, clock, expires_at=clock() + 10)
        clock.at += 9.9
        await keys.find(token)
        clock.at += 0.1
        with pytest.raises(Problem, match="expired"):
            await keys.find(token)


async def test_keys_that_cannot_be_read_let_nobody_in() -> None:
    keys = KeyRing(lambda: Database(None, MIGRATIONS))
    with pytest.raises(StoreError):
        await keys.find(new_key("test", CHAT, 0.0)[1])


async def test_work_of_a_key_ends_with_it() -> None:
    async with ring() as (keys, database, clock), asyncio.TaskGroup() as group:
        key, token = await added(database, clock)
        await keys.find(token)
        caller = key.caller(LimitSettings())
        watching = group.create_task(keys.run())
        closed = asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                closed.set()

        async def quick() -> None:
            await asyncio.sleep(0)

        going_on = group.create_task(keys.while_usable(caller, work()))
        assert await keys.while_usable(caller, quick()) is True
        await database.write(lambda connection: revoke(connection, key.id, clock()))
        async with asyncio.timeout(5):
            assert await going_on is False
        assert closed.is_set()
        watching.cancel()


async def test_a_timeout_of_the_work_itself_is_not_taken_for_the_end_of_the_key() -> None:
    async with ring() as (keys, database, clock):
        key, token = await added(database, clock)
        await keys.find(token)

        async def work() -> None:
            raise TimeoutError

        for caller in (key.caller(LimitSettings()), Caller("ip:192.0.2.1")):
            with pytest.raises(TimeoutError):
                await keys.while_usable(caller, work())


def test_failures_cost_more_each_time() -> None:
    async def script() -> None:
        failures = Failures()
        waits = []
        for _ in range(FREE + 8):
            failures.failed("a")
            waits.append(failures.wait_s("a"))
            await asyncio.sleep(failures.wait_s("a"))
            assert failures.wait_s("a") == 0
        assert waits == [0] * (FREE - 1) + [1, 2, 4, 8, 16, 32, LONGEST_S, LONGEST_S, LONGEST_S]
        assert failures.wait_s("b") == 0
        await asyncio.sleep(601)
        failures.failed("a")
        assert failures.wait_s("a") == 0, "what is long ago is forgotten"
        for number in range(3 * MOST_ADDRESSES):
            failures.failed(str(number))
        assert len(failures) == MOST_ADDRESSES

    run_virtual(script())


async def test_a_neighbour_who_guesses_does_not_lock_out_who_was_there_before() -> None:
    async with ring() as (keys, database, clock):
        entrance = Entrance(GatewaySettings.model_validate({"auth": {"enabled": True}}), keys)
        key, known = await added(database, clock)
        _, fresh = await added(database, clock)
        assert (await entrance.identify(known, "192.0.2.1")).id == key.id
        refusals = []
        for _ in range(FREE + 3):
            with pytest.raises(Problem) as refused:
                await entrance.identify(f"{fresh[:-2]}zz", "192.0.2.1")
            refusals.append(refused.value)
        assert [refusal.status for refusal in refusals] == [401] * FREE + [429] * 3
        assert refusals[-1].headers["Retry-After"] in ("1", "2")
        assert (await entrance.identify(known, "192.0.2.1")).id == key.id
        with pytest.raises(Problem, match="too many API keys"):
            await entrance.identify(fresh, "192.0.2.1")
        assert (await entrance.identify(fresh, "192.0.2.2")).id == fresh[3:11]


@pytest.mark.parametrize("auth", [False, True])
def test_limits_of_callers_without_a_key(auth: bool) -> None:
    settings = GatewaySettings.model_validate({"auth": {"enabled": auth, "anonymous": ["chat"]}})
    entrance = Entrance(settings, KeyRing(lambda: Database(None, MIGRATIONS)))
    for host in ("127.0.0.1", "::1", "127.3.4.5", "::ffff:127.0.0.1"):
        assert bool(entrance.anonymous(host).limits.requests_per_minute) is auth
    for host in ("192.168.1.2", "2001:db8::1", None, "x"):
        assert entrance.anonymous(host).limits == settings.limits
    assert entrance.anonymous(None).scopes == (frozenset(CHAT) if auth else frozenset(Scope))
