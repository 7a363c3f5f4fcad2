"""How a character looks to frontends of Open-LLM-VTuber: its model's entry, checked, and what its expressions are called."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cast_rig import FILES, folder_fixture, registry, staged, written
from hypothesis import given
from hypothesis import strategies as st

from hayakuchi.gateway.open_llm_vtuber.look import FIELDS, NOWHERE, Look
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.loader import load_settings

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


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Not opened."""
    return Engine(load_settings(written(tmp_path_factory.mktemp("look"), **FILES), registry=registry()))


class Folder:
    """The user's folder with these models."""

    def __init__(self, *models: Mapping[str, Any], avatars: Sequence[str] = ()) -> None:
        self.now: Sequence[Mapping[str, Any]] = models
        self.asked = 0
        """How often the disk would have been looked at."""
        self._avatars = avatars

    @property
    def models(self) -> Sequence[Mapping[str, Any]]:
        self.asked += 1
        return self.now

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
        ({f"e{n}": n for n in range(200)}, {f"e{n}": n for n in range(100)}),
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
    look = Look(Folder())
    async with staged(folder) as engine:
        part = engine.cast.on_stage
        info = look.model_info(part)
        assert (info["url"], info["emotionMap"]) == (NOWHERE, {})
        assert "open_llm_vtuber.folder" in info["description"]
        assert look.expressions(part, ("joy",)) == ["joy"]
        assert look.seen(part) is part
    assert "open_llm_vtuber.folder" in caplog.text


async def test_expressions_become_what_the_model_calls_them(folder: Path) -> None:
    look = Look(Folder(MAO))
    async with staged(folder) as engine:
        assert look.expressions(engine.cast.on_stage, ("ANGER", "joy", "shy", "neutral")) == ["exp_angry", 3, 0]


async def test_the_disk_is_asked_when_somebody_comes_and_not_while_somebody_speaks(folder: Path) -> None:
    files = Folder(MAO)
    look = Look(files)
    async with staged(folder) as engine:
        part = engine.cast.on_stage
        for greeted in (look.model_info, look.seen):
            greeted(part)
            before = files.asked
            files.now = ({**MAO, "emotionMap": {"joy": before}},)
            for _ in range(50):
                assert look.expressions(part, ("joy",)) != [before]
            assert files.asked == before
            greeted(part)
            assert look.expressions(part, ("joy",)) == [before]


async def test_each_character_has_the_expressions_of_its_own_model(folder: Path) -> None:
    written(folder, cat="name: Cat\nopen_llm_vtuber: {model: gone}\n")
    look = Look(Folder(MAO, {"name": "Bob_Model", "url": "/b.model3.json", "emotionMap": {"joy": 7}}))
    async with staged(folder) as engine:
        bob, cat = await engine.cast.find("bob"), await engine.cast.find("cat")
        for _ in range(2):
            assert look.expressions(engine.cast.on_stage, ("joy",)) == [3]
            assert look.expressions(bob, ("joy",)) == [7]
            assert look.expressions(cat, ("joy",)) == [3]


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.text(min_size=1, max_size=20).filter(str.strip)
ENTRIES = st.fixed_dictionaries(
    {"name": WORDS, "url": WORDS},
    optional={field: JSON for field in (*FIELDS, "emotionMap", "theirs") if field not in ("name", "url")},
)
"""As model_dict.json is read: what has no name or no url is left out there."""


@given(entries=st.lists(ENTRIES, max_size=3), names=st.lists(st.text(max_size=8), max_size=3))
async def test_whatever_stands_in_model_dict_json_a_client_gets_what_it_can_use(
    engine: Engine, entries: list[dict[str, Any]], names: list[str]
) -> None:
    look, part = Look(Folder(*entries)), engine.cast.on_stage
    info = look.model_info(part)
    assert isinstance(info["name"], str)
    assert isinstance(info["url"], str)
    assert info["url"].startswith(("http://", "https://", "/"))
    assert all(isinstance(value, int | str) and not isinstance(value, bool) for value in info["emotionMap"].values())
    assert all(fits(info[field]) for field, (fits, _) in FIELDS.items() if field in info)
    assert all(isinstance(one, int | str) for one in look.expressions(part, names))
    assert {*look.seen(part).expressions} >= {*info["emotionMap"]}
