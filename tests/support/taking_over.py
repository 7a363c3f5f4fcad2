"""A folder of theirs, what we make of it, and whether that can be used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from olv_template import KEY, as_text

from hayakuchi.cli.finding import Finding, Status
from hayakuchi.cli.findings import inspected
from hayakuchi.importing.notes import Note, Notes, Outcome
from hayakuchi.importing.template import (
    Translated,
    character_text,
    conf_text,
    read_template,
    translated,
)
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Settings

REGISTRY = default_registry()


@dataclass(frozen=True)
class Taken:
    made: Translated
    folder: Path
    """Where ours was written."""
    theirs: Path

    @property
    def notes(self) -> Notes:
        return self.made.notes

    def note(self, source: str, outcome: Outcome | None = None) -> Note:
        """The one note about a key of theirs, by the end of its path."""
        found = [n for n in self.notes if n.source.endswith(source) and outcome in (None, n.outcome)]
        assert len(found) == 1, (source, [str(note) for note in found])
        return found[0]

    def outcomes(self, source: str) -> set[Outcome]:
        return {note.outcome for note in self.notes if note.source.endswith(source)}

    def settings(self, environ: Mapping[str, str] | None = None, character: str | None = None) -> Settings:
        return load_settings(self.folder / "conf.yaml", registry=REGISTRY, environ=environ or {}, character=character)

    def findings(self) -> list[Finding]:
        return inspected(self.folder / "conf.yaml", None, REGISTRY)[0]

    def is_sound(self, environ: Mapping[str, str] | None = None) -> Settings:
        """It loads, and ``hayakuchi check`` finds no problem; the report shows no key."""
        settings = self.settings(environ)
        if not environ:
            problems = [found.message for found in self.findings() if found.status is Status.PROBLEM]
            assert problems == [], problems
        assert KEY not in "".join(str(note) for note in self.notes)
        assert all(note.what and note.source for note in self.notes)
        return settings


def take(
    theirs: Path,
    conf: dict[str, Any] | str | bytes | None,
    characters: Mapping[str, dict[str, Any] | str] | None = None,
    language: str = "en",
    environ: Mapping[str, str] | None = None,
) -> Taken:
    """Write a folder of theirs, translate it, and write ours beside it."""
    theirs.mkdir(parents=True, exist_ok=True)
    for name, content in {"conf.yaml": conf, **(characters or {})}.items():
        if content is not None:
            file = theirs / (name if name == "conf.yaml" else f"characters/{name}")
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(_bytes(content, language))
    notes = Notes()
    made = translated(read_template(theirs, notes), notes, REGISTRY, folder="..", environ=environ or {})
    ours = theirs / "hayakuchi"
    (ours / "characters").mkdir(parents=True)
    (ours / "conf.yaml").write_text(conf_text(made.conf, "conf.yaml"), encoding="utf-8")
    for stem, tree in made.characters.items():
        text = character_text(tree, "their file")
        (ours / "characters" / f"{stem}.yaml").write_text(text, encoding="utf-8")
    _write_models(theirs, made)
    return Taken(made, ours, theirs)


def _write_models(theirs: Path, made: Translated) -> None:
    """Their file of models, with those that characters have."""
    trees = (made.conf, *made.characters.values())
    names = {tree["open_llm_vtuber"].get("model") for tree in trees if "open_llm_vtuber" in tree} - {None}
    models = [{"name": name, "url": "http://127.0.0.1:9/model.model3.json"} for name in sorted(names)]
    (theirs / "model_dict.json").write_text(json.dumps(models), encoding="utf-8")


def _bytes(content: dict[str, Any] | str | bytes, language: str) -> bytes:
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else as_text(content, language)).encode()
