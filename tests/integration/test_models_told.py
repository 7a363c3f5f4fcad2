"""What viewers are told of who answers, and of whether what was said is remembered."""

from __future__ import annotations

from dataclasses import replace

from scripted import ScriptedLLM, ScriptedTTS
from serving import component, serving, settings_for, viewing

from hayakuchi.orchestrator.settings import Settings


def settings() -> Settings:
    """Two voices, of which the first dies at its first words."""
    plain = settings_for(lambda: ScriptedLLM(["Hello", "."], first_ms=1), lambda: None)
    first, second = ScriptedTTS("first_tts", first_ms=1, dies_after=0), ScriptedTTS("second_tts", first_ms=1, rtf=0.001)
    return replace(plain, tts=(component(lambda: first), component(lambda: second)))


async def test_the_first_choice_is_told_beside_who_speaks_in_its_place() -> None:
    async with serving(settings()) as (url, _), viewing(url, "sound=1") as viewer:
        first = {"llm": "scripted_llm", "tts": "first_tts"}
        assert viewer.snapshot["models"]["first_choice"] == first
        assert viewer.snapshot["models"]["tts"] == "first_tts"
        await viewer.send(type="input.text", text="Hi")
        while (models := await viewer.next("models", "audio", "turn.ended"))["type"] != "models":
            if models["type"] == "audio":
                last = viewer.frames[-1]
                await viewer.played((last.position + last.samples) / 8, last.turn)
        assert models["first_choice"] == first
        assert models["tts"] == "second_tts"
        assert any("first_tts" in line for line in models["problems"])


async def test_a_conversation_has_its_own_name_for_as_long_as_it_is_remembered() -> None:
    async with serving(settings()) as (url, _):
        async with viewing(url) as one, viewing(url) as two, viewing(url, "session=other") as other:
            names = [viewer.snapshot["conversation"] for viewer in (one, two, other)]
        assert names[0] == names[1] != names[2]
    async with serving(settings()) as (url, _), viewing(url) as after:
        assert after.snapshot["conversation"] not in names
