"""What a frontend of Open-LLM-VTuber says on ``WS /client-ws``, checked.

Their clients send more fields than the ones that matter, so unknown fields are let be; types are strict and sizes bounded.
Whatever comes ends in a message, in None for a type that is not known, or in ProtocolError with a text for the client.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from ...core.errors import ProtocolError

MAX_TEXT = 8192
MAX_IMAGES = 8
MAX_IMAGE = 12 << 20
"""Characters of a picture's data URL."""
MAX_SAMPLES = 1 << 16
"""Samples of the microphone in one message (16 kHz, mono); their web client sends 4096."""
_Uid = Annotated[str, Field(min_length=1, max_length=200)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=True)


class ImageData(_Said):
    """A picture: a data URL, and where it comes from (camera, screen, clipboard, upload)."""

    data: str = Field(max_length=MAX_IMAGE)
    source: str = Field(default="upload", max_length=40)
    mime_type: str | None = Field(default=None, max_length=100)


Images = Annotated[tuple[ImageData, ...] | None, Field(max_length=MAX_IMAGES)]
Samples = Annotated[list[float], Field(max_length=MAX_SAMPLES)]


class TextInput(_Said):
    """Somebody writes to the avatar."""

    type: Literal["text-input"]
    text: str = Field(max_length=MAX_TEXT)
    images: Images = Field(default=None, strict=False)
    from_name: str | None = Field(default=None, max_length=200)
    """Who said it; clients that bring live chat send it."""


class MicAudioData(_Said):
    """Sound of the microphone, -1…1, 16 kHz mono; the client decides where an utterance ends."""

    type: Literal["mic-audio-data"]
    audio: Samples


class MicAudioEnd(_Said):
    """The utterance is over: it is to be understood and answered."""

    type: Literal["mic-audio-end"]
    images: Images = Field(default=None, strict=False)


class RawAudioData(_Said):
    """Sound of the microphone, -1…1, 16 kHz mono; the server decides where an utterance ends."""

    type: Literal["raw-audio-data"]
    audio: Samples


class AiSpeakSignal(_Said):
    """Nobody has said anything for ``idle_time`` seconds: the avatar may speak by itself."""

    type: Literal["ai-speak-signal"]
    idle_time: float | None = None
    images: Images = Field(default=None, strict=False)


class InterruptSignal(_Said):
    """The person interrupts; ``text`` is what was heard: the texts of the items whose playing had begun."""

    type: Literal["interrupt-signal"]
    text: Any = None


class AudioPlayStart(_Said):
    """The client begins to play an item, or to show one that is silent."""

    type: Literal["audio-play-start"]
    display_text: Any = None
    forwarded: bool | None = None


class FrontendPlaybackComplete(_Said):
    """The client has played all items of the reply."""

    type: Literal["frontend-playback-complete"]


class FetchHistoryList(_Said):
    """Which conversations are there?"""

    type: Literal["fetch-history-list"]


class FetchAndSetHistory(_Said):
    """Go on with this conversation."""

    type: Literal["fetch-and-set-history"]
    history_uid: _Uid


class CreateNewHistory(_Said):
    """Begin a new conversation."""

    type: Literal["create-new-history"]


class DeleteHistory(_Said):
    """Delete this conversation."""

    type: Literal["delete-history"]
    history_uid: _Uid


class FetchConfigs(_Said):
    """Which characters are there?"""

    type: Literal["fetch-configs"]


class SwitchConfig(_Said):
    """Go on with this character: the name of its file."""

    type: Literal["switch-config"]
    file: str = Field(min_length=1, max_length=300)


class FetchBackgrounds(_Said):
    """Which backgrounds are there?"""

    type: Literal["fetch-backgrounds"]


class RequestInitConfig(_Said):
    """Say once more which model and character there are."""

    type: Literal["request-init-config"]


class Heartbeat(_Said):
    """Is the server there?"""

    type: Literal["heartbeat"]


class AddClientToGroup(_Said):
    """Take another client into this one's group."""

    type: Literal["add-client-to-group"]
    invitee_uid: _Uid


class RemoveClientFromGroup(_Said):
    """Take a client, perhaps oneself, out of the group."""

    type: Literal["remove-client-from-group"]
    target_uid: _Uid


class RequestGroupInfo(_Said):
    """Who is in my group?"""

    type: Literal["request-group-info"]


class AudioStreamWanted(_Said):
    """The client understands ``audio-stream-*`` and wants its sound that way: our own extension of their wire."""

    type: Literal["request-audio-stream"]
    enabled: bool = True


ClientMessage = (
    TextInput
    | MicAudioData
    | MicAudioEnd
    | RawAudioData
    | AiSpeakSignal
    | InterruptSignal
    | AudioPlayStart
    | FrontendPlaybackComplete
    | FetchHistoryList
    | FetchAndSetHistory
    | CreateNewHistory
    | DeleteHistory
    | FetchConfigs
    | SwitchConfig
    | FetchBackgrounds
    | RequestInitConfig
    | Heartbeat
    | AddClientToGroup
    | RemoveClientFromGroup
    | RequestGroupInfo
    | AudioStreamWanted
)
_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


def parse_client_message(text: str) -> tuple[ClientMessage, str | None] | None:
    """The message and its ``request_id``, by which an answer is found again; None for a type that is not known.

    Raises ProtocolError.
    """
    try:
        said = from_json(text)
    except ValueError as error:
        raise ProtocolError("a message is a JSON object") from error
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise ProtocolError('a message is a JSON object with a "type"')
    request = said.get("request_id")
    try:
        return _MESSAGE.validate_python(said), request if isinstance(request, str) and len(request) <= 200 else None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "union_tag_invalid":
            return None
        place = ".".join(str(part) for part in first["loc"][1:])
        raise ProtocolError(f"{said['type'][:40]}: {place}: {first['msg']}") from error
