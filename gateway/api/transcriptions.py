"""``POST /v1/audio/transcriptions``: what the recognisers of conf.yaml understand of a file, asked for as OpenAI's API is."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...asr.base import Wishes
from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..audio.file_hearing import decoded, understood, unless_gone
from ..audio.transcription_form import TranscriptionForm, TranscriptionRequest, read_form
from ..audio.transcription_text import VerboseTranscript, rendered
from ..audio.uploads import MB, UploadForm
from ..doors import Doors, doors_of
from .endpoint import Answer, Endpoint
from .problem import Problem


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
        return await unless_gone(request, _transcript(request, doors, file, wanted))


async def translate(request: Request) -> Response:
    """Always a Problem."""
    message = "nothing is translated here; transcribe the file, and ask a model for a translation of the text"
    raise Problem(404, message, "unsupported_endpoint", close=True)


async def _transcript(request: Request, doors: Doors, file: bytes, wanted: TranscriptionRequest) -> Response:
    clip = await decoded(file, doors.settings.max_clip_minutes * 60)
    caller, wishes = caller_of(request.scope), Wishes(wanted.prompt, wanted.words)
    transcript = await understood(doors, caller, clip, language=wanted.language, wishes=wishes)
    return rendered(transcript, clip.duration_ms, wanted)


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
