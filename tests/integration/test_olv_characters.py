"""``WS /client-ws``: choosing characters. Each client has its own on stage, which answers as itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cast_rig import FILES, folder_fixture, model_of, registry, sound_of, written
from frontend import Frontend, frontend
from frontend import sound_of as sound_in
from serving import serving

from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.loader import load_settings

__all__ = ["folder_fixture"]

MODELS = [
    {"name": "ann_model", "url": "/live2d-models/a.model3.json", "emotionMap": {"joy": 3}},
    {"name": "bob_model", "url": "/live2d-models/b.model3.json", "emotionMap": {"Grin": "exp_grin"}},
]


@asynccontextmanager
async def theirs(folder: Path) -> AsyncIterator[tuple[str, Engine]]:
    """The server, with model_dict.json beside conf.yaml."""
    (folder / "model_dict.json").write_text(json.dumps(MODELS))
    async with serving(load_settings(folder / "conf.yaml", registry=registry())) as (url, engine):
        yield url, engine


async def switched(client: Frontend, file: str) -> dict[str, Any]:
    await client.send("switch-config", file=file)
    told = await client.next("set-model-and-conf", "error")
    assert told["type"] == "set-model-and-conf", told
    assert (await client.receive())["type"] == "config-switched"
    return told


async def said(client: Frontend, text: str) -> bytes:
    """Say it; the sound of the reply."""
    before = len(client.items())
    await client.send("text-input", text=text)
    await client.plays()
    return b"".join(sound_in(item) for item in client.items()[before:] if item["audio"])


async def test_fetch_configs_lists_the_one_on_stage_first(folder: Path) -> None:
    written(folder, bad="name: [\n")
    async with theirs(folder) as (url, _), frontend(url) as client:
        await client.send("fetch-configs", request_id="q")
        listed = await client.next("config-files")
        assert listed["request_id"] == "q"
        assert listed["configs"] == [
            {"filename": "ann.yaml", "name": "Ann"},
            {"filename": "bad.yaml", "name": "bad"},
            {"filename": "bob.yaml", "name": "Bob"},
        ]


async def test_config_switched_is_preceded_by_set_model_and_conf_of_the_new_character(folder: Path) -> None:
    async with theirs(folder) as (url, _), frontend(url) as client:
        first = client.told[2]
        assert (first["conf_name"], first["model_info"]["name"]) == ("Ann", "ann_model")
        told = await switched(client, "bob.yaml")
        assert (told["conf_name"], told["conf_uid"], told["client_uid"]) == ("Bob", "bob", first["client_uid"])
        assert told["model_info"] == MODELS[1]
        await client.send("request-init-config")
        assert await client.next("set-model-and-conf") == told


async def test_two_clients_have_a_character_voice_and_memory_each(folder: Path) -> None:
    async with theirs(folder) as (url, engine), frontend(url) as one, frontend(url) as two:
        await switched(two, "bob.yaml")
        first, second = await asyncio.gather(said(one, "my key is 1111"), said(two, "my key is 2222"))
        assert first == sound_of("stage") * (len(first) // 1600)
        assert second == sound_of("bob") * (len(second) // 1600)
        await asyncio.gather(said(one, "what is mine"), said(two, "what is mine"))
        assert {item["display_text"]["name"] for item in one.items()} == {"Ann"}
        assert {item["display_text"]["name"] for item in two.items()} == {"Bob"}
        asked = model_of(engine.cast.on_stage).asked
        assert len(asked) == 4
        for messages in asked:
            ann, all_of_it = "You keep bees." in messages[0].content, str(messages)
            assert ann != ("You mend clocks." in all_of_it)
            assert ("2222" if ann else "1111") not in all_of_it
        assert [len(messages) for messages in asked] == [2, 2, 4, 4]


async def test_a_switch_begins_a_conversation_in_which_the_one_before_is_not_known(folder: Path) -> None:
    async with theirs(folder) as (url, engine), frontend(url) as client:
        await said(client, "I told Ann a secret")
        await switched(client, "bob.yaml")
        await said(client, "Hi")
        assert "secret" not in str(model_of(engine.cast.on_stage).asked[-1])
        await switched(client, "ann.yaml")
        assert len(await engine.conversations.list("")) == 2


async def test_a_switch_interrupts_what_is_said_and_keeps_it_as_heard(folder: Path) -> None:
    async with theirs(folder) as (url, engine), frontend(url) as client:
        await client.send("text-input", text=". ".join(["This is a sentence"] * 40))
        for _ in range(5):
            item = await client.next("audio")
            await client.send("audio-play-start", display_text=item["display_text"], forwarded=True)
            await asyncio.sleep(0.1)
        await client.send("switch-config", file="bob.yaml")
        await client.next("control conversation-chain-end")
        await client.next("config-switched")
        [kept] = await engine.conversations.list("")
        history = await engine.conversations.open("", kept.name, "")
        [_, reply] = await history.entries(9)
        assert reply.status == "interrupted"
        assert reply.message.content.startswith("You said This is a sentence.")
        assert len(reply.message.content) < 20 * 20


async def test_a_bad_character_is_an_error_with_its_place_and_nothing_is_switched(folder: Path) -> None:
    written(folder, bad="name: Bad\nnmae: x\n")
    async with theirs(folder) as (url, _), frontend(url) as client:
        for file, told in (
            ("bad.yaml", "bad.yaml:2:1: nmae: unknown key (did you mean 'name'?)"),
            ("gone.yaml", "there is no character 'gone'; there are: ann, bad, bob"),
            ("../conf.yaml", "there is no character '../conf'"),
            (str(folder / "characters" / "bob.yaml"), "there is no character"),
        ):
            await client.send("switch-config", file=file, request_id="r")
            error = await client.next("error")
            assert told in error["message"]
            assert error["request_id"] == "r"
        await client.send("request-init-config")
        assert (await client.next("set-model-and-conf"))["conf_name"] == "Ann"
        assert await said(client, "Hi")
        written(folder, bad="name: Good\n")
        assert (await switched(client, "bad.yaml"))["conf_name"] == "Good"


async def test_emotions_of_the_model_are_taken_out_of_speech_and_become_actions(folder: Path) -> None:
    written(folder, bob=FILES["bob"] + "expressions: [earnest]\n")
    async with theirs(folder) as (url, engine), frontend(url) as client:
        await switched(client, "bob.yaml")
        await said(client, "[grin] and [earnest] and [joy] and [other] it is")
        items = client.items()
        shown = "".join(item["display_text"]["text"] for item in items)
        assert "[other]" in shown
        assert not any(tag in shown for tag in ("[grin]", "[earnest]", "[joy]"))
        assert [item["actions"] for item in items if item["actions"]] == [{"expressions": ["exp_grin"]}]
        assert "[Grin]" in model_of(engine.cast.on_stage).asked[-1][0].content
