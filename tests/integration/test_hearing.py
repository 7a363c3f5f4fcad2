"""The recognisers that sessions share: loaded once, when somebody listens, and what is told of that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import settings_for
from virtual import run_virtual

from hayakuchi.asr.base import Download, Progress
from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.core.errors import AllProvidersFailed, Category, ProviderError
from hayakuchi.core.types import Audio
from hayakuchi.orchestrator.hearing import Hearing, HearingState

CLIP = Audio(bytes(3200), 16_000)


class Downloading(ScriptedASR):
    """Has to be downloaded first; the download ends with ``error`` if there is one."""

    def __init__(self, error: ProviderError | None = None) -> None:
        super().__init__(lambda clip: "Hello")
        self.error = error
        self.here = False

    def wanted(self) -> Download | None:
        return None if self.here else Download("Whisper tiny", 75, "hayakuchi model pull tiny")

    async def fetch(self, tell: Progress) -> None:
        for share in (0.25, 0.5, 1.0):
            await asyncio.sleep(1)
            if self.error and share == 0.5:
                raise self.error
            tell(share)
        self.here = True


def hearing_with(asr: Any, **ears: Any) -> Hearing:
    settings = settings_for(lambda: ScriptedLLM(["Hi"]), ScriptedTTS, asr=asr, ears=EarsSettings(**ears))
    return Hearing(settings)


async def states_while(hearing: Hearing, what: Any) -> list[tuple[HearingState, float | None]]:
    states: list[tuple[HearingState, float | None]] = []
    hearing.observe(lambda status: states.append((status.state, status.progress)))
    await hearing.open()
    await what()
    await asyncio.sleep(0)
    await hearing.aclose()
    return states


def test_nothing_is_loaded_before_somebody_listens_and_then_once() -> None:
    async def main() -> None:
        asr = ScriptedASR(lambda clip: "Hello", opening_ms=100)
        hearing = hearing_with(lambda: asr)
        assert hearing.status.state is HearingState.IDLE

        async def listen() -> None:
            assert asr.opened == 0
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(hearing.transcribe(CLIP, language="en")) for _ in range(3)]
            assert [task.result().text for task in tasks] == ["Hello"] * 3

        states = await states_while(hearing, listen)
        assert asr.opened == 1
        assert [state for state, _ in states] == [HearingState.LOADING, HearingState.READY]

    run_virtual(main())


def test_a_download_is_told_as_it_goes() -> None:
    async def main() -> None:
        hearing = hearing_with(Downloading)
        states = await states_while(hearing, hearing.ready)
        assert states == [
            (HearingState.LOADING, None),
            (HearingState.FETCHING, 0.0),
            (HearingState.FETCHING, 0.25),
            (HearingState.FETCHING, 0.5),
            (HearingState.LOADING, None),
            (HearingState.READY, None),
        ]

    run_virtual(main())


def test_a_download_that_fails_says_what_to_type_and_may_be_tried_again() -> None:
    async def main() -> None:
        error = ProviderError("asr", "scripted_asr", Category.CONNECTIVITY, "nobody answers at huggingface.co")
        asr = Downloading(error)
        hearing = hearing_with(lambda: asr)
        await hearing.open()
        with pytest.raises(AllProvidersFailed, match="nobody answers"):
            await hearing.ready()
        assert hearing.status.state is HearingState.FAILED
        assert hearing.status.command == "hayakuchi model pull tiny"
        assert "huggingface" in (hearing.status.message or "")
        asr.error = None
        assert (await hearing.transcribe(CLIP)).text == "Hello"
        await hearing.aclose()

    run_virtual(main())


def test_a_recogniser_that_breaks_is_told_of_and_breaks_nothing_else() -> None:
    class Breaking(ScriptedASR):
        broken = True

        async def open(self) -> None:
            if Breaking.broken:
                raise ImportError("DLL load failed")

    async def main() -> None:
        hearing = hearing_with(lambda: Breaking(lambda clip: "Hello"))
        await hearing.open()
        with pytest.raises(ProviderError, match="ImportError: DLL load failed"):
            await hearing.ready()
        assert hearing.status.state is HearingState.FAILED
        Breaking.broken = False
        assert (await hearing.transcribe(CLIP)).text == "Hello"
        await hearing.aclose()

    run_virtual(main())


def test_closing_while_it_loads_ends_at_once() -> None:
    async def main() -> None:
        hearing = hearing_with(lambda: ScriptedASR(lambda clip: "Hello", opening_ms=60_000))
        await hearing.open()
        hearing.wake()
        await asyncio.sleep(1)
        await hearing.aclose()
        assert asyncio.get_running_loop().time() < 2
        assert hearing.status.state is HearingState.IDLE

    run_virtual(main())


def test_without_a_recogniser_it_says_what_to_write() -> None:
    async def main() -> None:
        hearing = hearing_with(None)
        assert hearing.status.state is HearingState.OFF
        assert "conf.yaml: asr: {faster_whisper" in (hearing.status.message or "")
        assert hearing.status.command is None
        with pytest.raises(ProviderError, match=r"conf\.yaml"):
            await hearing.ready()

    run_virtual(main())


def test_a_character_that_only_reads_is_off() -> None:
    hearing = hearing_with(lambda: ScriptedASR(lambda clip: ""), mode=Mode.TYPED_ONLY)
    assert hearing.status.state is HearingState.OFF
