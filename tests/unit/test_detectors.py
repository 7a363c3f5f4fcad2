"""What all microphones share beside the recognisers is loaded once, and never in the way."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from canned_onnx import mean_model
from microphone import LoudIsSpeech
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import settings_for

from hayakuchi.asr.settings import EarsSettings
from hayakuchi.asr.smart_turn_features import BANDS, STEPS
from hayakuchi.orchestrator.detectors import Detectors
from hayakuchi.orchestrator.hearing import Hearing
from hayakuchi.orchestrator.recognisers import opened_recogniser


async def test_it_is_loaded_once_and_not_on_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def load(settings: EarsSettings) -> Any:
        threads.append(threading.current_thread())
        return LoudIsSpeech

    monkeypatch.setattr("hayakuchi.asr.activity.activity_factory", load)
    detectors = Detectors(EarsSettings())
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(detectors.activity()) for _ in range(5)]
    assert [task.result() for task in tasks] == [LoudIsSpeech] * 5
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    await detectors.aclose()
    await detectors.aclose()
    await detectors.activity()
    assert len(threads) == 2


async def test_a_turn_model_that_cannot_be_had_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    detectors = Detectors(EarsSettings(vad="energy", smart_turn=str(tmp_path / "missing.onnx")))
    with caplog.at_level(logging.WARNING):
        await detectors.activity()
    assert detectors.turn_model is None
    assert "missing.onnx" in caplog.text
    assert turn_threads() == [], "who did not open leaves no thread"
    await detectors.aclose()


async def test_nothing_is_left_of_a_turn_model_that_nobody_waits_for_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, loaded = threading.Event(), threading.Event()

    def load(*of: Any) -> Any:
        begun.set()
        assert loaded.wait(10)

    monkeypatch.setattr("hayakuchi.asr.smart_turn.load", load)
    detectors = Detectors(EarsSettings(vad="energy", smart_turn=str(tmp_path / "slow.onnx")))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        loading = group.create_task(detectors.activity())
        assert await asyncio.to_thread(begun.wait, 5)
        loading.cancel()
        loaded.set()
    assert loading.cancelled()
    assert turn_threads() == []


async def test_a_turn_model_is_not_loaded_twice_where_the_rest_was_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "turn.onnx"
    file.write_bytes(mean_model(["batch", BANDS, STEPS]))
    begun, waits = threading.Event(), threading.Event()

    def load(settings: EarsSettings) -> Any:
        begun.set()
        assert waits.wait(10)
        return LoudIsSpeech

    monkeypatch.setattr("hayakuchi.asr.activity.activity_factory", load)
    detectors = Detectors(EarsSettings(smart_turn=str(file)))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        loading = group.create_task(detectors.activity())
        assert await asyncio.to_thread(begun.wait, 5)
        loading.cancel()
        waits.set()
    model = detectors.turn_model
    assert model is not None
    await detectors.activity()
    assert detectors.turn_model is model
    await detectors.aclose()
    assert turn_threads() == []


def turn_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "smart-turn"]


async def test_a_recogniser_goes_by_the_settings() -> None:
    asr = ScriptedASR(lambda clip: "hi")
    settings = settings_for(
        lambda: ScriptedLLM(["Hi"]), ScriptedTTS, asr=lambda: asr, ears=EarsSettings(vad="energy", language="ja")
    )
    hearing = Hearing(settings)
    await hearing.open()
    recogniser = await opened_recogniser(hearing, lambda event: None)
    assert recogniser.language == "ja"
    assert asr.opened == 0, "what it needs itself does not wait for the engines"
    await hearing.aclose()
