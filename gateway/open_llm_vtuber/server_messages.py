"""What a frontend of Open-LLM-VTuber is told on ``WS /client-ws``: one function per message, none of which keeps anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from ...core.events import ToolUsed

Message = dict[str, Any]
Control = Literal[
    "start-mic", "stop-mic", "conversation-chain-start", "conversation-chain-end", "interrupt", "mic-audio-end"
]
SLICE_MS = 20
"""Milliseconds of sound that each of an item's ``volumes`` stands for."""
ESTABLISHED = "Connection established"
THINKING = "Thinking..."
WANTS_TO_SPEAK = "AI wants to speak something..."


def full_text(text: str) -> Message:
    return {"type": "full-text", "text": text}


def control(what: Control) -> Message:
    return {"type": "control", "text": what}


def error(message: str) -> Message:
    return {"type": "error", "message": message}


def set_model_and_conf(model_info: Mapping[str, Any], conf_name: str, conf_uid: str, client_uid: str) -> Message:
    """``conf_uid`` must not be empty: their web client files its histories under it."""
    return {
        "type": "set-model-and-conf",
        "model_info": dict(model_info),
        "conf_name": conf_name,
        "conf_uid": conf_uid,
        "client_uid": client_uid,
    }


def display_text(text: str, name: str, avatar: str) -> Message:
    """``avatar``: the name of a file below /avatars, or empty."""
    return {"text": text, "name": name, "avatar": avatar}


def actions(expressions: Sequence[int | str]) -> Message | None:
    """Their clients apply the first expression, and only when the item has sound."""
    return {"expressions": list(expressions)} if expressions else None


def audio(
    wav_base64: str | None,
    volumes: Sequence[float],
    shown: Mapping[str, Any],
    doing: Mapping[str, Any] | None,
    *,
    forwarded: bool = False,
) -> Message:
    """An item: a clip with its words, or None for words alone."""
    return {
        "type": "audio",
        "audio": wav_base64,
        "volumes": list(volumes),
        "slice_length": SLICE_MS,
        "display_text": dict(shown),
        "actions": dict(doing) if doing else None,
        "forwarded": forwarded,
    }


def audio_stream_start(
    stream_id: str,
    sample_rate: int,
    shown: Mapping[str, Any],
    doing: Mapping[str, Any] | None,
    *,
    forwarded: bool = False,
) -> Message:
    return {
        "type": "audio-stream-start",
        "stream_id": stream_id,
        "sample_rate": sample_rate,
        "display_text": dict(shown),
        "actions": dict(doing) if doing else None,
        "forwarded": forwarded,
    }


def audio_stream_chunk(stream_id: str, pcm_base64: str) -> Message:
    """PCM16 mono of the stream."""
    return {"type": "audio-stream-chunk", "stream_id": stream_id, "chunk": pcm_base64}


def audio_stream_end(stream_id: str) -> Message:
    return {"type": "audio-stream-end", "stream_id": stream_id}


def user_input_transcription(text: str) -> Message:
    return {"type": "user-input-transcription", "text": text}


def backend_synth_complete() -> Message:
    return {"type": "backend-synth-complete"}


def force_new_message() -> Message:
    return {"type": "force-new-message"}


def config_files(configs: Sequence[Mapping[str, str]]) -> Message:
    """Each with ``filename`` and ``name``."""
    return {"type": "config-files", "configs": [dict(one) for one in configs]}


def config_switched(message: str) -> Message:
    return {"type": "config-switched", "message": message}


def history_list(histories: Sequence[Mapping[str, Any]]) -> Message:
    """Each with ``uid``, ``latest_message`` (``role``, ``timestamp``, ``content``) and ``timestamp``."""
    return {"type": "history-list", "histories": [dict(one) for one in histories]}


def history_data(messages: Sequence[Mapping[str, Any]]) -> Message:
    """Each with ``role`` (human, ai), ``timestamp``, ``content`` and perhaps ``name`` and ``avatar``."""
    return {"type": "history-data", "messages": [dict(one) for one in messages]}


def new_history_created(history_uid: str) -> Message:
    return {"type": "new-history-created", "history_uid": history_uid}


def history_deleted(success: bool, history_uid: str) -> Message:
    return {"type": "history-deleted", "success": success, "history_uid": history_uid}


def background_files(files: Sequence[str]) -> Message:
    """Names of files below /bg."""
    return {"type": "background-files", "files": list(files)}


def group_update(members: Sequence[str], *, is_owner: bool) -> Message:
    return {"type": "group-update", "members": list(members), "is_owner": is_owner}


def group_operation_result(success: bool, message: str) -> Message:
    return {"type": "group-operation-result", "success": success, "message": message}


def group_interrupted() -> Message:
    """Somebody else of the group has interrupted the conversation."""
    return {"type": "interrupt-signal", "text": "conversation-interrupted"}


def tool_call_status(use: ToolUsed, character: str) -> Message:
    """``character``: the name of who calls. The time is UTC, in ISO 8601."""
    return {
        "type": "tool_call_status",
        "tool_id": use.id,
        "tool_name": use.name,
        "name": character,
        "status": use.status.value,
        "content": use.content,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def heartbeat_ack() -> Message:
    return {"type": "heartbeat-ack"}
