"""Scenes: the avatar speaks, and something is heard in the microphone. What the listener hears then is taken down.

Times are ms; what happens is told from the first sample of the sound in the microphone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from hayakuchi.benchmarks.talking.loudspeaker import Loudspeaker
from hayakuchi.benchmarks.talking.page import FRAME, RATE, Page, Room, Sound, page
from hayakuchi.benchmarks.talking.readers import Reader, Script, mishear, words_between
from hayakuchi.benchmarks.talking.sounds import LEVEL, Clip
from hayakuchi.core.events import AudioSent, SessionEvent, SpeechStarted
from hayakuchi.core.types import MarkKind
from hayakuchi.orchestrator.cast import Part
from hayakuchi.orchestrator.conversation import Conversation
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.session import Session

ROOM_DB = -75.0
"""The noise of a quiet room, dBFS."""
START_S, AFTER_S, TURN_S = 20.0, 4.0, 60.0
TAPS = 33


@dataclass
class Broadcast:
    """What the server sent of the first turn of a session: its sound, and where each word begins (samples)."""

    pcm: bytearray = field(default_factory=bytearray)
    words: list[tuple[int, str]] = field(default_factory=list)
    _speech: str = ""
    _begin: int = 0

    def observe(self, event: SessionEvent) -> None:
        if isinstance(event, SpeechStarted) and event.turn == 1:
            self._speech, self._begin = event.segment.speech, len(self.pcm) // 2
        elif isinstance(event, AudioSent) and event.turn == 1:
            for mark in event.audio.marks:
                if mark.kind is MarkKind.WORD:
                    at = self._begin + int(mark.at_ms * event.audio.sample_rate / 1000)
                    self.words.append((at, self._speech[mark.start : mark.start + mark.length]))
            self.pcm += event.audio.pcm


@dataclass(frozen=True, slots=True)
class Outcome:
    """``silent_ms`` until the voice was not heard any more, ``stopped_ms`` until it had ended for good; infinite: it was not.

    ``lost``: what was heard is not what was sent, to the sample. ``early``: pauses before there was anything to hear.
    """

    name: str
    silent_ms: float
    stopped_ms: float
    held_ms: tuple[float, ...]
    early: int
    understood: tuple[str, ...]
    lost: bool
    completed: bool

    @property
    def stopped(self) -> bool:
        return self.stopped_ms < inf


Scene = Callable[[], Awaitable[Outcome]]


class Stand:
    """The server that all scenes play on."""

    def __init__(self, url: str, engine: Engine, reader: Reader) -> None:
        self.url, self.reader = url, reader
        self._broadcasts: dict[str, Broadcast] = {}
        self._scenes = 0
        make = engine.new_session

        def new_session(
            name: str, history: Conversation | None = None, part: Part | None = None, max_ahead_ms: float | None = None
        ) -> Session:
            session = make(name, history, part, max_ahead_ms)
            session.observe(self._broadcasts.setdefault(name, Broadcast()).observe)
            return session

        engine.new_session = new_session

    def _name(self) -> tuple[str, Broadcast]:
        self._scenes += 1
        name = f"scene{self._scenes}"
        return name, self._broadcasts.setdefault(name, Broadcast())

    async def play(self, clip: Clip, *, snr_db: float | None = None, real: bool = False, seed: int = 0) -> Outcome:
        """``clip`` is heard while she speaks, in noise that is ``snr_db`` below speech; None: in a quiet room.

        ``real``: the real recogniser is to understand it.
        """
        chance = random.Random(f"{clip.name} {seed}")
        noise = 10 ** (ROOM_DB / 20) if snr_db is None else LEVEL / 10 ** (snr_db / 20)
        name, sent = self._name()
        async with page(self.url, name, noise=noise, seed=chance.randrange(2**32)) as listener:
            await _she_speaks(listener)
            await asyncio.sleep(chance.uniform(0.8, 2.3))
            begin = listener.mic.say(clip.sound)
            words = [(begin + first, begin + last, text) for first, last, text in clip.words]
            self.reader.listen_to(listener.mic, None if real else words_between(words))
            patience_s = len(clip.sound) / RATE + AFTER_S
            await listener.until(lambda: listener.of("turn.ended"), patience_s)
            await _to_the_end(listener)
            self.reader.forget(listener.mic)
            return _outcome(clip.name, listener, sent, listener.mic.began + (begin + clip.onset) / RATE)

    async def echo(self, text: str, delay_ms: float, level_db: float, errors: float | None, seed: int) -> Outcome:
        """She says ``text``, and that comes back; ``errors`` of the words are misheard. None: the real recogniser hears it."""
        name, sent = self._name()
        async with page(self.url, name, noise=10 ** (ROOM_DB / 20), seed=seed) as listener:
            loudspeaker, mic = listener.loudspeaker, listener.mic
            mic.room = echo_of(loudspeaker, delay_ms, level_db, random.Random(seed).uniform(2500, 5000))
            script = echoed(loudspeaker, sent, delay_ms, errors, seed) if errors is not None else None
            self.reader.listen_to(mic, script)
            await _she_speaks(listener, text)
            await listener.until(lambda: listener.of("turn.ended"), TURN_S)
            await _to_the_end(listener)
            self.reader.forget(mic)
            return _outcome(text, listener, sent, mic.began)


def echo_of(loudspeaker: Loudspeaker, delay_ms: float, level_db: float, hertz: float) -> Room:
    """The loudspeaker as a microphone hears it: later, softer, without the treble."""
    rate = loudspeaker.rate
    at = np.arange(TAPS) - TAPS // 2
    low_pass = np.sinc(2 * hertz / rate * at) * np.hamming(TAPS)
    low_pass *= 10 ** (level_db / 20) / low_pass.sum()

    def room(position: int) -> Sound:
        now = asyncio.get_running_loop().time()
        loudspeaker.render(now)
        first = (position / RATE - delay_ms / 1000) * rate
        last = first + FRAME * rate / RATE
        begin, end = int(first) - TAPS, int(last) + TAPS
        if begin < 0:
            return np.zeros(FRAME, np.float32)
        softer = np.convolve(loudspeaker.out[begin:end], low_pass, "same")
        places = np.linspace(first, last, FRAME, endpoint=False) - begin
        return np.interp(places, np.arange(len(softer)), softer).astype(np.float32)

    return room


def echoed(loudspeaker: Loudspeaker, sent: Broadcast, delay_ms: float, errors: float, seed: int) -> Script:
    """What of her words comes back in a stretch of the microphone, with words misheard: the same ones each time."""

    def script(begin: int, end: int) -> str:
        heard: list[str] = []
        for index, (position, word) in enumerate(sent.words):
            at = loudspeaker.heard_at(position + loudspeaker.rate // 10)
            if at is not None and begin <= (at + delay_ms / 1000) * RATE < end:
                heard.append(mishear(word, errors, random.Random(f"{seed} {index}")))
        return " ".join(filter(None, heard))

    return script


async def _she_speaks(listener: Page, text: str = "Tell me a story") -> None:
    if not await listener.until(lambda: any(told.message["holder"] for told in listener.of("mic")), START_S):
        raise TimeoutError("the microphone was not listened to")
    await listener.send(type="input.text", text=text)
    if not await listener.until(lambda: listener.loudspeaker.runs, START_S):
        raise TimeoutError("she did not speak")


async def _to_the_end(listener: Page) -> None:
    """Until a turn that was not interrupted was heard whole, and the last fade is over."""
    await listener.until(lambda: listener.of("turn.ended"), TURN_S)
    if listener.of("turn.ended")[0].message["status"] == "completed":
        await listener.until(lambda: listener.loudspeaker.over, TURN_S)
    await asyncio.sleep(0.1)


def _outcome(name: str, listener: Page, sent: Broadcast, onset_s: float) -> Outcome:
    loudspeaker = listener.loudspeaker
    ended = listener.of("turn.ended")[0]
    interrupted = ended.message["status"] == "interrupted"
    paused = [told.at for told in listener.of("speech.paused") if told.message["turn"] == 1]
    resumed = [told.at for told in listener.of("speech.resumed") if told.message["turn"] == 1]
    stops = sorted(at for at in [*paused, *([ended.at] if interrupted else [])] if at >= onset_s)
    whole, heard = bytes(sent.pcm), bytes(loudspeaker.heard[1])
    return Outcome(
        name,
        (loudspeaker.silent_from(stops[0]) - onset_s) * 1000 if stops else inf,
        (ended.at - onset_s) * 1000 if interrupted else inf,
        tuple((end - begin) * 1000 for begin, end in zip(paused, [*resumed, ended.at], strict=False)),
        sum(at < onset_s for at in paused),
        _understood(listener),
        heard != whole[: len(heard)] if interrupted else heard != whole,
        ended.message["status"] == "completed",
    )


def _understood(listener: Page) -> tuple[str, ...]:
    """The last words of each utterance, and why they were ignored; where they stopped her before the utterance ended, those."""
    told = [one.message for one in listener.of("words")]
    final = [f"{one['text']} ({one['ignored'] or 'answered'})" for one in told if one["final"]]
    open_ = [f"{one['text']} …" for one in told[-1:] if not one["final"]]
    return (*final, *open_)


async def all_of(scenes: Sequence[Scene], at_a_time: int, tell: Callable[[int], None]) -> list[Outcome]:
    """Play all scenes, so many at a time; ``tell`` hears how many are over."""
    waiting = list(enumerate(scenes))
    outcomes: dict[int, Outcome] = {}

    async def lane(number: int) -> None:
        await asyncio.sleep(number * 0.37)
        while waiting:
            index, scene = waiting.pop(0)
            outcomes[index] = await scene()
            tell(len(outcomes))

    async with asyncio.TaskGroup() as group:
        for number in range(at_a_time):
            group.create_task(lane(number))
    return [outcomes[index] for index in range(len(scenes))]
