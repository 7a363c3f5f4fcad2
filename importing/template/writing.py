"""Trees of ours as the text of a file that reads the same back, with a line above each section that says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..yaml_text import dumped

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
        parts.append(("\n" if spaced else "") + comment + dumped({key: value}))
    return "".join(parts)
