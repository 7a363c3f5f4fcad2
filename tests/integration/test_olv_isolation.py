"""``/client-ws``: callers, characters and tabs that must not get into each other's conversations, however they try."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cast_rig import ToneTTS, folder_fixture, model_of, registry, sound_of
from chatting import until
from frontend import HELLO, Frontend, check_order, frontend
from frontend import sound_of as sound_in
from keyed import bearing, key_file, make_key
from serving import serving
from websockets.asyncio.client import connect

from hayakuchi.agents.basic_memory import BasicMemoryAgent
from hayakuchi.core.types import UserInput
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import AuthSettings, GatewaySettings, Scope, SessionsSettings
from hayakuchi.orchestrator.loader import load_settings

__all__ = ["folder_fixture"]

LONG = ". ".join(["This is a sentence"] * 20)


@dataclass
class House:
    """A server with Ann on stage, and Bob, that asks for keys."""

    url: str
    engine: Engine
    tokens: dict[str, str]

    @asynccontextmanager
    async def client(self, name: str) -> AsyncIterator[Frontend]:
        """One that bears this key."""
        async with frontend(self.url, additional_headers=bearing(self.tokens[name])) as made:
            yield made

    @asynccontextmanager
    async def viewer(self, name: str) -> AsyncIterator[Frontend]:
        """One before the avatar that this key's callers share."""
        address = f"{self.url.replace('http', 'ws', 1)}/proxy-ws"
        headers = bearing(self.tokens[name])
        async with connect(address, proxy=None, compression=None, max_size=None, additional_headers=headers) as socket:
            made = Frontend(socket)
            for _ in HELLO:
                await made.receive()
            yield made

    def owner(self, name: str) -> str:
        """A key's conversations are its id's."""
        return self.tokens[name].split("_")[1]

    @property
    def asked(self) -> list[str]:
        """All that the models were told, a text each."""
        return [str(messages) for messages in model_of(self.engine.cast.on_stage).asked]


@pytest.fixture
async def house(folder: Path) -> AsyncIterator[House]:
    file = await key_file(folder / "keys.sqlite3")
    read = load_settings(folder / "conf.yaml", registry=registry())
    settings = replace(
        read,
        gateway=GatewaySettings(auth=AuthSettings(enabled=True), shed_lag_ms=60_000),
        sessions=SessionsSettings(file=file),
        open_llm_vtuber=read.open_llm_vtuber.model_copy(update={"playback_patience_s": 0.5, "proxy": True}),
    )
    tokens = {name: make_key(file, [Scope.SPEAK], name=name) for name in ("mika", "noor")}
    async with serving(settings) as (url, engine):
        yield House(url, engine, tokens)


async def ask(client: Frontend, kind: str, answer: str, **fields: Any) -> dict[str, Any]:
    """The answer, or the error in its place."""
    await client.send(kind, request_id="q", **fields)
    while (told := await client.next(answer, "error")).get("request_id") != "q":
        pass
    return told


async def fresh(client: Frontend) -> str:
    return (await ask(client, "create-new-history", "new-history-created"))["history_uid"]


async def say(client: Frontend, text: str) -> None:
    await client.send("text-input", text=text)
    await client.plays()


async def listed(client: Frontend) -> list[str]:
    return [one["uid"] for one in (await ask(client, "fetch-history-list", "history-list"))["histories"]]


async def switch(client: Frontend, name: str) -> None:
    assert (await ask(client, "switch-config", "config-switched", file=f"{name}.yaml"))["type"] == "config-switched"


async def test_a_caller_cannot_reach_another_ones_conversation_by_its_name(house: House) -> None:
    async with house.client("mika") as mika, house.client("noor") as noor:
        uid = await fresh(mika)
        await say(mika, "my safe is under the stairs")
        assert await listed(mika) == [uid]
        assert await listed(noor) == []
        told = await ask(noor, "fetch-and-set-history", "history-data", history_uid=uid)
        assert told["message"] == f"there is no conversation {uid!r} of yours"
        assert (await ask(noor, "delete-history", "history-deleted", history_uid=uid))["success"] is False
        await say(noor, "where is it")
        assert "stairs" not in house.asked[-1]
        await say(mika, "where is it")
        assert "stairs" in house.asked[-1]
        assert await listed(mika) == [uid]
        assert uid not in await listed(noor)


async def test_conversations_of_one_name_are_as_many_as_callers(house: House) -> None:
    conversations = house.engine.conversations
    for name in ("mika", "noor"):
        held = await conversations.open(house.owner(name), "same", "Ann")
        await held.add(UserInput(f"I am {name}"), "Hello.")
    async with house.client("mika") as mika, house.client("noor") as noor:
        for client, name in ((mika, "mika"), (noor, "noor")):
            told = await ask(client, "fetch-and-set-history", "history-data", history_uid="same")
            assert told["messages"][0]["content"] == f"I am {name}"
        assert (await ask(noor, "delete-history", "history-deleted", history_uid="same"))["success"]
        await say(mika, "who am I")
        assert "I am mika" in house.asked[-1]
    assert await conversations.find(house.owner("noor"), "same") is None


async def test_a_switch_changes_nothing_for_another_caller_who_is_being_spoken_to(house: House) -> None:
    async with house.client("mika") as mika, house.client("noor") as noor:
        await mika.send("text-input", text=LONG)
        await mika.next("audio")
        await switch(noor, "bob")
        await asyncio.gather(mika.plays(), say(noor, "hello"))
        for client, name, level in ((mika, "Ann", "stage"), (noor, "Bob", "bob")):
            items = [item for item in client.items() if item["audio"]]
            assert {item["display_text"]["name"] for item in items} == {name}
            sound = b"".join(map(sound_in, items))
            assert sound == sound_of(level) * (len(sound) // len(sound_of(level)))
            check_order(client.told)
        assert "".join(item["display_text"]["text"] for item in mika.items()).count("sentence") == 20
        assert "This is a sentence" not in house.asked[-1]
        [kept] = await house.engine.conversations.list(house.owner("mika"))
        assert (kept.character, kept.messages) == ("Ann", 2)


async def test_a_character_that_breaks_leaves_its_caller_with_the_one_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(agent: Any, *given: Any) -> None:
        raise ValueError("a bug that nobody expects")

    async with house.client("mika") as client:
        await say(client, "first")
        with monkeypatch.context() as patched:
            patched.setattr(BasicMemoryAgent, "__init__", breaks)
            told = await ask(client, "switch-config", "config-switched", file="bob.yaml")
        assert told["message"] == "basic_memory_agent: could not be made; the log has the details"
        await say(client, "second")
        assert "first" in house.asked[-1]
        assert "You keep bees." in house.asked[-1]


async def test_a_voice_that_breaks_is_replaced_and_the_character_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ToneTTS.__init__

    def breaks(voice: Any, config: Any) -> None:
        if config.voice == "bob":
            raise ValueError("a bug that nobody expects")
        plain(voice, config)

    with monkeypatch.context() as patched:
        patched.setattr(ToneTTS, "__init__", breaks)
        async with house.client("mika") as client:
            await switch(client, "bob")
            await say(client, "hello")
    items = [item for item in client.items() if item["audio"]]
    assert {item["display_text"]["name"] for item in items} == {"Bob"}
    assert b"".join(map(sound_in, items)).startswith(sound_of("stage"))
    assert any("bob goes on with the one on stage" in problem for problem in house.engine.problems)


async def test_what_was_said_to_one_character_is_not_told_to_another_of_the_same_caller(house: House) -> None:
    async with house.client("mika") as client:
        anns = await fresh(client)
        await say(client, "my safe is under the stairs")
        await switch(client, "bob")
        assert await listed(client) == []
        told = await ask(client, "fetch-and-set-history", "history-data", history_uid=anns)
        assert "was held with Ann, and Bob is on stage" in told["message"]
        assert "held with Ann" in (await ask(client, "delete-history", "nothing", history_uid=anns))["message"]
        await say(client, "where is it")
        assert "stairs" not in house.asked[-1]
        [bobs] = await listed(client)
        await switch(client, "ann")
        assert await listed(client) == [anns]
        assert bobs != anns
        told = await ask(client, "fetch-and-set-history", "history-data", history_uid=anns)
        assert told["messages"][0]["content"] == "my safe is under the stairs"


async def test_a_conversation_in_text_with_the_character_is_one_of_its_own(house: House) -> None:
    held = await house.engine.conversations.open(house.owner("mika"), "text", "ann")
    await held.add(UserInput("In writing"), "I see.")
    async with house.client("mika") as client:
        assert await listed(client) == ["text"]
        told = await ask(client, "fetch-and-set-history", "history-data", history_uid="text")
        assert told["messages"][0]["content"] == "In writing"


async def test_two_tabs_of_one_caller_share_a_conversation(house: House) -> None:
    async with house.client("mika") as one, house.client("mika") as two:
        uid = await fresh(one)
        await say(one, "first")
        assert (await ask(two, "fetch-and-set-history", "history-data", history_uid=uid))["messages"]
        await say(two, "second")
        await say(one, "third")
        assert house.asked[-1].index("first") < house.asked[-1].index("second") < house.asked[-1].index("third")
        await asyncio.gather(say(one, "fourth"), say(two, "fifth"))
        told = await ask(one, "fetch-and-set-history", "history-data", history_uid=uid)
        said = [message["content"] for message in told["messages"] if message["role"] == "human"]
        assert said[:3] == ["first", "second", "third"]
        assert sorted(said[3:]) == ["fifth", "fourth"]
        answers = [message["content"].strip() for message in told["messages"] if message["role"] == "ai"]
        assert answers == [f"You said {text}" for text in said], "each answer follows what it answers"


async def test_deleting_a_conversation_in_one_tab_while_the_other_speaks(house: House) -> None:
    async with house.client("mika") as one, house.client("mika") as two:
        uid = await fresh(one)
        await say(one, "my safe is under the stairs")
        await ask(two, "fetch-and-set-history", "history-data", history_uid=uid)
        await two.send("text-input", text=LONG)
        await two.next("audio")
        assert (await ask(one, "delete-history", "history-deleted", history_uid=uid))["success"]
        anew = (await one.next("new-history-created"))["history_uid"]
        assert anew != uid
        await two.next("control conversation-chain-end")
        assert await listed(one) == []
        await say(two, "where is it")
        assert "stairs" not in house.asked[-1]
        assert "This is a sentence" not in house.asked[-1], "what was being said belonged to what is gone"
        assert await listed(one) == [uid], "the other tab went on under the same name"
        check_order(two.told)


def held_up(owner: Any, method: str, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, Callable[[], None]]:
    """The first call of this method waits; set when it does, and what lets it go on."""
    waiting, goes_on, plain = asyncio.Event(), asyncio.Event(), getattr(owner, method)

    async def held(*given: Any, **named: Any) -> Any:
        if not waiting.is_set():
            waiting.set()
            await goes_on.wait()
        return await plain(*given, **named)

    monkeypatch.setattr(owner, method, held)
    return waiting, goes_on.set


@pytest.mark.parametrize("held", ["open", "find"])
async def test_viewers_of_one_avatar_who_choose_at_the_same_time(
    house: House, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    """One goes on with a conversation of Ann's while another one puts Bob on stage: Bob is never told what Ann was."""
    async with house.viewer("mika") as one, house.viewer("mika") as two:
        anns = await fresh(one)
        await one.send("text-input", text="my safe is under the stairs")
        await one.plays()
        await fresh(one)
        waiting, go_on = held_up(house.engine.conversations, held, monkeypatch)
        first, second = (two, one) if held == "open" else (one, two)
        wishes = {
            id(two): {"type": "switch-config", "file": "bob.yaml"},
            id(one): {"type": "fetch-and-set-history", "history_uid": anns},
        }
        await first.socket.send(json.dumps(wishes[id(first)]))
        await waiting.wait()
        await second.socket.send(json.dumps(wishes[id(second)]))
        await asyncio.sleep(0.05)
        go_on()
        await one.next("config-switched")
        before = len(house.asked)
        await two.send("text-input", text="where is it")
        await until(lambda: len(house.asked) > before)
        assert ("You mend clocks." in house.asked[-1]) == ("stairs" not in house.asked[-1])
        assert "You mend clocks." in house.asked[-1]


async def test_a_list_is_told_before_the_character_that_it_is_not_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.viewer("mika") as one, house.viewer("mika") as two:
        await fresh(one)
        await one.send("text-input", text="hello")
        await one.plays()
        waiting, go_on = held_up(house.engine.conversations, "list", monkeypatch)
        await one.send("fetch-history-list")
        await waiting.wait()
        await two.send("switch-config", file="bob.yaml")
        await asyncio.sleep(0.05)
        go_on()
        assert (await one.next("history-list", "set-model-and-conf"))["type"] == "history-list"
        assert (await one.next("set-model-and-conf"))["conf_name"] == "Bob"
