"""``POST /asr``: what is said in a file of sound, asked for as Open-LLM-VTuber's server is."""

from __future__ import annotations

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...orchestrator.gateway_settings import Scope
from ..access.caller import caller_of
from ..api.endpoint import Answer, Endpoint
from ..api.problem import Problem
from ..audio.file_hearing import decoded, understood, unless_gone
from ..audio.uploads import MB, UploadForm
from ..doors import Doors, doors_of


class SoundForm(BaseModel):
    """A form with a file in it."""  # recognise reads it, and this tells of it

    file: bytes = Field(description="The sound", json_schema_extra={"format": "binary"})


class Recognised(BaseModel):
    """What was understood."""

    text: str = Field(description="Empty: nothing was")


async def recognise(request: Request) -> Response:
    """The words. Raises Problem and CapacityError."""
    doors = doors_of(request)
    if not doors.engine.settings.open_llm_vtuber.enabled:
        raise Problem(404, "open_llm_vtuber.enabled is false in conf.yaml: this is not served", "not_served")
    with doors.uploads.taken():
        most_mb = doors.settings.max_upload_mb
        async with UploadForm(request, most_mb) as form:
            sent = form.get("file")
            if not isinstance(sent, UploadFile):
                message = "the form has no file; send the sound as the field 'file'"
                raise Problem(422, message, "missing_file", "file")
            file = await sent.read()
        if len(file) > most_mb * MB:
            raise Problem(413, f"the file is larger than {most_mb:g} MB, which is the limit", "file_too_large")
        return await unless_gone(request, _answer(request, doors, file))


async def _answer(request: Request, doors: Doors, file: bytes) -> Response:
    clip = await decoded(file, doors.settings.max_clip_minutes * 60)
    language = doors.engine.hearing.language
    transcript = await understood(doors, caller_of(request.scope), clip, language=language)
    return JSONResponse({"text": transcript.text.strip()})


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/asr",
        Scope.SPEAK,
        "Understand what is said in a file, as Open-LLM-VTuber's clients ask for it",
        recognise,
        description="A form with the file as `file`: WAV of any rate, with one or two channels, and whatever else "
        "`/v1/audio/transcriptions` takes. It is understood in the language of the character.",
        tag="Audio",
        body=SoundForm,
        body_type="multipart/form-data",
        examples={"wav": {}},
        answers={
            200: Answer("What was understood", Recognised, example={"text": "Hello there!"}),
            400: Answer("The form cannot be read, or no recogniser knows the language"),
            415: Answer("The body is no form, or the file no sound that is known"),
        },
    ),
)
