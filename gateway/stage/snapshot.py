"""What a viewer needs to know to look right from its first moment on."""

from __future__ import annotations

from typing import Any

from ...live2d_bridge.stage import LIP_RATE, Viewer
from .entries import HISTORY, entries
from .rooms import Room, Rooms


def snapshot(rooms: Rooms, room: Room, viewer: Viewer) -> dict[str, Any]:
    """The ``session.snapshot`` message of docs/stage-protocol.md."""
    session, stage = room.session, room.stage
    character = session.character
    return {
        "type": "session.snapshot",
        "protocol": 1,
        "session": session.name,
        "viewer": viewer.name,
        "conversation": session.history.uid,
        "character": {
            "name": character.name,
            "avatar": character.avatar,
            "language": character.language,
            "look": character.look,
            "scene": character.scene,
            "opening_line": character.opening_line,
            "expressions": character.expressions,
        },
        "audio": {"sample_rate": stage.sample_rate, "lip_rate": LIP_RATE},
        "sound": {"holder": stage.holder is viewer, "viewer": stage.holder.name if stage.holder else None},
        "models": rooms.models(),
        "latency": rooms.engine.settings.latency.model_dump(),
        "ears": room.mic.ears,
        "mic": {"holder": stage.mic is viewer, "viewer": stage.mic.name if stage.mic else None},
        "history": entries(session.history.recent(HISTORY)),
        "turn": _turn(room),
    }


def _turn(room: Room) -> dict[str, Any] | None:
    turn, stage = room.session.turn, room.stage
    if turn is None:
        return None
    heard, spoken = room.session.heard, stage.spoken
    return {
        "turn": turn.number,
        "heard": heard.text if heard else None,
        "reply": turn.begun_reply,
        "expression": spoken.segment.expressions[-1] if spoken and spoken.segment.expressions else None,
        "paused": room.session.on_air.paused,
    }
