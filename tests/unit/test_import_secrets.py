"""What is a secret is known as one, so that nobody else may read the files that it is written to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from olv_template import template
from taking_over import take

from hayakuchi.importing.notes import Outcome
from hayakuchi.importing.template.models import holds_key
from hayakuchi.importing.yaml_text import Reference


@pytest.mark.parametrize(
    "address",
    [
        "https://user:pass@host/v1",
        "http://:pass@127.0.0.1:8080",
        "https://token@host/v1",
        "https://${USER}:pass@host",
        "https://user:$${pass}@host",
        "HTTPS://user:p@ss@host",
        "https://host/v1?api_key=abc",
        "https://host/v1?a=b&access_token=abc",
        "https://host/?X-Signature=abc",
        "https://host/?next=https://other/&api_key=abc",
        "See https://host/ and（rtmp://me:pass@live/app）",
    ],
)
def test_an_address_with_a_password_in_it(address: str) -> None:
    assert holds_key({"llm": {"openai_llm": {"base_url": address}}})
    assert holds_key([{"tts": [{"openai_tts": {"base_url": address}}]}])


@pytest.mark.parametrize(
    "address",
    [
        "https://host/v1",
        "https://host:8080/v1",
        "https://user:${PASSWORD}@host",
        "https://${TOKEN}@host",
        "https://${USER}:${PASSWORD:-}@host",
        "https://host/v1?api_key=${KEY}",
        "https://host/v1?model=a",
        "https://host/@user",
        "https://host/?mail=a:b@c",
        "https://host/?a=b and then key=abc",
        "https:// user:pass@host",
        "user@host",
        "You are Mika. Write to mika@example.com or see https://example.com/?key= for more.",
    ],
)
def test_an_address_without_one(address: str) -> None:
    assert not holds_key({"llm": {"openai_llm": {"base_url": address}}})


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["?", "a", "${", "://", "://?", "://@", "http://a:", "?&", "key="])
def test_a_long_text_is_looked_at_in_no_time(part: str) -> None:
    text = part * (200_000 // len(part))
    assert not holds_key({"persona": text})
    assert holds_key({"persona": f"{text} https://me:pass@host/"})


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("sk-1", True),
        ("sk-$${A}", True),
        ("sk-${A}", True),
        ("${A}", False),
        ("${A:-none}", False),
        (Reference("${A}"), False),
        ("", False),
        (7, False),
    ],
)
def test_a_key_and_what_only_names_one(key: Any, is_one: bool) -> None:
    assert holds_key({"asr": {"openai_asr": {"api_key": key}}}) is is_one


def test_a_password_in_an_address_of_theirs_is_neither_used_nor_shown(tmp_path: Path) -> None:
    tree = template()
    agent = tree["character_config"]["agent_config"]
    agent["llm_configs"]["ollama_llm"]["base_url"] = "https://me:hunter2@ollama.example/v1"
    made = take(tmp_path, tree)
    note = made.note("ollama_llm.base_url")
    assert note.outcome is Outcome.NOT_POSSIBLE
    assert "must not hold a user or a password" in note.what
    assert note.instead == "write it into our file"
    assert "hunter2" not in "".join(map(str, made.notes))
    assert "hunter2" not in "".join(file.read_text("utf-8") for file in made.folder.rglob("*.yaml"))


def test_a_persona_with_a_login_in_it_is_for_its_user_only(tmp_path: Path) -> None:
    tree = template()
    assert not take(tmp_path / "a", tree).made.holds_keys
    tree["character_config"]["persona_prompt"] += "The stream is at rtmp://me:hunter2@live.example/app.\n"
    assert take(tmp_path / "b", tree).made.holds_keys
