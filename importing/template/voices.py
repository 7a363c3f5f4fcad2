"""Their voices into ours: Edge's and those behind OpenAI's API are ours too; for the others a voice of ours stands in.

Where theirs spoke on the machine itself, what stands in does so as well: nothing that was said at home is sent elsewhere
without being asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.registry import Registry
from .rules import Moved, apply, gone, lost, move, settled
from .section import Section

EDGE, OPENAI, ESPEAK = "edge_tts", "openai_tts", "espeak_tts"
SILICONFLOW = "https://api.siliconflow.cn/v1"
SILICONFLOW_RATES = (8000, 16000, 24000, 32000, 44100)

EDGE_VOICES: Mapping[str, str] = {
    "en": "en-US-AvaMultilingualNeural",
    "zh": "zh-CN-XiaoxiaoNeural",
    "ja": "ja-JP-NanamiNeural",
    "ko": "ko-KR-SunHiNeural",
    "de": "de-DE-KatjaNeural",
    "fr": "fr-FR-DeniseNeural",
    "es": "es-ES-ElviraNeural",
    "ru": "ru-RU-SvetlanaNeural",
}
ESPEAK_VOICES: Mapping[str, str] = {
    "en": "en-us+f3",
    "zh": "cmn+f3",
    "ja": "ja+f3",
    "ko": "ko+f3",
    "de": "de+f3",
    "fr": "fr-fr+f3",
    "es": "es+f3",
    "it": "it+f3",
    "pt": "pt+f3",
    "ru": "ru+f3",
    "pl": "pl+f3",
    "nl": "nl+f3",
}
AZURE_AND_EDGE = frozenset(
    f"{locale}-{name}Neural"
    for locale, names in {
        "en-US": "Ana Andrew Aria Ava Brian Christopher Emma Eric Guy Jenny Michelle Roger Steffan",
        "en-GB": "Libby Maisie Ryan Sonia Thomas",
        "zh-CN": "Xiaoxiao Xiaoyi Yunjian Yunxi Yunxia Yunyang",
        "ja-JP": "Keita Nanami",
        "ko-KR": "InJoon SunHi",
    }.items()
    for name in names.split()
)
"""Voices of Azure that Edge has under the same name."""

_OWN_SERVER = "any server with OpenAI's /v1/audio/speech, as openai_tts (Kokoro-FastAPI, LocalAI, openedai-speech)"
LOCAL: Mapping[str, str] = {
    "bark_tts": _OWN_SERVER,
    "piper_tts": "openedai-speech serves Piper's voices to openai_tts",
    "cosyvoice_tts": f"{_OWN_SERVER}; SiliconFlow has CosyVoice2 behind it",
    "cosyvoice2_tts": f"{_OWN_SERVER}; SiliconFlow has CosyVoice2 behind it",
    "melo_tts": _OWN_SERVER,
    "x_tts": "openedai-speech serves XTTS to openai_tts",
    "gpt_sovits_tts": f"{_OWN_SERVER}, or one that puts GPT-SoVITS behind it",
    "coqui_tts": "openedai-speech serves XTTS to openai_tts",
    "sherpa_onnx_tts": _OWN_SERVER,
    "spark_tts": _OWN_SERVER,
    "parler_tts": _OWN_SERVER,
    "voicevox_tts": f"{_OWN_SERVER}, or one that puts VOICEVOX behind it",
    "fish_tts_local": f"{_OWN_SERVER}, or one that puts Fish Speech behind it",
    "pyttsx3_tts": "espeak_tts speaks with this machine's processor as well, or edge_tts",
}
"""Engines that ran on the machine, and what can be used instead."""
_HOSTED_INSTEAD = "edge_tts stands in; or a service with OpenAI's /v1/audio/speech, as openai_tts"
HOSTED: Mapping[str, str] = {
    "azure_tts": "edge_tts has many of Azure's voices: `edge-tts --list-voices`",
    "fish_api_tts": _HOSTED_INSTEAD,
    "minimax_tts": _HOSTED_INSTEAD,
    "elevenlabs_tts": _HOSTED_INSTEAD,
    "cartesia_tts": _HOSTED_INSTEAD,
}
KNOWN = (EDGE, OPENAI, "siliconflow_tts", *LOCAL, *HOSTED)

_OPENAI_RULES = (
    move("base_url", read="address"),
    move("api_key", read="secret"),
    move("model"),
    move("voice"),
)
_SILICONFLOW_RULES = (
    move("api_url", "base_url", "address"),
    move("api_key", read="secret"),
    move("default_model", "model"),
    move("default_voice", "voice"),
    move("speed", read="number"),
    gone("response_format", "pcm is asked for, which need not be decoded"),
    gone("stream", "always: sound is played as it comes"),
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """For whom a voice is looked for: ``language`` is the character's, as ISO 639-1 code."""

    language: str
    registry: Registry

    def espeak(self) -> dict[str, Any]:
        return {ESPEAK: {"voice": ESPEAK_VOICES.get(self.language, ESPEAK_VOICES["en"])}}

    def edge(self) -> dict[str, Any]:
        return {EDGE: {"voice": EDGE_VOICES.get(self.language, EDGE_VOICES["en"])}}

    def config(self, name: str) -> Any:
        return self.registry.load("tts", name).Config


def voices(name: str, section: Section, chosen: str, speaker: Speaker) -> list[dict[str, Any]]:
    """The chain of voices for one of their engines, of KNOWN; it always ends with one that needs nothing.

    ``chosen`` is where the engine is named.
    """
    if name in LOCAL or (name in HOSTED and not _edge_has(name, section)):
        local = name in LOCAL
        stands_in = ESPEAK if local else f"{EDGE}, then {ESPEAK}"
        section.notes.not_possible(chosen, f"there is no {name}; {stands_in} speaks", _instead(name))
        return [speaker.espeak()] if local else [speaker.edge(), speaker.espeak()]
    first = _azure(section, speaker) if name == "azure_tts" else _ours(name, section, chosen, speaker)
    return [first, speaker.espeak()] if first else [speaker.espeak()]


def _instead(name: str) -> str:
    return (
        HOSTED.get(name)
        or f"{LOCAL[name]}; edge_tts sounds better than espeak_tts, and sends what is said to Microsoft"
    )


def _ours(name: str, section: Section, chosen: str, speaker: Speaker) -> dict[str, Any] | None:
    if name == EDGE:
        block = settled(apply(section, (move("voice"),), f"tts.{EDGE}"), speaker.config(EDGE))
        return {EDGE: {**speaker.edge()[EDGE], **(block or {})}}
    moved = _openai(section) if name == OPENAI else _siliconflow(section)
    block = settled(moved, speaker.config(OPENAI))
    if block is None:
        section.notes.not_possible(
            chosen, f"{name} names no model or no voice; espeak_tts speaks", "set both under tts"
        )
        return None
    return {OPENAI: block}


def _openai(section: Section) -> Moved:
    extension = section.text("file_extension")
    moved = apply(section, (*_OPENAI_RULES,), f"tts.{OPENAI}")
    if extension == "wav":
        moved.put("response_format", "wav", "file_extension")
    elif extension:
        message = "pcm is asked for, which need not be decoded"
        section.notes.left_out(section.source("file_extension"), message)
    return moved


def _siliconflow(section: Section) -> Moved:
    rate, gain = section.whole("sample_rate"), section.number("gain")
    moved = apply(section, _SILICONFLOW_RULES, f"tts.{OPENAI}")
    if "base_url" not in moved.block:
        moved.put("base_url", SILICONFLOW, None)
    # The service has another rate for pcm than we expect where nothing is said.
    hertz = rate if rate in SILICONFLOW_RATES else 24_000
    moved.put("sample_rate", hertz, "sample_rate" if section.has("sample_rate") else None)
    extra: dict[str, Any] = {"sample_rate": hertz}
    if gain:
        extra["gain"] = gain
    moved.put("extra_body", extra, "gain" if gain else None)
    return moved


def _edge_has(name: str, section: Section) -> bool:
    return name == "azure_tts" and section.text("voice") in AZURE_AND_EDGE


def _azure(section: Section, speaker: Speaker) -> dict[str, Any]:
    """A voice that Edge has, too: no key is needed there."""
    rate = section.number("rate")
    rules = (
        move("voice"),
        gone("api_key", "Edge's voices need no key"),
        gone("region", "Edge's voices have none"),
        lost("pitch", "Azure's pitch is in percent, Edge's in Hz", "set tts.edge_tts.pitch, for example +5Hz", ("0",)),
    )
    moved = apply(section, rules, f"tts.{EDGE}")
    if isinstance(rate, int | float) and rate != 1 and 0.01 <= rate <= 5:
        moved.put("rate", f"{round((rate - 1) * 100):+d}%", "rate")
    return {EDGE: settled(moved, speaker.config(EDGE)) or {}}


def language_of_voice(name: str, section: Section) -> str | None:
    """The language of the voice that speaks, where its name says it: ``ja`` for ja-JP-NanamiNeural."""
    if name not in (EDGE, "azure_tts"):
        return None
    found = re.match(r"([a-z]{2,3})-[A-Z]{2}", section.text("voice") or "")
    return found[1] if found and "Multilingual" not in (section.text("voice") or "") else None
