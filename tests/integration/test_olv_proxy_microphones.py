"""``WS /proxy-ws``: several people speak to one avatar. Each is heard, understood and counted apart from the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import zip_longest

import pytest
from chatting import Desk, RecordingLLM, until, words
from listening import EARS
from microphone import LoudIsSpeech, Voice, silence
from olv_front import Front, joined
from olv_proxied import asked, before, proxying, share
from scripted_asr import ScriptedASR
from speaking_client import FRAME, numbers

from hayakuchi.core.types import TextDelta
from hayakuchi.gateway.access.caller import Caller
from hayakuchi.gateway.access.meter import Meter
from hayakuchi.gateway.open_llm_vtuber.utterances import Utterances
from hayakuchi.orchestrator.gateway_settings import Scope


@pytest.fixture
def llm() -> RecordingLLM:
    return RecordingLLM()


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
def ears(voice: Voice) -> ScriptedASR:
    return ScriptedASR(voice.understands, takes_ms=5)


@pytest.fixture
async def desk(llm: RecordingLLM, ears: ScriptedASR) -> AsyncIterator[Desk]:
    async with listening(llm, ears) as desk:
        yield desk


@asynccontextmanager
async def listening(llm: RecordingLLM, ears: ScriptedASR) -> AsyncIterator[Desk]:
    """What is loud is speech."""
    async with proxying(llm, keys={"some": (Scope.SPEAK,)}, asr=lambda: ears, ears=EARS) as desk:

        async def loud() -> type[LoudIsSpeech]:
            return LoudIsSpeech

        desk.engine.hearing.detectors.activity = loud
        yield desk


async def speak(kind: str, *speeches: tuple[Front, bytes], samples: int = FRAME) -> None:
    """All at the same time, a frame of each in turn."""
    sounds = [numbers(pcm) for _, pcm in speeches]
    frames = [[sound[at : at + samples] for at in range(0, len(sound), samples)] for sound in sounds]
    for together in zip_longest(*frames):
        for (front, _), frame in zip(speeches, together, strict=True):
            if frame:
                await front.send(kind, audio=frame)
        await asyncio.sleep(0)


async def says(front: Front, pcm: bytes) -> None:
    await speak("mic-audio-data", (front, pcm))
    await front.send("mic-audio-end")


def heard(front: Front) -> list[str]:
    """What people said, as it was told."""
    return [one.removeprefix("person: ") for one in front.lines() if one.startswith("person")]


async def test_two_who_speak_at_once_are_two_utterances(desk: Desk, llm: RecordingLLM, voice: Voice) -> None:
    async with before(desk, 2) as (ann, ben):
        await speak("mic-audio-data", (ann, voice.says("one two three.")), (ben, voice.says("four five six.")))
        await ann.send("mic-audio-end")
        await ann.until(lambda: asked(llm) == ["one two three."])
        await ann.ended()
        await ben.send("mic-audio-end")
        await ben.ended(2)
        assert asked(llm) == ["one two three.", "four five six."]
        for front in (ann, ben):
            assert heard(front) == ["one two three.", "four five six."]


async def test_two_microphones_that_are_open_at_once_are_two(desk: Desk, llm: RecordingLLM, voice: Voice) -> None:
    async with before(desk, 2) as (ann, ben):
        first = voice.says("one two three.") + silence(1500)
        second = silence(700) + voice.says("four five six.") + silence(1500)
        await speak("raw-audio-data", (ann, first), (ben, second), samples=512)
        await ann.until(lambda: len(heard(ann)) == 2)
        assert heard(ann) == ["one two three.", "four five six."]
        assert ann.lines().count("mic-audio-end") == ben.lines().count("mic-audio-end") == 1


async def test_one_who_speaks_while_she_speaks_stops_her_for_all(desk: Desk, llm: RecordingLLM, voice: Voice) -> None:
    waits = asyncio.Semaphore(0)
    llm.scripts = [[TextDelta("One. "), waits, TextDelta("Two.")]]
    async with before(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Hi")
        await ann.until(lambda: any("One." in one for one in ann.lines()))
        await speak("raw-audio-data", (ben, voice.says("stop it please now.") + silence(1500)), samples=512)
        for front in (ann, ben):
            await front.until(lambda front=front: "interrupt" in front.lines())
        await ann.ended(2)
        assert heard(ann) == ["stop it please now."]


async def test_what_is_not_understood_is_told_to_whoever_spoke(desk: Desk) -> None:
    async with before(desk, 2) as (ann, ben):
        mark = len(ann.told)
        await says(ben, silence(500))
        await ben.ended()
        assert ann.since(mark) == []


@pytest.mark.parametrize(("by", "understood"), [("ann", ["hello there."]), ("ben", [])])
async def test_an_interruption_takes_back_what_its_sender_said_and_nobody_elses(
    by: str, understood: list[str], desk: Desk, llm: RecordingLLM, voice: Voice, ears: ScriptedASR
) -> None:
    ears.takes_ms = 200
    async with before(desk, 2) as (ann, ben):
        await says(ben, voice.says("hello there."))
        await until(lambda: ears.running == 1)
        await (ann if by == "ann" else ben).send("interrupt-signal", text="")
        await asyncio.sleep(0.4)
        assert asked(llm) == understood


async def test_each_is_counted_for_the_sound_and_the_words_that_it_says(
    desk: Desk, llm: RecordingLLM, voice: Voice
) -> None:
    limits = {"ann": {"audio_seconds_per_day": 2}, "ben": {}, "cid": {"characters_per_day": 5}}
    ids = await share(desk, "show", **limits)
    async with before(desk, 3, "ann", "ben", "cid") as (ann, ben, cid):
        assert ann.uid == ben.uid == cid.uid
        await says(ben, voice.says("one two three four five six seven eight nine ten."))
        await ann.ended()
        assert asked(llm) == ["one two three four five six seven eight nine ten."]
        assert not any(one.startswith("error") for front in (ann, ben, cid) for one in front.lines())
        await says(cid, voice.says("too many letters."))
        await cid.until(lambda: any("5 characters a day" in one for one in cid.lines()))
        await says(ann, voice.says("one two three four five six seven eight nine ten."))
        await ann.until(lambda: any("2 seconds of sound a day" in one for one in ann.lines()))
        assert not any(one.startswith("error") for one in ben.lines())
        assert sum(one.startswith("error") for one in cid.lines()) == 1
    book = desk.app.state.doors.meter._book
    await until(lambda: not len(desk.app.state.doors.clients))
    used = {name: await book.used(id) for name, id in ids.items()}
    assert used["ben"].audio_ms == pytest.approx(3600, abs=300)
    assert used["ben"].characters == len("one two three four five six seven eight nine ten.")
    assert used["cid"].audio_ms == pytest.approx(1080, abs=300)
    assert used["cid"].characters == 0
    assert used["ann"].audio_ms <= 2000


async def test_what_is_written_is_put_down_to_whoever_wrote_it_though_another_writes_meanwhile(desk: Desk) -> None:
    ids = await share(desk, "show", ann={}, ben={})
    async with before(desk, 2, "ann", "ben") as (ann, ben):
        await ann.send("text-input", text="a" * 10)
        await ben.send("text-input", text="b" * 30)
        await ann.ended(2)
        book = desk.app.state.doors.meter._book
        assert [(await book.used(ids[name])).characters for name in ("ann", "ben")] == [10, 30]


async def test_who_goes_in_mid_sentence_leaves_nothing_behind(desk: Desk, llm: RecordingLLM, voice: Voice) -> None:
    async with before(desk, 2) as (ann, ben):
        await speak("mic-audio-data", (ben, voice.says("half a sen")))
        await speak("raw-audio-data", (ben, voice.says("tence")))
        await until(lambda: len(ann.client.mics) == 3)
        await ben.socket.close()
        await until(lambda: len(ann.client.mics) == 2)
        await says(ann, voice.says("and a whole one."))
        await ann.ended()
        assert asked(llm) == ["and a whole one."]


async def test_what_was_half_said_to_one_conversation_is_not_said_to_the_next(
    desk: Desk, llm: RecordingLLM, voice: Voice
) -> None:
    async with before(desk, 2) as (ann, ben):
        await speak("mic-audio-data", (ben, voice.says("for her alone")))
        await ben.asked("heartbeat", "heartbeat-ack")
        await ann.asked("create-new-history", "new-history-created")
        await speak("mic-audio-data", (ben, voice.says("something else.")))
        await ben.send("mic-audio-end")
        await ben.ended()
        assert asked(llm) == ["something else."]


async def test_she_does_not_speak_up_while_anybody_speaks(desk: Desk, llm: RecordingLLM, voice: Voice) -> None:
    llm.script = words("A thought.")
    async with before(desk, 2) as (ann, ben):
        await speak("mic-audio-data", (ben, voice.says("wait a moment")))
        await ben.asked("heartbeat", "heartbeat-ack")
        await ann.send("ai-speak-signal", idle_time=30)
        await ann.asked("heartbeat", "heartbeat-ack")
        await asyncio.sleep(0.1)
        assert asked(llm) == []


async def test_who_cuts_in_takes_back_what_they_said_and_nobody_elses(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    understood, began = asyncio.Event(), list[bytes]()

    async def slowly(self: Utterances, pcm: bytes) -> str:
        began.append(pcm)
        await understood.wait()
        return "Ann's words." if pcm == anns else "Ben's words."

    monkeypatch.setattr(Utterances, "_understood", slowly)
    anns = silence(500)
    async with before(desk, 2) as (ann, ben):
        await says(ann, anns)
        await until(lambda: len(began) == 1)
        await says(ben, silence(600))
        await until(lambda: len(began) == 2)
        ben_at_it = ann.client.mics[-1]._person  # pyright: ignore[reportPrivateUsage]
        ben_at_it.cut_in()
        await ben.until(lambda: "interrupt" in ben.lines())
        understood.set()
        await ann.ended()
        assert asked(llm) == ["Ann's words."]


async def test_in_a_group_each_word_is_counted_for_who_said_it_and_no_other(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, counted = await share(desk, "show", ann={}, ben={}, cid={}), list[tuple[str, int]]()
    charge = Meter.charge

    async def noted(self: Meter, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> None:
        if characters:
            counted.append((next(name for name, id in ids.items() if id == caller.id), characters))
        await charge(self, caller, characters=characters, audio_s=audio_s)

    monkeypatch.setattr(Meter, "charge", noted)
    llm.script = words("…")
    async with before(desk, 2, "ann", "ben") as (ann, ben), asyncio.TaskGroup() as tasks:
        cid = await joined(desk, tasks, {"Authorization": f"Bearer {desk.tokens['cid']}"})
        await ann.named("Ann")
        await cid.named("Cid")
        result = await cid.asked("add-client-to-group", "group-operation-result", invitee_uid=ann.uid)
        assert result["success"], result
        group, shared = ann.client.group, ann.client
        assert group is not None
        owner = shared.caller
        for by, speaker in ((ben, "ben"), (cid, "ann")):
            counted.clear()
            await by.send("text-input", text="What does Ann say?")
            await by.until(lambda: bool(counted))
            await asyncio.wait_for(group.quiet.wait(), 5)
            assert counted[0] == (speaker, len("What does Ann say?"))
            assert {who for who, _ in counted} <= {speaker, "cid"}
        assert shared.caller is owner
        await cid.socket.close()
