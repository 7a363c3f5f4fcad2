"""What can be said about the settings without asking any provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..agents import takes_quick
from ..core.registry import Registry
from ..orchestrator.characters import available
from ..orchestrator.components import COMPONENTS
from ..orchestrator.loader import load_settings, settings_file
from ..orchestrator.problems import ConfigErrors, meant
from ..orchestrator.remarks import Remarks
from ..orchestrator.settings import Component, Settings
from ..orchestrator.tree import shown
from . import machine
from .ears_findings import ears
from .finding import Finding, Status
from .languages import mismatch
from .open_llm_vtuber import coming_over
from .streaming_keys import items, streaming_summary
from .tool_findings import tool_servers

_WITHOUT = {
    "quick_llm": "the first words are the reply's own",
    "asr": "the character does not listen to a microphone",
}


def inspected(path: Path | None, character: str | None, registry: Registry) -> tuple[list[Finding], Settings | None]:
    """Everything that is found, and the settings if they can be used at all."""
    file = settings_file(path)
    remarks = Remarks()
    try:
        settings = load_settings(file, character=character, registry=registry, remarks=remarks)
    except ConfigErrors as errors:
        found = [Finding(Status.PROBLEM, "settings", str(error), error) for error in errors.problems]
        return [*found, *_other_characters(file, None, {finding.message for finding in found}, registry)], None
    found = [Finding(Status.OK, "settings", shown(file))]
    found += _character(settings, registry)
    found += [Finding(Status.WARN, "character", str(remark), remark) for remark in remarks.without_effect]
    found += _other_characters(file, settings.character_file, set(), registry)
    for section in COMPONENTS:
        found += _chain(section, settings)
    found += [*_models(settings), *tool_servers(settings)]
    found += ears(settings, remarks.places.get("ears.smart_turn"))
    found += _without_effect(settings)
    found += _streaming(settings)
    found += [machine.avatar(settings, remarks.places.get("avatar.model")), *machine.cache(settings)]
    found += coming_over(settings, remarks.places)
    found += [machine.address(settings), *machine.exposure(settings), *_thresholds(settings)]
    return found, settings


def _character(settings: Settings, registry: Registry) -> Iterator[Finding]:
    file = shown(settings.character_file) if settings.character_file else ""
    yield Finding(Status.OK, "character", f"{settings.character.name} ({file})")
    if not settings.character.persona:
        yield Finding(Status.WARN, "character", f"{file}: persona: is empty, so the model does not know who it plays")
    fields = {component.name: type(component.config).model_fields for component in settings.tts}
    for name in settings.character.voice:
        if name not in fields:
            # A character may have voices of providers that are not in use.
            if name not in (known := registry.names("tts")):
                message = f"{file}: voice.{name}: has no effect, no voice has this name{meant(name, known)}"
                yield Finding(Status.WARN, "character", message)
        elif "voice" not in fields[name]:
            yield Finding(Status.WARN, "character", f"{file}: voice.{name}: has no effect, {name} has one voice only")


def _other_characters(file: Path, used: Path | None, told: set[str], registry: Registry) -> Iterator[Finding]:
    """The characters that are not on stage: what is wrong in their own files, as far as it was not told yet."""
    sound = 0
    for name, other in available(file).items():
        if used is not None and other == used:
            continue
        try:
            load_settings(file, character=name, registry=registry)
        except ConfigErrors as errors:
            own = [error for error in errors.problems if error.file == shown(other)]
            yield from (
                Finding(Status.PROBLEM, "characters", str(error), error) for error in own if str(error) not in told
            )
            sound += not own
        else:
            sound += 1
    if sound:
        yield Finding(Status.OK, "characters", f"{sound} more can be read")


def _chain(section: str, settings: Settings) -> Iterator[Finding]:
    chain: tuple[Component, ...] = (settings.agent,) if section == "agent" else getattr(settings, section)
    if not chain and section in _WITHOUT:
        yield Finding(Status.OK, section, f"none: {_WITHOUT[section]}")
    for index, component in enumerate(chain):
        yield Finding(Status.OK, section, summary(component))
        if component.name == "demo_llm" and index < len(chain) - 1:
            message = "demo_llm always answers, so what stands after it is never used: put it last"
            yield Finding(Status.WARN, section, message)
        if component.name == "espeak_tts":
            problem = mismatch(settings.character.language, component.config.voice, _voices(component))
            if problem:
                yield Finding(Status.WARN, section, f"espeak_tts: {problem}")


def _models(settings: Settings) -> Iterator[Finding]:
    for name, parts in settings.models.items():
        for component in parts:
            yield Finding(Status.OK, "models", f"{name}: {summary(component)}")


def _without_effect(settings: Settings) -> Iterator[Finding]:
    """Why the quick reply that is configured will never be heard, if so."""
    agent = settings.agent
    why = None
    if not settings.character.quick_reply:
        why = "quick_reply is false in the character's file"
    elif not takes_quick(agent.provider):
        why = f"the agent {agent.name} gives no quick replies"
    elif not getattr(agent.config, "enable_streaming", True):
        why = "enable_streaming is false, so every reply waits for its end"
    if settings.quick_llm and why:
        yield Finding(Status.WARN, "quick_llm", f"has no effect: {why}")


def _voices(component: Component) -> dict[str, str]:
    return dict(getattr(component.config, "voices", {}))


def summary(component: Component) -> str:
    """A provider and the settings that were written for it; secrets are masked."""
    written = (f"{name}={getattr(component.config, name)}" for name in sorted(component.config.model_fields_set))
    settings = ", ".join(re.sub(r"//[^/@\s]*@", "//***@", text) for text in written)
    return f"{component.name} ({settings})" if settings else component.name


def _streaming(settings: Settings) -> Iterator[Finding]:
    """The streaming settings that are written, and what all of them come to."""
    for item in items(settings):
        yield Finding(Status.OK if item.idle is None else Status.WARN, "streaming", str(item))
    yield Finding(Status.OK, "streaming", streaming_summary(settings))


def _thresholds(settings: Settings) -> Iterator[Finding]:
    if not getattr(settings.agent.config, "enable_streaming", True):
        message = "enable_streaming is false: every reply waits for its end, so latency.improvement_percent is missed"
        yield Finding(Status.WARN, "latency", message)
    threshold = getattr(settings.agent.config, "first_response_threshold", 0)
    if threshold > settings.latency.first_audio_ms:
        message = f"first_response_threshold ({threshold} ms) is later than latency.first_audio_ms allows"
        yield Finding(Status.WARN, "latency", message)
