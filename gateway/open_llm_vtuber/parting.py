"""What is left to be done for a client that has left its group: its character remembers what it heard, and answers by itself
what was said to it and nobody has begun to answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from ...core.errors import CapacityError, HayakuchiError
from ...core.types import UserInput
from .client import Client
from .memories import Memory, memory_of
from .words import Word

SAY_S: Final = 10.0
"""How long it may take that a reply is begun."""


class Parting:
    """``run`` is to be called once. ``lines``: what the character has heard; ``said``: those of them that are not answered. It
    answers the last one."""

    def __init__(self, client: Client, lines: deque[UserInput], said: Sequence[Word]) -> None:
        self.client = client
        self._said = said[-1] if said and not client.gone else None
        if self._said is not None:
            _take_out(self._said.heard, lines)
        self._memory = memory_of(client, lines)
        self._turns = client.session.turns

    async def run(self) -> None:
        try:
            await self._memory.write()
        finally:
            await self._memory.write()  # the rest, when the server ends
        if self._said is not None and not self.client.gone:
            await self._answer(self._said)

    async def _answer(self, said: Word) -> None:
        """Whoever cannot be answered is told, and it is remembered all the same."""
        refusal: HayakuchiError = CapacityError("what you said last is not answered: your group has ended meanwhile")
        try:
            async with asyncio.timeout(SAY_S):
                if await self.client.answer(said.heard, by=said.caller, unless=self._busy):
                    return
        except HayakuchiError as error:
            refusal = error
        except TimeoutError:
            pass
        self.client.complain(refusal)
        await Memory(self._memory.history, self._memory.by, deque([said.heard])).write()

    def _busy(self) -> bool:
        """Whether the client has gone on with something else."""
        client = self.client
        return client.group is not None or client.session is not self._memory.by or client.session.turns != self._turns


def _take_out(one: UserInput, lines: deque[UserInput]) -> None:
    """Lines with the same words are not the same."""
    for index, line in enumerate(lines):
        if line is one:
            del lines[index]
            return
