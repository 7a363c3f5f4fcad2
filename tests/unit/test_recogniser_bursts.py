"""Sound that comes in one burst, as a file does or what a stalled client had gathered: the same words of the same sound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from microphone import RATE, Listening, Voice
from scripted_asr import ScriptedASR
from virtual import run_virtual

from hayakuchi.asr.hearing import Final
from hayakuchi.asr.sound import HELD

Cut = Callable[[bytes], list[bytes]]


def pieces(size: int) -> Cut:
    return lambda pcm: [pcm[start : start + size] for start in range(0, len(pcm), size)]


def halves(pcm: bytes) -> list[bytes]:
    return [pcm[: len(pcm) // 4 * 2], pcm[len(pcm) // 4 * 2 :]]


CUTS: dict[str, Cut] = {"at once": lambda pcm: [pcm], "in halves": halves, "in 10 ms pieces": pieces(320)}


def understood(cut: Cut, *said: str | float, takes_ms: float = 50) -> tuple[list[str], list[bytes], list[str]]:
    """What was told, the sound that was transcribed, and what went wrong."""
    voice = Voice()
    pcm = voice.says(*said)
    asr = ScriptedASR(voice.understands, takes_ms=takes_ms)
    listening = Listening(asr.transcribe, partials=lambda: False)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(listening.recogniser.run())
            await asyncio.sleep(0.1)
            for piece in cut(pcm):
                listening.recogniser.feed(piece)
            listening.recogniser.finish()
            await asyncio.sleep(60)
            listening.recogniser.close()

    run_virtual(main())
    texts = [event.text for event in listening.events if isinstance(event, Final)]
    return texts, [clip.pcm for clip, _, _ in asr.clips], [str(failure) for failure in listening.failures]


def words(number: int) -> str:
    return " ".join(f"w{index}" for index in range(number))


@pytest.mark.parametrize("lead_ms", [0, 100, 1000, 5000])
@pytest.mark.parametrize(
    "said",
    [("one two three four.",), ("one two.", 1500, "three four.", 1500), ("a b c", 500, "d e f", 900), (words(70), 700)],
)
def test_it_is_the_same_however_it_comes(said: tuple[str | float, ...], lead_ms: float) -> None:
    found = {name: understood(cut, lead_ms, *said) for name, cut in CUTS.items()}
    texts, clips, failures = found["in 10 ms pieces"]
    assert " ".join(texts) == " ".join(part for part in said if isinstance(part, str))
    assert clips
    assert not failures
    assert all(one == found["in 10 ms pieces"] for one in found.values())


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_burst_that_is_longer_than_what_may_wait_keeps_its_beginning(cut: Cut) -> None:
    many = HELD // RATE * 1000 // 360 + 40
    texts, _, failures = understood(cut, 500, words(many), 900)
    told = " ".join(texts).split()
    assert list(dict.fromkeys(told)) == words(many).split()
    assert not failures, "nothing was lost, and no model is to blame"


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_what_a_stalled_client_brings_waits_until_what_was_said_before_is_told(cut: Cut) -> None:
    """Half a minute of sentences, and an engine that takes its time for each."""
    said = [part for number in range(14) for part in (f"s{number} is said.", 1500)]
    texts, _, failures = understood(cut, *said, takes_ms=1000)
    assert texts == [part for part in said if isinstance(part, str)]
    assert not failures
