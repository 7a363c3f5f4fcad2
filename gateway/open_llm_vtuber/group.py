"""A conversation of several characters, each with a client, a session, a memory and a voice of its own.

What a person says to one of the clients is said to the group. Whoever has the floor answers in its own session; the others see
that, and what was heard of it goes into their memories, under the speaker's name: before they speak themselves, or when the
round is over. So each character remembers what it heard while it was in the group, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError
from ...core.events import TurnStatus
from ...core.types import UserInput
from . import server_messages as told
from .client import Client, ReplyOver
from .floor import Floor, says_nothing
from .memories import Memory, memory_of
from .relay import Relay, hushed

WORDS: Final = 8
"""What people have said and nobody has taken yet, at most."""
SAY_S: Final = 10.0
"""How long it may take that a reply is begun."""
INSTRUCTIONS: Final = """You take part in a conversation of several characters and people: {names} and you. Before a \
message stands who said it. Speak as yourself only, never for another, and write no names before what you say. Whoever you \
call by name speaks next. Keep it short. If you have nothing to add, write … and nothing else."""


class Group:
    """``run`` holds the conversation while there are two members at least; the other methods only leave word."""

    def __init__(self, turns: int, *, sound: bool) -> None:
        self.members: list[Client] = []
        """In the order in which they came; the first is its owner."""
        self._floor, self._sound = Floor(turns), sound
        self._words: deque[tuple[Client, UserInput]] = deque()
        """What people have said, and to whose client."""
        self._cue: tuple[Client, UserInput] | None = None
        """Somebody speaks without having been asked."""
        self._untold: list[tuple[Client, UserInput]] = []
        """Words of people that the others' clients have not been shown."""
        self._unheard: dict[str, list[UserInput]] = {}
        """By uid: what a member has heard and its memory does not hold yet."""
        self._kept: list[Memory] = []
        """What members heard who have left, or who could not answer it."""
        self._relay: Relay | None = None
        """The reply that is being given."""
        self._woken = asyncio.Event()
        self.quiet = asyncio.Event()
        """Nobody speaks, or is about to."""
        self.quiet.set()

    def join(self, client: Client) -> None:
        self.members.append(client)
        self._unheard[client.uid] = []
        self._floor.join(client.uid, client.part.character.name)
        client.group = self

    def leave(self, client: Client) -> None:
        """What it is saying ends there, and it hears nothing more of the others. Idempotent."""
        if client not in self.members:
            return
        self.members.remove(client)
        self._floor.leave(client.uid)
        self._kept.append(memory_of(client, *self._unheard.pop(client.uid)))
        client.group = None
        if self._relay is not None:
            self._relay.leave(client)
            if self._relay.speaker is client:
                self._stop(client)
        self._woken.set()

    def said(self, by: Client, heard: UserInput) -> None:
        """A person says this: whoever speaks stops, and the floor is free. Raises CapacityError."""
        if len(self._words) >= WORDS:
            raise CapacityError("too many messages at once", retry_after_s=1.0)
        self._words.append((by, heard))
        self._stop(by)
        self._wake()

    def interrupt(self, by: Client, words: str | None = None) -> None:
        """A person interrupts whoever speaks; ``words``: what was heard at that client."""
        self._floor.interrupted()
        self._stop(by, words)

    def speak_up(self, client: Client, cue: UserInput) -> bool:
        """A character wants to speak without having been asked; whether it may."""
        if not self.quiet.is_set() or not self._floor.speaks_up(client.uid, loop_ms()):
            return False
        self._cue = client, cue
        self._wake()
        return True

    def _wake(self) -> None:
        self.quiet.clear()
        self._woken.set()

    async def run(self) -> None:
        """Speak in turn whenever a person has said something; ends when there is only one member left."""
        try:
            while len(self.members) > 1:
                await self._woken.wait()
                self._woken.clear()
                while (speaker := self._next()) is not None:
                    await self._reply(speaker)
                self._tell_words()
                await self._remember()
                if not self._words and self._cue is None:
                    self.quiet.set()
        finally:
            self.quiet.set()
            await self._remember()

    def _next(self) -> Client | None:
        """Who speaks; before that the people have their say."""
        for member in self.members:
            self._floor.join(member.uid, member.part.character.name)
        while self._words:
            by, heard = self._words.popleft()
            self._floor.person_spoke(heard.text, by.uid)
            self._hear(heard, self.members)
            self._untold.append((by, heard))
            self._cue = None
        uid = self._floor.next(loop_ms()) if len(self.members) > 1 else None
        return next((member for member in self.members if member.uid == uid), None)

    async def _reply(self, speaker: Client) -> None:
        """Let it speak, and hear what comes of it."""
        cue, self._cue = self._cue, None
        listeners = [member for member in self.members if member is not speaker]
        asking = [by for by, _ in self._untold]
        # A stream of sound is for those who asked for streams; the others read.
        aloud = self._sound and (not speaker.streams or all(one.streams for one in listeners))
        relay = self._relay = Relay(speaker, listeners, sound=aloud)
        forget = speaker.watch(relay.observe)
        over: ReplyOver | None = None
        try:
            await hushed(listeners)
            begun = False
            if not relay.stopped:
                relay.begin()
                async with asyncio.timeout(SAY_S):
                    begun = await self._begin(relay, cue[1] if cue is not None and cue[0] is speaker else None)
            over = await relay.over() if begun else None
        except (HayakuchiError, TimeoutError) as error:
            _complain([speaker, *asking], error)
        finally:
            forget()
            relay.end()
            self._relay = None
        self._note(relay, over)

    async def _begin(self, relay: Relay, cue: UserInput | None) -> bool:
        """Ask the speaker for a reply to what it has heard last, or to the cue; whether there was any, and nobody came between.
        Raises HayakuchiError, TimeoutError."""
        speaker, lines = relay.speaker, self._unheard[relay.speaker.uid]
        last = lines[-1] if lines and cue is None else None
        self._tell_words(speaker, last)
        while len(lines) > (last is not None) and not relay.stopped:
            await memory_of(speaker, lines.pop(0)).write()
        heard = cue or last
        if heard is None or relay.stopped:
            return False
        lines.clear()
        names = ", ".join(dict.fromkeys(member.part.character.name for member in self.members if member is not speaker))
        rules = f"{heard.instructions}\n\n{INSTRUCTIONS.format(names=names)}".strip()
        try:
            await speaker.answer(replace(heard, instructions=rules))
        except (HayakuchiError, asyncio.CancelledError):
            self._kept += [memory_of(speaker, last)] if last is not None else []
            raise
        return True

    def _note(self, relay: Relay, over: ReplyOver | None) -> None:
        """What was heard of a reply is heard by all the others, and decides who may speak next."""
        speaker, name = relay.speaker, relay.speaker.part.character.name
        text = over.heard_reply if over is not None else relay.shown if relay.stopped else ""
        if not says_nothing(text):
            self._hear(UserInput(text, name), (member for member in self.members if member is not speaker))
        if relay.stopped and speaker in self.members:
            return
        if over is None or over.status is TurnStatus.FAILED:
            if not relay.stopped:
                speaker.hush()
            self._floor.failed(speaker.uid, loop_ms())
        elif over.status is TurnStatus.INTERRUPTED and not relay.stopped:
            self._floor.interrupted()  # at its own client, by other means
        elif speaker in self.members:
            self._floor.replied(speaker.uid, text)

    def _stop(self, by: Client, words: str | None = None) -> None:
        relay = self._relay
        if relay is None or relay.stopped:
            return
        relay.stop()
        relay.speaker.hush(words if by is relay.speaker else None)
        for member in self.members:
            if member is not by:
                member.send(told.group_interrupted())

    def _hear(self, line: UserInput, members: Iterable[Client]) -> None:
        for member in members:
            self._unheard[member.uid].append(line)

    def _tell_words(self, speaker: Client | None = None, answered: UserInput | None = None) -> None:
        """Show what people have said to those whose clients do not show it by themselves: they do what was typed there, and
        what was spoken and is answered there."""
        for by, heard in self._untold:
            shown = by if heard.speech is None else speaker if heard is answered else None
            for member in self.members:
                if member is not shown:
                    member.send(told.user_input_transcription(heard.text))
        self._untold.clear()

    async def _remember(self) -> None:
        """Put into the memories what was heard and not answered."""
        kept, self._kept = self._kept, []
        for member in self.members:
            kept.append(memory_of(member, *self._unheard[member.uid]))
            self._unheard[member.uid] = []
        for memory in kept:
            await memory.write()


def _complain(clients: Iterable[Client], error: HayakuchiError | TimeoutError) -> None:
    told_of = error if isinstance(error, HayakuchiError) else CapacityError("the reply was not begun in time")
    for client in dict.fromkeys(clients):
        client.complain(told_of)
