"""Paths that lead out of the user's folder, at each of its addresses, and out of a frontend."""

from __future__ import annotations

from pathlib import Path

import pytest
from escapes import ESCAPES, SECRET, get
from keyed import asking
from olv_folder import PNG, built_frontend, hosting, user_folder

KINDS = {"/avatars/": "avatars", "/bg/": "backgrounds", "/live2d-models/": "live2d-models", "/web-tool/": "web_tool"}
FURTHER = [
    "..%2f..%2f{name}",
    "..%5c..%5c{name}",
    "mao/../../{name}",
    "mao/..%2f..%2f{name}",
    "..%2fconf.yaml",
    "../conf.yaml",
    "C:%5c{name}",
    "C:/{name}",
    "%5c%5chost%5cshare%5c{name}",
    "{name}::$DATA",
    "{name}:stream.png",
    "mao.png%00{name}",
    "CON",
    "con.png",
    "aux.model3.json",
    "..%u2215{name}",
    "%e2%88%95..%e2%88%95{name}",
    "{name}.",
    "{name}%20",
    ".%2e/{name}",
    "%2e./{name}",
    "link.png",
    "link/secret.png",
    "up.png",
]


@pytest.mark.parametrize("prefix", KINDS)
async def test_no_path_leads_out_of_the_users_folder(tmp_path: Path, prefix: str) -> None:
    theirs, kind = user_folder(tmp_path / "theirs"), KINDS[prefix]
    for name in ("secret.txt", "secret.png", "secret.json", "secret.html"):
        (tmp_path / name).write_text(SECRET, encoding="utf-8")
        (theirs / name).write_text(SECRET, encoding="utf-8")
    (theirs / "conf.yaml").write_text(SECRET, encoding="utf-8")
    (theirs / kind / "link.png").symlink_to(tmp_path / "secret.png")
    (theirs / kind / "up.png").symlink_to("../secret.png")
    (theirs / kind / "link").symlink_to(tmp_path)
    (theirs / kind / "there.png").write_bytes(PNG)
    found = []
    async with hosting(tmp_path, {"folder": str(theirs)}) as server:
        assert PNG in await get(server, f"{prefix}there.png".encode())
        for escape in [*ESCAPES, *FURTHER]:
            for name in ("secret.txt", "secret.png", "secret.json", "secret.html"):
                path = prefix + escape.format(name=name, full=str(tmp_path / name))
                answer = await get(server, path.encode("latin-1"))
                if SECRET.encode() in answer or answer.split(b" ")[1:2] not in ([b"404"], [b"400"]):
                    found.append((path, answer[:60]))
        overlong = b"a/" * 5000 + b"x.png"
        assert (await get(server, prefix.encode() + overlong)).split(b" ")[1] == b"404"
    assert found == []


async def test_no_path_leads_out_of_a_frontend(tmp_path: Path) -> None:
    web = built_frontend(tmp_path / "web")
    for name in ("secret.txt", "secret.js"):
        (tmp_path / name).write_text(SECRET, encoding="utf-8")
    (web / "link.txt").symlink_to(tmp_path / "secret.txt")
    (web / "folder").symlink_to(tmp_path)
    found = []
    async with hosting(tmp_path, {"frontend": str(web)}) as server:
        for escape in [*ESCAPES, *FURTHER, ".env", "server.py", "%2eenv", "assets/../.env"]:
            for prefix in ("/", "//", "/assets/", "/settings/"):
                for name in ("secret.txt", "secret.js"):
                    path = prefix + escape.format(name=name, full=str(tmp_path / name))
                    answer = await get(server, path.encode("latin-1"))
                    if SECRET.encode() in answer or answer.split(b" ")[1:2] not in ([b"404"], [b"400"]):
                        found.append((path, answer[:60]))
    assert found == []


@pytest.mark.parametrize(
    "ranges", ["bytes=" + "0-0," * 5000 + "1-1", "bytes=-0", "bytes=9-1", "bytes=a-b", "bytes=", "x"]
)
async def test_ranges_that_no_player_asks_for(tmp_path: Path, ranges: str) -> None:
    async with hosting(tmp_path, {"folder": str(user_folder(tmp_path / "theirs"))}) as server, asking() as client:
        async with client.get(f"{server.url}/avatars/mao.png", headers={"Range": ranges}) as answer:
            assert answer.status in (200, 206, 400, 416)
            assert len(await answer.read()) < 10 * len(PNG)
        async with client.get(f"{server.url}/health") as answer:
            assert answer.status == 200
