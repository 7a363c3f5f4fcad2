"""Several characters at once: sessions of one engine, each with its own character, conversation and voice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cast_rig import FILES, folder_fixture, model_of, sound_of, staged, voice_of, written
from chatting import until

from hayakuchi.core.events import AudioSent, ProviderFailed, SegmentReady, SessionEvent, TurnEnded, TurnStatus
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.session import Session

__all__ = ["folder_fixture"]


class Heard:
    """What a session said."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.sound, self.speech, self.ended = bytearray(), "", list[TurnEnded]()
        session.observe(self._observe)

    def _observe(self, event: SessionEvent) -> None:
        match event:
            case AudioSent(audio=audio):
                self.sound += audio.pcm
            case SegmentReady(segment=segment):
                self.speech += segment.speech
            case TurnEnded():
                self.ended.append(event)
            case ProviderFailed():
                raise AssertionError(event.message)
            case _:
                pass

    async def say(self, text: str) -> None:
        before = len(self.ended)
        self.session.say(UserInput(text))
        await until(lambda: len(self.ended) > before)


async def session_of(engine: Engine, group: asyncio.TaskGroup, name: str, owner: str, id: str) -> Heard:
    part = await engine.cast.find(id)
    history = await engine.conversations.open(owner, name, part.character.name, lazily=True)
    session = engine.new_session(name, history, part, 30_000)
    assert session.playback.max_ahead_ms == 30_000
    group.create_task(session.run())
    return Heard(session)


async def test_two_characters_answer_at_once_with_their_own_persona_voice_and_memory(folder: Path) -> None:
    written(folder, bob=FILES["bob"] + "lexicon: {clock: kloʊk}\n")
    async with staged(folder) as engine, asyncio.TaskGroup() as group:
        ann, bob = [await session_of(engine, group, name, "", name) for name in ("ann", "bob")]
        secrets = {"ann": "my clock is blue", "bob": "my clock is red"}
        async with asyncio.timeout(10):
            await asyncio.gather(ann.say(secrets["ann"]), bob.say(secrets["bob"]))
            await asyncio.gather(ann.say("and what is mine"), bob.say("and what is mine"))
        for heard, level in ((ann, "stage"), (bob, "bob")):
            assert heard.ended[-1].status is TurnStatus.COMPLETED
            assert len(heard.sound) >= 2 * len(sound_of(level))
            assert bytes(heard.sound) == sound_of(level) * (len(heard.sound) // len(sound_of(level)))
        told = {
            ("bees" if "bees" in asked[0].content else "clocks"): asked
            for asked in model_of(engine.cast.on_stage).asked
        }
        assert "blue" in str(told["bees"])
        assert "red" not in str(told["bees"])
        assert "red" in str(told["clocks"])
        assert "blue" not in str(told["clocks"])
        bob_part = await engine.cast.find("bob")
        assert any("kloʊk" in said for said in voice_of(bob_part).said)
        assert not any("kloʊk" in said for said in voice_of(engine.cast.on_stage).said)
        ann.session.close()
        bob.session.close()


async def test_who_has_changed_meanwhile_is_another_one_in_the_next_session_only(folder: Path) -> None:
    async with staged(folder) as engine, asyncio.TaskGroup() as group:
        first = await session_of(engine, group, "one", "", "bob")
        written(folder, bob=FILES["bob"].replace("tone_tts: bob", "tone_tts: zoe").replace("clocks", "shoes"))
        second = await session_of(engine, group, "two", "", "bob")
        async with asyncio.timeout(10):
            await asyncio.gather(first.say("Hi"), second.say("Hi"))
        assert bytes(first.sound).startswith(sound_of("bob"))
        assert bytes(second.sound).startswith(sound_of("zoe"))
        personas = "".join(asked[0].content for asked in model_of(engine.cast.on_stage).asked)
        assert "You mend clocks." in personas
        assert "You mend shoes." in personas
        first.session.close()
        second.session.close()


async def test_a_conversation_that_is_begun_lazily_is_kept_when_something_is_said(folder: Path) -> None:
    async with staged(folder) as engine, asyncio.TaskGroup() as group:
        heard = await session_of(engine, group, "new", "somebody", "bob")
        assert await engine.conversations.find("somebody", "new") is None
        assert await engine.conversations.list("somebody") == []
        async with asyncio.timeout(10):
            await heard.say("Hi")
        [summary] = await engine.conversations.list("somebody")
        assert (summary.name, summary.character, summary.messages) == ("new", "Bob", 2)
        assert summary.latest is not None
        assert (summary.latest.role, summary.latest.content.strip()) == ("assistant", "You said Hi")
        assert await engine.conversations.open("somebody", "new", "Bob", lazily=True) is heard.session.history
        assert await engine.conversations.list("") == []
        heard.session.close()
