"""``POST /v1/audio/transcriptions``: what the recognisers of conf.yaml understand of a file, asked for as OpenAI's API is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response

from ...asr.base import Wishes
from ...asr.clip_file import ClipError, ClipProblem, decode
from ...core.errors import AllProvidersFailed, Category, HayakuchiError, ProviderError
from ...core.types import Audio
from ...orchestrator.gateway_settings import Scope
from ...orchestrator.hearing import Hearing, HearingState
from ..access.caller import caller_of
from ..audio.transcription_form import GRANULARITIES, TranscriptionForm, TranscriptionRequest, read_form
from ..audio.transcription_text import VerboseTranscript, rendered
from ..audio.uploads import MB, UploadForm
from ..doors import Doors, doors_of
from ..figures.observing import API
from .endpoint import Answer, Endpoint
from .problem import Problem

READY_S = 20.0
"""How long a request waits for recognisers that are being loaded."""
DECODE_S = 60.0
LOADING_RETRY_S = 10
STATUSES = {ClipProblem.UNKNOWN_FORMAT: 415, ClipProblem.DAMAGED: 422, ClipProblem.TOO_LONG: 413}


async def transcribe(request: Request) -> Response:
    """The transcript. Raises Problem, CapacityError, and what recognisers raise."""
    doors = doors_of(request)
    with doors.uploads.taken():
        most_mb = doors.settings.max_upload_mb
        async with UploadForm(request, most_mb) as form:
            wanted = read_form(form)
            file = await wanted.file.read()
        if len(file) > most_mb * MB:
            raise Problem(413, f"the file is larger than {most_mb:g} MB, which is the limit", "file_too_large")
        return await _unless_gone(request, _transcript(request, doors, file, wanted))


async def translate(request: Request) -> Response:
    """Always a Problem."""
    message = "nothing is translated here; transcribe the file, and ask a model for a translation of the text"
    raise Problem(404, message, "unsupported_endpoint", close=True)


async def _transcript(request: Request, doors: Doors, file: bytes, wanted: TranscriptionRequest) -> Response:
    clip = await _decoded(file, doors.settings.max_clip_minutes * 60)
    async with doors.turn(caller_of(request.scope), audio_s=clip.duration_ms / 1000):
        hearing = doors.engine.hearing
        doors.figures.audio(API, "in", clip.duration_ms / 1000)
        try:
            await _ready(hearing, wanted)
            wishes = Wishes(wanted.prompt, wanted.words)
            transcript = await hearing.transcribe(clip, language=wanted.language, wishes=wishes)
        except AllProvidersFailed as error:
            raise _failure(error.attempts, str(error)) from None
        except ProviderError as error:
            raise _failure((error,), str(error)) from None
    return rendered(transcript, clip.duration_ms, wanted)


async def _decoded(file: bytes, longest_s: float) -> Audio:
    try:
        async with asyncio.timeout(DECODE_S):
            return await decode(file, longest_s=longest_s)
    except ClipError as error:
        raise Problem(STATUSES[error.problem], str(error), error.problem, "file") from None
    except TimeoutError:
        message = f"the file could not be decoded within {DECODE_S:g} s"
        raise Problem(422, message, ClipProblem.DAMAGED, "file") from None


async def _ready(hearing: Hearing, wanted: TranscriptionRequest) -> None:
    """Wait for the recognisers, but not for a download. Raises ProviderError, AllProvidersFailed and Problem."""
    try:
        async with asyncio.timeout(READY_S):
            asr = await hearing.ready()
    except TimeoutError:
        status = hearing.status
        message = status.message or "speech recognition is being loaded"
        if status.state is HearingState.FETCHING and status.progress is not None:
            message = f"{message}, {status.progress:.0%} of it is there"
        raise ProviderError(
            "asr", status.engine or "ears", Category.UNAVAILABLE, message, retry_after_s=LOADING_RETRY_S
        ) from None
    if wanted.words and not asr.times_words:
        message = "no recogniser of conf.yaml tells when each word was said; faster_whisper does"
        raise Problem(422, message, "unsupported_parameter", GRANULARITIES)


def _failure(errors: tuple[ProviderError, ...], message: str) -> Problem:
    if errors and all(error.category is Category.INVALID_REQUEST for error in errors):
        return Problem(400, message, errors[0].code)
    retry_after_s = max((error.retry_after_s or 0 for error in errors), default=0) or LOADING_RETRY_S
    return Problem(503, message, "asr_unavailable", retry_after_s=retry_after_s)


class _Gone(Exception):
    """Whoever asked has hung up."""


async def _unless_gone(request: Request, work: Awaitable[Response]) -> Response:
    """The answer; the work is cancelled when nobody waits for it any more. Raises what the work raises."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        raise _Gone

    async def finish() -> Response | HayakuchiError:
        try:
            return await work
        except HayakuchiError as error:
            return error

    answer: Response | HayakuchiError = Response(status_code=400)  # nobody reads it
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(), name="transcription: watch")
            answer = await group.create_task(finish(), name="transcription: work")
            watching.cancel()
    except* _Gone:
        pass
    if isinstance(answer, HayakuchiError):
        raise answer
    return answer


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/v1/audio/transcriptions",
        Scope.SPEAK,
        "Understand what is said in a file",
        transcribe,
        description="A form with the file as `file`: wav, mp3, flac, ogg, opus, webm, m4a, aac and others. `model` may be any "
        "name: what listens is what conf.yaml names under `asr`.",
        tag="Audio",
        body=TranscriptionForm,
        body_type="multipart/form-data",
        examples={
            "text": {"model": "whisper-1"},
            "times of segments": {"model": "whisper-1", "language": "en", "response_format": "verbose_json"},
            "events": {"model": "whisper-1", "prompt": "Hayakuchi", "stream": True},
        },
        answers={
            200: Answer(
                "The transcript, in the format that was asked for",
                VerboseTranscript,
                example={"text": "Hello there!", "usage": {"type": "duration", "seconds": 2}},
                further={
                    "text/plain": "`text`: the words",
                    "application/x-subrip": "`srt`: subtitles",
                    "text/vtt": "`vtt`: subtitles",
                    "text/event-stream": "With `stream`: events `transcript.text.delta`, then `transcript.text.done`",
                },
            ),
            400: Answer("The form cannot be read, or no recogniser knows the language"),
            415: Answer("The body is no form, or the file no sound that is known"),
        },
        aliases=("/audio/transcriptions",),
    ),
    Endpoint(
        "POST",
        "/v1/audio/translations",
        Scope.SPEAK,
        "Refused: nothing is translated here",
        translate,
        tag="Audio",
        answers={404: Answer("Always; the message says what to do instead")},
        aliases=("/audio/translations",),
    ),
)
