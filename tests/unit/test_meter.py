"""Limits: requests per minute, replies at a time, characters and sound per day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual import run_virtual

from hayakuchi.core.database import Database, StoreError
from hayakuchi.gateway.access.caller import Caller
from hayakuchi.gateway.access.day_book import DayBook, used_today
from hayakuchi.gateway.access.meter import FRAMES_AT_ONCE, FRAMES_PER_S, FrameBudget, Meter, SoundMeter
from hayakuchi.gateway.access.window import SLOT_MS, WINDOW_MS, Windows
from hayakuchi.gateway.api.problem import Problem
from hayakuchi.orchestrator.gateway_settings import LimitSettings
from hayakuchi.orchestrator.schema import MIGRATIONS

NOON = 1_763_726_400.0  # 2025-11-21T12:00:00Z


def caller(number: str = "abcdefgh", **limits: int) -> Caller:
    return Caller(number, limits=LimitSettings(**{"requests_per_minute": 0, "concurrent_turns": 0} | limits))


@asynccontextmanager
async def opened(file: Path | None = None) -> AsyncIterator[Database]:
    database = Database(file, MIGRATIONS)
    await database.open()
    try:
        yield database
    finally:
        await database.aclose()


@given(st.lists(st.floats(0, 30_000), min_size=1, max_size=200), st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_never_more_than_the_limit_in_any_minute(pauses: list[float], limit: int) -> None:
    now, taken = 0.0, []
    windows = Windows(now_ms=lambda: now)
    for pause in pauses:
        now += pause
        allowance = windows.count("a", limit)
        if allowance.retry_s is None:
            taken.append(now)
        else:
            assert 0 < allowance.retry_s <= (WINDOW_MS + SLOT_MS) / 1000
    assert all(sum(start <= at < start + WINDOW_MS for at in taken) <= limit for start in taken)


def test_who_waits_as_long_as_it_is_told_is_let_in() -> None:
    async def script() -> None:
        meter, who = Meter(), caller(requests_per_minute=5)
        assert [meter.count(who).remaining for _ in range(5)] == [4, 3, 2, 1, 0]
        refusals = []
        for _ in range(20):
            with pytest.raises(Problem) as refused:
                meter.request(who)
            refusals.append(refused.value)
            await asyncio.sleep(1)
        assert {refusal.status for refusal in refusals} == {429}
        await asyncio.sleep(float(refusals[-1].headers["Retry-After"]))
        assert meter.count(who).remaining == 4
        assert dict(meter.count(who).headers)[b"x-ratelimit-limit-requests"] == b"5"

    run_virtual(script())


async def test_the_table_of_addresses_does_not_grow_for_ever_nor_push_out_keys() -> None:
    windows = Windows(100)
    for number in range(1000):
        windows.count(f"ip:{number}", 5)
    assert len(windows) == 100
    meter = Meter()
    meter.count(caller(requests_per_minute=2))
    for number in range(20_000):
        meter.count(caller(f"ip:{number}", requests_per_minute=2))
    assert meter.count(caller(requests_per_minute=2)).remaining == 0


def test_replies_at_a_time() -> None:
    meter, who = Meter(), caller(concurrent_turns=2)
    with meter.turn(who), meter.turn(who), meter.turn(caller("other", concurrent_turns=2)):
        with pytest.raises(Problem, match="2 replies are being made") as refused, meter.turn(who):
            pass
        assert refused.value.status == 429
    with meter.turn(who), meter.turn(who):
        pass


async def test_a_day_ends_at_midnight_and_a_restart_does_not_begin_another(tmp_path: Path) -> None:
    now = NOON

    def clock() -> float:
        return now

    who = caller(characters_per_day=10)
    for asked, code in ((6, None), (5, "daily_limit"), (4, None), (1, "daily_limit")):
        async with opened(tmp_path / "k") as database:
            meter = Meter(lambda: database, clock)
            writing = asyncio.ensure_future(meter.run())
            await asyncio.sleep(0)
            assert await charged(meter, who, characters=asked) == code
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
    with pytest.raises(Problem) as refused:
        async with opened(tmp_path / "k") as database:
            await Meter(lambda: database, clock).charge(who, characters=1)
    assert refused.value.headers["Retry-After"] == str(12 * 3600)
    now += 12 * 3600
    async with opened(tmp_path / "k") as database:
        assert await charged(Meter(lambda: database, clock), who, characters=10) is None


async def charged(meter: Meter, who: Caller, **asked: Any) -> str | None:
    try:
        await meter.charge(who, **asked)
    except Problem as problem:
        return problem.code
    return None


async def test_sound_and_characters_are_counted_apart_and_together_by_many_at_once() -> None:
    async with opened() as database:
        meter, who = Meter(lambda: database, lambda: NOON), caller(characters_per_day=100, audio_seconds_per_day=10)
        outcomes = await asyncio.gather(*(charged(meter, who, characters=3, audio_s=0.1) for _ in range(50)))
        assert outcomes.count(None) == 33
        assert await charged(meter, who, audio_s=6.8) == "daily_limit"
        assert await charged(meter, who, audio_s=6.7) is None
        meter.note(who, audio_s=100)  # done already
        assert await charged(meter, who, audio_s=0.001) == "daily_limit"
        assert await charged(meter, who, characters=1) is None


async def test_only_what_is_limited_or_has_a_name_is_written_down() -> None:
    async with opened() as database:
        book = DayBook(lambda: database, lambda: NOON)
        meter = Meter(lambda: database, lambda: NOON)
        meter._book = book
        for who in (caller(), caller("ip:192.0.2.1"), caller("ip:192.0.2.2", characters_per_day=9)):
            await meter.charge(who, characters=5, audio_s=1.5)
        await book.flush()
        found = await database.read(lambda connection: used_today(connection, NOON))
        assert {name: (used.characters, used.audio_ms) for name, used in found.items()} == {
            "abcdefgh": (5, 1500),
            "ip:192.0.2.2": (5, 1500),
        }


async def test_old_days_are_forgotten_and_addresses_sooner() -> None:
    async with opened() as database:
        for days, name in ((40, "key"), (30, "key"), (30, "ip:192.0.2.1"), (1, "ip:192.0.2.1"), (0, "key")):
            book = DayBook(lambda: database, lambda days=days: NOON - days * 86_400)
            book.add(name, 1, 0)
            await book.flush()
        rows = await database.read(lambda connection: connection.execute("SELECT caller, day FROM usage").fetchall())
        assert sorted(rows) == [("ip:192.0.2.1", "2025-11-20"), ("key", "2025-10-22"), ("key", "2025-11-21")]


async def test_what_cannot_be_written_is_kept_for_the_next_time(tmp_path: Path) -> None:
    database = Database(tmp_path / "k", MIGRATIONS)
    await database.open()
    book = DayBook(lambda: database, lambda: NOON)
    await database.write(lambda connection: connection.execute("ALTER TABLE usage RENAME TO away") and None)
    book.add("key", 5, 0)
    with pytest.raises(StoreError):
        await book.flush()
    await database.write(lambda connection: connection.execute("ALTER TABLE away RENAME TO usage") and None)
    book.add("key", 2, 0)
    await book.flush()
    await book.flush()
    found = await database.read(lambda connection: used_today(connection, NOON))
    assert found["key"].characters == 7
    await database.aclose()


async def test_sound_in_small_pieces_is_charged_by_the_second() -> None:
    async with opened() as database:
        meter, who = Meter(lambda: database, lambda: NOON), caller(audio_seconds_per_day=3)
        sound = SoundMeter(meter, who)
        for _ in range(190):
            await sound.hear(0.02)
        with pytest.raises(Problem):
            await sound.hear(1)
        sound.leave()


def test_a_microphone_never_meets_the_limit_of_messages_and_a_flood_does() -> None:
    now = 0.0
    budget = FrameBudget(now)
    for _ in range(100_000):
        now += 1000 / 60
        assert budget.take(now)
    now += 30_000
    assert all(budget.take(now) for _ in range(1800)), "half a minute that was held up on the way"
    flood = FrameBudget(0.0)
    taken = sum(flood.take(at) for at in range(10_000) for _ in range(5))
    assert taken <= FRAMES_AT_ONCE + 10 * FRAMES_PER_S + 1
