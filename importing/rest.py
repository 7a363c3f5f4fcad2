"""What else lies in Open-LLM-VTuber's folder: prompts that the settings name."""

from __future__ import annotations

from collections.abc import Iterable

from .card_text import beginning, plain
from .folder_files import FolderFiles, Unreadable, text_of
from .notes import Notes
from .template import Prompt

PROMPTS = "prompts/utils"
LARGEST_PROMPT = 200_000
LONGEST_PROMPT = 4_000
"""Characters that become part of the persona."""
_NOT_NEEDED = {"speakable_prompt": "not needed: the model is told to write what can be spoken"}
_LOST = {"think_tag_prompt": ("thoughts are neither shown nor spoken", "a model that thinks by itself")}


def prompt_texts(files: FolderFiles, named: Iterable[Prompt], notes: Notes) -> dict[str, str]:
    """What of the prompts belongs to every persona, by their keys."""
    texts: dict[str, str] = {}
    for prompt in named:
        if prompt.key in _NOT_NEEDED:
            notes.left_out(prompt.source, _NOT_NEEDED[prompt.key])
        elif prompt.key in _LOST:
            notes.not_possible(prompt.source, *_LOST[prompt.key])
        elif text := _text_of(files, prompt, notes):
            notes.translated(prompt.source, f"{PROMPTS}/{prompt.name}.txt: part of every persona")
            texts[prompt.key] = text
    return texts


def _text_of(files: FolderFiles, prompt: Prompt, notes: Notes) -> str:
    try:
        text = plain(text_of(files.read(files.root / PROMPTS / f"{prompt.name}.txt", LARGEST_PROMPT))).strip()
    except Unreadable as error:
        notes.not_possible(prompt.source, f"{PROMPTS}/{prompt.name}.txt: {error}", "write it into the persona")
        return ""
    taken = beginning(text, LONGEST_PROMPT)
    if len(taken) < len(text):
        what = f"{PROMPTS}/{prompt.name}.txt: what is beyond {len(taken)} characters"
        notes.not_possible(prompt.source, what, "shorten it, and write it into the persona")
    return taken
