"""What of a server's settings is hidden in what is told of it, and in what it answers."""

from typing import Any

import pytest

from hayakuchi.agents.mcp_tools import McpServerSettings
from hayakuchi.agents.mcp_tools.secrets import looks_like_a_key, names_a_key

KEY = "sk-proj-4f9Kx02mWq8Lz71B"


def made(**settings: Any) -> McpServerSettings:
    return McpServerSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "text", "told"),
    [
        ({"args": ("--api-key", "hunter22")}, "unrecognized: --api-key hunter22", "unrecognized: --api-key ***"),
        ({"args": ("--token=hunter22",)}, "unrecognized: --token=hunter22", "unrecognized: --token=***"),
        ({"args": ("-e", "API_KEY=hunter22")}, "API_KEY=hunter22 is wrong", "API_KEY=*** is wrong"),
        ({"args": ("--header", "Authorization: Bearer hunter22")}, "it was hunter22", "it was ***"),
        ({"args": ("--config", f'{{"x": "{KEY}"}}')}, f"no {KEY}", "no ***"),
        ({"args": (KEY,)}, f"what is {KEY}?", "what is ***?"),
        ({"args": ("postgres://u:hunter22@db/x",)}, "no postgres://u:hunter22@db", "no postgres://***@db"),
        ({"args": ("postgres://u:hunter22@db/x",)}, "hunter22 is wrong", "*** is wrong"),
        ({"args": (f"--url=https://h/mcp?key={KEY}",)}, f"GET https://h/mcp?key={KEY}", "GET https://h/mcp?key=***"),
        ({"env": {"DSN": "postgres://u:hunter22@db/x"}}, "hunter22 is wrong", "*** is wrong"),
        ({"env": {"PASSWORD": "hunter22"}}, "hunter22 is wrong", "*** is wrong"),
        ({"url": "https://h/s/Zk3xQ9aPl0vM2nB7/mcp"}, "no /s/Zk3xQ9aPl0vM2nB7/mcp", "no /s/***/mcp"),
        ({"url": "https://h/mcp?api_key=hunter22"}, "hunter22 is wrong", "*** is wrong"),
    ],
)
def test_keys_are_hidden_for_people_and_for_the_model(settings: dict[str, Any], text: str, told: str):
    command = {} if "url" in settings else {"command": "x"}
    server = made(**command, **settings)
    assert (server.without_secrets(text), server.without_keys(text)) == (told, told)


def test_each_word_of_a_header_is_hidden_and_its_scheme_is_not():
    server = made(url="https://h/mcp", headers={"Authorization": "Bearer hunter22"})
    assert server.without_secrets("Bearer needed, hunter22 is wrong") == "Bearer needed, *** is wrong"


def test_what_is_no_key_may_be_answered():
    server = made(
        command="uvx",
        args=("mcp-server-time@2025.1.2", "--local-timezone", "Asia/Tokyo", "--model", "claude-3-5-sonnet-20241022"),
        env={"TZ": "Asia/Tokyo", "LOG": "verbose"},
    )
    text = "mcp-server-time@2025.1.2 of claude-3-5-sonnet-20241022: 12:00 in Asia/Tokyo, verbose"
    assert server.without_keys(text) == text
    assert "Asia/Tokyo" not in server.without_secrets(text), "people are told nothing of env"


@pytest.mark.parametrize("word", ["@modelcontextprotocol/server-filesystem", "streamable-http", "a" * 5000, "9" * 20])
def test_words_are_no_keys(word: str):
    assert not looks_like_a_key(word)


def test_names_of_keys():
    keys = [
        "--api-key",
        "API_KEY",
        "OPENAI_APIKEY",
        "accessToken",
        "MYTOKEN",
        "PGPASSWORD",
        "Authorization",
        "GITHUB_PAT",
    ]
    assert [name for name in keys if not names_a_key(name)] == []
    others = ["--author", "--tokenizer", "--keyboard", "--monkey", "--key-file", "KEY_PATH", "PATH", "--patch", "TZ"]
    assert [name for name in others if names_a_key(name)] == []
