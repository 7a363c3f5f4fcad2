"""The report of ``hayakuchi latency`` for reading: a table, the turns as a waterfall, and what passed and what did not."""

from __future__ import annotations

import locale
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .waterfall import ASCII, BLOCKS, Glyphs, Line, Row, duration, waterfall

if TYPE_CHECKING:
    from rich.console import Console

TITLES = {
    "voice_to_voice": "voice to voice",
    "first_audio": "first audio",
    "streaming": "streaming",
    "audio_pipeline": "audio pipeline",
    "improvement": "improvement",
}
MOST_ROWS = 12
OUTSIDE_ASCII = "█┊≤≥–"


def print_report(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Everything that ``evaluate`` found, as wide as the terminal."""
    from rich.console import Console

    console = console or Console()
    glyphs = BLOCKS if _draws_blocks(console) else ASCII
    _print_measured(report, console)
    _print_table(report, console, glyphs)
    _print_waterfall(report, console, glyphs)
    _print_verdict(report, console)
    for failure in report["failures"]:
        if failure not in report["measured"]["problems"]:
            _note(failure, console)


def _print_measured(report: Mapping[str, Any], console: Console) -> None:
    """Whose speed the figures are: first of all, for they may be those of a stand-in."""
    measured, spoken = report["measured"], report.get("spoken")
    names = [measured[kind] or f"no {kind}" for kind in ("llm", "tts")]
    if spoken:
        names.insert(0, spoken["asr"] or "no asr")
    console.print(f"measured: {' + '.join(names)}", soft_wrap=True, highlight=False, markup=False)
    for problem in measured["problems"]:
        _note(problem, console)
    if spoken:
        _print_spoken(spoken, report["turns"], console)
    console.print()


def _print_spoken(spoken: Mapping[str, Any], turns: int, console: Console) -> None:
    for understood in spoken["understood"]:
        times = "" if understood["times"] == turns else f" ({counted(understood['times'], 'time')})"
        line = f"understood: {understood['text']}{times}"
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if spoken["utterances"] > 1:
        message = "a pause in the file was taken for the end of what is said: measured is the answer to the last part"
        _note(message, console)


def headline(report: Mapping[str, Any]) -> str:
    """The figure that the turns are shown by."""
    return "voice_to_voice" if report.get("spoken") else "first_audio"


def _note(words: str, console: Console) -> None:
    console.print(f"note: {words}", soft_wrap=True, style="yellow", highlight=False, markup=False)


def _draws_blocks(console: Console) -> bool:
    """A terminal on Windows is written to in Unicode whatever the locale says; every other reader goes by the locale."""
    if console.legacy_windows:
        return False
    encodings = {console.encoding}
    if not (sys.platform == "win32" and console.is_terminal):
        encodings.add(locale.getencoding())
    return all(_holds(encoding) for encoding in encodings)


def _holds(encoding: str) -> bool:
    try:
        OUTSIDE_ASCII.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _print_table(report: Mapping[str, Any], console: Console, glyphs: Glyphs) -> None:
    from rich import box
    from rich.table import Table

    plain = glyphs is ASCII
    table = Table(
        title=f"{counted(report['turns'], 'turn')}, {'spoken' if report.get('spoken') else 'in streaming mode'}",
        title_justify="left",
        box=box.ASCII if plain else box.HEAVY_HEAD,
    )
    for heading in ("figure", "p50", "p95", "p99", "target", ""):
        table.add_column(heading, justify="left" if heading in ("figure", "") else "right")
    for name, row in report["figures"].items():
        unit = "%" if name == "improvement" else "ms"
        sign = (">=" if plain else "≥") if name == "improvement" else ("<=" if plain else "≤")
        verdict = "[green]ok[/]" if row["pass"] else f"[red]missed: {report['blame'][name]}[/]"
        table.add_row(TITLES[name], *_percentiles(row, unit), f"{sign} {row['threshold']:g} {unit}", verdict)
    table.add_section()
    for name, row in report["stages"].items():
        table.add_row(f"  {name}", *_percentiles(row, "ms"), "", "")
    console.print(table)


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _percentiles(row: Mapping[str, Any], unit: str) -> Iterator[str]:
    for column in ("p50", "p95", "p99"):
        value = row.get(column)
        yield f"{value:.0f} {unit}" if value is not None else "-" if column in row else ""


def _print_waterfall(report: Mapping[str, Any], console: Console, glyphs: Glyphs) -> None:
    figure = headline(report)
    shown = slowest(report["samples"], figure)
    which = "each turn" if len(shown) == report["turns"] else f"the {len(shown)} slowest of {report['turns']} turns"
    console.print(f"\n{TITLES[figure].capitalize()} of {which}", style="bold")
    threshold = report["figures"][figure]["threshold"]
    for line in waterfall(rows_of(shown, report["samples"], figure), threshold, console.width, glyphs):
        console.print(_text(line), no_wrap=True, overflow="crop", crop=True)


def slowest(
    samples: Sequence[Mapping[str, Any]], figure: str = "first_audio", most: int = MOST_ROWS
) -> list[Mapping[str, Any]]:
    """So many of the turns, in the order in which they were spoken: a slow one is never left out for a fast one."""
    kept = sorted(samples, key=lambda sample: -sample["figures"][figure])[:most]
    return sorted(kept, key=lambda sample: sample["turn"])


def rows_of(
    shown: Sequence[Mapping[str, Any]], samples: Sequence[Mapping[str, Any]], figure: str = "first_audio"
) -> list[Row]:
    """Rows of the turns, and last the turn whose figure is the median of all: a real one, whose stages add up."""
    rows = [Row(str(sample["turn"]), sample["figures"][figure], sample["stages"]) for sample in shown]
    ordered = sorted(samples, key=lambda sample: sample["figures"][figure])
    median = ordered[(len(ordered) - 1) // 2]
    return rows if len(samples) == 1 else [*rows, Row("median", median["figures"][figure], median["stages"])]


def _text(line: Line) -> Any:
    from rich.text import Text

    return Text.assemble(*((piece.text, piece.style) for piece in line))


class Mark(StrEnum):
    """How something did. A note is worth reading and is no failure."""

    PASSED = "passed"
    MISSED = "missed"
    NOTE = "note"


MARK_STYLES = {Mark.PASSED: "green", Mark.MISSED: "bold red", Mark.NOTE: "yellow"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that is judged: how well it did, and where it is no plain pass, why and what to do."""

    mark: Mark
    subject: str
    words: str
    reason: str = ""


def verdicts(report: Mapping[str, Any]) -> Iterator[Verdict]:
    """What is said of the settings, of each figure in the order of the table, and of the fillers."""
    if report["config_items"] is None:
        yield Verdict(Mark.NOTE, "config items", "the settings of the server are not known here")
    else:
        yield _config_items(report["config_items"])
    for name, row in report["figures"].items():
        if name == "improvement":
            baseline = duration(report["whole_reply_first_audio_ms"])
            words = (
                f"{row['p50']:.0f} % against waiting for the whole reply ({baseline}), target {row['threshold']:g} %"
            )
        elif row["p95"] is None:
            words = "no turn had a second segment"
        else:
            words = f"{duration(row['p95'])} at p95, target {row['threshold']:g} ms"
        mark = Mark.PASSED if row["pass"] else Mark.MISSED
        yield Verdict(mark, TITLES[name], words, "" if row["pass"] else _reason(name, report))
    if report["fillers"]["turns"]:
        yield _fillers(report["fillers"], report["turns"])


def _config_items(items: Mapping[str, Any]) -> Verdict:
    idle, overridden = items["without_effect"], items["overridden"]
    words = f"{items['known'] - len(idle)}/{items['known']} streaming settings take effect, {items['set']} of them set"
    reason = "; ".join(f"{key}: {why}" for key, why in {**idle, **overridden}.items())
    return Verdict(Mark.NOTE if idle else Mark.PASSED, "config items", words, reason)


def _fillers(fillers: Mapping[str, Any], turns: int) -> Verdict:
    words = f"{fillers['turns']} of {counted(turns, 'turn')} began with a filler, whose sound is the first audio"
    own = fillers["own_words_ms"]
    if own["p50"] is not None:
        words += f"; the reply's own first words came after {duration(own['p50'])} (p50), {duration(own['p95'])} (p95)"
    return Verdict(Mark.NOTE, "fillers", words)


def _reason(name: str, report: Mapping[str, Any]) -> str:
    remedy = report["remedies"][name]
    return f"{report['blame'][name]} takes longest{f': {remedy}' if remedy else ''}"


def _print_verdict(report: Mapping[str, Any], console: Console) -> None:
    from rich.text import Text

    console.print("\nResult", style="bold")
    for verdict in verdicts(report):
        mark = Text(f"{verdict.mark:<6}", MARK_STYLES[verdict.mark])
        console.print(Text.assemble("  ", mark, f"  {verdict.subject}: {verdict.words}"), soft_wrap=True)
        if verdict.reason:
            console.print(Text(f"          {verdict.reason}"), soft_wrap=True)
