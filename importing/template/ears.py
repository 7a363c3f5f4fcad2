"""Their speech recognition and voice detection into our ``asr`` and ``ears``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.registry import Registry
from .rules import Moved, apply, gone, lost, move, settled
from .section import Section

WHISPER, OPENAI = "faster_whisper", "openai_asr"
GROQ = "https://api.groq.com/openai/v1"
DEFAULT_MODEL, OTHER_SCRIPTS_MODEL = "base", "small"
"""The second one where English is not what is spoken: the smallest that is of use there."""
_MODEL = "asr.faster_whisper with a larger model hears more: small, large-v3-turbo"
_GRAPHICS = f"{_MODEL}, device: cuda"

INSTEAD: Mapping[str, str] = {
    "azure_asr": f"{_MODEL}; or a service with OpenAI's /v1/audio/transcriptions, as openai_asr",
    "fun_asr": f"{_GRAPHICS}; or SenseVoice behind a server with OpenAI's /v1/audio/transcriptions, as openai_asr",
    "sherpa_onnx_asr": f"{_GRAPHICS}; or SenseVoice behind a server with OpenAI's /v1/audio/transcriptions, as openai_asr",
}
KNOWN = (WHISPER, "whisper_cpp", "whisper", "groq_whisper_asr", *INSTEAD)

_KEPT_ELSEWHERE = "models are kept in the user's cache folder, or in asr.faster_whisper.folder"
_QUANTISED = re.compile(r"-q\d[_\w]*$")


def recogniser(
    name: str, section: Section, chosen: str, registry: Registry, folder: Path, language: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our ``asr`` and what ``ears`` gets with it, for one of their engines, of KNOWN.

    ``chosen`` is where the engine is named, ``language`` the character's.
    """
    ears = _language(name, section)
    if name in INSTEAD:
        section.notes.not_possible(chosen, f"there is no {name}; faster_whisper listens", INSTEAD[name])
        return default_recogniser(language), ears
    if name == "groq_whisper_asr":
        moved = apply(section, (move("api_key", read="secret"), move("model")), f"asr.{OPENAI}")
        moved.put("base_url", GROQ, None)
        if "api_key" not in moved.block:
            moved.put("api_key", "${GROQ_API_KEY:-none}", None)
            message = f"asr.{OPENAI}.api_key: set the environment variable GROQ_API_KEY to your key"
            section.notes.translated(section.source(), message)
        return {OPENAI: settled(moved, registry.load("asr", OPENAI).Config) or {}}, ears
    block = settled(_whisper(name, section, folder), registry.load("asr", WHISPER).Config)
    return {WHISPER: {"model": _default_model(language)} | (block or {})}, ears


def default_recogniser(language: str) -> dict[str, Any]:
    return {WHISPER: {"model": _default_model(language)}}


def _default_model(language: str) -> str:
    return DEFAULT_MODEL if language == "en" else OTHER_SCRIPTS_MODEL


def _whisper(name: str, section: Section, folder: Path) -> Moved:
    model_key = {WHISPER: "model_path", "whisper_cpp": "model_name", "whisper": "name"}[name]
    rules = (
        move("device"),
        move("compute_type"),
        move("prompt"),
        gone("download_root", _KEPT_ELSEWHERE),
        gone("model_dir", _KEPT_ELSEWHERE),
        gone("print_realtime", "what is heard is shown in the studio"),
        gone("print_progress", "what is heard is shown in the studio"),
    )
    model, root = section.text(model_key), section.text("download_root")
    moved = apply(section, rules, f"asr.{WHISPER}")
    if model:
        moved.put("model", _model(model, folder, root), model_key)
    return moved


def _model(name: str, folder: Path, root: str | None) -> str:
    """The name of a model, or its folder: the one they named (relative to theirs), or the one they have downloaded."""
    name = _QUANTISED.sub("", name)
    try:
        if re.fullmatch(r"[\w.-]+", name) and root:
            kept = sorted((folder / root).glob(f"models--*--*whisper-{name}/snapshots/*/model.bin"))
            if kept and kept[0].resolve().is_relative_to(folder.resolve()):
                return str(kept[0].parent)
        own = folder / name
        if ("/" in name or "\\" in name) and own.is_dir():
            return str(own)
    except (OSError, ValueError):
        pass
    return name


def _language(name: str, section: Section) -> dict[str, Any]:
    """What is spoken, for ``ears.language``: theirs finds out where nothing is said."""
    key = "lang" if name == "groq_whisper_asr" else "language"
    if name == "azure_asr":
        said = section.texts("languages")
        code = said[0] if len(said) == 1 else "auto"
    else:
        code = section.text(key) or "auto"
    code = code.partition("-")[0].lower()
    code = code if re.fullmatch("[a-z]{2,3}|auto", code) else "auto"
    source = "languages" if name == "azure_asr" else key
    if section.has(source):
        section.notes.translated(section.source(source), f"ears.language: {code}")
    return {"language": code}


FRAME_MS = 32
"""Length of what their detector counts as one hit or miss: 512 samples at 16 kHz."""
_SILERO_RULES = (
    move("prob_threshold", "vad_threshold", "number"),
    lost(
        "db_threshold",
        "how loud speech has to be is measured in another way",
        "set ears.silence_rms_thresh (RMS, 0 to 1) if noise is taken for speech",
        ("60",),
    ),
    gone("required_hits", "the detector's own rule"),
    gone("smoothing_window", "the detector's own rule"),
    gone("orig_sr", "sound of any sample rate is taken"),
    gone("target_sr", "sound of any sample rate is taken"),
)


def detection(section: Section) -> Moved:
    """Their ``vad_config`` as keys of ``ears``, to be settled with others."""
    chosen = section.text("vad_model")
    silero = section.section("silero_vad")
    if chosen is None or chosen.lower() in ("null", "none"):
        if section.has("vad_model") or silero.node.entries:
            why = "the frontend listens for speech, as it did; what it sends raw is listened to with our defaults"
            section.notes.left_out(section.source(), why)
        section.rest()
        return Moved(silero, "ears")
    if re.sub(r"[^a-z]", "", chosen.lower()) not in ("silerovad", "silero"):
        section.notes.not_possible(section.source("vad_model"), "no such detector; silero listens", "ears.vad: energy")
    else:
        section.notes.translated(section.source("vad_model"), "ears.vad: silero")
    misses = silero.whole("required_misses")
    moved = apply(silero, _SILERO_RULES, "ears")
    if isinstance(misses, int):
        moved.put("end_silence_ms", misses * FRAME_MS, "required_misses")
    section.rest()
    return moved
