"""Trees of ours as the text of a file that reads the same back, with a line above each section that says what it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from ...orchestrator.yaml_source import scalar_value
from .values import Reference

_COMMENTS = {
    "character": "Who is on stage: characters/NAME.yaml.",
    "server": "Where the server listens.",
    "agent": "How the character remembers and replies.",
    "llm": "The language model.",
    "tts": "The voice, a chain: where the first one fails the next one speaks.",
    "asr": "Speech recognition.",
    "mcp_servers": "Servers of tools. agent says which of them a character may use.",
    "ears": "How the character listens.",
    "open_llm_vtuber": "For the frontends of Open-LLM-VTuber, and the folder with their files.",
    "persona": "Who the character is.",
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_+./-]*")
_OTHER_LINE_ENDS = "\x85\u2028\u2029"
_WORDS_OF_YAML_1_1 = frozenset({"yes", "no", "on", "off", "y", "n"})


def conf_text(tree: Mapping[str, Any], made_from: str) -> str:
    """Our conf.yaml. ``made_from`` names the file that it was made from."""
    head = (
        f"# Made from {_one_line(made_from)} by `hayakuchi import`. `hayakuchi check` says whether it is right;\n"
        "# docs/configuration.md knows all settings. Better than in this file, keys are kept in the environment: ${NAME}.\n"
    )
    return head + _sections(tree)


def character_text(tree: Mapping[str, Any], made_from: str) -> str:
    """A character file of ours."""
    return f"# Made from {_one_line(made_from)} by `hayakuchi import`.\n" + _sections(tree, spaced=False)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:200]


def _sections(tree: Mapping[str, Any], *, spaced: bool = True) -> str:
    parts: list[str] = []
    for key, value in tree.items():
        comment = f"# {_COMMENTS[key]}\n" if spaced and key in _COMMENTS else ""
        parts.append(("\n" if spaced else "") + comment + _dumped({key: value}))
    return "".join(parts)


class _Dumper(yaml.SafeDumper):
    """Quotes whatever could be read as something else than text; never writes aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _reference(dumper: yaml.SafeDumper, text: Reference) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=None)


def _style(text: str) -> str | None:
    if _PLAIN.fullmatch(text) and scalar_value(text) == text and text.lower() not in _WORDS_OF_YAML_1_1:
        return None
    # More than one line's end at the end would have to be followed by the end of a document; YAML has other ends of lines, too,
    # which are read as this one.
    ends_otherwise = text.endswith("\n\n") or any(end in text for end in _OTHER_LINE_ENDS)
    return "|" if "\n" in text.strip("\n") and not ends_otherwise else '"'


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Reference, _reference)


def _dumped(tree: Mapping[str, Any]) -> str:
    return yaml.dump(
        tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=10**9, indent=2
    )
