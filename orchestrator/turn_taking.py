"""Decides who speaks: the person at the microphone, or the avatar. Pure; told what was heard, it says what to do.

    QUIET ──Onset──► LISTENING ──her voice is heard──► PAUSED     held at once; the words decide
      ▲               ▲     └──────────────────┐         │ they say nothing, or too long nothing
      │               │                        ▼         ▼
      │               └──she is silent────── BESIDE ◄────┘        she goes on; the words still decide
      └─ Final, Nothing (from everywhere)

Words that are meant for her interrupt, in PAUSED and in BESIDE, and lead back to LISTENING. Her voice is not held at all where
its echo would do that: with loudspeakers, or with half-duplex unless the person spoke first. No pause lasts longer than
``LONGEST_PAUSE_MS`` if :meth:`TurnTaking.poll` is called when :meth:`TurnTaking.next_poll` says.

Words that are meant for her are kept until they may be said: with push-to-talk until the button is let go of, without barge-in
until she has finished. A short answer over the last sound of her question is kept until it is clear that she has finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from ..asr.hearing import Final as FinalWords
from ..asr.hearing import HearingEvent, Nothing, Onset, Partial, Resumed, Settled
from ..asr.settings import EarsSettings, Mode
from ..core.events import Ignored, VoiceHeard, WordsHeard
from .addressed import Addressed, Circumstances, Echoes, Judgement
from .back_channels import is_question
from .floor import Action, Drop, Floor, Interrupt, Pause, Resume, Say, Show, Think, VoiceNow
from .kept_words import KeptWords
from .utterance import Utterance, begun

GATE_TAIL_MS: Final = 250.0
"""With half-duplex the microphone stays closed for so long after her last sound."""
YIELDING_MS: Final = 300.0
"""How long an interrupted voice may take to fall silent."""
TICK_MS: Final = 100.0


class TurnTaking:
    """For one microphone. Times are ms of the loop's clock; no method waits or raises."""

    def __init__(
        self, settings: EarsSettings, *, mode: Mode, language: str | None, wake_words: Sequence[str], half_duplex: bool
    ) -> None:
        self.floor = Floor.QUIET
        self._settings, self._mode, self._half_duplex = settings, mode, half_duplex
        self._addressed = Addressed(settings, mode, language, wake_words)
        self._echoes = Echoes()
        self._kept = KeptWords()
        self._heard: Utterance | None = None
        self._thought: str | None = None
        self._down = False
        self._now = 0.0
        self._yielding_until = self._said_at = -inf

    def take(self, event: HearingEvent, voice: VoiceNow, now: float) -> list[Action]:
        """Somebody was heard."""
        if self._mode is Mode.TYPED_ONLY:
            return []
        if isinstance(event, FinalWords) and not event.text.strip():
            event = Nothing(now)
        if self._heard is None and isinstance(event, Nothing):
            return self.poll(voice, now)
        heard = self._heard
        if isinstance(event, Onset) or heard is None:
            heard = self._begun(event.at if isinstance(event, Onset) else now, voice)
        actions = self._look(voice, now)
        match event:
            case Onset():
                actions.append(Show(VoiceHeard(True)))
            case Partial(text) | Settled(text):
                actions += self._words(heard, text, isinstance(event, Settled), voice)
            case Resumed():
                actions += self._dropped()
            case FinalWords():
                actions += self._final(heard, event, voice)
            case Nothing():
                actions += [*self._let_go(), *self._over()]
        return actions + self._say_kept(voice)

    def talk(self, down: bool, voice: VoiceNow, now: float) -> list[Action]:
        """The button of push-to-talk was pressed, or let go of: then the recogniser is to finish what it has heard."""
        if self._mode is not Mode.PUSH_TO_TALK or down == self._down:
            return []
        self._down = down
        actions = self._look(voice, now)
        actions += self._interrupted() if down and self._speaks(voice) else []
        return actions + self._say_kept(voice)

    def poll(self, voice: VoiceNow, now: float) -> list[Action]:
        """Time has passed, or her voice has begun or ended."""
        actions = self._look(voice, now)
        if self.floor is Floor.PAUSED and self._heard is not None and now >= self._heard.pause_ends:
            actions += self._let_go() if self._thought is None else self._interrupted()
        return actions + self._say_kept(voice)

    def leave(self, voice: VoiceNow, now: float) -> list[Action]:
        """The microphone goes: nothing stays paused, and what was kept is said."""
        self._down = False
        actions = [*self._look(voice, now), *self._let_go()]
        if self._heard is not None:
            actions += self._over()
        return actions + self._say_kept(voice, anyway=True)

    def next_poll(self) -> float | None:
        """When :meth:`poll` is due; None: not before the next event."""
        if self._heard is None and not (self._kept.waiting and not self._down):
            return None
        due = self._heard.pause_ends if self._heard is not None and self.floor is Floor.PAUSED else inf
        return min(due, self._now + TICK_MS)

    def listens(self, voice: VoiceNow, now: float) -> bool:
        """Whether the recogniser is to get what the microphone hears."""
        if self._mode in (Mode.TYPED_ONLY, Mode.PUSH_TO_TALK):
            return self._down
        if not self._half_duplex:
            return True
        if voice.speaking:
            return self.floor is Floor.PAUSED or (self.floor is Floor.LISTENING and self._may_pause())
        return voice.quiet_since is None or now - voice.quiet_since >= GATE_TAIL_MS

    def _begun(self, at: float, voice: VoiceNow) -> Utterance:
        paused_at = self._heard.paused_at if self._heard is not None else -inf
        self._heard = begun(at, voice, self._said_at, self._settings.attention_seconds * 1000)
        self._heard.paused_at = paused_at
        self._addressed.own.heard(voice.said)
        self._addressed.own.listen()
        if self.floor is Floor.QUIET:
            self.floor = Floor.LISTENING
        return self._heard

    def _look(self, voice: VoiceNow, now: float) -> list[Action]:
        """Take notice of what her voice does by now."""
        self._now = now
        self._addressed.own.heard(voice.said)
        if not voice.speaking:
            self._yielding_until = -inf
        if self.floor is Floor.QUIET or self._heard is None:
            return []
        if not self._speaks(voice):
            held = self.floor is Floor.PAUSED and voice.paused
            self.floor = Floor.LISTENING
            return [Resume()] if held else []
        self._heard.exposed = True
        if self.floor is Floor.LISTENING:
            return self._overlap(self._heard)
        if self.floor is Floor.PAUSED and not voice.paused:
            self.floor = Floor.BESIDE
        return []

    def _overlap(self, heard: Utterance) -> list[Action]:
        """Her voice is heard while somebody speaks."""
        if self._down:
            return self._interrupted()
        if not self._may_pause():
            self.floor = Floor.BESIDE
            return []
        self.floor, heard.paused_at = Floor.PAUSED, self._now
        return [Pause()]

    def _may_pause(self) -> bool:
        if self._heard is None or not self._settings.barge_in or self._mode is not Mode.OPEN_MIC:
            return False
        return self._heard.in_silence or not (self._half_duplex or self._echoes.loudspeakers(self._now))

    def _words(self, heard: Utterance, text: str, settled: bool, voice: VoiceNow) -> list[Action]:
        actions: list[Action] = []
        if text != heard.text:
            heard.text, heard.changed = text, self._now
            actions.append(Show(WordsHeard(text, final=False)))
        judgement = self._judged(heard, text, voice, whole=settled)
        if self.floor in (Floor.PAUSED, Floor.BESIDE):
            actions += self._decided(judgement, settled)
        if settled and self.floor is Floor.LISTENING and judgement.ignored is None and self._settings.think_ahead:
            ahead = self._kept.with_words(judgement.text)
            if ahead != self._thought:
                self._thought = ahead
                actions.append(Think(ahead))
        return actions

    def _decided(self, judgement: Judgement, settled: bool) -> list[Action]:
        if judgement.ignored is not None:
            return self._let_go() if settled else []
        # An answer that is being got ready would go with the interruption: the pause holds until the words are final.
        if not self._settings.barge_in or (self.floor is Floor.PAUSED and self._thought is not None):
            return []
        return self._interrupted()

    def _final(self, heard: Utterance, final: FinalWords, voice: VoiceNow) -> list[Action]:
        judgement, speaks = self._judged(heard, final.text, voice), self._speaks(voice)
        ignored = judgement.ignored
        if judgement.echo:
            self._echoes.heard(self._now)
        shown = Show(WordsHeard(final.text, True, ignored))
        if ignored is None:
            interrupts = speaks and self._settings.barge_in and self._thought is None
            actions = self._interrupted() if interrupts and self._mode is not Mode.PUSH_TO_TALK else []
            self._kept.add(judgement.text, final.times)
            return [*actions, *self._over(keep=True), shown]
        actions = [*self._let_go(), *self._over()]
        if speaks and ignored in (Ignored.BACK_CHANNEL, Ignored.TOO_SHORT) and is_question(voice.said):
            return actions + self._kept.perhaps(final.text, final.times, voice.said, ignored, self._now)
        return [*actions, shown]

    def _judged(self, heard: Utterance, text: str, voice: VoiceNow, *, whole: bool = True) -> Judgement:
        over = self._speaks(voice)
        late = not (over or heard.in_silence or heard.interrupted)
        asked, loud = is_question(voice.said), self._echoes.loudspeakers(self._now)
        now = Circumstances(over, late, heard.exposed, heard.attentive, asked, loud)
        return self._addressed.judge(text, now, whole=whole)

    def _say_kept(self, voice: VoiceNow, anyway: bool = False) -> list[Action]:
        """Say what may be said by now."""
        speaks = self._speaks(voice)
        actions = self._kept.settle(voice.said, speaks, self._now)
        yields = self._settings.barge_in or self._mode is Mode.PUSH_TO_TALK or not speaks
        if ((self._heard is not None or self._down or not yields) and not anyway) or (
            kept := self._kept.taken()
        ) is None:
            return actions
        self._thought, self._said_at, self._yielding_until = None, self._now, self._now + YIELDING_MS
        return [*actions, Say(*kept)]

    def _speaks(self, voice: VoiceNow) -> bool:
        return voice.speaking and self._now >= self._yielding_until

    def _interrupted(self) -> list[Action]:
        self._yielding_until = self._now + YIELDING_MS
        if self._heard is not None:
            self.floor, self._heard.interrupted = Floor.LISTENING, True
        return [*self._dropped(), Interrupt()]

    def _let_go(self) -> list[Action]:
        """If her voice is held, let it go on."""
        if self.floor is not Floor.PAUSED:
            return []
        self.floor = Floor.BESIDE
        return [Resume()]

    def _dropped(self) -> list[Action]:
        thought, self._thought = self._thought, None
        return [] if thought is None else [Drop()]

    def _over(self, keep: bool = False) -> list[Action]:
        """Nobody is heard any more; ``keep``: what was got ready will be asked for, as what is for words that are kept."""
        dropped = [] if keep or self._thought == self._kept.with_words("") else self._dropped()
        self._heard, self.floor = None, Floor.QUIET
        return [*dropped, Show(VoiceHeard(False))]
