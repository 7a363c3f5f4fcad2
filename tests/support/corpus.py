"""The corpus of sentence segments; its README says how to read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "corpus"
LANGUAGES = ("en", "zh", "ja", "ko")


@dataclass(frozen=True, slots=True)
class Case:
    language: str
    topic: str
    pieces: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def __str__(self) -> str:
        return f"{self.language} {self.topic}: {'¦'.join(self.pieces)}"


def cases() -> list[Case]:
    found: list[Case] = []
    for language in LANGUAGES:
        blocks: dict[str, str] = yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
        for topic, block in blocks.items():
            for line in block.splitlines():
                found.append(Case(language, topic, tuple(line.replace("⏎", "\n").split("¦"))))
    return found


def misses() -> dict[str, str]:
    """Texts that are known to be cut otherwise, and why."""
    return yaml.safe_load((FOLDER / "misses.yaml").read_text(encoding="utf-8"))
