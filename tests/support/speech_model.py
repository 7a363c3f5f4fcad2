"""A scripted model and voice in virtual time: what a listener hears of a text that is cut by a segmenter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from hayakuchi.core.types import Boundary
from hayakuchi.orchestrator.segmenter import Cut, Segmenter

STEP_MS = 5.0
_FIRST_CHUNK_MS = 100.0
_CJK = re.compile(r"[぀-ヿ一-鿿]")


def tokens(text: str) -> list[str]:
    """Words with the space before them, marks, and one or two CJK letters at a time."""
    return re.findall(r"[぀-ヿ一-鿿]{1,2}| ?[A-Za-z0-9'가-힣]+|.", text, re.DOTALL)


def spoken_ms(text: str) -> float:
    """60 ms a character, 200 ms a CJK letter."""
    cjk = len(_CJK.findall(text))
    return 200.0 * cjk + 60.0 * (len(text) - cjk)


@dataclass(frozen=True, slots=True)
class Models:
    first_token_ms: float
    token_ms: float
    ttfb_ms: float
    rtf: float
    parallel: int = 2


@dataclass(slots=True)
class _Clip:
    sound_ms: float
    first_at: float
    rtf: float

    @property
    def ready_at(self) -> float:
        return self.first_at + self.rtf * max(self.sound_ms - _FIRST_CHUNK_MS, 0)

    def delivered(self, now: float) -> float:
        if now < self.first_at:
            return 0.0
        return min(self.sound_ms, _FIRST_CHUNK_MS + (now - self.first_at) / self.rtf)


@dataclass(slots=True)
class Heard:
    """What happened; times count from when the listener was heard."""

    cuts: list[Cut] = field(default_factory=list)
    cut_at: list[float] = field(default_factory=list)
    first_audio_ms: float = 0.0
    stalls: int = 0
    stalled_ms: float = 0.0

    @property
    def good_share(self) -> float:
        """Share of the pieces after the first that end at a clause or sentence end."""
        return sum(cut.boundary >= Boundary.CLAUSE for cut in self.cuts[1:]) / max(len(self.cuts) - 1, 1)


def listen(segmenter: Segmenter, written: Sequence[str], models: Models) -> Heard:
    """Let the model write, the segmenter cut and the voice speak until all is heard."""
    heard = Heard()
    clips: list[_Clip] = []
    free_at = [0.0] * models.parallel
    played = now = 0.0
    token = 0
    done = stalled = False

    def say(cuts: list[Cut]) -> None:
        for cut in cuts:
            start = max(now, min(free_at))
            clip = _Clip(spoken_ms(cut.text), start + models.ttfb_ms, models.rtf)
            free_at[free_at.index(min(free_at))] = clip.ready_at
            clips.append(clip)
            heard.cuts.append(cut)
            heard.cut_at.append(now)

    while not done or played < sum(clip.sound_ms for clip in clips):
        audible = 0.0
        for clip in clips:
            audible += clip.delivered(now)
            if clip.delivered(now) < clip.sound_ms:
                break
        ahead = sum(clip.delivered(now) for clip in clips) - played
        fed = False
        while token < len(written) and now >= models.first_token_ms + token * models.token_ms:
            say(segmenter.feed(written[token], now))
            token, fed = token + 1, True
        due = segmenter.next_poll()
        if fed or (due is not None and now >= due):
            say(segmenter.poll(now, ahead, models.ttfb_ms))
        if token == len(written) and not done:
            done = True
            say(segmenter.flush())
        if audible > played:
            heard.first_audio_ms = heard.first_audio_ms or now
            played, stalled = min(played + STEP_MS, audible), False
        elif heard.first_audio_ms:
            heard.stalls += not stalled
            heard.stalled_ms += STEP_MS
            stalled = True
        now += STEP_MS
    return heard
