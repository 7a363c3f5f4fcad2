"""Can the server take a turn on? Models and voices that nobody used of late are asked; the store is written to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ...core.clock import loop_ms
from ...core.errors import AllProvidersFailed, HayakuchiError
from ...core.link import Answered

if TYPE_CHECKING:
    from ..doors import Doors

FRESH_MS = 30_000.0
"""Whoever answered within this time is taken to answer still."""
PROBE_S = 5.0
"""How long a provider that is asked on purpose may take."""


class Readiness:
    """Who answers, looked up at most once at a time however many ask."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._lock = asyncio.Lock()
        self._wrote_at: float | None = None

    async def told(self) -> tuple[bool, dict[str, Any]]:
        """Whether the server can take a turn on, and why not; what answered, and when."""
        if self._doors.admission.draining:
            # Nobody is asked any more: whoever balances loads wants the answer now.
            nobody = {"llm": None, "tts": None}
            reasons = ["the server is about to end"]
            return False, {"status": "not ready", "reasons": reasons, "answered": nobody, **self._doors.rooms.models()}
        async with self._lock:
            async with asyncio.TaskGroup() as group:
                model = group.create_task(self._answered(self._doors.engine.llm), name="does a model answer")
                voice = group.create_task(self._answered(self._doors.engine.voice), name="does a voice answer")
                store = group.create_task(self._store(), name="can the store write")
        answers = {"llm": model.result(), "tts": voice.result()}
        reasons = [f"no {kind} answers" for kind, answer in answers.items() if answer is None]
        if problem := store.result():
            reasons.append(problem)
        now = loop_ms()
        answered = {kind: _shown(answer, now) for kind, answer in answers.items()}
        status = "not ready" if reasons else "ready"
        told = {"status": status, "reasons": reasons, "answered": answered, **self._doors.rooms.models()}
        return not reasons, told

    async def _answered(self, chain: Any) -> Answered | None:
        try:
            return await chain.answered(FRESH_MS, PROBE_S)
        except AllProvidersFailed:
            return None

    async def _store(self) -> str | None:
        """What is wrong with the store: it is written to, unless it was of late."""
        database = self._doors.database
        if self._wrote_at is not None and loop_ms() - self._wrote_at < FRESH_MS:
            return None
        try:
            await database.check()
        except HayakuchiError as error:
            self._wrote_at = None
            return str(error)
        self._wrote_at = loop_ms()
        return None


def _shown(answer: Answered | None, now: float) -> dict[str, Any] | None:
    return None if answer is None else {"name": answer.name, "seconds_ago": round((now - answer.at) / 1000, 1)}
