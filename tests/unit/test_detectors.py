"""What all microphones share beside the recognisers is loaded once, and never in the way."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from microphone import LoudIsSpeech
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import settings_for

from hayakuchi.asr.settings import EarsSettings
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
    await detectors.aclose()


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
