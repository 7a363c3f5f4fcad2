"""What people say to a group: it is taken in order, shown to the others, and stays theirs until a reply to it begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...core.errors import CapacityError
from ...core.types import UserInput
from ..access.caller import Caller
from . import server_messages as told
from .client import Client

MOST: Final = 8
"""What nobody has taken yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """``by``: to whose client it was said; ``caller`` is counted for its answer, None: who is connected."""

    by: Client
    heard: UserInput
    caller: Caller | None = None


class Words:
    """Of one group. Nothing here waits."""

    def __init__(self) -> None:
        self._waiting: deque[Word] = deque()
        self._untold: list[Word] = []
        """Taken, and not shown to the others' clients yet."""
        self._open: list[Word] = []
        """Taken, and no reply to it has begun."""
        self._callers: dict[Client, Caller | None] = {}

    @property
    def waiting(self) -> bool:
        """Whether there is anything that nobody has taken."""
        return bool(self._waiting)

    @property
    def asking(self) -> Sequence[Client]:
        """To whose clients that was said which is not shown yet."""
        return [word.by for word in self._untold]

    def put(self, by: Client, heard: UserInput, caller: Caller | None = None) -> None:
        """Raises CapacityError."""
        if len(self._waiting) >= MOST:
            raise CapacityError("too many messages at once", retry_after_s=1.0)
        self._waiting.append(Word(by, heard, caller))

    def take(self) -> Word | None:
        """The oldest that nobody has taken."""
        if not self._waiting:
            return None
        word = self._waiting.popleft()
        self._untold.append(word)
        self._open.append(word)
        self._callers[word.by] = word.caller
        return word

    def caller(self, speaker: Client) -> Caller | None:
        """Who is counted for what it says to what was taken: whoever spoke last at its client. None: who is connected."""
        return self._callers.get(speaker)

    def answered(self) -> None:
        """A reply to all that was taken has begun, or there will be none."""
        self._open.clear()

    def over(self) -> None:
        """Nobody says any more to what was taken."""
        self.answered()
        self._callers.clear()

    def leave(self, client: Client) -> tuple[Sequence[Word], Sequence[Word]]:
        """What was said to this client and is not answered: what was taken, and what was not. Who has closed its connection has
        still said it to the others."""
        taken = [word for word in self._open if word.by is client]
        waiting = [word for word in self._waiting if word.by is client]
        self._open = [word for word in self._open if word.by is not client]
        self._callers.pop(client, None)
        if not client.gone:
            self._waiting = deque(word for word in self._waiting if word.by is not client)
        return taken, waiting

    def tell(self, members: Sequence[Client], speaker: Client | None = None, answered: UserInput | None = None) -> None:
        """Show what was taken to those whose clients do not show it by themselves: they do what was typed there, and what was
        spoken and is answered there."""
        for word in self._untold:
            shown = word.by if word.heard.speech is None else speaker if word.heard is answered else None
            for member in members:
                if member is not shown:
                    member.send(told.user_input_transcription(word.heard.text))
        self._untold.clear()
