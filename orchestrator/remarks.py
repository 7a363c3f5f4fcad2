"""What is no mistake in the settings and still worth telling: what is written and does not count, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import ConfigError
from .settings import Component
from .tree import Entry, ListNode, MapNode, Node, Path_, Place, Scalar, dotted, shown


@dataclass(slots=True)
class Remarks:
    """Filled while settings are read."""

    without_effect: list[ConfigError] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    """Where keys that name a folder were written, by their dotted path."""

    def folder(self, tree: MapNode, section: str, key: str) -> None:
        block = tree.get(section)
        node = block.get(key) if isinstance(block, MapNode) else None
        if node is not None:
            self.places[f"{section}.{key}"] = node.place


def written_voices(section: Node | None, voices: MapNode | None) -> Iterator[tuple[str, Path_, Entry]]:
    """The ``voice`` settings of a chain for which the character names another voice: provider, path, what is written."""
    chain = (
        [(("tts", index), item) for index, item in enumerate(section.items)] if isinstance(section, ListNode) else []
    )
    whole: list[tuple[Path_, Node]] = [(("tts",), section)] if isinstance(section, MapNode) else []
    for path, node in [*chain, *whole]:
        for name, entry in node.entries.items() if isinstance(node, MapNode) else ():
            said = entry.value.entries.get("voice") if isinstance(entry.value, MapNode) else None
            if said is not None and voices is not None and name in voices.entries:
                yield name, (*path, name, "voice"), said


def overridden_voices(
    section: Node | None, voices: MapNode | None, chain: Sequence[Component], character: Path | None
) -> Iterator[ConfigError]:
    """That a voice is written in the settings and the character's own is another one, which wins.

    Whoever writes the provider's default has chosen nothing, and is told nothing.
    """
    settings = {part.name: type(part.config).model_fields for part in chain}
    defaults: Mapping[str, object] = {name: keys["voice"].default for name, keys in settings.items() if "voice" in keys}
    for name, path, said in written_voices(section, voices):
        own = voices.get(name) if voices else None
        if character is None or name not in defaults or not isinstance(own, Scalar):
            continue
        if isinstance(said.value, Scalar) and said.value.text in (own.text, defaults[name]):
            continue
        # What comes from the environment is not shown.
        shows = "another" if own.variables else own.text
        yield said.place.error(f"has no effect: {shown(character)} sets {shows}", dotted(path))
