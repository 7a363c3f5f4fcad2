"""``WS /stage/ws``: the stage protocol's server side, one connection at a time."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import assert_never

from starlette.websockets import WebSocket

from ...core.errors import HayakuchiError, SessionClosed
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
from ..connection import NOT_UNDERSTOOD, Connection, Goodbye, serve
from ..doors import doors_of
from ..figures.observing import STAGE
from .rooms import MAIN, Room, Rooms
from .snapshot import snapshot


async def serve_stage(websocket: WebSocket, rooms: Rooms) -> None:
    """Serve one viewer until it goes; refuse it before it is accepted when the server is full."""

    async def enter(held: AsyncExitStack) -> Room:
        held.enter_context(rooms.admission.socket())
        return await rooms.enter(caller_of(websocket.scope).owner, websocket.query_params.get("session", MAIN))

    async def hold(connection: Connection, room: Room) -> None:
        viewer = room.enter()
        connection.name = f"viewer {viewer.name}"
        try:
            viewer.send_json(snapshot(rooms, room, viewer))
            if room.stage.spoken is not None and (begun := encode_event(room.stage.spoken)):
                viewer.send_json(begun)
            if websocket.query_params.get("sound") == "1":
                room.stage.claim_if_free(viewer)
            connection.write(viewer.outbox, viewer.outbox, viewer.lost)
            taking = _Taking(connection, room, viewer, rooms)
            try:
                await connection.read(taking.take)
            finally:
                taking.sound.leave()
        finally:
            room.leave(viewer)

    await serve(websocket, rooms.admission, "viewer", enter, hold)


class _Taking:
    """What one viewer says."""

    def __init__(self, connection: Connection, room: Room, viewer: Viewer, rooms: Rooms) -> None:
        self._connection, self._room, self._viewer = connection, room, viewer
        self._admission, self._figures = rooms.admission, rooms.figures
        websocket = connection.websocket
        self._caller, self._meter = caller_of(websocket.scope), doors_of(websocket).meter
        self.sound = SoundMeter(self._meter, self._caller)

    async def take(self, text: str | None, data: bytes) -> None:
        """A frame. Raises SessionClosed, and Goodbye."""
        try:
            await self._take(text, data)
        except SessionClosed:
            raise
        except HayakuchiError as error:
            self._complain(error)

    async def _take(self, text: str | None, data: bytes) -> None:
        if text is None:
            if data[:1] != bytes((MIC_KIND,)):
                raise Goodbye(NOT_UNDERSTOOD, "the only binary frames that are understood are those of a microphone")
            await self._hear(MicFrame.decode(data))
            self._connection.understood()
            return
        parsed = parse_client_message(text)
        if isinstance(parsed, InputText | MessageEdit | ReplyRegenerate):
            self._meter.request(self._caller)
            length = 0 if isinstance(parsed, ReplyRegenerate) else len(parsed.text)
            await self._meter.charge(self._caller, characters=length)
        if parsed is not None:
            self._obey(parsed)
            self._connection.understood()

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
        self._connection.count(error)


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
