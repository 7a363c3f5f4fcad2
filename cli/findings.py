"""What can be said about the settings without asking any provider: nothing here connects to anything.

The only socket is one that is bound to the server's own address for a moment, to see whether it is free.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from ..agents import takes_quick
from ..core.errors import ConfigError
from ..core.registry import Registry
from ..orchestrator.characters import available
from ..orchestrator.components import COMPONENTS
from ..orchestrator.loader import load_settings, settings_file
from ..orchestrator.problems import ConfigErrors
from ..orchestrator.settings import PUPPET, Component, Settings
from ..orchestrator.tree import shown
from .languages import mismatch
from .streaming_keys import items, streaming_summary

_WITHOUT = {
    "quick_llm": "the first words are the reply's own",
    "asr": "the character does not listen to a microphone",
}


class Status(StrEnum):
    OK = "ok"
    WARN = "warn"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``place`` is the mistake's file, line, column and path, for a mistake in a file."""

    status: Status
    subject: str
    message: str
    place: ConfigError | None = None


def inspected(path: Path | None, character: str | None, registry: Registry) -> tuple[list[Finding], Settings | None]:
    """Everything that is found, and the settings if they can be used at all."""
    file = settings_file(path)
    try:
        settings = load_settings(file, character=character, registry=registry)
    except ConfigErrors as errors:
        found = [Finding(Status.PROBLEM, "settings", str(error), error) for error in errors.problems]
        return [*found, *_other_characters(file, None, {finding.message for finding in found}, registry)], None
    found = [Finding(Status.OK, "settings", shown(file))]
    found += _character(settings)
    found += _other_characters(file, settings.character_file, set(), registry)
    for section in COMPONENTS:
        found += _chain(section, settings)
    found += _without_effect(settings)
    found += _streaming(settings)
    found += [_avatar(settings), _address(settings), *_exposure(settings), *_thresholds(settings)]
    return found, settings


def _character(settings: Settings) -> Iterator[Finding]:
    file = shown(settings.character_file) if settings.character_file else ""
    yield Finding(Status.OK, "character", f"{settings.character.name} ({file})")
    if not settings.character.persona:
        yield Finding(Status.WARN, "character", f"{file}: persona: is empty, so the model does not know who it plays")
    fields = {component.name: type(component.config).model_fields for component in settings.tts}
    for name in settings.character.voice:
        if name not in fields:
            yield Finding(
                Status.WARN, "character", f"{file}: voice.{name}: has no effect, {name} is not among the voices of tts"
            )
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
    if not chain:
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


def _avatar(settings: Settings) -> Finding:
    model = settings.avatar.model
    if model == PUPPET:
        return Finding(Status.OK, "avatar", "the built-in puppet")
    folder = Path(model)
    try:
        found = sorted(file.name for file in folder.glob("*.model3.json")) if folder.is_dir() else None
    except (OSError, ValueError):
        found = None
    if found is None:
        return Finding(Status.PROBLEM, "avatar", f"avatar.model: there is no folder {shown(folder)}")
    if not found:
        return Finding(Status.PROBLEM, "avatar", f"avatar.model: no *.model3.json in {shown(folder)}")
    return Finding(Status.OK, "avatar", f"{shown(folder)}/{found[0]}")


def _address(settings: Settings) -> Finding:
    host, port = settings.server.host, settings.server.port
    if port == 0:
        return Finding(Status.OK, "server", f"{host}, any free port")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as listener:
            if sys.platform != "win32":
                # As the server does it: a connection that was closed a moment ago does not count as in use.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be used"
        remedy = "stop the program that uses it, or set another server.port (0: any free one)"
        return Finding(Status.PROBLEM, "server", f"{host}:{port}: {reason}; {remedy}")
    return Finding(Status.OK, "server", f"{host}:{port} is free")


def _exposure(settings: Settings) -> Iterator[Finding]:
    if not _is_loopback(settings.server.host):
        message = f"server.host: other machines can reach {settings.server.host}; run needs --open-to-network for that"
        yield Finding(Status.WARN, "server", message)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _thresholds(settings: Settings) -> Iterator[Finding]:
    if not getattr(settings.agent.config, "enable_streaming", True):
        message = "enable_streaming is false: every reply waits for its end, so latency.improvement_percent is missed"
        yield Finding(Status.WARN, "latency", message)
    threshold = getattr(settings.agent.config, "first_response_threshold", 0)
    if threshold > settings.latency.first_audio_ms:
        message = f"first_response_threshold ({threshold} ms) is later than latency.first_audio_ms allows"
        yield Finding(Status.WARN, "latency", message)
