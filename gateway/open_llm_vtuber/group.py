"""A conversation of several characters, each with a client, a session, a memory and a voice of its own.

What a person says to one of the clients is said to the group. Whoever has the floor answers in its own session; the others see
that, and what was heard of it goes into their memories, under the speaker's name: before they speak themselves, or when the
round is over. So each character remembers what it heard while it was in the group, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ...core.clock import loop_ms
from ...core.errors import CapacityError, HayakuchiError
from ...core.events import TurnStatus
from ...core.types import UserInput
from ..access.caller import Caller
from . import server_messages as told
from .attention import hears
from .client import Client, ReplyOver
from .floor import Floor, says_nothing
from .memories import Overheard, memory_of
from .parting import SAY_S, Parting
from .relay import Relay, hushed
from .words import Words

HEARD_OUT_MS: Final = 10_000.0
"""How long a reply that answers nobody waits for people who speak. Longer it is noise."""
LOOK_S: Final = 0.1
"""How often it is looked whether they have ended."""
INSTRUCTIONS: Final = """You take part in a conversation of several characters and people: {names} and you. Before a \
message stands who said it. Speak as yourself only, never for another, and write no names before what you say. Whoever you \
call by name speaks next. Keep it short. If you have nothing to add, write … and nothing else."""


class Group:
    """``run`` holds the conversation while there are two members at least; the other methods only leave word."""

    def __init__(self, turns: int, *, sound: bool) -> None:
        self.members: list[Client] = []
        """In the order in which they came; the first is its owner."""
        self._floor, self._sound = Floor(turns), sound
        self._words, self._overheard = Words(), Overheard()
        self._cue: tuple[Client, UserInput] | None = None
        """Somebody speaks without having been asked."""
        self._relay: Relay | None = None
        """The reply that is being given."""
        self._woken = asyncio.Event()
        self.quiet = asyncio.Event()
        """Nobody speaks, or is about to."""
        self.quiet.set()

    def join(self, client: Client) -> None:
        self.members.append(client)
        self._overheard.join(client)
        self._floor.join(client.uid, client.part.character.name)
        client.group = self

    def leave(self, client: Client) -> Parting:
        """What it is saying ends there, and it hears nothing more of the others. What is returned is to be run."""
        self.members.remove(client)
        client.group = None
        self._floor.leave(client.uid)
        if self._cue is not None and self._cue[0] is client:
            self._cue = None
            self._floor.interrupted()
        if self._relay is not None:
            self._relay.leave(client)
            if self._relay.speaker is client:
                self._stop(client)
        self._woken.set()
        lines = self._overheard.leave(client)
        taken, waiting = self._words.leave(client)
        lines.extend(word.heard for word in waiting)
        return Parting(client, lines, [*taken, *waiting])

    def dissolve(self) -> Sequence[Client]:
        """All leave, whatever state the group is in; who they were."""
        left, self.members = self.members, []
        for member in left:
            member.group = None
        return left

    def said(self, by: Client, heard: UserInput, caller: Caller | None = None) -> None:
        """A person says this: whoever speaks stops, and the floor is free. ``caller`` is counted for what ``by`` answers; None:
        who is connected. Raises CapacityError."""
        self._words.put(by, heard, caller)
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
                    await self._hear_out()
                self._cue = None  # somebody came between
                self._words.over()
                self._words.tell(self.members)
                await self._overheard.write()
                if not self._words.waiting:
                    self.quiet.set()
        finally:
            self.quiet.set()
            await self._overheard.write()

    def _next(self) -> Client | None:
        """Who speaks; before that the people have their say."""
        for member in self.members:
            self._floor.join(member.uid, member.part.character.name)
        while (word := self._words.take()) is not None:
            self._floor.person_spoke(word.heard.text, word.by.uid)
            self._overheard.hear(word.heard, self.members)
            self._cue = None
        uid = self._floor.next(loop_ms()) if len(self.members) > 1 else None
        return next((member for member in self.members if member.uid == uid), None)

    async def _hear_out(self) -> None:
        """Nobody goes on while a person speaks at one of the microphones."""
        until = loop_ms() + HEARD_OUT_MS
        while self._floor.open and not self._words.waiting and self._somebody_speaks() and loop_ms() < until:
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()

    def _somebody_speaks(self) -> bool:
        return any(hears(member, loop_ms()) for member in self.members)

    async def _reply(self, speaker: Client) -> None:
        """Let it speak, and hear what comes of it."""
        cue, self._cue = self._cue, None
        listeners = [member for member in self.members if member is not speaker]
        asking = self._words.asking
        # A stream of sound is for those who asked for streams; the others read.
        aloud = self._sound and (not speaker.streams or all(one.streams for one in listeners))
        relay = self._relay = Relay(speaker, listeners, sound=aloud)
        forget = speaker.watch(relay.observe)
        over, failed = None, True
        try:
            await hushed(listeners)
            begun = False
            if not relay.stopped:
                relay.begin()
                async with asyncio.timeout(SAY_S):
                    begun = await self._begin(relay, cue[1] if cue is not None and cue[0] is speaker else None)
            over = await relay.over() if begun else None
            failed = begun and (over is None or over.status is TurnStatus.FAILED)
        except (HayakuchiError, TimeoutError) as error:
            self._complain([speaker, *asking], error)
        finally:
            forget()
            relay.end()
            self._relay = None
        self._note(relay, over, failed=failed)
        if cue is not None and over is None and not failed:
            self._floor.interrupted()  # it did not speak up after all

    async def _begin(self, relay: Relay, cue: UserInput | None) -> bool:
        """Ask the speaker for a reply to what it has heard last, or to the cue; whether there was any, and nobody came between.
        Raises HayakuchiError, TimeoutError."""
        speaker, lines = relay.speaker, self._overheard.of(relay.speaker)
        last = lines[-1] if lines and cue is None else None
        self._words.tell(self.members, speaker, last)
        while len(lines) > (last is not None) and not relay.stopped:
            await memory_of(speaker, [lines.popleft()]).write()
        heard = cue or last
        if heard is None or relay.stopped:
            return False
        names = ", ".join(dict.fromkeys(member.part.character.name for member in self.members if member is not speaker))
        rules = f"{heard.instructions}\n\n{INSTRUCTIONS.format(names=names)}".strip()
        asked = replace(heard, instructions=rules)
        counted = None if cue is not None else self._words.caller(speaker)
        if not await speaker.answer(
            asked, by=counted, unless=lambda: relay.stopped or (cue is not None and self._somebody_speaks())
        ):
            return False
        relay.follow(asked)
        lines.clear()
        self._words.answered()
        return True

    def _note(self, relay: Relay, over: ReplyOver | None, *, failed: bool) -> None:
        """What was heard of a reply is heard by all the others, and decides who may speak next."""
        speaker, name = relay.speaker, relay.speaker.part.character.name
        text = over.heard_reply if over is not None else relay.shown if relay.stopped else ""
        if not says_nothing(text):
            self._overheard.hear(UserInput(text, name), (member for member in self.members if member is not speaker))
        if relay.stopped and speaker in self.members:
            return
        if failed:
            if not relay.stopped:
                speaker.hush()
            self._floor.failed(speaker.uid, loop_ms())
        elif over is not None and over.status is TurnStatus.INTERRUPTED and not relay.stopped:
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

    def _complain(self, clients: Sequence[Client], error: HayakuchiError | TimeoutError) -> None:
        told_of = error if isinstance(error, HayakuchiError) else CapacityError("the reply was not begun in time")
        for client in dict.fromkeys(clients):
            if client in self.members:
                client.complain(told_of)
