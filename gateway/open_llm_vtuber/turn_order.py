"""What a client is told of a turn, in the order that their clients rely on.

control conversation-chain-start     clears the client's queue: sound that comes before it is dropped
full-text Thinking...
user-input-transcription             what was said, if it was spoken
audio, tool_call_status              any number, in order
backend-synth-complete               once, if any of it has sound: the client says when it has played all
error                                if the reply failed
force-new-message                    what comes next begins a new bubble
control conversation-chain-end       always, however the turn ended
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from math import inf
from typing import TYPE_CHECKING, Final

from ...core.clock import loop_ms
from ...core.events import (
    AudioSent,
    SessionEvent,
    SpeechEnded,
    SpeechStarted,
    ToolUsed,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from ...core.types import UserInput
from ...orchestrator.latency import Moment
from ...orchestrator.session import Session
from . import server_messages as told
from .alarm import Alarm
from .audio_stream import AudioStream
from .item import Item
from .items import ItemMaker
from .player import REPORT_MS, Player
from .server_messages import Message

if TYPE_CHECKING:
    from .client import Client

NET_MS: Final = 30_000.0
"""So long after everything that the player presumes, a client that nobody has looked at any more is given up all the same."""

log = logging.getLogger(__name__)

Over = Callable[[int, TurnStatus, str, str], None]
"""Told of a turn that is over: its number, how it ended, the reply, and what was heard of it."""


class TurnOrder:
    """One per session; ``observe`` is to be given to it. It keeps the session's play clock. Nothing here waits."""

    def __init__(self, client: Client, session: Session, over: Over) -> None:
        self._part = part = client.part
        self._client, self._session, self._over = client, session, over
        self._look_of = client.doors.look
        self._avatar = self._look_of.avatar(part)
        first_ms = part.settings.latency.first_audio_ms
        self._maker = ItemMaker(session.playback.sample_rate, part.look.split, first_ms)
        self._stream: AudioStream | None = None
        patience_ms = part.look.playback_patience_s * 1000
        self._player = Player(patience_ms)
        self._alarm = Alarm(self._look)
        self._turn = 0
        """The turn that is told of; 0 between turns."""
        self._confirmed = False
        self._most_ms = inf
        """More of the turn was not heard, by the client's word."""
        playback = session.playback
        playback.confirms, playback.on_all_sent = True, self._all_sent
        playback.stalled_after_ms, playback.on_stalled = patience_ms + NET_MS, self._stalled

    def observe(self, event: SessionEvent) -> None:
        if isinstance(event, AudioSent | SpeechStarted | SpeechEnded):
            self._speak(event)
        elif isinstance(event, TurnStarted):
            self._begin(event)
        elif isinstance(event, ToolUsed):
            self._tell(told.tool_call_status(event, self._part.character.name))
        elif isinstance(event, TurnEnded):
            self._end(event)

    def note_heard(self, words: str | None = None) -> None:
        """Bring the play clock up to this moment; ``words``: what the client says was heard."""
        if not self._turn:
            return
        playback = self._session.playback
        bounds = self._player.bounds(words) if words else None
        if bounds is not None:
            self._most_ms = bounds[1]
            playback.reported(self._turn, bounds[0])
            playback.heard_at_most(bounds[1])
        self._report(loop_ms())

    def _report(self, now: float) -> None:
        self._session.playback.reported(self._turn, min(self._player.played_ms(now), self._most_ms))

    def play_started(self, text: str | None) -> None:
        if self._turn:
            self._session.playback.listener_joined()
            self._player.began(text, loop_ms())
            self._session.playback.started(self._turn)
            self._look()

    def play_completed(self) -> None:
        self._player.completed(loop_ms())
        self._look()

    def close(self) -> None:
        """The session has ended."""
        self._turn = 0
        self._alarm.set(None)

    def _begin(self, event: TurnStarted) -> None:
        self._turn, self._confirmed, self._most_ms = event.turn, False, inf
        self._player.begin()
        self._session.playback.listener_joined()
        self._stream = AudioStream(self._session.playback.sample_rate) if self._client.streams else None
        running = self._session.turn
        self._maker.begin(running.trace.marks.get(Moment.HEARD, loop_ms()) if running else loop_ms())
        self._tell(told.control("conversation-chain-start"), told.full_text(told.THINKING))
        if event.heard is not None and _was_spoken(event.heard):
            self._tell(told.user_input_transcription(event.heard.text))

    def _speak(self, event: AudioSent | SpeechStarted | SpeechEnded) -> None:
        now = loop_ms()
        try:
            if self._stream is None:
                self._send(self._maker.observe(event, now), now)
                return
            if isinstance(event, SpeechStarted):
                self._player.sent(event.segment.display, event.at_ms, event.at_ms, now)
            else:
                self._player.grew(self._session.playback.sent_ms)
            self._session.playback.listener_joined()
            for message in self._stream.observe(event, self._shown, self._doing):
                self._client.send_item(message)
        finally:
            self._set_alarm(now)

    def _send(self, items: Iterable[Item], now: float) -> None:
        rate = self._session.playback.sample_rate
        for item in items:
            self._player.sent(item.text, item.start_ms, item.end_ms, now)
            self._session.playback.listener_joined()  # its time to play it begins
            self._client.send_item(item.message(rate, self._shown(item.text), self._doing(item.expressions)))

    def _all_sent(self) -> None:
        """Of words alone nothing is waited for."""
        if self._turn and self._session.playback.position:
            self._player.sent_all()
            self._tell(told.backend_synth_complete())
            self._session.playback.listener_joined()
            self._set_alarm(loop_ms())

    def _stalled(self) -> None:
        """The net: the session has waited in vain, though the client was to be presumed to have played everything long ago."""
        log.warning(
            "client %s was given up in turn %d: nobody has looked at what it plays", self._client.uid, self._turn
        )
        self._client.doors.figures.stalled("listener")
        self._session.playback.confirmed(self._turn)

    def _look(self) -> None:
        """Time has passed, or the client has said something."""
        now = loop_ms()
        if not self._turn:
            return
        try:
            if self._stream is None:
                self._send(self._maker.poll(now), now)
            self._settle(now)
        finally:
            self._set_alarm(now)

    def _settle(self, now: float) -> None:
        """Tell the session what was heard, and once that was everything."""
        self._report(now)
        if self._player.over(now) and not self._confirmed:
            self._confirmed = True
            self._session.playback.confirmed(self._turn)
            if not self._player.told:
                self._client.doors.figures.stalled("listener")

    def _set_alarm(self, now: float) -> None:
        # All may have been played before it was known that this was all, and what breaks is tried again.
        missed = now + REPORT_MS if self._player.over(now) and not self._confirmed else None
        due = [self._player.next_look(now), None if self._stream else self._maker.next_poll, missed]
        self._alarm.set(min((at for at in due if at is not None), default=None))

    def _end(self, event: TurnEnded) -> None:
        self.close()
        if event.status is TurnStatus.FAILED:
            self._tell(told.error(event.message or "the reply failed"))
        self._tell(told.force_new_message(), told.control("conversation-chain-end"))
        self._over(event.turn, event.status, event.reply, event.heard_reply)

    def _shown(self, text: str) -> Message:
        return told.display_text(text, self._part.character.name, self._avatar)

    def _doing(self, expressions: tuple[str, ...]) -> Message | None:
        return told.actions(self._look_of.expressions(self._part, expressions))

    def _tell(self, *messages: Message) -> None:
        for message in messages:
            self._client.send(message)


def _was_spoken(heard: UserInput) -> bool:
    return heard.speech is not None and heard.remembered
