"""``WS /stage/ws``: the stage protocol's server side, one connection at a time."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import assert_never

from starlette.websockets import WebSocket, WebSocketDisconnect

from ...core.errors import CapacityError, HayakuchiError, ProtocolError, SessionClosed
from ...core.types import BYTES_PER_SAMPLE, UserInput
from ...live2d_bridge.stage import Viewer
from ...live2d_bridge.wire import (
    MIC_KIND,
    MIC_RATE,
    BranchSelect,
    ClientMessage,
    Greet,
    HistoryRollback,
    InputText,
    Interrupt,
    MessageEdit,
    MicFrame,
    MicStart,
    MicStop,
    MicTalk,
    Ping,
    PlaybackReport,
    ReplyRegenerate,
    SoundClaim,
    SoundRelease,
    Typing,
    encode_event,
    parse_client_message,
)
from ...orchestrator.revisions import Edited, Regenerated, Revision, RolledBack, Selected
from ..access.caller import caller_of
from ..access.meter import SoundMeter
from ..doors import doors_of
from ..figures.observing import STAGE
from ..refusal import refuse
from ..sockets import part, send
from .rooms import MAIN, Room, Rooms
from .snapshot import snapshot

MAX_MISTAKES = 20
AT_ONCE = 8
"""Messages of one viewer that are taken before others have their turn."""
GOING_AWAY = 1001


async def serve_stage(websocket: WebSocket, rooms: Rooms) -> None:
    """Serve one viewer until it goes; refuse it before it is accepted when the server is full."""
    with ExitStack() as held:
        try:
            held.enter_context(rooms.admission.socket())
            room = await rooms.enter(caller_of(websocket.scope).owner, websocket.query_params.get("session", MAIN))
        except CapacityError as error:
            await refuse(websocket, 503, error)
        except ProtocolError as error:
            await refuse(websocket, 400, error)
        else:
            await websocket.accept()
            await _serve_viewer(websocket, rooms, room)


async def _serve_viewer(websocket: WebSocket, rooms: Rooms, room: Room) -> None:
    viewer = room.enter()
    try:
        viewer.send_json(snapshot(rooms, room, viewer))
        if room.stage.spoken is not None and (begun := encode_event(room.stage.spoken)):
            viewer.send_json(begun)
        if websocket.query_params.get("sound") == "1":
            room.stage.claim_if_free(viewer)
        connection = _Connection(websocket, room, viewer, rooms)
        try:
            await connection.serve()
        finally:
            connection.sound.leave()
    finally:
        room.leave(viewer)


class _Goodbye(Exception):
    """The connection is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class _Connection:
    def __init__(self, websocket: WebSocket, room: Room, viewer: Viewer, rooms: Rooms) -> None:
        self._websocket, self._room, self._viewer = websocket, room, viewer
        self._admission, self._figures = rooms.admission, rooms.figures
        self._caller, self._meter = caller_of(websocket.scope), doors_of(websocket).meter
        self.sound = SoundMeter(self._meter, self._caller)
        self._mistakes = 0

    async def serve(self) -> None:
        """Read and write until one side ends; close with the code that tells why."""
        goodbyes: list[_Goodbye] = []
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(), name=f"viewer {self._viewer.name}: write")
                group.create_task(self._read(), name=f"viewer {self._viewer.name}: read")
                group.create_task(self._watch(), name=f"viewer {self._viewer.name}: watch")
                group.create_task(self._part(), name=f"viewer {self._viewer.name}: part")
        except* _Goodbye as group:
            goodbyes += [error for error in group.exceptions if isinstance(error, _Goodbye)]
        except* WebSocketDisconnect:
            pass
        for goodbye in goodbyes[:1]:
            slow = self._viewer.lost.is_set()
            await part(self._websocket, goodbye.code, goodbye.reason, None if slow else self._viewer.outbox)

    async def _write(self) -> None:
        async for message in self._viewer.outbox:
            await send(self._websocket, message)

    async def _part(self) -> None:
        """The server ends; who has read what was sent knows why."""
        await self._admission.goodbye.wait()
        raise _Goodbye(GOING_AWAY, "the server ends")

    async def _watch(self) -> None:
        """A viewer that does not read is let go when its outbox is full, also while a message to it is stuck."""
        await self._viewer.lost.wait()
        raise _Goodbye(1008, "too slow to follow")

    async def _read(self) -> None:
        taken = 0
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            try:
                await self._take(message.get("text"), message.get("bytes") or b"")
            except SessionClosed as error:
                raise _Goodbye(GOING_AWAY, str(error)) from error
            except HayakuchiError as error:
                self._complain(error)
            # Messages that came together are received without waiting: whoever sends many must not keep the others from theirs.
            taken += 1
            if taken % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _take(self, text: str | None, data: bytes) -> None:
        if text is None:
            if data[:1] != bytes((MIC_KIND,)):
                raise _Goodbye(1003, "the only binary frames that are understood are those of a microphone")
            await self._hear(MicFrame.decode(data))
            return
        parsed = parse_client_message(text)
        if isinstance(parsed, InputText | MessageEdit | ReplyRegenerate):
            self._meter.request(self._caller)
            length = 0 if isinstance(parsed, ReplyRegenerate) else len(parsed.text)
            await self._meter.charge(self._caller, characters=length)
        if parsed is not None:
            self._obey(parsed)

    async def _hear(self, frame: MicFrame) -> None:
        seconds = len(frame.pcm) / BYTES_PER_SAMPLE / MIC_RATE
        self._figures.audio(STAGE, "in", seconds)
        try:
            await self.sound.hear(seconds)
        except HayakuchiError:
            self._room.mic.stop(self._viewer)
            raise
        self._room.mic.hear(self._viewer, frame)

    def _obey(self, message: ClientMessage) -> None:
        session, stage, viewer = self._room.session, self._room.stage, self._viewer
        if isinstance(message, InputText | Greet | MicStart | MessageEdit | ReplyRegenerate):
            self._admission.check()
        match message:
            case PlaybackReport(turn=turn, played_ms=played_ms):
                stage.played(viewer, turn, played_ms)
            case InputText(text=text, viewer=name, whole_reply=whole, disable_quick_response=no_quick):
                session.say(UserInput(text, name, whole_reply=whole, disable_quick_response=no_quick))
            case Typing():
                self._room.expect()
            case Interrupt():
                session.interrupt()
            case Greet():
                session.greet()
            case SoundClaim():
                stage.claim(viewer)
            case SoundRelease():
                stage.release(viewer)
            case MicStart() | MicStop() | MicTalk():
                self._obey_mic(message)
            case MessageEdit() | ReplyRegenerate() | HistoryRollback() | BranchSelect():
                session.revise(_revision(message), self._complain)
            case Ping(id=ping):
                viewer.send_json({"type": "pong", "id": ping})
            case _:
                assert_never(message)

    def _obey_mic(self, message: MicStart | MicStop | MicTalk) -> None:
        mic, viewer = self._room.mic, self._viewer
        match message:
            case MicStart(mode=mode, half_duplex=half_duplex):
                mic.start(viewer, mode, half_duplex)
            case MicStop():
                mic.stop(viewer)
            case MicTalk(down=down):
                mic.talk(viewer, down)

    def _complain(self, error: HayakuchiError) -> None:
        self._viewer.send_json({"type": "error", "code": error.code, "message": str(error)})
        if isinstance(error, ProtocolError):
            self._mistakes += 1
            if self._mistakes >= MAX_MISTAKES:
                raise _Goodbye(1008, "too many messages that were not understood")


def _revision(message: MessageEdit | ReplyRegenerate | HistoryRollback | BranchSelect) -> Revision:
    match message:
        case MessageEdit(message=number, text=text):
            return Edited(number, text)
        case ReplyRegenerate():
            return Regenerated()
        case HistoryRollback(count=count):
            return RolledBack(count)
        case BranchSelect(message=number):
            return Selected(number)
