"""How a character looks to frontends of Open-LLM-VTuber: its model's entry, checked, and what its expressions are called."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cast_rig import FILES, folder_fixture, staged, written

from hayakuchi.gateway.open_llm_vtuber.look import NOWHERE, Look

__all__ = ["folder_fixture"]

MAO = {
    "name": "mao_pro",
    "description": "",
    "url": "/live2d-models/mao_pro/runtime/mao_pro.model3.json",
    "kScale": 0.5,
    "initialXshift": 0,
    "initialYshift": 0,
    "kXOffset": 1150,
    "idleMotionGroupName": "Idle",
    "defaultEmotion": 0,
    "emotionMap": {"neutral": 0, "Joy": 3, "anger": "exp_angry"},
    "tapMotions": {"HitAreaHead": {"": 1}, "HitAreaBody": {"tap": 2.5}},
    "pointerInteractive": True,
    "scrollToResize": True,
}


class Folder:
    """The user's folder with these models."""

    def __init__(self, *models: Mapping[str, Any], avatars: Sequence[str] = ()) -> None:
        self.models: Sequence[Mapping[str, Any]] = models
        self._avatars = avatars

    def file(self, kind: str, name: str) -> Path | None:
        return Path(name) if kind == "avatars" and name in self._avatars else None


async def test_an_entry_is_passed_on_as_it_is(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    entry = {**MAO, "theirOwn": [1, 2]}
    async with staged(folder) as engine:
        assert Look(Folder(entry)).model_info(engine.cast.on_stage) == entry
    assert not caplog.records


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kScale", "big"),
        ("kScale", True),
        ("kScale", float("nan")),
        ("initialXshift", [1]),
        ("initialYshift", {}),
        ("kXOffset", "1"),
        ("idleMotionGroupName", 3),
        ("defaultEmotion", 0.5),
        ("tapMotions", {"head": 1}),
        ("tapMotions", {"head": {"tap": "x"}}),
        ("tapMotions", []),
        ("pointerInteractive", 1),
        ("scrollToResize", "yes"),
        ("description", 4),
        ("kScale", None),
    ],
)
async def test_a_field_of_the_wrong_type_is_left_out_and_told_once(
    folder: Path, caplog: pytest.LogCaptureFixture, field: str, value: Any
) -> None:
    look = Look(Folder({**MAO, field: value}))
    async with staged(folder) as engine:
        info = look.model_info(engine.cast.on_stage)
        assert look.model_info(engine.cast.on_stage) == info
    assert info == {key: said for key, said in MAO.items() if key != field}
    told = [record.message for record in caplog.records if "model_dict.json" in record.message]
    assert len(told) == (value is not None)
    assert all(f"mao_pro: {field} is left out; expected" in line for line in told)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"joy": 3, "bad": [1], "": 2, "a]b": 1, "on": True, "half": 0.5}, {"joy": 3}),
        ([1], {}),
        ("joy", {}),
        (None, {}),
    ],
)
async def test_what_an_emotion_map_may_hold(folder: Path, said: Any, kept: dict[str, int]) -> None:
    look = Look(Folder({**MAO, "emotionMap": said}))
    async with staged(folder) as engine:
        assert look.model_info(engine.cast.on_stage)["emotionMap"] == kept
        assert look.emotions(engine.cast.on_stage) == kept


async def test_the_model_is_the_one_that_is_named_else_the_first(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(folder, cat="name: Cat\nopen_llm_vtuber: {model: gone}\n")
    look = Look(Folder(MAO, {"name": "Bob_Model", "url": "live2d-models/b.model3.json"}))
    async with staged(folder) as engine:
        bob, cat = await engine.cast.find("bob"), await engine.cast.find("cat")
        assert look.model_info(engine.cast.on_stage)["name"] == "mao_pro"
        assert look.model_info(bob)["name"] == "Bob_Model"
        assert look.model_info(bob)["url"] == "/live2d-models/b.model3.json"
        with caplog.at_level(logging.WARNING):
            assert look.model_info(cat)["name"] == "mao_pro"
    assert "cat: model_dict.json has no model 'gone'; mao_pro is shown; there are: mao_pro, Bob_Model" in caplog.text


async def test_without_a_model_their_web_client_gets_a_text_for_an_address(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    look = Look(Folder({"name": "no address"}, {"url": "/x"}, {"name": 3, "url": "/x"}))
    async with staged(folder) as engine:
        part = engine.cast.on_stage
        info = look.model_info(part)
        assert (info["url"], info["emotionMap"]) == (NOWHERE, {})
        assert "open_llm_vtuber.folder" in (look.missing(part) or "")
        assert look.expressions(part, ("joy",)) == ["joy"]
        assert look.seen(part) is part
    assert "open_llm_vtuber.folder" in caplog.text
    assert Look(Folder(MAO)).missing(part) is None


async def test_expressions_become_what_the_model_calls_them(folder: Path) -> None:
    look = Look(Folder(MAO))
    async with staged(folder) as engine:
        assert look.expressions(engine.cast.on_stage, ("ANGER", "joy", "shy", "neutral")) == ["exp_angry", 3, 0]


async def test_a_character_is_told_of_the_models_expressions(folder: Path) -> None:
    look = Look(Folder({**MAO, "emotionMap": {"Disgust": 1}}))
    async with staged(folder) as engine:
        seen = look.seen(engine.cast.on_stage)
        assert "Disgust" in seen.expressions
        assert "Disgust" not in engine.cast.on_stage.expressions


@pytest.mark.parametrize(("picture", "shown"), [("ann.png", "ann.png"), ("other.png", ""), ("🧙", "")])
async def test_the_avatar_is_a_file_that_is_served(folder: Path, picture: str, shown: str) -> None:
    written(folder, cat=f'name: Cat\navatar: "{picture}"\n', bob=FILES["bob"])
    look = Look(Folder(avatars=["ann.png"]))
    async with staged(folder) as engine:
        assert look.avatar(await engine.cast.find("cat")) == shown
        assert look.avatar(await engine.cast.find("bob")) == ""
