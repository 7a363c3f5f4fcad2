"""What can be done about a figure that was missed, by the stage that took the time."""

from __future__ import annotations

from ..orchestrator.settings import Settings

BUSY = "the machine has other work: give it less to do, or measure again"
SLOW_VOICE = "choose a voice that starts sooner, such as espeak_tts, or a server nearer by"
REMEDIES = {
    "end_of_turn": "lower ears.end_silence_ms, or choose a recogniser that puts full stops, such as faster_whisper",
    "asr": "choose a smaller or quicker model to understand speech, such as faster_whisper: {model: tiny}",
    "held": "set ears.barge_in to true, so that words need not wait until she has finished",
    "queue": BUSY,
    "llm": "let quick_llm or the character's fillers speak meanwhile, or choose a smaller or nearer model",
    "quick": "choose a smaller or nearer model for quick_llm",
    "filler": "lower first_response_threshold, so that fillers come sooner",
    "cut": "lower first_response_threshold, so that fewer words are waited for, or choose a model that writes faster",
    "handover": BUSY,
    "tts": SLOW_VOICE,
    "send": BUSY,
    "network": "the way to the server takes the time: run it on this machine or nearer by",
}
"""By the stage to blame for the first audio, or for the time from voice to voice."""


def remedy(figure: str, stage: str, settings: Settings | None) -> str | None:
    """One line without a full stop; None where none is known. ``settings``: None when they are those of another machine."""
    if settings and figure == "improvement" and not getattr(settings.agent.config, "enable_streaming", True):
        return "set enable_streaming to true, so that replies are spoken while they are written"
    if figure == "streaming":
        prefetch = f" ({settings.playback.prefetch})" if settings else ""
        return f"{SLOW_VOICE}, or make more segments ahead with playback.prefetch{prefetch}"
    return REMEDIES.get(stage)
