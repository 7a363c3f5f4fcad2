"""Each turn's stages as bars of characters on one axis of time, the threshold marked and the stage to blame in red.

Nothing here prints: ``waterfall`` gives lines of styled pieces that are never wider than asked for.
"""

from __future__ import annotations

import statistics
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

COLORS = ("blue", "cyan", "magenta", "green", "yellow", "bright_black", "white")
"""Of the stages, in their order; red is for the one to blame."""
BLAME = "bold red"
LONG = 4
"""An axis is at most so many times the usual turn: one that took ten minutes must not flatten all others."""
FIGURE_WIDTH = 9
FEWEST_CELLS = 8
NAME_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What bars and marks are made of."""

    bar: str
    mark: str


BLOCKS = Glyphs(bar="█", mark="┊")
ASCII = Glyphs(bar="=", mark="|")


@dataclass(frozen=True, slots=True)
class Piece:
    """A text and its style, in Rich's words."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One turn: its time to first audio, and the stages of it (ms) in the order in which they follow each other."""

    label: str
    total_ms: float
    stages: Mapping[str, float]

    def blame(self, threshold_ms: float) -> str | None:
        """The longest stage of a turn that took longer than the threshold."""
        return longest(self.stages) if self.total_ms > threshold_ms else None


def longest(stages: Mapping[str, float]) -> str | None:
    """The first of the longest stages; None for no stages."""
    return max(stages, key=lambda name: stages[name], default=None)


def duration(ms: float) -> str:
    """A time that is short to read: tenths of a millisecond, milliseconds, or seconds."""
    if ms < 9.95:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 9999.5 else f"{ms / 1000:.1f} s"


def waterfall(rows: Sequence[Row], threshold_ms: float, width: int = 80, glyphs: Glyphs = BLOCKS) -> list[Line]:
    """An axis, a line for each row, and a legend. A terminal too narrow for bars gets the figures alone."""
    if not rows:
        return []
    left = max(len(row.label) for row in rows) + 1
    blames = [row.blame(threshold_ms) for row in rows]
    room = max((len(f" ! {_label(name)}") for name in blames if name), default=0)
    if width - left - FIGURE_WIDTH - room < 2 * FEWEST_CELLS:
        room = min(room, len(" !"))
    cells = width - left - FIGURE_WIDTH - room
    if cells < FEWEST_CELLS:
        return [
            (Piece(f"{row.label} {duration(row.total_ms)}{' !' if row.blame(threshold_ms) else ''}"[:width]),)
            for row in rows
        ]
    scale = _Scale.fitting(rows, threshold_ms, cells)
    legend = _Legend.of(rows)
    lines = [_threshold_line(scale, threshold_ms, left, glyphs), _ticks(scale, left)]
    for row, blame in zip(rows, blames, strict=True):
        end = f"{duration(row.total_ms):>{FIGURE_WIDTH}}"
        bars = _bars(row, blame, scale, legend, glyphs)
        tail = (Piece(f" ! {_label(blame)}"[:room], BLAME),) if blame else ()
        lines.append((Piece(f"{row.label:>{left - 1}} "), *bars, Piece(end, BLAME if blame else ""), *tail))
    marks = ["! took longest"] if any(blames) else []
    if any(row.total_ms > scale.span_ms for row in rows):
        marks.append("> goes on")
    return [*lines, *legend.lines(width, marks)]


@dataclass(frozen=True, slots=True)
class _Scale:
    """From ms to cells. ``mark`` is the cell of the threshold; None when it lies past the edge."""

    span_ms: float
    cells: int
    mark: int | None

    @classmethod
    def fitting(cls, rows: Sequence[Row], threshold_ms: float, cells: int) -> _Scale:
        totals = [row.total_ms for row in rows]
        span = max(min(max(totals), LONG * max(statistics.median(totals), threshold_ms)), 0.1)
        if threshold_ms > LONG * span:
            return cls(span, cells, None)
        # One cell of room behind the mark.
        span = max(span, threshold_ms * cells / (cells - 1))
        return cls(span, cells, min(round(threshold_ms / span * cells), cells - 1))

    def cell(self, ms: float) -> int:
        """Where a moment lies, 0 … cells."""
        return int(min(ms / self.span_ms, 1) * self.cells + 0.5) if ms > 0 else 0

    def steps(self) -> tuple[float, float]:
        """How far the ticks are apart (1, 2 or 5 of a decimal place, in ms), and how many ms the unit of their labels has."""
        widest = max(self.span_ms * 7 / self.cells, 0.01)
        decade = 10.0 ** (len(f"{widest:.0f}") - 1) if widest >= 1 else 0.1 if widest > 0.1 else 0.01
        step = next(factor * decade for factor in (1, 2, 5, 10) if factor * decade >= widest)
        return step, 1000.0 if step >= 1000 else 1.0


@dataclass(frozen=True, slots=True)
class _Legend:
    """A letter and a colour for every stage, in the order in which they were first seen."""

    letters: Mapping[str, str]
    colors: Mapping[str, str]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Legend:
        names = list(dict.fromkeys(name for row in rows for name in row.stages))
        letters: dict[str, str] = {}
        for name in names:
            wanted = [letter for letter in name.lower() if letter in string.ascii_lowercase + string.digits]
            free = (letter for letter in [*wanted, *string.ascii_letters] if letter not in letters.values())
            letters[name] = next(free, "*")
        return cls(letters, {name: COLORS[index % len(COLORS)] for index, name in enumerate(names)})

    def lines(self, width: int, marks: Sequence[str]) -> Iterator[Line]:
        entries = [
            (Piece(self.letters[name], f"reverse {self.colors[name]}"), Piece(f" {_label(name)}"))
            for name in self.letters
        ]
        entries += [(Piece(mark[0], BLAME), Piece(mark[1:])) for mark in marks]
        line: list[Piece] = []
        used = 0
        for entry in entries:
            size = sum(len(piece.text) for piece in entry)
            if line and used + 3 + size > width:
                yield tuple(line)
                line, used = [], 0
            line += [Piece("   "), *entry] if line else entry
            used += size + (3 if used else 0)
        if line:
            yield tuple(line)


def _label(name: str) -> str:
    """A stage's name as it can be printed anywhere."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in name.replace("_", " "))[:NAME_WIDTH]


def _threshold_line(scale: _Scale, threshold_ms: float, left: int, glyphs: Glyphs) -> Line:
    room = left + scale.cells + FIGURE_WIDTH
    at = room - 1 if scale.mark is None else left + scale.mark
    mark = ">" if scale.mark is None else glyphs.mark
    for words in (f"threshold {duration(threshold_ms)}", duration(threshold_ms)):
        if len(words) < at:
            return (Piece(f"{words} ".rjust(at) + mark, "bold"),)
        if at + 2 + len(words) <= room:
            return (Piece(" " * at + f"{mark} {words}", "bold"),)
    return (Piece(" " * at + mark, "bold"),)


def _ticks(scale: _Scale, left: int) -> Line:
    step, unit = scale.steps()
    text = f"{'s' if unit > 1 else 'ms':>{left - 1}} "
    tick = 0
    while tick * step <= scale.span_ms:
        label = f"{tick * step / unit:g}"
        at = left + scale.cell(tick * step)
        if at + len(label) <= left + scale.cells + FIGURE_WIDTH:
            text = text.ljust(at) + label
        tick += 1
    return (Piece(text, "dim"),)


def _bars(row: Row, blame: str | None, scale: _Scale, legend: _Legend, glyphs: Glyphs) -> Iterator[Piece]:
    cells = [(" ", "")] * scale.cells
    at_ms = 0.0
    for name, ms in row.stages.items():
        start, end = min(scale.cell(at_ms), scale.cells - 1), scale.cell(at_ms + ms)
        at_ms += max(ms, 0)
        color = BLAME if name == blame else legend.colors[name]
        text = (legend.letters[name] + ("!" if name == blame else "")).ljust(end - start, glyphs.bar)[
            : max(end - start, 0)
        ]
        if name == blame and end - start < 2:
            text = "!"
        for index, letter in enumerate(text):
            cells[start + index] = (letter, color if letter == glyphs.bar else f"reverse {color}")
    if scale.mark is not None and cells[scale.mark][0] in (" ", glyphs.bar):
        below = cells[scale.mark][1]
        cells[scale.mark] = (glyphs.mark, f"default on {below.split()[-1]}" if below else "bold")
    if row.total_ms > scale.span_ms:
        cells[-1] = (">", cells[-1][1] or "bold")
    for style, run in groupby(cells, key=lambda cell: cell[1]):
        yield Piece("".join(letter for letter, _ in run), style)
