"""Makes a stream out of an engine that transcribes clips.

          speech                     a pause              the rules say that it is over
    QUIET ──────► SPEAKING ────────────────────► PAUSED ────────────────────────────────► ENDING ──► QUIET
          Onset      Partial …  ◄────────────────  Settled                                  │   Final or Nothing
                                 speech: Resumed     ◄──────────────────────────────────────┘

All that was said is transcribed as soon as the speaker pauses; when the utterance is taken to be over, that is its final text
already. Who goes on before that is told goes on in the same utterance, unless its end is hard: the button was let go of, a
second more was silent, sound stopped coming, or it is too long. What comes after a hard end, or faster than it can be spoken,
is not judged before the utterance is told. Pauses are measured in the sound itself; the clock on the wall counts only where
sound stops coming.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ..core.clock import loop_ms
from ..core.transcript import Transcript
from .base import SAMPLE_RATE, TurnModel, VoiceActivity
from .decoding import Decoder, Failure, Job, Purpose, Transcribe
from .end_of_turn import EndOfTurn
from .ending import Ending
from .hearing import EndReason, HearingEvent
from .learning import Learning
from .report import Report
from .ring import Ring
from .schedule import Schedule
from .settings import EarsSettings
from .sound import Heard, Sound
from .turn_question import HEARD, TurnQuestion
from .utterance import LONGEST, PRE_ROLL, Reading, Utterance

PAUSE_MS = 150.0
AT_ONCE = 64  # frames that are judged in one go, at most, unless there is no room for them: some 10 ms


class Recogniser:
    """Hears one microphone: 16 kHz mono PCM in; ``tell`` is told what was heard, in the order of ``asr/hearing.py``.

    ``tell`` must neither wait nor raise; it may call :meth:`forget` and :meth:`finish`. ``failed`` is told why an utterance
    could not be transcribed: it comes to Nothing, or its Final lacks the end. Or that sound was lost, once each time.
    """

    def __init__(
        self,
        transcribe: Transcribe,
        *,
        activity: VoiceActivity,
        end_of_turn: EndOfTurn,
        settings: EarsSettings,
        language: str | None,
        tell: Callable[[HearingEvent], None],
        turn_model: TurnModel | None = None,
        partials: Callable[[], bool] = lambda: True,
        failed: Callable[[Failure], None] = lambda failure: None,
    ) -> None:
        self.language = language
        """Of what is said from here on; None: find out."""
        self._rules = end_of_turn
        self._report = Report(tell, failed)
        self._ring = Ring(LONGEST + PRE_ROLL + SAMPLE_RATE)
        self._sound = Sound(activity, settings, self._ring, failed)
        self._decoder = Decoder(transcribe, self._ring, settings.tick_seconds * 1000, self._decoded)
        self._schedule = Schedule(self._decoder, self._ring, settings, partials)
        self._question = TurnQuestion(turn_model, self._ring, self._advance)
        self._learning = Learning(end_of_turn)
        self._wake = asyncio.Event()
        self._closed = self._behind = False
        self._utterance: Utterance | None = None
        self._ending: Ending | None = None
        self._cursor = 0
        """Sound before it belongs to what is over."""

    def feed(self, pcm: bytes) -> None:
        """Hear what comes next, of whole samples. Never waits; where too much has to wait, the oldest is lost."""
        if not self._closed:
            self._sound.put(pcm)
            self._judge()

    def finish(self) -> None:
        """What was said so far is all of this utterance."""
        if not self._closed:
            self._sound.end()
            self._judge()

    def forget(self) -> None:
        """What was said so far is not to be heard: it comes to Nothing."""
        self._sound.forget()
        self._cursor = self._ring.end
        if (utterance := self._drop()) is not None:
            self._report.nothing(utterance)

    def close(self) -> None:
        """What was said so far is all there is: :meth:`run` tells it, and ends. Idempotent."""
        self.finish()
        self._closed = True
        self._wake.set()

    async def run(self) -> None:
        """Have it transcribed, until cancelled or closed. No failure of an engine gets out."""
        async with asyncio.TaskGroup() as group:
            while not self._closed or self._behind or self._utterance is not None:
                while self._behind:
                    self._judge()
                    await asyncio.sleep(0)
                self._plan(group)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._schedule.sleep_s(self._utterance, self._sound.stalls_at)):
                        await self._wake.wait()
                self._wake.clear()
                self._look_for_stall()
            self._drop()

    def _judge(self) -> None:
        """Take in what was fed, but for what has to wait until this utterance is told; :meth:`run` goes on where it is much."""
        self._wake.set()
        left = AT_ONCE
        while left > 0 or self._sound.overflows:
            if self._holds() or (heard := self._sound.hear()) is None:
                break
            self._take_in(heard)
            left -= 1
        self._behind = left <= 0
        self._sound.trim()

    def _take_in(self, heard: Heard) -> None:
        if heard is Heard.BEGINNING:
            self._begin()
        if (utterance := self._utterance) is None:
            self._ring.forget_before(self._ring.end - 2 * PRE_ROLL)
            return
        utterance.heard(self._sound.began, self._sound.ended)
        if heard is Heard.PAUSE:
            utterance.ended_at = self._sound.time_of(self._sound.ended)
        if heard is Heard.END:
            self._end_hard(utterance, EndReason.RELEASED)
        elif self._ring.end - utterance.begin >= LONGEST:
            self._end_hard(utterance, EndReason.STABLE)
        elif self._ending is not None and not self._sound.speaking and self._ending.lasts(self._ring.end):
            self._end_hard(utterance, self._ending.reason)
        else:
            self._advance()

    def _holds(self) -> bool:
        if self._utterance is None or self._ending is None:
            return False
        return self._utterance.hard_end is not None or self._ending.outrun(self._ring.end, loop_ms())

    def _begin(self) -> None:
        """Speech begins, or goes on after a pause."""
        began, utterance = self._sound.began, self._utterance
        if utterance is None:
            at = self._sound.time_of(began)
            self._utterance = Utterance(max(began - PRE_ROLL, self._cursor), at, ended_at=at)
            self._learning.begins(began)
            self._report.onset(self._utterance)
            return
        self._learning.resumes(began, utterance.speech_end, utterance.text, over=self._ending is not None)
        self._question.drop()
        self._ending = utterance.failure = None
        self._report.resumed(utterance)

    def _end_hard(self, utterance: Utterance, reason: EndReason) -> None:
        utterance.hard_end = self._ring.end
        if self._sound.speaking:
            utterance.ended_at = self._sound.time_of(utterance.speech_end)
        if reason is not EndReason.STABLE:
            self._sound.fall_silent()
        self._take_to_be_over(utterance, reason)
        self._advance()

    def _take_to_be_over(self, utterance: Utterance, reason: EndReason) -> None:
        if self._ending is None:
            self._ending = Ending(reason, loop_ms(), self._ring.end)
            utterance.failure = None
            if self._sound.speaking and utterance.hard_end is None:
                utterance.ended_at = self._sound.time_of(utterance.unchanged_since)

    def _paused(self, utterance: Utterance) -> bool:
        return utterance.hard_end is not None or self._sound.silence_ms >= PAUSE_MS

    def _advance(self) -> None:
        """Tell what has become clear."""
        if (utterance := self._utterance) is None:
            return
        stand = utterance.stand(self._sound.silence_ms, self._question.completeness, self._decoder.job is not None)
        if self._ending is None:
            if stand.text and stand.whole and self._paused(utterance) and not utterance.settled:
                self._report.settled(utterance)
            if self._utterance is utterance and (reason := self._rules.reason(stand)):
                self._take_to_be_over(utterance, reason)
        if self._utterance is not utterance or self._ending is None:
            return
        goes_on = self._ending.reason is EndReason.STABLE and self._sound.speaking and utterance.hard_end is None
        if stand.whole or goes_on or utterance.failure is not None:
            self._end(utterance, self._ending)

    def _end(self, utterance: Utterance, ending: Ending) -> None:
        """Tell what came of it. Where the sound goes on, it is searched for words, and told of when there are any."""
        self._drop()
        if (failure := utterance.failure) is not None:
            utterance.latest = None
        if utterance.text or failure is not None or self._sound.speaking:
            self._cursor = utterance.decoded if failure is None else self._ring.end
        if self._sound.speaking:
            self._utterance = Utterance(self._cursor, loop_ms(), continues=True)
        self._learning.over(utterance.speech_end, self._ring.end, ending.reason if utterance.text else None)
        self._report.over(utterance, ending)

    def _drop(self) -> Utterance | None:
        utterance, self._utterance, self._ending = self._utterance, None, None
        self._decoder.cancel()
        self._question.drop()
        self._wake.set()
        return utterance

    def _decoded(self, job: Job, outcome: Transcript | Failure) -> None:
        utterance = self._utterance
        partial = job.purpose is Purpose.PARTIAL
        if utterance is not None and not (partial and utterance.settled):
            if isinstance(outcome, Transcript):
                utterance.take(Reading(job.since, job.until, outcome), for_good=job.purpose is Purpose.PIECE)
                self._learning.understood(utterance.text, utterance.decoded)
                if partial and not self._paused(utterance):
                    self._report.partial(utterance)
            elif not partial:
                utterance.failure = outcome
            self._advance()
        self._judge()

    def _plan(self, group: asyncio.TaskGroup) -> None:
        """Begin what is to be done next."""
        if (utterance := self._utterance) is None:
            return
        self._ring.forget_before(min(utterance.committed, self._ring.end - HEARD))
        paused = self._paused(utterance)
        if paused and self._ending is None:
            self._question.ask(utterance.begin, group)
        if (job := self._schedule.next(utterance, paused=paused)) is not None:
            self._decoder.start(job, self.language, group)

    def _look_for_stall(self) -> None:
        stalled = not self._behind and loop_ms() >= self._sound.stalls_at
        if stalled and (utterance := self._utterance) is not None and utterance.hard_end is None:
            self._end_hard(utterance, EndReason.SILENCE)
            self._judge()
