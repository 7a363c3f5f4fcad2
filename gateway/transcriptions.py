"""``POST /v1/audio/transcriptions``: what the recognisers of conf.yaml understand of a file, asked for as OpenAI's API is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..asr.clip_file import ClipError, ClipProblem, decode
from ..core.errors import AllProvidersFailed, Category, ProviderError
from ..orchestrator.hearing import Hearing, HearingState
from .rooms import Rooms
from .transcription_form import FieldError, TranscriptionRequest, read_form
from .transcription_text import rendered
from .uploads import UploadForm, UploadRefused

AT_A_TIME = 4
"""Requests that are served at a time; each may hold a file and its sound in memory."""
READY_S = 20.0
"""How long a request waits for recognisers that are being loaded."""
DECODE_S = 60.0
BUSY_RETRY_S = 2
LOADING_RETRY_S = 10
STATUSES = {ClipProblem.UNKNOWN_FORMAT: 415, ClipProblem.DAMAGED: 422, ClipProblem.TOO_LONG: 413}


class Transcriptions:
    """The door, with its count of requests."""

    def __init__(self) -> None:
        self.running = 0

    async def __call__(self, request: Request) -> Response:
        """The transcript, or an error in OpenAI's shape."""
        if self.running >= AT_A_TIME:
            return problem(503, "too many files at a time; try again", "overloaded", retry_after_s=BUSY_RETRY_S)
        self.running += 1
        try:
            return await _answer(request)
        finally:
            self.running -= 1


async def _answer(request: Request) -> Response:
    rooms: Rooms = request.app.state.rooms
    settings = rooms.engine.settings.gateway
    try:
        async with UploadForm(request, settings.max_upload_mb) as form:
            wanted = read_form(form)
            file = await wanted.file.read()
    except UploadRefused as error:
        return problem(error.status, str(error), error.code, close=True)
    except FieldError as error:
        return problem(400, str(error), error.code, error.param)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    if len(file) > settings.max_upload_mb * 1e6:
        return problem(
            413, f"the file is larger than {settings.max_upload_mb:g} MB, which is the limit", "file_too_large"
        )
    work = _transcript(file, wanted, rooms.engine.hearing, settings.max_clip_minutes * 60)
    return await _unless_gone(request, work)


async def _transcript(file: bytes, wanted: TranscriptionRequest, hearing: Hearing, longest_s: float) -> Response:
    try:
        async with asyncio.timeout(DECODE_S):
            clip = await decode(file, longest_s=longest_s)
        await _ready(hearing)
        transcript = await hearing.transcribe(clip, language=wanted.language)
    except ClipError as error:
        return problem(STATUSES[error.problem], str(error), error.problem, "file")
    except TimeoutError:
        return problem(422, f"the file could not be decoded within {DECODE_S:g} s", ClipProblem.DAMAGED, "file")
    except AllProvidersFailed as error:
        return _failure(error.attempts, str(error))
    except ProviderError as error:
        return _failure((error,), str(error))
    return rendered(transcript, clip.duration_ms, wanted.response_format)


async def _ready(hearing: Hearing) -> None:
    """Wait for the recognisers, but not for a download. Raises ProviderError and AllProvidersFailed."""
    try:
        async with asyncio.timeout(READY_S):
            await hearing.ready()
    except TimeoutError:
        status = hearing.status
        message = status.message or "speech recognition is being loaded"
        if status.state is HearingState.FETCHING and status.progress is not None:
            message = f"{message}, {status.progress:.0%} of it is there"
        raise ProviderError(
            "asr", status.engine or "ears", Category.UNAVAILABLE, message, retry_after_s=LOADING_RETRY_S
        ) from None


def _failure(errors: tuple[ProviderError, ...], message: str) -> Response:
    if errors and all(error.category is Category.INVALID_REQUEST for error in errors):
        return problem(400, message, errors[0].code)
    retry_after_s = max((error.retry_after_s or 0 for error in errors), default=0) or LOADING_RETRY_S
    return problem(503, message, "asr_unavailable", retry_after_s=retry_after_s)


class _Gone(Exception):
    """Whoever asked has hung up."""


async def _unless_gone(request: Request, work: Awaitable[Response]) -> Response:
    """The answer; the work is cancelled when nobody waits for it any more."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        raise _Gone

    async def finish() -> Response:
        return await work

    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(), name="transcription: watch")
            working = group.create_task(finish(), name="transcription: work")
            answer = await working
            watching.cancel()
    except* _Gone:
        answer = Response(status_code=400)  # nobody reads it
    return answer


def problem(
    status: int,
    message: str,
    code: str,
    param: str | None = None,
    *,
    retry_after_s: float | None = None,
    close: bool = False,
) -> Response:
    """An error as OpenAI's clients expect it; ``close``: the rest of the request is not read."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    headers = {"Connection": "close"} if close else {}
    if retry_after_s is not None:
        headers["Retry-After"] = str(max(round(retry_after_s), 1))
    error = {"message": message, "type": kind, "code": code, "param": param}
    return JSONResponse({"error": error}, status, headers)


def routes() -> tuple[Route, ...]:
    transcriptions = Transcriptions()

    async def transcribe(request: Request) -> Response:
        return await transcriptions(request)

    return tuple(Route(f"{prefix}/audio/transcriptions", transcribe, methods=["POST"]) for prefix in ("/v1", ""))
