"""``hayakuchi latency --audio``: a voice in a file is answered, in stages that add up, or it is said why not."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asr_subjects import pocketsphinx_asr
from clip_files import sound_file
from flite import requires_flite, speech, write_wav
from latency_command import latency
from microphone import Voice
from rich.console import Console
from scripted import ScriptedLLM, ScriptedTTS
from scripted_asr import ScriptedASR
from serving import settings_for
from virtual import run_virtual

from hayakuchi.asr.end_of_turn import FIRST
from hayakuchi.asr.settings import EarsSettings, Mode
from hayakuchi.cli.latency import evaluate
from hayakuchi.cli.latency_audio import check_ears, measure_audio, read, samples_of, spoken_part
from hayakuchi.cli.latency_text import print_report
from hayakuchi.core.block import Block
from hayakuchi.core.errors import Category, HayakuchiError, ProviderError
from hayakuchi.orchestrator.settings import Settings

CONF = "{character: ./her.yaml, llm: {demo_llm: {seed: 1, token_ms: 5}}, tts: espeak_tts, asr: [%s]}"
SENTENCE = "What do you think about the weather today?"


def settings_with(voice: Voice, *, asr: Callable[[], Any] | None = None, **ears: Any) -> Settings:
    settings = settings_for(
        lambda: ScriptedLLM(["Hello", " there", "."], first_ms=200, token_ms=5),
        lambda: ScriptedTTS(first_ms=50, rtf=0.01),
        asr=asr or (lambda: ScriptedASR(voice.understands, takes_ms=40)),
        ears=EarsSettings(vad="energy", **ears),
    )
    blocks: Any = {"config": Block()}
    return replace(settings, llm=(replace(settings.llm[0], **blocks),), tts=(replace(settings.tts[0], **blocks),))


def report_of(settings: Settings, file: Path, turns: int = 3) -> dict[str, Any]:
    done: list[int] = []

    async def main() -> dict[str, Any]:
        heard, here, asr = await measure_audio(settings, file, turns, done.append)
        return evaluate(samples_of(heard), here, settings) | {"spoken": spoken_part(heard, file, asr)}

    report = run_virtual(main())
    assert done == list(range(1, turns + 1))
    return report


def printed(report: dict[str, Any]) -> str:
    target = io.StringIO()
    print_report(report, Console(file=target, width=120))
    return target.getvalue()


def test_each_turn_is_measured_from_the_last_sound_to_the_first(tmp_path: Path) -> None:
    voice = Voice()
    file = write_wav(tmp_path / "hello.wav", voice.says(200.0, "Hello you there"))
    report = report_of(settings_with(voice, think_ahead=False), file)
    assert report["turns"] == 3
    assert report["spoken"]["understood"] == [{"text": "Hello you there", "times": 3}]
    for sample in report["samples"]:
        assert sum(sample["stages"].values()) == pytest.approx(sample["figures"]["voice_to_voice"])
    assert report["stages"]["end_of_turn"]["p50"] == pytest.approx(800 * FIRST, abs=70)
    assert report["figures"]["voice_to_voice"]["p50"] > 800 * FIRST + 200 + 50
    assert "improvement" not in report["figures"]
    assert report["breaches"] == []
    text = printed(report)
    assert "understood: Hello you there\n" in text
    assert "passed  voice to voice" in text
    assert "Voice to voice of each turn" in text
    assert json.loads(json.dumps(report)) == report


def test_thinking_ahead_shows(tmp_path: Path) -> None:
    voice = Voice()
    file = write_wav(tmp_path / "hello.wav", voice.says("Hello you there"))
    report = report_of(settings_with(voice), file)
    assert report["figures"]["first_audio"]["p95"] < 1
    assert report["figures"]["voice_to_voice"]["p95"] == pytest.approx(800 * FIRST, abs=70)


def test_a_breach_names_the_stage_and_what_to_do(tmp_path: Path) -> None:
    voice = Voice()
    file = write_wav(tmp_path / "hello.wav", voice.says("Hello you there"))
    slow = settings_with(voice, asr=lambda: ScriptedASR(voice.understands, takes_ms=3000, partials=False))
    report = report_of(slow, file, 1)
    assert report["breaches"] == ["voice_to_voice"]
    assert report["blame"] == {"voice_to_voice": "asr"}
    assert "smaller or quicker model" in report["remedies"]["voice_to_voice"]
    patient = replace(slow, asr=settings_with(voice).asr, ears=EarsSettings(vad="energy", end_silence_ms=3000))
    report = report_of(patient, file, 1)
    assert report["blame"] == {"voice_to_voice": "end_of_turn"}
    assert "end_silence_ms" in printed(report)


def test_a_long_pause_makes_two_utterances_and_is_told(tmp_path: Path) -> None:
    voice = Voice()
    file = write_wav(tmp_path / "two.wav", voice.says("Hello you there", 2500.0, "and what about tomorrow then"))
    report = report_of(settings_with(voice), file, 2)
    assert report["spoken"]["utterances"] == 2
    assert report["spoken"]["understood"][0]["text"] == "Hello you there and what about tomorrow then"
    assert "note: a pause in the file" in printed(report)


@pytest.mark.parametrize(
    ("understood", "told"),
    [
        ("", "nothing was understood"),
        (ProviderError("asr", "scripted_asr", Category.UNAVAILABLE, "the ears are cold"), "the ears are cold"),
    ],
)
def test_what_is_not_understood_is_told(tmp_path: Path, understood: Any, told: str) -> None:
    file = write_wav(tmp_path / "hello.wav", Voice().says("Hello you there"))
    settings = settings_with(Voice(), asr=lambda: ScriptedASR(lambda clip: understood))
    with pytest.raises((HayakuchiError, BaseExceptionGroup)) as raised:
        report_of(settings, file)
    assert told in str(getattr(raised.value, "exceptions", [raised.value])[0])


def test_a_file_without_speech_is_told(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "silence.wav", bytes(32_000))
    with pytest.raises((HayakuchiError, BaseExceptionGroup)) as raised:
        report_of(settings_with(Voice()), file)
    assert "there is no speech in" in str(getattr(raised.value, "exceptions", [raised.value])[0])


def test_a_voice_that_ends_with_the_file_is_heard_to_its_end(tmp_path: Path) -> None:
    voice = Voice()
    sound = voice.says("Hello you there").rstrip(b"\0")
    report = report_of(settings_with(voice), write_wav(tmp_path / "short.wav", sound + b"\0" * (len(sound) % 2)), 1)
    assert report["spoken"]["understood"][0]["text"] == "Hello you there"


def test_where_nobody_listens_it_says_what_to_write() -> None:
    settings = settings_with(Voice())
    with pytest.raises(HayakuchiError, match=r"conf\.yaml.*faster_whisper.*model pull"):
        check_ears(replace(settings, asr=()))
    with pytest.raises(HayakuchiError, match="open_mic"):
        check_ears(replace(settings, ears=EarsSettings(mode=Mode.TYPED_ONLY)))
    check_ears(settings)


@pytest.mark.parametrize("kind", ["mp3", "ogg", "m4a", "wav of 24 bits"])
async def test_any_kind_of_sound_file_is_read(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "tone"
    file.write_bytes(sound_file(kind))
    clip = await read(file)
    assert clip.sample_rate == 16_000
    assert clip.duration_ms == pytest.approx(1000, abs=80)
    assert np.abs(np.frombuffer(clip.pcm, "<i2")).max() > 5000


@pytest.mark.parametrize(
    ("data", "told"), [(None, "cannot be read"), (b"hello", "no sound file"), (b"", "no sound file")]
)
async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, data: bytes | None, told: str) -> None:
    file = tmp_path / "broken.wav"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(HayakuchiError, match=r"broken\.wav.*" + told):
        await read(file)


@requires_flite
async def test_the_command_says_a_file_to_real_ears(tmp_path: Path) -> None:
    await asyncio.to_thread(pocketsphinx_asr)
    (tmp_path / "her.yaml").write_text("{name: Her, persona: You are short.}")
    (tmp_path / "conf.yaml").write_text(CONF % "pocketsphinx_asr")
    (tmp_path / "deaf.yaml").write_text(CONF % "")
    write_wav(tmp_path / "hello.wav", speech(SENTENCE, "slt"))
    code, said = await latency(tmp_path, "-c", "conf.yaml", "--audio", "hello.wav", "--json")
    report = json.loads(said)
    assert code == (1 if report["breaches"] else 0)
    assert report["turns"] == 2
    assert "weather" in report["spoken"]["understood"][0]["text"]
    assert report["spoken"]["asr"] == "pocketsphinx_asr"
    assert list(report["stages"])[:2] == ["end_of_turn", "asr"]
    assert report["figures"]["voice_to_voice"]["p50"] > 300
    code, said = await latency(tmp_path, "-c", "conf.yaml", "--audio", "nowhere.wav")
    assert (code, said.strip()) == (1, "error: nowhere.wav cannot be read: No such file or directory")
    code, said = await latency(tmp_path, "-c", "deaf.yaml", "--audio", "hello.wav")
    assert code == 2
    assert "hayakuchi model pull base" in said
    code, said = await latency(tmp_path, "--url", "http://127.0.0.1:9", "--audio", "hello.wav")
    assert code == 2
    assert "leave out --url" in said
