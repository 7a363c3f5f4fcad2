"""Their ``tts_preprocessor_config`` and ``live_config``: what is spoken of a reply, and chats of elsewhere."""

from __future__ import annotations

from .rules import apply, lost
from .section import Section

_ALWAYS = {
    "remove_special_char": "emoji and symbols are never spoken",
    "ignore_brackets": "what stands in [brackets] is never spoken",
    "ignore_parentheses": "short stage directions (laughs) are never spoken, other words in parentheses are",
    "ignore_asterisks": "*actions* are never spoken; a word that *stands out* in a sentence is",
    "ignore_angle_brackets": "<tags> are never spoken",
}
_TRANSLATION = "what is shown and what is spoken are the same words"
_LIVE_RULES = (
    lost(
        "room_ids",
        "Bilibili's chat is not read by this server",
        "their script for Bilibili may speak to /proxy-ws, with open_llm_vtuber.proxy: true",
        nothing=("1991478060",),  # what their template comes with
    ),
    lost("sessdata", "a login is not taken over", "give it to the program that reads the chat"),
)


def tell_of_speech(section: Section) -> None:
    """What becomes of the text that is given to the voice."""
    for key, always in _ALWAYS.items():
        wanted = section.flag(key)
        if wanted is False:
            section.notes.not_possible(section.source(key), f"always on: {always}", "write replies without them")
        elif wanted is not None:
            section.notes.taken(section.source(key), always)
    translator = section.section("translator_config")
    if translator.flag("translate_audio"):
        section.notes.not_possible(
            translator.source("translate_audio"),
            _TRANSLATION,
            "let the character speak the language of its voice: language in its file, and say so in persona",
        )
    elif translator.node.entries:
        section.notes.left_out(translator.source(), "not in use")
    translator.rest(("translate_provider", "deeplx", "tencent"))
    section.rest()


def tell_of_live(section: Section) -> None:
    """What becomes of chats of other places."""
    apply(section.section("bilibili_live"), _LIVE_RULES, "")
    section.rest()
