"""The lines on stderr that say which model or voice does not answer, and who answers in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..core.clock import loop_ms

if TYPE_CHECKING:
    from ..orchestrator.engine import Engine


class StandIns:
    """Each line is told when it becomes true, and again only if it was not true in between."""

    def __init__(self, engine: Engine, note: Callable[[str], None]) -> None:
        self._engine, self._note = engine, note
        self._told: list[str] = []

    def watch(self) -> None:
        """Tell what is known, and after each round of probes what is new. Called where the engine's loop runs."""
        before = self._engine.on_probed

        def probed() -> None:
            before()
            self._tell()

        self._engine.on_probed = probed
        self._tell()

    def _tell(self) -> None:
        lines = list(stand_ins(self._engine))
        for line in lines:
            if line not in self._told:
                self._note(line)
        self._told = lines


def stand_ins(engine: Engine) -> Iterator[str]:
    """The providers before the first one that is well, a line each."""
    yield from _of(engine.llm, "answers in its place", "nobody answers in its place")
    yield from _of(engine.voice, "speaks in its place", "nobody speaks in its place")
    if engine.quick:
        yield from _of(engine.quick, "says the first words in its place", "replies begin without quick words")


def _of(chain: Any, stands_in: str, nobody: str) -> Iterator[str]:
    states = chain.states(loop_ms())
    well = next((index for index, (_, _, error) in enumerate(states) if error is None), None)
    words = nobody if well is None else f"{states[well][0]} {stands_in}"
    for _, _, error in states[:well]:
        yield f"{' '.join(str(error).split())}; {words}"
