"""What interrupts her and what does not: signs of listening, coughs, her own voice, and people who mean it."""

from __future__ import annotations

import random
from functools import cache

import pytest
from conversation import Conversation, Onset, Settled, final
from overheard import BACK_CHANNELS, COUGHS, INTERRUPTIONS, SENTENCES, heard_as

from hayakuchi.orchestrator.floor import Interrupt, Say


def parts(text: str) -> list[str]:
    """What is understood bit by bit."""
    words = text.split()
    if text.isascii() or len(words) > 1:
        return [" ".join(words[:end]) for end in range(1, len(words) + 1)]
    return [text[:end] for end in range(2, len(text) + 1, 2)] + [text]


def interrupts(talk: Conversation, text: str) -> bool:
    """Whether this ends what she says: the words come bit by bit, then a pause, then the end."""
    talk.hears(*parts(text), Settled(text, None), final(text))
    assert not talk.voice.paused
    talk.waits(5000)
    assert talk.taking.next_poll() is None
    return any(isinstance(action, Interrupt | Say) for action in talk.done)


def overheard(text: str, line: str) -> bool:
    talk = Conversation().speaks(line)
    talk.hears(Onset(talk.now))
    return interrupts(talk, text)


def echoed(place: int, chance: random.Random) -> bool:
    """A stretch of a sentence comes back with one word in ten to three in ten misheard, while she goes on."""
    before, text = heard_as(SENTENCES[place], chance.uniform(0.1, 0.3), chance)
    talk = Conversation().speaks(f"{SENTENCES[place - 1]} {before}")
    talk.hears(Onset(talk.now))
    talk.voice.said = f"{SENTENCES[place - 1]} {SENTENCES[place]}"[-250:]
    return interrupts(talk, text)


@cache
def echoes(seed: int) -> tuple[str, ...]:
    return tuple(line for place, line in enumerate(SENTENCES) if echoed(place, random.Random(f"{seed} {place}")))


def test_the_lists_are_long_enough() -> None:
    assert min(len(BACK_CHANNELS), len(COUGHS), len(INTERRUPTIONS)) >= 100
    assert len(SENTENCES) == 50


def test_back_channels_and_coughs_do_not_interrupt() -> None:
    stopped = [
        text
        for number, text in enumerate((*BACK_CHANNELS, *COUGHS))
        if overheard(text, SENTENCES[number % len(SENTENCES)])
    ]
    assert stopped == []


def test_interruptions_do() -> None:
    chance = random.Random(1)
    missed = [text for text in INTERRUPTIONS for _ in range(2) if not overheard(text, chance.choice(SENTENCES))]
    assert len(missed) <= 0.02 * len(INTERRUPTIONS)


def test_interruptions_do_not_wait_for_a_pause() -> None:
    chance = random.Random(2)
    late = []
    for text in INTERRUPTIONS:
        talk = Conversation().speaks(chance.choice(SENTENCES))
        talk.hears(Onset(talk.now), *parts(text))
        if not any(isinstance(action, Interrupt) for action in talk.done):
            late.append(text)
    assert len(late) <= 5


def test_her_own_voice_does_not_interrupt_her() -> None:
    assert echoes(0) == ()


@pytest.mark.parametrize("seed", range(1, 5))
def test_whatever_is_misheard_hardly_any_echo_interrupts(seed: int) -> None:
    assert len(echoes(seed)) <= 2


def test_words_that_she_has_said_just_before_stop_her_only_if_others_say_them() -> None:
    line = "Wait, stop right there, because this is the part where everybody starts to cry."
    assert not overheard("Stop right there", line)
    assert not overheard("Wait", "And then he said wait")
    assert overheard("Wait", "And then he went home")
