"""``ai-speak-signal`` over a real ``/client-ws``: the avatar speaks by itself, and interrupts nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from chatting import Desk, RecordingLLM, chatting, until, words
from olv_front import Front, fronts

from hayakuchi.core.errors import CapacityError, Category, HayakuchiError, ProviderError
from hayakuchi.core.events import VoiceHeard
from hayakuchi.core.types import TextDelta, UserInput
from hayakuchi.gateway.access.caller import Caller
from hayakuchi.gateway.open_llm_vtuber import group, initiative, utterances
from hayakuchi.gateway.open_llm_vtuber.client_messages import AiSpeakSignal
from hayakuchi.gateway.open_llm_vtuber.proactive import HANDLERS
from hayakuchi.gateway.open_llm_vtuber.utterances import Utterances
from hayakuchi.orchestrator.gateway_settings import Scope
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

WANTS = "AI wants to speak something..."
DOT = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def llm() -> RecordingLLM:
    return RecordingLLM(*words("A thought."))


@pytest.fixture
async def desk(llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(initiative, "QUIET_MS", 50.0)
    monkeypatch.setattr(initiative, "APART_MS", 100.0)
    async with chatting(llm) as desk:
        yield desk


async def signal(front: Front, **fields: object) -> None:
    """Send it, and wait until it was taken: the server answers in order."""
    await front.send("ai-speak-signal", **fields)
    await front.asked("heartbeat", "heartbeat-ack")


async def test_it_speaks_and_remembers_only_what_it_said(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        mark = len(ann.told)
        await ann.send("ai-speak-signal", idle_time=30)
        await ann.ended()
        assert ann.lines(mark) == [
            WANTS, "chain-start", "Thinking...", "own sound Test: A thought.", "backend-synth-complete", "force-new-message",
            "chain-end",
        ]  # fmt: skip
        assert llm.asked[0].messages[-1].content.startswith("(Nobody has said anything for a while.")
        assert ann.memory == [("assistant", None, "A thought.")]


async def test_it_sees_the_pictures_that_come_with_the_signal(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        await ann.send(
            "ai-speak-signal", idle_time=None, images=[{"source": "screen", "data": DOT, "mime_type": "image/png"}]
        )
        await ann.ended()
        assert [image.url for image in llm.asked[0].messages[-1].images] == [DOT]


@pytest.mark.parametrize("data", ["https://evil.example/x.png", "data:text/html;base64,AAAA", "file:///etc/passwd"])
async def test_what_is_no_picture_is_refused(desk: Desk, llm: RecordingLLM, data: str) -> None:
    async with fronts(desk, 1) as (ann,):
        await signal(ann, images=[{"data": data}])
        assert any(one.startswith("error") for one in ann.lines())
        assert not llm.asked


async def test_it_does_not_speak_while_it_is_speaking(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    llm.scripts = [[TextDelta("One. "), waits, TextDelta("Two.")]]
    async with fronts(desk, 1) as (ann,):
        await ann.send("text-input", text="Hi")
        await ann.until(lambda: any("One." in one for one in ann.lines()))
        await signal(ann)
        assert WANTS not in ann.lines()
        waits.release()
        await ann.ended()
        assert len(llm.asked) == 1


async def test_nor_while_somebody_else_is(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        ann.client.session.tell(VoiceHeard(active=True))
        await asyncio.sleep(0.1)
        await signal(ann)
        assert not llm.asked
        ann.client.session.tell(VoiceHeard(active=False))
        await asyncio.sleep(0.1)
        await signal(ann)
        await ann.ended()


async def at_once(front: Front) -> None:
    """The signal is taken before anything else happens."""
    await HANDLERS[AiSpeakSignal](front.client, AiSpeakSignal(type="ai-speak-signal"), None)


async def test_nor_before_what_was_said_is_answered(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        ann.client.session.say(UserInput("Hi"))
        await at_once(ann)
        await ann.ended()
        assert WANTS not in ann.lines()
        assert [one.messages[-1].content for one in llm.asked] == ["Hi"]


async def test_nor_before_what_the_open_microphone_understood_is(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        ann.client.mic._open.words(UserInput("Hi"), ann.client.session)  # pyright: ignore[reportPrivateUsage]
        await at_once(ann)
        await ann.ended()
        assert WANTS not in ann.lines()
        assert [one.messages[-1].content for one in llm.asked] == ["Hi"]


async def speaks(front: Front) -> None:
    await front.send("mic-audio-data", audio=[0.1] * 4096)


async def test_nor_while_an_utterance_is_said_or_understood(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    understood = asyncio.Event()

    async def slowly(self: Utterances, pcm: bytes) -> str:
        await understood.wait()
        return "Hello there"

    monkeypatch.setattr(Utterances, "_understood", slowly)
    async with fronts(desk, 1) as (ann,):
        await speaks(ann)
        await signal(ann)
        await ann.send("mic-audio-end")
        await signal(ann)
        await asyncio.sleep(0.02)
        await signal(ann)
        assert WANTS not in ann.lines()
        assert not llm.asked
        understood.set()
        await ann.ended()
        assert [one.messages[-1].content for one in llm.asked] == ["Hello there"]


async def test_an_utterance_whose_end_is_lost_is_not_waited_for(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utterances, "STILL_MS", 50.0)
    async with fronts(desk, 1) as (ann,):
        await speaks(ann)
        await signal(ann)
        assert not llm.asked
        await asyncio.sleep(0.06)
        await signal(ann)
        await ann.ended()
        assert WANTS in ann.lines()


@pytest.fixture
def counting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """What is asked for is put down to nobody's day before this is set."""
    counted = asyncio.Event()

    async def slowly(caller: Caller, **amounts: float) -> None:
        await counted.wait()

    monkeypatch.setattr(desk.app.state.doors.meter, "charge", slowly)
    return counted


async def test_nor_where_somebody_begins_to_speak_before_it_does(
    desk: Desk, llm: RecordingLLM, counting: asyncio.Event
) -> None:
    async with fronts(desk, 1) as (ann,):
        await ann.send("ai-speak-signal")
        await asyncio.sleep(0.02)
        ann.client.session.tell(VoiceHeard(active=True))
        counting.set()
        await ann.asked("heartbeat", "heartbeat-ack")
        assert WANTS not in ann.lines()
        assert not llm.asked


async def test_a_person_who_speaks_interrupts_it(desk: Desk, llm: RecordingLLM) -> None:
    llm.scripts = [[TextDelta("One. "), asyncio.Semaphore(0)], words("Yes?")]
    async with fronts(desk, 1) as (ann,):
        await ann.send("ai-speak-signal")
        await ann.until(lambda: any("One." in one for one in ann.lines()))
        await ann.send("text-input", text="Wait")
        await ann.until(lambda: any("Yes?" in one for one in ann.lines()))
        await until(llm.asked[0].closed.is_set)


async def test_signals_without_end_do_not_make_it_speak_without_end(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        for _ in range(50):
            await ann.send("ai-speak-signal")
        await ann.ended()
        await ann.asked("heartbeat", "heartbeat-ack")
        assert ann.lines().count(WANTS) == len(llm.asked) == 1


async def test_it_is_counted_like_anything_that_is_said(llm: RecordingLLM) -> None:
    keys, limits = {"one": (Scope.SPEAK,)}, {"one": {"characters_per_day": 10}}
    async with chatting(llm, keys=keys, key_limits=limits) as desk:
        async with fronts(desk, 1, [{"Authorization": f"Bearer {desk.tokens['one']}"}]) as (ann,):
            await signal(ann)
            assert any("your limit" in one for one in ann.lines())
            assert not llm.asked


async def test_the_operators_own_words_are_what_the_model_is_told(llm: RecordingLLM) -> None:
    async with chatting(llm, theirs=OpenLlmVtuberSettings(proactive_prompt="Sing!")) as desk, fronts(desk, 1) as (ann,):
        await ann.send("ai-speak-signal")
        await ann.ended()
        assert llm.asked[0].messages[-1].content == "Sing!"


async def test_when_the_model_fails_nothing_is_remembered(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = [ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "down")]
    async with fronts(desk, 1) as (ann,):
        await ann.send("ai-speak-signal")
        await ann.ended()
        assert ann.memory == []


async def test_in_a_group_it_speaks_within_the_budget_and_the_others_answer(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("…")
    async with fronts(desk, 2) as (ann, ben):
        for front, name in ((ann, "Ann"), (ben, "Ben")):
            await front.named(name)
        await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=ben.uid)
        await signal(ben)
        assert not llm.asked, "no person has spoken yet"
        await ann.send("interrupt-signal", text="")
        llm.scripts = [words("A thought."), words("Indeed.")]
        await signal(ben)
        await ann.until(lambda: "own sound Ann: Indeed." in ann.lines())
        assert "forwarded words Ben: A thought." in ann.lines()
        assert WANTS in ben.lines()
        assert WANTS not in ann.lines()
        await ann.until(lambda: ("user", "Ben", "A thought.") in ann.memory)
        assert not any("Nobody has said" in text for _, _, text in [*ann.memory, *ben.memory])


async def both(ann: Front, ben: Front) -> None:
    """In a group in which somebody may speak up."""
    for front, name in ((ann, "Ann"), (ben, "Ben")):
        await front.named(name)
    await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=ben.uid)
    await ann.send("interrupt-signal", text="")
    await ann.asked("heartbeat", "heartbeat-ack")


async def test_in_a_group_it_waits_for_whoever_speaks_at_any_of_the_clients(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("…")
    async with fronts(desk, 2) as (ann, ben):
        await both(ann, ben)
        ann.client.session.tell(VoiceHeard(active=True))
        await signal(ben)
        ann.client.session.tell(VoiceHeard(active=False))
        await speaks(ann)
        await ann.asked("heartbeat", "heartbeat-ack")
        await signal(ben)
        assert WANTS not in ben.lines()
        assert not llm.asked


async def test_in_a_group_it_gives_way_to_a_voice_and_may_speak_up_later(
    desk: Desk, llm: RecordingLLM, counting: asyncio.Event
) -> None:
    llm.script = words("A thought.")
    async with fronts(desk, 2) as (ann, ben):
        await both(ann, ben)
        await signal(ben)
        await asyncio.sleep(0.02)
        ann.client.session.tell(VoiceHeard(active=True))
        counting.set()
        assert ben.client.group is not None
        await asyncio.wait_for(ben.client.group.quiet.wait(), 2)
        assert not llm.asked
        ann.client.session.tell(VoiceHeard(active=False))
        await asyncio.sleep(0.1)
        await signal(ben)
        await ann.until(lambda: "forwarded words Ben: A thought." in ann.lines())


async def test_who_wants_to_speak_in_a_group_and_leaves_makes_nobody_else_speak(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("…")
    async with fronts(desk, 3) as (ann, ben, cid):
        await both(ann, ben)
        await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=cid.uid)
        theirs = ann.client.group
        assert theirs is not None
        assert theirs.speak_up(ben.client, UserInput("(Say something.)", remembered=False))
        desk.app.state.doors.groups.remove(ann.client, ben.uid)
        await asyncio.wait_for(theirs.quiet.wait(), 2)
        assert not llm.asked
        for front in (ann, cid):
            await front.asked("heartbeat", "heartbeat-ack")
            assert "chain-start" not in front.lines()
        assert theirs.speak_up(cid.client, UserInput("(Say something.)", remembered=False))
        await cid.ended()
        assert len(llm.asked) == 1


async def test_in_a_group_nobody_goes_on_while_a_person_speaks(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "LOOK_S", 0.01)
    llm.script = words("…")
    llm.scripts = [words("One."), words("Two.")]
    async with fronts(desk, 2) as (ann, ben):
        await both(ann, ben)
        ben.client.session.tell(VoiceHeard(active=True))
        await ann.send("text-input", text="Hi")
        await ann.ended()
        await asyncio.sleep(0.1)
        assert len(llm.asked) == 1
        ben.client.session.tell(VoiceHeard(active=False))
        await ben.until(lambda: "own sound Ben: Two." in ben.lines())


async def test_in_a_group_what_a_person_writes_is_not_waited_with(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("…")
    llm.scripts = [words("One."), words("Two.")]
    async with fronts(desk, 2) as (ann, ben):
        await both(ann, ben)
        ben.client.session.tell(VoiceHeard(active=True))
        await ann.send("text-input", text="Hi")
        await ann.ended()
        await ann.send("text-input", text="Ben?")
        await ben.until(lambda: "own sound Ben: Two." in ben.lines())


async def test_in_a_group_noise_is_not_waited_for_without_end(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "HEARD_OUT_MS", 50.0)
    llm.script = words("…")
    llm.scripts = [words("One."), words("Two.")]
    async with fronts(desk, 2) as (ann, ben):
        await both(ann, ben)
        ben.client.session.tell(VoiceHeard(active=True))
        await ann.send("text-input", text="Hi")
        await ben.until(lambda: "own sound Ben: Two." in ben.lines())


class Meter:
    """Stands for the one that counts: ``counted`` is for whom. It may be made to wait, or to refuse the next."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counted: list[str] = []
        self.asked: list[str] = []
        self.refusal: HayakuchiError | None = None
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        meter = desk.app.state.doors.meter
        monkeypatch.setattr(meter, "request", lambda caller: self.asked.append(caller.id))
        monkeypatch.setattr(meter, "charge", self.charge)

    async def charge(self, caller: Caller, *, characters: int = 0, audio_s: float = 0.0) -> None:
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal
        self.counted.append(caller.id)
        await self.goes_on.wait()


async def test_what_is_not_to_be_answered_any_more_is_not_counted(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fronts(desk, 1) as (ann,):
        meter = Meter(desk, monkeypatch)
        assert not await ann.client.answer(UserInput("Hi"), unless=lambda: True)
        assert (meter.asked, meter.counted) == ([], [])
        meter.goes_on.clear()
        over: list[bool] = []
        answering = asyncio.ensure_future(ann.client.answer(UserInput("Hi"), unless=lambda: bool(over)))
        await until(lambda: len(meter.counted) == 1)
        over.append(True)
        meter.goes_on.set()
        assert not await answering, "it may come to that while it is counted"
        assert not llm.asked


async def test_a_signal_that_was_refused_does_not_count(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initiative, "APART_MS", 60_000.0)
    async with fronts(desk, 1) as (ann,):
        Meter(desk, monkeypatch).refusal = CapacityError("not at the moment")
        await signal(ann)
        assert ann.lines()[-2:] == ["error: not at the moment", "heartbeat-ack"]
        await ann.send("ai-speak-signal")
        await ann.ended()
        await ann.asked("heartbeat", "heartbeat-ack")
        await asyncio.sleep(0.1)
        await signal(ann)
        assert len(llm.asked) == ann.lines().count(WANTS) == 1


@pytest.mark.parametrize("while_it_is", ["counted", "begun"])
async def test_what_was_said_to_one_conversation_is_not_answered_in_the_next(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch, while_it_is: str
) -> None:
    async with fronts(desk, 1) as (ann,):
        meter, client = Meter(desk, monkeypatch), ann.client
        microphone, before = client.mic._open, client.session  # pyright: ignore[reportPrivateUsage]
        if while_it_is == "counted":
            meter.goes_on.clear()
            microphone.words(UserInput("For her alone"), before)
            await until(lambda: len(meter.counted) == 1)
            await ann.asked("create-new-history", "new-history-created")
            meter.goes_on.set()
        else:
            await ann.asked("create-new-history", "new-history-created")
            microphone.words(UserInput("For her alone"), before)
        assert client.session is not before
        await ann.until(lambda: any("another conversation has begun" in one for one in ann.lines()))
        microphone.words(UserInput("For this one"), client.session)
        await ann.ended()
        assert [one.messages[-1].content for one in llm.asked] == ["For this one"]
        assert ann.lines().count("mic-audio-end") == (2 if while_it_is == "counted" else 1)


async def test_a_conversation_that_goes_on_in_another_session_is_the_same(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 1) as (ann,):
        client, before = ann.client, ann.client.session
        await client.begin(client.history_uid)
        assert client.session is not before
        client.mic._open.words(UserInput("Still there?"), before)  # pyright: ignore[reportPrivateUsage]
        await ann.ended()
        assert [one.messages[-1].content for one in llm.asked] == ["Still there?"]
