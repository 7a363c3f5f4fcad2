"""Groups over real ``/client-ws`` connections: who is in one, who speaks, what the others see, and what each remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from chatting import Desk, RecordingLLM, chatting, until, words
from olv_front import Front, fronts, joined
from olv_group import asked, group_of, grouped, heard, info, script

from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import TextDelta, UserInput
from hayakuchi.gateway.open_llm_vtuber import relay
from hayakuchi.orchestrator.gateway_settings import Scope

DEAD = ProviderError("llm", "recording_llm", Category.UNAVAILABLE, "down")


@pytest.fixture
def llm() -> RecordingLLM:
    return RecordingLLM()


@pytest.fixture
async def desk(llm: RecordingLLM) -> AsyncIterator[Desk]:
    async with chatting(llm) as desk:
        yield desk


# Who is in a group.


async def test_a_client_that_is_invited_is_in_the_group_of_who_made_it(desk: Desk) -> None:
    async with fronts(desk, 2) as (ann, ben):
        assert await ann.asked("request-group-info", "group-update") | {"request_id": ""} == {
            "type": "group-update", "members": [], "is_owner": False, "request_id": "",
        }  # fmt: skip
        await grouped(ann, ben)
        assert (info(ann)["is_owner"], info(ben)["is_owner"]) == (True, False)
        assert (await ben.asked("request-group-info", "group-update"))["members"] == [ann.uid, ben.uid]


@pytest.mark.parametrize("uid", ["0b9f6a3e-0000-4000-8000-000000000000", "x" * 200, "../..", "\x00"])
async def test_nobody_is_invited_who_is_not_there(desk: Desk, uid: str) -> None:
    async with fronts(desk, 1) as (ann,):
        result = await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=uid)
        assert (result["success"], result["message"]) == (False, "there is no client with this uid")
        assert (await ann.asked("request-group-info", "group-update"))["members"] == []


async def test_nobody_invites_itself(desk: Desk) -> None:
    async with fronts(desk, 1) as (ann,):
        result = await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=ann.uid)
        assert not result["success"]
        assert ann.client.group is None


async def test_a_strangers_client_is_as_unknown_as_none(llm: RecordingLLM) -> None:
    keys = {"one": (Scope.SPEAK,), "other": (Scope.SPEAK,)}
    async with chatting(llm, keys=keys) as desk:
        bearing = [{"Authorization": f"Bearer {desk.tokens[name]}"} for name in keys]
        async with fronts(desk, 2, bearing) as (ann, stranger):
            assert ann.client.caller.owner != stranger.client.caller.owner
            for asks, other in ((ann, stranger), (stranger, ann)):
                result = await asks.asked("add-client-to-group", "group-operation-result", invitee_uid=other.uid)
                assert (result["success"], result["message"]) == (False, "there is no client with this uid")
                result = await asks.asked("remove-client-from-group", "group-operation-result", target_uid=other.uid)
                assert not result["success"]
            assert ann.client.group is None is stranger.client.group


async def test_nobody_is_in_two_groups(desk: Desk) -> None:
    async with fronts(desk, 3) as (ann, ben, cid):
        await grouped(ann, ben)
        result = await cid.asked("add-client-to-group", "group-operation-result", invitee_uid=ben.uid)
        assert (result["success"], cid.client.group) == (False, None)


async def test_only_the_owner_removes_others_and_anybody_leaves(desk: Desk) -> None:
    async with fronts(desk, 3) as (ann, ben, cid):
        await grouped(ann, ben, cid)
        result = await ben.asked("remove-client-from-group", "group-operation-result", target_uid=cid.uid)
        assert not result["success"]
        result = await ann.asked("remove-client-from-group", "group-operation-result", target_uid=cid.uid)
        assert result["success"]
        await cid.until(lambda: info(cid)["members"] == [])
        result = await ben.asked("remove-client-from-group", "group-operation-result", target_uid=ben.uid)
        assert result["success"]
        await ann.until(lambda: info(ann)["members"] == [])
        assert [one.client.group for one in (ann, ben, cid)] == [None] * 3


async def test_when_the_owner_leaves_the_next_one_owns_the_group(desk: Desk) -> None:
    async with fronts(desk, 3) as (ann, ben, cid):
        await grouped(ann, ben, cid)
        await ann.socket.close()
        await ben.until(lambda: info(ben)["is_owner"] is True)
        assert info(cid) == {"type": "group-update", "members": [ben.uid, cid.uid], "is_owner": False}
        result = await ben.asked("remove-client-from-group", "group-operation-result", target_uid=cid.uid)
        assert result["success"]


# Who speaks.


async def test_what_a_person_says_to_one_is_answered_in_turn_and_seen_by_all(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "Hello from Ann.", "And from Ben.")
    async with group_of(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Hi all!")
        await ann.ended(3)
        await ben.ended(3)
        began = ["chain-start", "Thinking..."]
        over = ["force-new-message", "chain-end"]
        own = [*began, "own sound Ann: Hello from Ann.", "backend-synth-complete", *over]
        assert ann.lines(1)[:11] == [*own, *began, "forwarded words Ben: And from Ben.", *over]
        shown = [*began, "person: Hi all!", "forwarded words Ann: Hello from Ann.", *over]
        assert ben.lines(1)[:12] == [*shown, *began, "own sound Ben: And from Ben.", "backend-synth-complete", *over]


async def test_each_remembers_what_it_heard_under_its_speakers_name(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "Hello from Ann.", "And from Ben.")
    async with group_of(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Hi all!", from_name="Mika")
        await ann.until(lambda: len(ann.memory) >= 3)
        await ben.until(lambda: len(ben.memory) >= 3)
        assert asked(llm, 0) == '"Mika" says: Hi all!'
        assert asked(llm, 1) == '"Mika" says: Hi all!\n"Ann" says: Hello from Ann.'
        heard = ("user", "Mika", "Hi all!")
        assert ann.memory[:3] == [heard, ("assistant", None, "Hello from Ann."), ("user", "Ben", "And from Ben.")]
        assert ben.memory[:3] == [heard, ("user", "Ann", "Hello from Ann."), ("assistant", None, "And from Ben.")]
        assert "Ben and you" in llm.asked[0].messages[0].content
        assert all("and you" not in one.content for one in llm.asked[0].messages[1:])


async def test_nothing_is_heard_outside_the_group(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "One.", "Two.", "Three.")
    async with fronts(desk, 3) as (ann, ben, outsider):
        before = len(outsider.told)
        await grouped(ann, ben)
        await ann.send("text-input", text="Secret!")
        await ben.ended(3)
        assert outsider.since(before) == []
        assert outsider.memory == []
        await ann.asked("remove-client-from-group", "group-operation-result", target_uid=ann.uid)
        mark, memory = len(ben.told), ben.memory
        script(llm, "Alone.")
        await ann.send("text-input", text="Between us!")
        await ann.until(lambda: ("assistant", None, "Alone.") in ann.memory)
        assert [one["type"] for one in ben.since(mark) if one["type"] != "group-update"] == []
        assert ben.memory == memory


async def test_a_name_that_is_spoken_to_gets_the_floor(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "I am Ben. What do you say, Cid?", "I am Cid.")
    async with group_of(desk, 3) as (ann, ben, cid):
        await ann.send("text-input", text="Who are you, Ben?")
        await cid.ended(2)
        assert [one for one in ann.lines() if one.startswith(("forwarded", "own"))][:3] == [
            "forwarded words Ben: I am Ben.", "forwarded words Ben: What do you say, Cid?", "forwarded words Cid: I am Cid.",
        ]  # fmt: skip
        assert "person: Who are you, Ben?" in ben.lines()


async def test_endless_chatter_stops_at_the_budget(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = words("And what do you think?")
    async with group_of(desk, 2) as (ann, ben):
        budget = ann.client.settings.group_turns
        await ann.send("text-input", text="Talk!")
        await ann.ended(budget)
        await asyncio.sleep(0.2)
        assert len(llm.asked) == budget
        assert ann.client.group is not None
        assert ann.client.group.quiet.is_set()
        await ben.send("text-input", text="More!")
        await ben.ended(2 * budget)
        await asyncio.sleep(0.1)
        assert len(llm.asked) == 2 * budget


async def test_the_next_one_begins_when_the_one_before_was_heard(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "One.", "Two.")
    async with group_of(desk, 2) as (ann, ben):
        ann.plays = False
        await ann.send("text-input", text="Hi")
        await ann.until(lambda: "backend-synth-complete" in ann.lines())
        await asyncio.sleep(0.1)
        assert len(llm.asked) == 1
        await ann.send("frontend-playback-complete")
        await ben.until(lambda: any(one.startswith("own") for one in ben.lines()))


async def test_a_failing_model_is_passed_over(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, [DEAD], "I am here.")
    async with group_of(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Anybody?")
        await ann.until(lambda: "forwarded words Ben: I am here." in ann.lines())
        assert any(one.startswith("error") for one in ann.lines())
        await ann.ended(2)
        assert [one for one in ben.lines() if one.startswith("forwarded")] == []


async def test_when_all_models_fail_it_is_over_and_a_person_may_ask_again(desk: Desk, llm: RecordingLLM) -> None:
    llm.script = [DEAD]
    async with group_of(desk, 3) as (ann, ben, _):
        await ann.send("text-input", text="Anybody?")
        await ann.ended(3)
        await asyncio.sleep(0.1)
        assert len(llm.asked) == 3
        assert ann.client.group is not None
        assert ann.client.group.quiet.is_set()
        assert ben.lines().count("chain-start") == ben.lines().count("chain-end") == 3


async def test_a_member_that_is_refused_is_told_and_passed_over(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "I am here.")
    async with group_of(desk, 2) as (ann, ben):

        async def refused(heard: object, **more: object) -> bool:
            raise DEAD

        ann.client.answer = refused  # type: ignore[method-assign]
        await ann.send("text-input", text="Anybody?")
        await ben.until(lambda: "own sound Ben: I am here." in ben.lines())
        await ben.ended(2)
        await ann.until(lambda: ("user", None, "Anybody?") in ann.memory)
        assert any(one.startswith("error") for one in ann.lines())


async def test_a_reply_of_which_nothing_comes_is_given_up(
    desk: Desk, llm: RecordingLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "STILL_MS", 500.0)
    never = asyncio.Semaphore(0)
    script(llm, [never], "I am here.")
    async with group_of(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Anybody?")
        await ben.until(lambda: "own sound Ben: I am here." in ben.lines())
        assert llm.asked[0].closed.is_set()
        await ann.ended(2)


# Interruptions.


@pytest.mark.parametrize("who", [0, 1, 2])
async def test_whoever_interrupts_the_speaker_stops_and_the_others_are_told(
    desk: Desk, llm: RecordingLLM, who: int
) -> None:
    waits = asyncio.Semaphore(0)
    script(llm, [TextDelta("Oh no. "), TextDelta("And "), waits, TextDelta("the end.")])
    async with group_of(desk, 3) as members:
        ann, by = members[0], members[who]
        await ann.send("text-input", text="Tell me!")
        await heard(by)
        await by.send("interrupt-signal", text="Oh no.")
        for member in members:
            await member.ended()
            expected = 0 if member is by else 1
            assert member.lines().count("conversation-interrupted") == expected
        assert llm.asked[0].closed.is_set()
        await asyncio.sleep(0.1)
        assert len(llm.asked) == 1, "nobody speaks before that person has"
        for member in members[1:]:
            await member.until(lambda member=member: len(member.memory) == 2)
            assert member.memory[1][:2] == ("user", "Ann")
            assert "end" not in member.memory[1][2]
        assert ann.memory[1][2] == members[1].memory[1][2] == "Oh no."


async def test_a_persons_word_takes_the_floor_at_once(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    script(llm, [TextDelta("Oh no. "), waits], "Yes?")
    async with group_of(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Tell me!")
        await heard(ben)
        await ben.send("text-input", text="Stop, Ben!")
        await ann.until(lambda: "forwarded words Ben: Yes?" in ann.lines())
        assert "conversation-interrupted" in ann.lines()
        assert "conversation-interrupted" not in ben.lines()
        assert asked(llm, 1).endswith("Stop, Ben!")
        assert "Oh no." in asked(llm, 1)


async def test_too_many_words_at_once_are_refused(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "Well.")
    async with group_of(desk, 2) as (ann, _):
        for index in range(40):
            await ann.send("text-input", text=f"Word {index}")
        await ann.ended()
        await asyncio.sleep(0.2)
        assert ann.client.group is not None
        assert len(llm.asked) <= 40


# Coming and going.


@pytest.mark.parametrize("how", ["closes", "leaves"])
async def test_who_leaves_in_the_middle_of_its_reply_is_passed_over(desk: Desk, llm: RecordingLLM, how: str) -> None:
    waits = asyncio.Semaphore(0)
    script(llm, [TextDelta("Oh no. "), waits], "Where is she?", "Gone.")
    async with group_of(desk, 3) as (ann, ben, cid):
        await cid.send("text-input", text="Ann?")
        await heard(ben)
        if how == "closes":
            await ann.socket.close()
        else:
            await ann.send("remove-client-from-group", target_uid=ann.uid)
        await ben.ended(3)
        assert llm.asked[0].closed.is_set()
        said = [one for one in cid.lines() if one.startswith(("forwarded", "own"))]
        assert sorted(said[1:3]) == ["forwarded words Ben: Where is she?", "own sound Cid: Gone."]
        await ben.until(lambda: ("user", "Ann", "Oh no.") in ben.memory)
        if how == "leaves":
            assert ann.client.group is None


async def test_a_listener_that_leaves_is_not_kept_waiting(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    script(llm, [TextDelta("Oh no. "), waits, TextDelta("The end.")])
    async with group_of(desk, 3) as (ann, ben, cid):
        await ann.send("text-input", text="Ann?")
        await heard(ben)
        await ben.send("remove-client-from-group", target_uid=ben.uid)
        await ben.ended()
        waits.release()
        await cid.until(lambda: any("end." in one for one in cid.lines()))  # it may be in parts
        assert not any("end." in one for one in ben.lines())
        await ben.until(lambda: ("user", None, "Ann?") in ben.memory)


async def test_the_last_two_part_in_the_middle_of_a_reply(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    script(llm, [TextDelta("Oh no. "), waits, TextDelta("The end.")])
    async with group_of(desk, 2) as (ann, ben):
        await ann.send("text-input", text="Ann?")
        await heard(ben)
        await ben.socket.close()
        await ann.until(lambda: ann.client.group is None)
        await ann.ended()
        script(llm, "Alone.")
        await ann.send("text-input", text="Still there?")
        await ann.until(lambda: ("assistant", None, "Alone.") in ann.memory)


async def test_who_joins_in_the_middle_of_a_reply_hears_what_comes_after(desk: Desk, llm: RecordingLLM) -> None:
    waits = asyncio.Semaphore(0)
    script(llm, [TextDelta("Oh no. "), waits, TextDelta("The end.")], "Two.", "Three.")
    async with group_of(desk, 2) as (ann, _):
        await ann.send("text-input", text="Ann?")
        await ann.until(lambda: any("Oh no." in one for one in ann.lines()))
        async with asyncio.TaskGroup() as group:
            cid = await joined(desk, group, {})
            await cid.named("Cid")
            result = await ann.asked("add-client-to-group", "group-operation-result", invitee_uid=cid.uid)
            assert result["success"]
            waits.release()
            await cid.ended(2)
            assert not any("Oh no." in one for one in cid.lines() if one.startswith("forwarded"))
            assert not any("Ann?" in one for _, _, one in cid.memory)
            await cid.socket.close()


async def heard_aloud(*members: Front) -> None:
    """Their characters are heard by the others."""
    for front in members:
        part = front.client.part
        theirs = part.settings.open_llm_vtuber.model_copy(update={"group_sound": True})
        await front.client.begin(part=replace(part, settings=replace(part.settings, open_llm_vtuber=theirs)))


async def test_members_may_hear_each_other(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "[joy] Hello from Ann.")
    async with fronts(desk, 2) as (ann, ben):
        await heard_aloud(ann, ben)
        await grouped(ann, ben)
        await ann.send("text-input", text="Hi")
        await ben.until(lambda: "forwarded sound Ann: Hello from Ann." in ben.lines())
        own = next(one for one in ann.told if one["type"] == "audio")
        forwarded = next(one for one in ben.told if one["type"] == "audio")
        assert own["audio"] == forwarded["audio"]
        assert forwarded["actions"] is None


@pytest.mark.parametrize("all_ask", [False, True])
async def test_a_stream_of_sound_is_for_those_who_asked_for_streams(
    desk: Desk, llm: RecordingLLM, all_ask: bool
) -> None:
    script(llm, "Hello from Ann.")
    async with fronts(desk, 3) as (ann, ben, cid):
        await heard_aloud(ann, ben, cid)
        await grouped(ann, ben, cid)
        for front in (ann, ben, cid) if all_ask else (ann, ben):
            await front.send("request-audio-stream", enabled=True)
            await front.asked("heartbeat", "heartbeat-ack")
        await ann.send("text-input", text="Hi")
        for listener in (ben, cid):
            await listener.ended()
            sounds = [one for one in listener.told if one["type"].startswith("audio-stream")]
            assert bool(sounds) == all_ask
            assert ("forwarded words Ann: Hello from Ann." in listener.lines()) == (not all_ask)


@contextmanager
def slow_memory(front: Front) -> Iterator[tuple[asyncio.Semaphore, list[str]]]:
    """Nothing that others said is put into its memory before there is a slot for it; what was, in order."""
    history = front.client.session.history
    add, slots, written = history.add, asyncio.Semaphore(0), list[str]()

    async def slowly(said: UserInput, reply: str, *rest: object, **more: object) -> object:
        if not reply:
            await slots.acquire()
            written.append(said.text)
        return await add(said, reply, *rest, **more)  # type: ignore[arg-type]

    history.add = slowly  # type: ignore[assignment]
    try:
        yield slots, written
    finally:
        history.add = add
        for _ in range(99):
            slots.release()


async def told_of_two(desk: Desk, llm: RecordingLLM, front: Front, asking: Front) -> None:
    """Two others have spoken, and what they said is being put into the memory of this one, whose turn it is."""
    await asking.send("text-input", text="Who are you?")
    await front.until(lambda: front.lines().count("chain-end") == 2)
    await asking.until(lambda: asking.lines().count("chain-start") == 3)


async def test_what_a_speaker_has_yet_to_be_told_does_not_keep_a_person_waiting(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "And you, Cid?", "I am Cid.", "Yes?")
    async with group_of(desk, 3) as (ann, ben, _):
        with slow_memory(ann) as (slots, written):
            await told_of_two(desk, llm, ann, ben)
            await ann.send("text-input", text="Ben?")
            await ann.asked("heartbeat", "heartbeat-ack")
            slots.release()
            await ben.until(lambda: "own sound Ben: Yes?" in ben.lines(), 2)
            assert written == ["Who are you?"]


async def test_who_leaves_while_it_is_told_what_it_heard_is_told_all_of_it_once(desk: Desk, llm: RecordingLLM) -> None:
    script(llm, "And you, Cid?", "I am Cid.")
    async with group_of(desk, 3) as (ann, ben, _):
        with slow_memory(ann):
            await told_of_two(desk, llm, ann, ben)
            await ann.asked("remove-client-from-group", "group-operation-result", target_uid=ann.uid)
        await ann.until(lambda: len(ann.memory) >= 3, 2)
        await asyncio.sleep(0.05)
        assert sorted(text for _, _, text in ann.memory) == ["And you, Cid?", "I am Cid.", "Who are you?"]


async def test_no_group_is_left_behind(desk: Desk, llm: RecordingLLM) -> None:
    async with fronts(desk, 2) as (ann, ben):
        for _ in range(5):
            await grouped(ann, ben)
            await ben.asked("remove-client-from-group", "group-operation-result", target_uid=ben.uid)
        await until(lambda: not any("group of" in task.get_name() for task in asyncio.all_tasks()))
