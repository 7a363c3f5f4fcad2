"""What is said in a file that somebody sent: decoded, understood, and given up when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import ClientDisconnect, Request

from ...asr.base import NO_WISHES, Wishes
from ...asr.clip_file import ClipError, ClipProblem, decode
from ...asr.fallback import FallbackASR
from ...core.errors import AllProvidersFailed, Category, HayakuchiError, ProviderError
from ...core.transcript import Transcript
from ...core.types import Audio
from ...orchestrator.hearing import Hearing, HearingState
from ..access.caller import Caller
from ..api.problem import Problem
from ..figures.observing import API
from .transcription_form import GRANULARITIES

if TYPE_CHECKING:
    from ..doors import Doors

T = TypeVar("T")

READY_S = 20.0
"""How long a request waits for recognisers that are being loaded."""
DECODE_S = 60.0
LOADING_RETRY_S = 10
STATUSES = {ClipProblem.UNKNOWN_FORMAT: 415, ClipProblem.DAMAGED: 422, ClipProblem.TOO_LONG: 413}


async def decoded(file: bytes, longest_s: float) -> Audio:
    """Its sound. Raises Problem."""
    try:
        async with asyncio.timeout(DECODE_S):
            return await decode(file, longest_s=longest_s)
    except ClipError as error:
        raise Problem(STATUSES[error.problem], str(error), error.problem, "file") from None
    except TimeoutError:
        message = f"the file could not be decoded within {DECODE_S:g} s"
        raise Problem(422, message, ClipProblem.DAMAGED, "file") from None


async def understood(
    doors: Doors, caller: Caller, clip: Audio, *, language: str | None, wishes: Wishes = NO_WISHES
) -> Transcript:
    """What is said in it, put down to the caller. Raises Problem and CapacityError."""
    async with doors.turn(caller, audio_s=clip.duration_ms / 1000):
        doors.figures.audio(API, "in", clip.duration_ms / 1000)
        try:
            asr = await ready(doors.engine.hearing)
            if wishes.words and not asr.times_words:
                message = "no recogniser of conf.yaml tells when each word was said; faster_whisper does"
                raise Problem(422, message, "unsupported_parameter", GRANULARITIES)
            return await doors.engine.hearing.transcribe(clip, language=language, wishes=wishes)
        except AllProvidersFailed as error:
            raise _failure(error.attempts, str(error)) from None
        except ProviderError as error:
            raise _failure((error,), str(error)) from None


async def ready(hearing: Hearing) -> FallbackASR:
    """The recognisers, waited for, but not for a download. Raises ProviderError and AllProvidersFailed."""
    try:
        async with asyncio.timeout(READY_S):
            return await hearing.ready()
    except TimeoutError:
        status = hearing.status
        message = status.message or "speech recognition is being loaded"
        if status.state is HearingState.FETCHING and status.progress is not None:
            message = f"{message}, {status.progress:.0%} of it is there"
        raise ProviderError(
            "asr", status.engine or "ears", Category.UNAVAILABLE, message, retry_after_s=LOADING_RETRY_S
        ) from None


def _failure(errors: tuple[ProviderError, ...], message: str) -> Problem:
    if errors and all(error.category is Category.INVALID_REQUEST for error in errors):
        return Problem(400, message, errors[0].code)
    retry_after_s = max((error.retry_after_s or 0 for error in errors), default=0) or LOADING_RETRY_S
    return Problem(503, message, "asr_unavailable", retry_after_s=retry_after_s)


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What comes of the work, which is cancelled when nobody waits for it any more: then ClientDisconnect."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    async def finish() -> T | HayakuchiError:
        try:
            return await work
        except HayakuchiError as error:
            return error

    found: list[T | HayakuchiError] = []
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(), name="sound file: watch")
            found.append(await group.create_task(finish(), name="sound file: work"))
            watching.cancel()
    except* ClientDisconnect:
        found.clear()
    if not found:
        raise ClientDisconnect
    if isinstance(found[0], HayakuchiError):
        raise found[0]
    return found[0]
