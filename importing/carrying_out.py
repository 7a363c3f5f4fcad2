"""A plan carried out: conversations into the database, then the files, all of them or none."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import HayakuchiError
from ..orchestrator.conversations import database_file
from ..orchestrator.gateway_settings import SessionsSettings
from ..orchestrator.loader import load_settings
from ..orchestrator.problems import ConfigErrors
from . import places
from .conversations_found import Tell
from .history_store import Kept, Shelf
from .plan import CHARACTERS, How, Plan


@dataclass(frozen=True, slots=True)
class Done:
    """What was done. ``written`` is empty where all of it was there already, and what would be written when nothing was."""

    written: tuple[Path, ...]
    kept: Kept | None = None
    """None: conversations were not touched."""
    database: Path | None = None
    to_mend: tuple[str, ...] = ()
    """Why the settings cannot be used yet: a variable that is not set, for example."""
    obstacle: str | None = None
    """Why nothing could be written, where nothing was to be written."""
    settings: SessionsSettings = field(default_factory=SessionsSettings)


async def carry_out(plan: Plan, how: How, *, dry: bool) -> Done:
    """``dry``: nothing is written, and the rest is as it would be. Raises HayakuchiError."""
    written = () if plan.is_done else tuple(plan.target / name for name in plan.files)
    place = plan.target.parent if plan.whole else plan.target / CHARACTERS
    obstacle = places.obstacle(place) if dry and written else None
    if not plan.whole:
        if not dry:
            places.add_files(plan.target, plan.files, private=plan.private)
        return Done(written, obstacle=obstacle)
    with places.Staging(plan.target, dry=dry or not written, private=plan.private) as staged:
        _stage(staged, plan)
        sessions, to_mend = _checked(staged, how)
        kept, database = None, None
        if not dry:
            kept, database = await _keep(plan, sessions, how.tell)
            if written:
                places.put_folder(plan.target, staged)
    return Done(written, kept, database, to_mend, obstacle, sessions)


def _stage(folder: Path, plan: Plan) -> None:
    try:
        places.stage(folder, plan.files, private=plan.private)
    except OSError as error:
        raise HayakuchiError(f"cannot write {plan.target}: {error.strerror}; name another folder with --to") from error


def _checked(staged: Path, how: How) -> tuple[SessionsSettings, tuple[str, ...]]:
    """Where conversations are kept, and what is wrong with the settings that were made."""
    try:
        return load_settings(staged / "conf.yaml", registry=how.registry, environ=how.environ).sessions, ()
    except ConfigErrors as errors:
        told = []
        for error in errors.problems:
            name = Path(error.file).name if error.file else "conf.yaml"
            place = f"{name}:{error.line}" if error.line else name
            told.append(": ".join(part for part in (place, error.path, error.message) if part))
        return SessionsSettings(), tuple(told)


async def _keep(plan: Plan, sessions: SessionsSettings, tell: Tell) -> tuple[Kept | None, Path | None]:
    found = plan.conversations.files
    if not found:
        return None, None
    path = database_file(sessions)
    if path is None:
        raise HayakuchiError("there is no folder for this user's data; --no-history leaves the conversations out")
    kept = await Shelf(path, sessions, time.time()).keep(
        plan.source, found, plan.cast, lambda done: tell("conversations written", done, len(found))
    )
    return kept, path
