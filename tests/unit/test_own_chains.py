"""Models and voices of characters: kept while anybody uses them, closed when nobody does, and broken ones are told of."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from cast_rig import FILES, ToneTTS, folder_fixture, staged, voice_of, written
from virtual import run_virtual

from hayakuchi.agents.basic_memory import BasicMemoryAgent
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.types import UserInput
from hayakuchi.llm.fallback import FallbackLLM
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.own_chain import CLOSE_S, RETRY_MS, OwnChain
from hayakuchi.orchestrator.own_chains import SPARE, UNUSED_MS
from hayakuchi.orchestrator.settings import Component

__all__ = ["folder_fixture"]

LONG_S = UNUSED_MS / 1000


def in_a_house(folder: Path, main: Callable[[Engine], Coroutine[Any, Any, None]]) -> None:
    """Run it in virtual time, with an engine."""

    async def staged_main() -> None:
        async with staged(folder) as engine:
            await main(engine)

    run_virtual(staged_main())


async def left(engine: Engine, s: float) -> None:
    """So much time passes, in which the server probes as it does."""
    gc.collect()
    await engine.cast.probe_all(1.0)
    await asyncio.sleep(s)
    await engine.cast.probe_all(1.0)


def test_a_voice_that_nobody_uses_is_closed_after_a_while_and_opened_again_when_asked_for(folder: Path) -> None:
    async def main(engine: Engine) -> None:
        first = voice_of(await engine.cast.find("bob"))
        await left(engine, LONG_S - 1)
        assert (first.opened, first.closed) == (1, 0)
        assert voice_of(await engine.cast.find("bob")) is first
        await left(engine, LONG_S - 1)
        assert first.closed == 0, "asking for it was using it"
        await left(engine, LONG_S)
        assert (first.opened, first.closed) == (1, 1)
        assert not engine.cast.chains
        again = voice_of(await engine.cast.find("bob"))
        assert again is not first
        assert (again.opened, again.closed) == (1, 0)

    in_a_house(folder, main)


def test_settings_that_were_edited_leave_nothing_behind(folder: Path) -> None:
    async def main(engine: Engine) -> None:
        voices = []
        for number in range(3):
            written(folder, bob=FILES["bob"].replace("tone_tts: bob", f"tone_tts: b{number}" + "b" * number))
            voices.append(voice_of(await engine.cast.find("bob")))
        assert len(engine.cast.chains) == 3
        await left(engine, LONG_S)
        assert [voice.closed for voice in voices] == [1, 1, 1]
        assert not engine.cast.chains

    in_a_house(folder, main)


def test_one_that_is_in_use_is_never_closed(folder: Path) -> None:
    async def main(engine: Engine) -> None:
        part = await engine.cast.find("bob")
        voice = voice_of(part)
        seen = part.showing(["joy"])
        del part
        await left(engine, 2 * LONG_S)
        assert voice.closed == 0, "whoever has a view of the part has the part"
        session = engine.new_session("s", None, seen)
        del seen
        async with asyncio.TaskGroup() as group:
            running = group.create_task(session.run())
            await left(engine, 2 * LONG_S)
            assert voice.closed == 0, "a session speaks with it"
            session.say(UserInput("Hi"))
            await asyncio.sleep(10)
            assert voice.said
            session.close()
            await running
        del session, running
        await left(engine, LONG_S)
        assert voice.closed == 1

    in_a_house(folder, main)


def test_few_are_kept_for_who_may_come_back(folder: Path) -> None:
    names = [f"c{number}" for number in range(SPARE + 3)]
    written(folder, **{name: f"name: {name}\ntts: {{tone_tts: {{voice: {name}}}}}\n" for name in names})

    async def main(engine: Engine) -> None:
        kept = await engine.cast.find(names[0])
        voices = [voice_of(await engine.cast.find(name)) for name in names]
        gc.collect()
        await engine.cast.find(names[-1])
        assert [voice.closed for voice in voices] == [0, 1] + [0] * (SPARE + 1)
        assert voice_of(kept) is voices[0], "it is used, though it was asked for first"
        await engine.cast.probe_all(1.0)
        assert [voice.closed for voice in voices] == [0, 1, 1] + [0] * SPARE
        assert len(engine.cast.chains) == SPARE + 1

    in_a_house(folder, main)


def test_closing_takes_so_long_at_most_and_whatever_it_raises_is_only_logged(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written(folder, stuck="name: Stuck\ntts: {tone_tts: {voice: stuck}}\n")
    written(folder, wild="name: Wild\ntts: {tone_tts: {voice: wild}}\n")
    plain = ToneTTS.aclose

    async def closes(voice: ToneTTS) -> None:
        await plain(voice)
        if voice.config.voice == "stuck":
            await asyncio.sleep(3600)
        if voice.config.voice == "wild":
            raise RuntimeError("a bug in closing")

    monkeypatch.setattr(ToneTTS, "aclose", closes)

    async def main(engine: Engine) -> None:
        voices = [voice_of(await engine.cast.find(id)) for id in ("stuck", "wild", "bob")]
        loop = asyncio.get_running_loop()
        await left(engine, 0)
        before = loop.time()
        await left(engine, LONG_S)
        assert loop.time() - before == pytest.approx(LONG_S + CLOSE_S, abs=0.1)
        assert [voice.closed for voice in voices] == [1, 1, 1]
        assert not engine.cast.chains
        await engine.cast.find("stuck")  # at the end, too

    loop_times: list[float] = []

    async def whole() -> None:
        async with staged(folder) as engine:
            await main(engine)
            loop_times.append(asyncio.get_running_loop().time())
        loop_times.append(asyncio.get_running_loop().time())

    run_virtual(whole())
    assert loop_times[1] - loop_times[0] == pytest.approx(CLOSE_S, abs=0.1)
    assert "tone_tts of stuck did not close within 5 s" in caplog.text
    assert "a bug in closing" in caplog.text


def test_who_gives_up_while_others_are_closed_leaves_none_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    async def slowly(voice: ToneTTS) -> None:
        await asyncio.sleep(2)
        closed.append(voice.config.voice)

    monkeypatch.setattr(ToneTTS, "aclose", slowly)

    async def main(engine: Engine) -> None:
        await engine.cast.find("bob")
        await left(engine, 0)
        await asyncio.sleep(LONG_S)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await engine.cast.probe_all(1.0)
        assert closed == []
        await engine.cast.probe_all(1.0)
        assert closed == ["bob"]

    in_a_house(folder, main)


def test_one_that_is_being_probed_is_not_closed(folder: Path) -> None:
    async def main(engine: Engine) -> None:
        voice = voice_of(await engine.cast.find("bob"))
        await left(engine, 0)

        async def probe() -> str:
            await asyncio.sleep(8)
            return "here"

        voice.probe = probe
        async with asyncio.TaskGroup() as group:
            await asyncio.sleep(LONG_S - 4)
            group.create_task(engine.cast.probe_all(1.0))
            await asyncio.sleep(5)
            await engine.cast.find("ann")
            await engine.cast.probe_all(1.0)
            assert voice.closed == 0
        await engine.cast.probe_all(1.0)
        assert voice.closed == 1, "being probed is not being used"

    in_a_house(folder, main)


BUG = "a bug that nobody expects"


@pytest.mark.parametrize("when", ["made", "opened"])
def test_a_provider_that_breaks_is_told_of_and_the_stage_stands_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, when: str
) -> None:
    broken = [True]
    method = {"made": "__init__", "opened": "open"}[when]
    plain: Any = getattr(ToneTTS, method)

    def breaks(voice: Any, *given: Any) -> Any:
        config = given[0] if given else voice.config
        if config.voice == "bob" and broken[0]:
            raise ValueError(BUG)
        return plain(voice, *given)

    monkeypatch.setattr(ToneTTS, method, breaks)

    async def main(engine: Engine) -> None:
        bob = await engine.cast.find("bob")
        assert bob.voice is engine.voice
        [problem] = engine.cast.problems
        assert "bob goes on with the one on stage" in problem
        assert "the log has the details" in problem
        assert BUG not in problem, "what it says may hold anything"
        assert BUG in caplog.text
        broken[0] = False
        await asyncio.sleep(RETRY_MS / 1000)
        assert voice_of(await engine.cast.find("bob")).config.voice == "bob"
        assert engine.cast.problems == []

    with caplog.at_level(logging.WARNING):
        in_a_house(folder, main)


def test_one_voice_of_several_that_cannot_be_made_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(folder, some="name: Some\ntts: [{tone_tts: {voice: x}}, {tone_tts: {voice: y}}]\n")
    plain = ToneTTS.__init__

    def made(voice: Any, config: Any) -> None:
        if config.voice == "x":
            raise ProviderError("tts", "tone_tts", Category.MISSING_EXTRA, "needs a thing")
        plain(voice, config)

    monkeypatch.setattr(ToneTTS, "__init__", made)

    async def main(engine: Engine) -> None:
        assert voice_of(await engine.cast.find("some")).config.voice == "y"
        assert engine.cast.problems == ["some: tone_tts: needs a thing"]

    in_a_house(folder, main)


def test_the_cause_of_what_cannot_be_made_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wild:
        def __init__(self, config: object) -> None:
            raise ValueError(BUG)

    own = OwnChain[FallbackLLM]("llm", (Component("wild_llm", None, Wild),), FallbackLLM, "bob")
    with pytest.raises(AllProvidersFailed) as raised:
        own._made()
    [error] = raised.value.attempts
    assert error.category is Category.CRASHED
    assert isinstance(error.__cause__, ValueError)


async def test_an_agent_that_breaks_is_an_error_for_who_asks_and_for_nobody_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(folder) as engine:
        plain = BasicMemoryAgent.__init__

        def made(agent: Any, config: Any, llm: Any, character: Any, *quick: Any) -> None:
            if character.name == "Bob":
                raise ValueError(BUG)
            plain(agent, config, llm, character, *quick)

        monkeypatch.setattr(BasicMemoryAgent, "__init__", made)
        written(folder, cat="name: Cat\n")
        with pytest.raises(ProviderError, match="could not be made; the log has the details") as raised:
            await engine.cast.find("bob")
        assert isinstance(raised.value.__cause__, ValueError)
        assert (await engine.cast.find("cat")).character.name == "Cat"
