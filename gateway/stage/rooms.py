"""The rooms of the server: a session and its stage each, made when somebody comes, closed when long empty."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from ...core.clock import loop_ms
from ...core.errors import CapacityError, ProtocolError, SessionClosed
from ...core.events import TurnEnded
from ...core.place import Place, at
from ...live2d_bridge.stage import Stage, Viewer
from ...orchestrator.conversation import Conversation
from ...orchestrator.engine import Engine
from ...orchestrator.hearing import HearingState, HearingStatus
from ...orchestrator.session import Session
from ..access.caller import ANONYMOUS
from ..admission import Admission
from ..figures.observers import observers
from ..figures.observing import Figures
from ..figures.traces import Traces
from .entries import HISTORY, entries
from .microphone import Microphone

MAIN = "main"
IDLE_MS = 600_000.0
MAKE_WAY_MS = 30_000.0
"""After this an empty room is closed when its place is wanted."""
SWEEP_S = 30.0
PROGRESS_MS = 500.0
"""How often viewers are told of a download that goes on."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Room:
    """A session on its stage; who takes part in its conversation elsewhere is seen here, too."""

    def __init__(
        self, session: Session, stage: Stage, mic: Microphone, models: dict[str, Any], prepare: Callable[[], None]
    ) -> None:
        self.session, self.stage, self.mic = session, stage, mic
        self._conversation = session.history.uid
        self._models, self._prepare = models, prepare
        self.idle_since = loop_ms()
        self._viewers = 0

    def enter(self) -> Viewer:
        self._viewers += 1
        viewer = Viewer(f"v{self._viewers}")
        self.stage.join(viewer)
        return viewer

    def expect(self) -> None:
        """Something is about to be said: the models and the voice get ready for it."""
        self._prepare()

    def tell_history(self) -> None:
        """Tell the viewers what the history is; if it is that of another conversation, what is being spoken belongs to none."""
        history = self.session.history
        if history.uid != self._conversation:
            self._conversation = history.uid
            with suppress(CapacityError, SessionClosed):
                self.session.interrupt()
        self.stage.tell({"type": "history", "conversation": history.uid, "history": entries(history.recent(HISTORY))})

    def tell_models(self, models: dict[str, Any]) -> None:
        """Tell the viewers which model and voice are in use, if that changed."""
        if models != self._models:
            self._models = models
            self.stage.tell({"type": "models", **models})

    def leave(self, viewer: Viewer) -> None:
        self.mic.stop(viewer)
        self.stage.leave(viewer)
        self.idle_since = loop_ms()

    def idle_ms(self) -> float:
        busy = self.stage.viewers or self.session.turn is not None
        return 0.0 if busy else loop_ms() - self.idle_since


class Rooms:
    """``run`` holds the sessions' tasks; it lasts as long as the server."""

    def __init__(
        self, engine: Engine, admission: Admission, figures: Figures | None = None, traces: Traces | None = None
    ) -> None:
        self.engine, self.admission = engine, admission
        self.figures = figures or Figures()
        self._traces = traces
        self._rooms: dict[tuple[str, str], Room] = {}
        """By owner and name."""
        self._group: asyncio.TaskGroup | None = None
        self._ears_told: tuple[HearingState, float] = (engine.hearing.status.state, 0.0)
        """The state that the viewers know, and when they were told."""
        engine.on_probed = self._tell_models
        engine.hearing.observe(self._tell_ears)

    def __len__(self) -> int:
        return len(self._rooms)

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    async def run(self, started: asyncio.Event) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            started.set()
            while True:
                await asyncio.sleep(SWEEP_S)
                self.sweep()

    def sweep(self) -> None:
        """Close the rooms that have been empty for ten minutes; the main room stays. What was said there is kept."""
        for place, room in list(self._rooms.items()):
            if place != (ANONYMOUS, MAIN) and room.idle_ms() > IDLE_MS:
                self._close(place)

    def _close(self, place: tuple[str, str]) -> None:
        self._rooms.pop(place).session.close()
        self.admission.end_session()

    def _make_way(self) -> None:
        """The room that has been empty for longest gives its place to a new one."""
        idle = {place: room.idle_ms() for place, room in self._rooms.items() if place != (ANONYMOUS, MAIN)}
        longest = max(idle, key=lambda place: idle[place], default=None)
        if longest is not None and idle[longest] > MAKE_WAY_MS:
            self._close(longest)

    @property
    def speaking(self) -> bool:
        """Whether a turn runs in any room."""
        return any(room.session.turn is not None for room in self._rooms.values())

    @property
    def busy(self) -> bool:
        """Whether a turn runs before viewers, or what was said to a microphone may still begin one."""
        return any(
            room.stage.viewers and (room.session.turn is not None or room.mic.understanding)
            for room in self._rooms.values()
        )

    def tell_closing(self, in_ms: float) -> None:
        """Tell the viewers that the server ends, in so long at the latest. No microphone is listened to any longer."""
        for room in self._rooms.values():
            room.mic.close()
            room.stage.tell({"type": "session.closing", "in_ms": in_ms})

    def interrupt(self) -> None:
        """End the turns that are running."""
        for room in self._rooms.values():
            if room.session.turn is not None:
                with suppress(SessionClosed, CapacityError):
                    room.session.interrupt()

    def check(self, owner: str, name: str) -> None:
        """Whether one could enter; raises what :meth:`enter` does."""
        if not NAME.fullmatch(name):
            raise ProtocolError("a session's name is 1 to 64 of A-Z a-z 0-9 _ -")
        if (owner, name) not in self._rooms:
            self._make_sure_of_room()

    async def enter(self, owner: str, name: str) -> Room:
        """The room of that name among those of this owner, made when there is none, with what was said there before.

        Raises ProtocolError for a bad name, CapacityError when full.
        """
        self.check(owner, name)
        if (room := self._rooms.get((owner, name))) is not None:
            return room
        history = await self.engine.conversations.open(owner, name, self.engine.settings.character.name)
        if (room := self._rooms.get((owner, name))) is not None:  # somebody else was quicker
            return room
        group = self._make_sure_of_room()
        self.admission.begin_session()
        room = self._rooms[owner, name] = self._open(name, history, group)
        return room

    def _make_sure_of_room(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise CapacityError("the server does not run")
        if self.admission.full:
            self._make_way()
        self.admission.check_session()
        return self._group

    def _open(self, name: str, history: Conversation, group: asyncio.TaskGroup) -> Room:
        session = self.engine.new_session(name, history)
        stage = Stage(session.playback, self.engine.voice.sample_rate)
        session.playback.on_stalled = partial(self._stalled, stage)
        session.observe(stage.observe)
        for observer in observers(session, self.figures, self._traces, lambda: self.engine.model_in_use):
            session.observe(observer)
        mic = Microphone(self.engine, session, stage, group)
        room = Room(session, stage, mic, self.models(), self.engine.prepare)
        session.observe(lambda event: room.tell_models(self.models()) if isinstance(event, TurnEnded) else None)
        with at(Place(session=name)):  # it outlives the request that opened it
            group.create_task(_lasting(room), name=f"session {name}")
        return room

    def _stalled(self, stage: Stage) -> None:
        self.figures.stalled("listener")
        stage.holder_stalled()

    def models(self) -> dict[str, Any]:
        """Which model and voice answer at the moment, which should, and what is wrong with the others."""
        engine = self.engine
        model, voice = engine.model_in_use, engine.voice_in_use
        demo = model is not None and model.startswith("demo_")
        first = {"llm": engine.llm.states(loop_ms())[0][0], "tts": engine.voice.states(loop_ms())[0][0]}
        told = {"llm": model, "tts": voice, "first_choice": first, "demo": demo, "problems": engine.problems}
        return {**told, "not_kept": engine.conversations.problem is not None}

    def _tell_models(self) -> None:
        for room in self._rooms.values():
            room.tell_models(self.models())

    def _tell_ears(self, status: HearingStatus) -> None:
        before, told_at = self._ears_told
        if status.state is HearingState.FETCHING is before and loop_ms() - told_at < PROGRESS_MS:
            return
        self._ears_told = (status.state, loop_ms())
        for room in self._rooms.values():
            room.mic.tell_ears()


async def _lasting(room: Room) -> None:
    """Run the session; while it lasts, the room tells of what others change in its conversation."""
    session = room.session
    stop = session.history.observe(room.tell_history, of=session)
    try:
        await session.run()
    finally:
        stop()
