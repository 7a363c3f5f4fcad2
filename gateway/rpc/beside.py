"""gRPC beside the HTTP server: the same models, voices, callers and limits."""

from __future__ import annotations

import asyncio
import logging

from ..audio.speech_service import SpeechService
from ..chat.service import ChatService
from ..doors import Doors
from .entrance import SharedDoor
from .server import check_reach, rpc_server
from .service import Service

log = logging.getLogger(__name__)


async def serve_rpc(doors: Doors) -> None:
    """Serve until cancelled. Raises ConfigError when the address cannot be had, or may not be."""
    settings, http = doors.settings, doors.engine.settings.server
    host = settings.grpc.host or http.host
    check_reach(host, http.host, settings)
    chat = ChatService(doors)
    service = Service(SharedDoor(doors), chat, SpeechService(doors), chat.models.listed)

    def ready() -> bool:
        found = doors.rooms.models()
        return found["llm"] is not None and found["tts"] is not None and not doors.admission.draining

    async with rpc_server(service, settings, host, ready) as port:
        log.info("gRPC on %s, port %d", host, port)
        await asyncio.Event().wait()
