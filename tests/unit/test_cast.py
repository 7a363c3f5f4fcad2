"""Who may be on stage: read from files when asked for, each with a mind and a voice of its own."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from cast_rig import FILES, folder_fixture, model_of, staged, voice_of, written
from chatting import until
from virtual import run_virtual

from hayakuchi.core.errors import ConfigError
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator import own_chain
from hayakuchi.orchestrator.cast import Part

__all__ = ["folder_fixture"]


async def told(part: Part, text: str) -> str:
    """What the model is told as the system message when this is said to the character."""
    async for _ in part.agent.reply(UserInput(text), ()):
        pass
    return model_of(part).asked[-1][0].content


async def test_everybody_of_the_folder_is_there_and_the_one_on_stage_comes_first(folder: Path) -> None:
    written(folder, amy="name: Amy\n")
    async with staged(folder) as engine:
        assert await engine.cast.ids() == ["ann", "amy", "bob"]
        assert await engine.cast.list() == [("ann", "Ann"), ("amy", "Amy"), ("bob", "Bob")]
        assert engine.cast.on_stage.on_stage
        assert (await engine.cast.find("ann")) is engine.cast.on_stage


async def test_names_are_unlike_and_a_broken_file_has_its_id_for_a_name(folder: Path) -> None:
    written(
        folder, ann2="name: ann\n", broken="name: [\n", empty="", long=f"name: {'x' * 61}\n", var='name: "${HOME}"\n'
    )
    async with staged(folder) as engine:
        names = dict(await engine.cast.list())
    assert names == {
        "ann": "Ann",
        "ann2": "ann (ann2)",
        "bob": "Bob",
        "broken": "broken",
        "empty": "empty",
        "long": "long",
        "var": "var",
    }


async def test_a_character_has_its_own_mind_voice_and_settings(folder: Path) -> None:
    async with staged(folder) as engine:
        ann, bob = engine.cast.on_stage, await engine.cast.find("bob")
        assert (bob.id, bob.character.name, bob.on_stage) == ("bob", "Bob", False)
        assert (bob.look.model, ann.look.model) == ("bob_model", None)
        assert bob.llm is engine.llm
        assert bob.voice is not engine.voice
        assert bob.voice.sample_rate == engine.voice.sample_rate
        assert voice_of(bob).config.voice == "bob"
        assert "You mend clocks." in await told(bob, "Hi")
        assert "You keep bees." in await told(ann, "Hi")


async def test_equal_settings_are_one_chain(folder: Path) -> None:
    written(folder, ben=FILES["bob"].replace("Bob", "Ben"), cat="name: Cat\n")
    async with staged(folder) as engine:
        bob, ben, cat = [await engine.cast.find(id) for id in ("bob", "ben", "cat")]
        assert bob.voice is ben.voice
        assert cat.voice is engine.voice
        assert len(engine.cast.chains) == 1
        own = voice_of(bob)
    assert (own.opened, own.closed) == (1, 1)


async def test_a_model_of_its_own(folder: Path) -> None:
    written(folder, eve="name: Eve\nllm: {tale_llm: {model: eve}}\nquick_llm: {tale_llm: {model: quick}}\n")
    async with staged(folder) as engine:
        eve = await engine.cast.find("eve")
        assert model_of(eve).config.model == "eve"
        assert eve.quick is not None
        quick: Any = eve.quick.providers[0]
        assert quick.config.model == "quick"
        async for _ in eve.agent.reply(UserInput("Hi"), ()):
            pass
        assert model_of(eve).asked
        assert not model_of(engine.cast.on_stage).asked


async def test_whatever_only_the_stage_has_is_not_for_the_others(folder: Path) -> None:
    """A file that says nothing of the voice has that of conf.yaml, not that of the file on stage."""
    written(folder, ann=FILES["ann"] + "voice: {tone_tts: ann}\n", cat="name: Cat\n")
    async with staged(folder) as engine:
        cat = await engine.cast.find("cat")
        assert (voice_of(engine.cast.on_stage).config.voice, voice_of(cat).config.voice) == ("ann", "stage")


async def test_conf_yaml_is_taken_as_it_was_at_the_start(folder: Path) -> None:
    async with staged(folder) as engine:
        conf = folder / "conf.yaml"
        conf.write_text(conf.read_text().replace("llm: {tale_llm: {}}", "llm: {tale_llm: {model: later}}"))
        assert (await engine.cast.find("bob")).llm is engine.llm


async def test_the_file_is_read_again_when_it_has_changed_and_only_then(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(folder) as engine:
        first = await engine.cast.find("bob")
        assert (await engine.cast.find("bob")).settings is first.settings
        file = folder / "characters" / "bob.yaml"
        file.write_text(FILES["bob"].replace("clocks", "hearts"))
        os.utime(file, ns=(1, 1))
        assert "hearts" in await told(await engine.cast.find("bob"), "Hi")
        assert "clocks" in await told(first, "Hi")
        file.unlink()
        with pytest.raises(ConfigError, match=r"there is no character 'bob'; there are: ann"):
            await engine.cast.find("bob")


async def test_a_broken_file_is_told_with_its_place_and_harms_nobody(folder: Path) -> None:
    async with staged(folder) as engine:
        bob = await engine.cast.find("bob")
        written(folder, bob=FILES["bob"] + "nmae: B\n", cat="name: Cat\n")
        with pytest.raises(ConfigError) as error:
            await engine.cast.find("bob")
        assert error.value.line == 5
        assert error.value.file
        assert error.value.file.endswith("bob.yaml")
        assert "did you mean 'name'?" in str(error.value)
        assert "clocks" in await told(bob, "Hi")
        assert (await engine.cast.find("cat")).character.name == "Cat"
        written(folder, bob=FILES["bob"])
        assert (await engine.cast.find("bob")).character.name == "Bob"


async def test_a_broken_file_of_the_stage_does_not_keep_the_others_away(folder: Path) -> None:
    async with staged(folder) as engine:
        written(folder, ann="name: [\n")
        assert (await engine.cast.find("bob")).llm is engine.llm
        assert engine.cast.on_stage.character.name == "Ann"


@pytest.mark.parametrize("name", ["../bob", "characters/bob", "/etc/passwd", "bob.yaml", "", "\0", "b" * 5000])
async def test_names_never_lead_out_of_the_folder(folder: Path, name: str) -> None:
    (folder / "bob.yaml").write_text(FILES["bob"])
    async with staged(folder) as engine:
        assert await engine.cast.look_up(name) is None
        with pytest.raises(ConfigError, match="there is no character"):
            await engine.cast.find(name)


async def test_looking_up_is_lenient_and_finding_is_not(folder: Path) -> None:
    async with staged(folder) as engine:
        assert (found := await engine.cast.look_up(" BOB "))
        assert found.id == "bob"
        assert await engine.cast.look_up("ANN") is engine.cast.on_stage
        with pytest.raises(ConfigError, match=r"did you mean 'bob'"):
            await engine.cast.find("Bob")


async def test_ids_are_exact_where_files_differ_by_case_or_look_like_paths(folder: Path) -> None:
    written(folder, Bob="name: Big Bob\n", **{"x.yaml": "name: X\n", "harry": "name: H\n"})
    written(folder, ann=FILES["ann"].replace("Ann", "Harry"))
    async with staged(folder) as engine:
        for id, name in (("bob", "Bob"), ("Bob", "Big Bob"), ("x.yaml", "X"), ("harry", "H")):
            assert (await engine.cast.find(id)).character.name == name
        for name, answers in (("bob", "Bob"), ("Bob", "Big Bob"), ("HARRY", "Harry")):
            part = await engine.cast.look_up(name)
            assert part
            assert part.character.name == answers


async def test_who_only_writes_does_not_wait_for_a_voice(folder: Path) -> None:
    async with staged(folder) as engine:
        part = await engine.cast.look_up("bob", speaks=False)
        assert part
        assert part.voice is engine.voice
        assert not engine.cast.chains


def test_a_voice_that_does_not_open_is_replaced_by_that_of_the_stage_and_told_of(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slow, none = "{tone_tts: {voice: x, opens: never}}", "{tone_tts: {voice: y, opens: not at all}}"
    written(folder, slow=f"name: Slow\ntts: {slow}\n", none=f"name: None\ntts: {none}\n")

    async def asked() -> None:
        loop = asyncio.get_running_loop()
        async with staged(folder) as engine:
            before = loop.time()
            for id in ("slow", "none"):
                assert (await engine.cast.find(id)).voice is engine.voice
            assert loop.time() - before == pytest.approx(own_chain.OPEN_S, abs=0.1)
            assert any("slow goes on with the one on stage" in line for line in engine.problems)
            assert any("is not there" in line for line in engine.problems)
            await engine.cast.find("slow")
            assert loop.time() - before == pytest.approx(own_chain.OPEN_S, abs=0.1), "nobody waits again so soon"
            await asyncio.sleep(own_chain.RETRY_MS / 1000)
            chains: Any = engine.cast.chains
            [own] = [chain for chain in chains if chain.chain.providers[0].opens == "never"]
            own.chain.providers[0].opens = "at once"
            assert (await engine.cast.find("slow")).voice is own
            assert not any("slow" in line for line in engine.problems)

    with caplog.at_level(logging.WARNING):
        run_virtual(asked())
    assert "slow goes on with the one on stage" in caplog.text


async def test_one_who_waits_for_a_voice_keeps_nobody_else_waiting(folder: Path) -> None:
    written(folder, slow="name: Slow\ntts: {tone_tts: {voice: x, opens: never}}\n")
    async with staged(folder) as engine, asyncio.TaskGroup() as group:
        waiting = group.create_task(engine.cast.find("slow"))
        await until(lambda: bool(engine.cast.chains))
        async with asyncio.timeout(own_chain.OPEN_S / 2):
            assert voice_of(await engine.cast.find("bob")).config.voice == "bob"
        assert not waiting.done()
        waiting.cancel()


async def test_who_gives_up_waiting_for_a_voice_leaves_it_to_the_next_one(folder: Path) -> None:
    written(folder, slow="name: Slow\ntts: {tone_tts: {voice: x, opens: never}}\n")
    async with staged(folder) as engine:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await engine.cast.find("slow")
        own: Any = engine.cast.chains[0]
        own.chain.providers[0].opens = "at once"
        assert voice_of(await engine.cast.find("slow")).config.voice == "x"
        assert not engine.cast.problems


async def test_one_voice_of_several_that_opens_in_time_is_enough(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_chain, "OPEN_S", 0.1)
    voices = "[{tone_tts: {voice: x, opens: never}}, {tone_tts: {voice: y}}]"
    written(folder, some=f"name: Some\ntts: {voices}\n")
    async with staged(folder) as engine:
        part = await engine.cast.find("some")
        assert part.voice is engine.cast.chains[0]
        assert not engine.cast.problems


async def test_own_voices_are_probed_with_the_others(folder: Path) -> None:
    async with staged(folder) as engine:
        bob = await engine.cast.find("bob")
        probes: list[str] = []

        async def probe() -> str:
            probes.append("bob")
            return "here"

        voice_of(bob).probe = probe
        await engine.warm_up()
        assert probes == ["bob"]
        await engine.warm_up(failing_only=True)
        assert probes == ["bob"]


async def test_seen_with_the_expressions_of_a_model(folder: Path) -> None:
    written(folder, bob=FILES["bob"] + "expressions: [earnest, joy]\n")
    async with staged(folder) as engine:
        bob = await engine.cast.find("bob")
        seen = bob.showing(["joy", "disgust"])
        rules = await told(seen, "Hi")
        assert "[joy] [disgust]" in rules
        assert "earnest" not in rules
        assert {"earnest", "joy", "disgust"} <= set(seen.expressions)
        assert set(seen.showing(["joy", "disgust"]).expressions) == set(seen.expressions)
        assert bob.showing([]) is bob
        assert "disgust" not in bob.expressions
