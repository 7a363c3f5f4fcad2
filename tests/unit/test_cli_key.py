"""``hayakuchi key``, and what ``hayakuchi run`` makes of keys."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from hayakuchi.cli.main import main
from hayakuchi.cli.options import settings_from
from hayakuchi.cli.run import _check_reach, with_address
from hayakuchi.core.errors import ConfigError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path)


def written(folder: Path, **gateway: Any) -> Path:
    file = folder / "conf.yaml"
    parts = {"llm": [{"demo_llm": {}}], "tts": [{"espeak_tts": {}}], "gateway": gateway}
    file.write_text(json.dumps(parts | {"sessions": {"file": str(folder / "k.sqlite3")}}), encoding="utf-8")
    return file


def key(capsys: pytest.CaptureFixture[str], config: Path, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["key", *arguments, "-c", str(config)])
    out, err = capsys.readouterr()
    code = end.value.code
    assert isinstance(code, int)
    return code, out, err


def made(capsys: pytest.CaptureFixture[str], config: Path, *arguments: str) -> dict[str, Any]:
    code, out, _ = key(capsys, config, "new", "--json", *arguments)
    assert code == 0
    return json.loads(out)


def listed(capsys: pytest.CaptureFixture[str], config: Path) -> list[dict[str, Any]]:
    return json.loads(key(capsys, config, "list", "--json")[1])["keys"]


def test_the_token_alone_goes_to_stdout(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = key(capsys, config, "new", "obs")
    assert code == 0
    assert re.fullmatch(r"hk_[0-9a-z]{8}_[\w-]{43}\n", out)
    assert "obs: chat, speak" in err
    assert "gateway.auth.enabled: true" in err, "keys that are not asked for are of no use yet"


def test_what_is_said_of_a_key_is_kept(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--scope", "chat", "--scope", "metrics", "--expires", "30d", "--requests-per-minute", "5")
    first = made(capsys, config, "phone", *options, "--characters-per-day", "0")
    second = made(capsys, config, "tablet", "--share-with", first["id"])
    third = made(capsys, config, "studio", "--share-with", "local")
    assert first["scopes"] == ["chat", "metrics"]
    assert first["limits"] == {"requests_per_minute": 5, "characters_per_day": 0}
    assert (second["owner"], third["owner"]) == (first["id"], "")
    rows = listed(capsys, config)
    assert [row["name"] for row in rows] == ["phone", "tablet", "studio"]
    assert rows[0]["expires_at"] > rows[0]["created_at"]
    assert rows[0]["today"] == {"characters": 0, "audio_seconds": 0.0}
    assert "key" not in rows[0]


def test_revoked_is_for_good(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = made(capsys, config, "a"), made(capsys, config, "b")
    assert key(capsys, config, "revoke", one["id"])[0] == 0
    when = listed(capsys, config)[0]["revoked_at"]
    assert key(capsys, config, "revoke", one["key"])[0] == 0
    assert [(row["state"], row["revoked_at"]) for row in listed(capsys, config)] == [
        ("revoked", when),
        ("usable", None),
    ]
    assert other["key"] not in key(capsys, config, "list")[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke", "nope"),
        ("new", ""),
        ("new", "a\nb"),
        ("new", "x" * 201),
        ("new", "a", "--scope", "root"),
        ("new", "a", "--expires", "30"),
        ("new", "a", "--expires", "0d"),
        ("new", "a", "--expires", "-1d"),
        ("new", "a", "--expires", "101y"),
        ("new", "a", "--expires", "99999w"),
        ("new", "a", "--share-with", "nope"),
        ("new", "a", "--requests-per-minute", "-1"),
    ],
)
def test_mistakes_are_told_and_change_nothing(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code, out, err = key(capsys, config, *arguments)
    assert code == 2
    assert out == ""
    assert err
    assert listed(capsys, config) == []


def test_a_file_that_is_no_database_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "k.sqlite3").write_text(
        "not a database, but long enough to be taken for one" * 40, encoding="utf-8"
    )
    code, _, err = key(capsys, config, "list")
    assert code == 1
    assert "k.sqlite3" in err
    assert (config.parent / "k.sqlite3").read_text(encoding="utf-8").startswith("not a database")


def test_the_file_holds_no_token(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = made(capsys, config, "a")["key"]
    with sqlite3.connect(config.parent / "k.sqlite3") as connection:
        row = connection.execute("SELECT * FROM keys").fetchone()
    connection.close()
    assert token[12:] not in str(row)


def reach(config: Path, host: str, *, open_to_network: bool = False) -> None:
    _check_reach(with_address(settings_from(config, None), host, None), open_to_network)


def test_others_come_in_with_keys_or_on_purpose_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written(tmp_path)
    reach(config, "127.0.0.1")
    reach(config, "0.0.0.0", open_to_network=True)
    for host in ("0.0.0.0", "::", "192.168.1.2", "studio-pc"):
        with pytest.raises(ConfigError, match=r"hayakuchi key new.*--open-to-network"):
            reach(config, host)


def test_a_server_that_nobody_could_use_does_not_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = written(tmp_path, auth={"enabled": True})
    for host in ("127.0.0.1", "0.0.0.0"):
        with pytest.raises(ConfigError, match="make one: uv run hayakuchi key new NAME"):
            reach(config, host)
    number = made(capsys, config, "a")["id"]
    reach(config, "0.0.0.0")
    key(capsys, config, "revoke", number)
    with pytest.raises(ConfigError, match="none that is good"):
        reach(config, "0.0.0.0", open_to_network=True)
