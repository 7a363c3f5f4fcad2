"""What became of everything, for people and for programs. No secret is ever in it: what is written in files is not shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from .carrying_out import Done
from .history_store import Kept
from .notes import Note, Notes, Outcome
from .plan import Plan

ORDER = (Outcome.TAKEN, Outcome.TRANSLATED, Outcome.NOT_POSSIBLE, Outcome.LEFT_OUT)
LONGEST = 500
MOST_STEPS = 3
_WITH_LINE = re.compile(r"(.+:\d+) \S*?([^\s.]+)")


def lines(notes: Notes, *, everything: bool) -> list[Note]:
    """The report's lines, sorted by what became of it; ``everything``: also what was left out."""
    shown = ORDER if everything else ORDER[:-1]
    return [_clean(note) for outcome in shown for note in notes if note.outcome is outcome]


def short_source(note: Note) -> str:
    """Where it was found, for eyes: where a line is named, the last part of the way to the setting is enough."""
    found = _WITH_LINE.fullmatch(note.source)
    return f"{found[1]} {found[2]}" if found else note.source


def summary(notes: Notes) -> str:
    """``12 taken over, 30 translated, 2 not possible, 41 left out``."""
    counts = notes.counts()
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ORDER)


def sentences(plan: Plan, done: Done, *, dry: bool) -> Iterator[str]:
    """What was done, a line each."""
    target = plan.target
    if done.obstacle:
        yield f"to do before it is imported: {_printable(done.obstacle)}"
    elif not done.written:
        yield f"{target}: all of it is there already, nothing was written"
    elif plan.whole:
        yield f"{target}: {_would(dry)}written ({len(done.written)} files); what was there is as it was"
    else:
        names = [str(file) for file in done.written]
        yield f"{_would(dry)}written: {', '.join(names[:MOST_STEPS])}{_and_more(names)}"
    if done.kept is not None:
        yield from _of_conversations(done.kept, done)
    elif dry and plan.conversations.files:
        yield f"{len(plan.conversations.files)} conversations would be taken over, as far as they are not there yet"
    for problem in done.to_mend:
        yield f"to do before it runs: {_printable(problem)}"
    if plan.programs:
        yield (
            "`run` will start these programs where a character may use them, and `check --probe` all of them; look at "
            f"mcp_servers in {plan.conf} first:"
        )
        yield from (f"  {name}: {_printable(command)}" for name, command in plan.programs.items())


def next_steps(plan: Plan) -> list[str]:
    """The commands that come now, with whole paths: they may be typed in another folder than this one."""
    conf = os.path.abspath(plan.conf)
    if plan.whole:
        has_page = plan.source.has("frontend", "index.html")  # the one that came with theirs
        page = ["--frontend", os.path.abspath(plan.source.root / "frontend")] if has_page else []
        return [_command("check", "-c", conf), _command("run", "-c", conf, *page)]
    names = plan.characters[:MOST_STEPS]
    if plan.conf.is_file():
        return [_command("run", "-c", conf, "--character", name) for name in names]
    files = [os.path.abspath(plan.target / "characters" / f"{name}.yaml") for name in names]
    return [_command("run", "--character", file) for file in files]


def as_data(notes: Notes, plan: Plan, done: Done, *, dry: bool) -> dict[str, Any]:
    """The machine form."""
    counts = notes.counts()
    return {
        "dry_run": dry,
        "source": str(plan.source.root),
        "target": str(plan.target),
        "written": [str(file) for file in done.written],
        "characters": list(plan.characters),
        "counts": {outcome.value: counts[outcome] for outcome in ORDER},
        "notes": [
            {"source": note.source, "outcome": note.outcome.value, "what": note.what, "instead": note.instead}
            for note in lines(notes, everything=True)
        ],
        "programs": dict(plan.programs),
        "conversations": _conversations(plan, done),
        "obstacle": done.obstacle,
        "to_mend": [_printable(problem) for problem in done.to_mend],
        "next": next_steps(plan),
    }


def _conversations(plan: Plan, done: Done) -> dict[str, Any]:
    found = {"found": len(plan.conversations.files), "messages": plan.conversations.messages}
    kept = done.kept
    if kept is None:
        return found
    return found | {
        "new": kept.new,
        "longer": kept.longer,
        "same": kept.same,
        "gone_on": kept.gone_on,
        "no_room": kept.no_room,
        "broken": [{"source": _printable(place), "why": why} for place, why in kept.broken.items()],
        "file": str(done.database),
    }


def _of_conversations(kept: Kept, done: Done) -> Iterator[str]:
    told = {
        "new": kept.new,
        "went on since then": kept.longer,
        "there already": kept.same,
        "went on here and left as they are": kept.gone_on,
    }
    yield f"conversations in {done.database}: " + ", ".join(
        f"{count} {what}" for what, count in told.items() if count or what == "new"
    )
    if kept.no_room:
        yield (
            f"{kept.no_room} conversations were not taken over, the oldest ones: more than {done.settings.max_stored} are not "
            "kept; set sessions.max_stored and import again"
        )
    for place, why in list(kept.broken.items())[:MOST_STEPS]:
        yield f"{_printable(place)}: not taken over, {why}"
    if len(kept.broken) > MOST_STEPS:
        yield f"{len(kept.broken) - MOST_STEPS} more conversations could not be read"


def _command(*words: str) -> str:
    command = ["uv", "run", "hayakuchi", *words]
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def _clean(note: Note) -> Note:
    """Without what a terminal takes for a command: names come from files of others."""
    instead = None if note.instead is None else _printable(note.instead)
    return Note(_printable(note.source), note.outcome, _printable(note.what), instead)


def _printable(text: str) -> str:
    kept = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(kept.split())[:LONGEST]


def _would(dry: bool) -> str:
    return "would be " if dry else ""


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - MOST_STEPS} more" if len(names) > MOST_STEPS else ""
