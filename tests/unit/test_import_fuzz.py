"""Whatever lies in somebody's folder, it is taken over or told of; nothing else is ever raised."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from olv_folder import RAIN, card, card_png, written

from hayakuchi.importing.cards import read_card
from hayakuchi.importing.conversations_found import conversations_in
from hayakuchi.importing.file_names import LONGEST, file_stem
from hayakuchi.importing.folder_files import FolderFiles, Unreadable
from hayakuchi.importing.histories import history_files, read_history
from hayakuchi.importing.models import models
from hayakuchi.importing.notes import Notes
from hayakuchi.importing.tool_servers import tool_servers

KEYS = st.sampled_from(
    [
        "role",
        "content",
        "timestamp",
        "name",
        "url",
        "emotionMap",
        "mcp_servers",
        "metadata",
        "human",
        "ai",
        "system",
        "",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | KEYS
    | st.sampled_from(["2026-01-01T00:00:00", "0001-01-01T00:00:00", "2026-01-01T00:00:00+99:00", "/live2d-models/a"])
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=5)
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["human", "ai", "system", "metadata"]), "content": st.text()})
    | DOCUMENTS
)


@settings(max_examples=80, deadline=None)
@given(DOCUMENTS | MESSAGES)
def test_any_json_anywhere(document: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in ("model_dict.json", "mcp_servers.json", "chat_history/a/b.json", "card.json"):
            written(folder / place, json.dumps(document))
        files, notes = FolderFiles(folder), Notes()
        models(files, {"a": "b"}, notes)
        tool_servers(files, "..", notes)
        conversations_in(files, notes, lambda what, done, total: None)
        for file in history_files(files):
            try:
                history = read_history(files, file)
            except Unreadable:
                continue
            times = [stored.created_at for stored in history.messages]
            assert times == sorted(set(times)), "no two messages of a conversation have the same time"
            assert all(stored.message.content.encode() for stored in history.messages)
        with suppress(Unreadable):
            read_card(folder / "card.json", Notes())


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_damage_to_a_card_or_a_conversation(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([b"tEXt", b"zTXt", b"iTXt"]))
    whole = data.draw(
        st.sampled_from([card_png(card(), kind=kind), json.dumps(RAIN).encode(), json.dumps(card()).encode()])
    )
    raw = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 5)) if raw else 0):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as name:
        card_file = written(Path(name) / "card", bytes(raw))
        written(Path(name) / "chat_history" / "a" / "b.json", bytes(raw))
        with suppress(Unreadable):
            made = read_card(card_file, Notes())
            made.file(made.stem)
        conversations_in(FolderFiles(Path(name)), Notes(), lambda what, done, total: None)


@given(st.text())
def test_any_name_becomes_one_of_a_file(name: str) -> None:
    stem = file_stem(name)
    assert 0 < len(stem) <= LONGEST + 1
    assert not set(stem) & set('<>:"/\\|?*. \0')
    assert not stem.startswith(("-", "~"))
    assert stem.isprintable()
    assert file_stem(stem) == stem
