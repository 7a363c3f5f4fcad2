"""What can be said about listening without loading anything: are the models here, and does the mode make sense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..asr.base import Fetching
from ..asr.settings import Mode
from ..asr.whisper_models import MODELS
from ..core.errors import ConfigError, ProviderError
from ..orchestrator.hearing import CONFIGURE
from ..orchestrator.settings import Component, Settings
from ..orchestrator.tree import Place, shown
from .finding import Finding, Status
from .model import OnDisk


def ears(settings: Settings, smart_turn: Place | None) -> Iterator[Finding]:
    """``smart_turn`` is where the file of that model was written."""
    if not settings.asr and settings.ears.model_fields_set and settings.ears.mode is not Mode.TYPED_ONLY:
        message = f"nothing recognises speech, so nobody listens; write {CONFIGURE}, or ears: {{mode: typed_only}}"
        yield Finding(Status.WARN, "ears", message)
    yield from _smart_turn(settings, smart_turn)
    if settings.ears.mode is Mode.TYPED_ONLY:
        return
    for component in settings.asr:
        if finding := _model(component, settings):
            yield finding
        if finding := _language(component, settings):
            yield finding


def _smart_turn(settings: Settings, place: Place | None) -> Iterator[Finding]:
    file = settings.ears.smart_turn
    if not file or _is_file(Path(file)):
        return
    wrong = f"there is no file {shown(Path(file))}"
    error = place.error(wrong, "ears.smart_turn") if place else ConfigError(wrong, path="ears.smart_turn")
    yield Finding(Status.PROBLEM, "ears", str(error), error)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _model(component: Component, settings: Settings) -> Finding | None:
    """Whether what the recogniser has to load is here; None: there is nothing to say."""
    provider = component.create()
    if isinstance(provider, Fetching) and (wanted := provider.wanted()):
        first = component is settings.asr[0]
        when = "are fetched when the microphone is first used" if first else "are to be fetched before it can stand in"
        message = f"{wanted.name} is not downloaded yet: {wanted.size_mb:.0f} MB {when}; now: `{wanted.command}`"
        return Finding(Status.WARN, "asr", f"{component.name}: {message}")
    if not isinstance(provider, OnDisk):
        return None
    try:
        folder = provider.located()
    except ProviderError as error:
        return Finding(Status.WARN if len(settings.asr) > 1 else Status.PROBLEM, "asr", str(error))
    return Finding(Status.OK, "asr", f"{component.name}: its model is in {shown(folder)}")


def _language(component: Component, settings: Settings) -> Finding | None:
    model = MODELS.get(str(getattr(component.config, "model", "")))
    language = settings.ears.spoken_language(settings.character.language)
    if component.name != "faster_whisper" or model is None or not model.english_only or language in ("en", None):
        return None
    remedy = "large-v3-turbo" if model.name.startswith("distil-") else model.name.removesuffix(".en")
    message = f"faster_whisper: {model.name} understands English only, and {language} is spoken: take model: {remedy}"
    return Finding(Status.WARN, "asr", message)
