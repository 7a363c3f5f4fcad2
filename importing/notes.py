"""What became of each thing that was taken over: the lines of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of it. The values are what the report shows."""

    TAKEN = "taken over"
    TRANSLATED = "translated"
    NOT_POSSIBLE = "not possible"
    LEFT_OUT = "left out"
    """Empty, at a default that is ours too, or of something that is not in use: nothing is lost."""


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the report. It never holds a secret."""

    source: str
    """Where it was found: ``conf.yaml:12 system_config.port``, or a file's name."""
    outcome: Outcome
    what: str
    """What it became, or why it could not be."""
    instead: str | None = None
    """What to use instead, where it is not possible."""


@dataclass(slots=True)
class Notes:
    """Collects the lines of the report in the order in which they were found; the same line is kept once."""

    _all: dict[Note, None] = field(default_factory=dict)

    def taken(self, source: str, what: str) -> None:
        self.add(Note(source, Outcome.TAKEN, what))

    def translated(self, source: str, what: str) -> None:
        self.add(Note(source, Outcome.TRANSLATED, what))

    def not_possible(self, source: str, what: str, instead: str | None = None) -> None:
        self.add(Note(source, Outcome.NOT_POSSIBLE, what, instead))

    def left_out(self, source: str, what: str) -> None:
        self.add(Note(source, Outcome.LEFT_OUT, what))

    def add_line(self, source: str, outcome: Outcome, what: str, instead: str | None = None) -> None:
        self.add(Note(source, outcome, what, instead))

    def add(self, note: Note) -> None:
        self._all[note] = None

    def counts(self) -> Counter[Outcome]:
        return Counter(note.outcome for note in self._all)

    def __iter__(self) -> Iterator[Note]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
