"""The files of an Open-LLM-VTuber user, as its frontends fetch them; and a frontend in place of the studio."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from keyed import asking, bearing
from olv_assets import MODEL, PNG, built_frontend, hosting, user_folder
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for
from starlette.routing import Route

from hayakuchi.cli.machine import answers_there
from hayakuchi.core.errors import ConfigError
from hayakuchi.gateway.access.doorkeeper import Doorkeeper
from hayakuchi.gateway.access.rules import Access
from hayakuchi.gateway.app import build_app
from hayakuchi.orchestrator.engine import Engine
from hayakuchi.orchestrator.gateway_settings import Scope
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

TEXTURE = "/live2d-models/mao/runtime/mao.4096/texture_00.png"
DEV = "http://localhost:5173"


async def fetch(url: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    async with asking() as client, client.request(method, url, headers=headers, allow_redirects=False) as answer:
        return answer.status, answer.headers, await answer.read()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/avatars/mao.png", "image/png"),
        ("/avatars/sign.svg", "image/svg+xml"),
        ("/bg/ceiling-window-room-night.jpeg", "image/jpeg"),
        ("/bg/%E5%A4%9C%E3%81%AE%E9%83%A8%E5%B1%8B.png", "image/png"),
        ("/bg/city.mp4", "video/mp4"),
        ("/live2d-models/mao/runtime/mao.model3.json", "application/json"),
        ("/live2d-models/mao/runtime/mao.moc3", "application/octet-stream"),
        (TEXTURE, "image/png"),
        ("/web-tool/index.html", "text/html; charset=utf-8"),
        ("/web-tool/main.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_a_file_has_its_type_and_no_other(path: str, kind: str, tmp_path: Path) -> None:
    async with hosting(tmp_path, {"folder": str(user_folder(tmp_path / "theirs"))}) as server:
        status, headers, body = await fetch(server.url + path)
        assert (status, headers["Content-Type"]) == (200, kind)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-cache"
        status, told, nothing = await fetch(server.url + path, "HEAD")
        assert (status, told["Content-Length"], nothing) == (200, str(len(body)), b"")


@pytest.mark.parametrize("path", ["/avatars/sign.svg", "/bg/city.mp4", TEXTURE])
async def test_a_picture_runs_nothing_when_it_is_opened(path: str, tmp_path: Path) -> None:
    async with hosting(tmp_path, {"folder": str(user_folder(tmp_path / "theirs"))}) as server:
        _, headers, _ = await fetch(server.url + path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox;" in policy
        assert "script-src" not in policy


async def test_parts_and_what_has_not_changed(tmp_path: Path) -> None:
    theirs = user_folder(tmp_path / "theirs")
    async with hosting(tmp_path, {"folder": str(theirs)}) as server:
        url = server.url + TEXTURE
        _, headers, body = await fetch(url)
        assert body == PNG
        status, part, piece = await fetch(url, Range="bytes=8-16")
        assert (status, piece, part["Content-Range"]) == (206, PNG[8:17], f"bytes 8-16/{len(PNG)}")
        assert (await fetch(url, Range=f"bytes={len(PNG) + 1}-"))[0] == 416
        for known in ({"If-None-Match": headers["ETag"]}, {"If-Modified-Since": headers["Last-Modified"]}):
            status, same, nothing = await fetch(url, **known)
            assert (status, nothing, same["ETag"]) == (304, b"", headers["ETag"])
        assert (await fetch(url, **{"If-None-Match": '"other"'}))[0] == 200
        (theirs / TEXTURE[1:]).write_bytes(PNG + b"!")
        status, _, body = await fetch(url, **{"If-None-Match": headers["ETag"]})
        assert (status, body) == (200, PNG + b"!")


@pytest.mark.parametrize(
    "path",
    [
        "/avatars/",
        "/bg/",
        "/bg/notes.txt",
        "/bg/page.html",
        "/bg/nothing.png",
        "/live2d-models/",
        "/live2d-models/mao",
        "/live2d-models/mao/",
        "/live2d-models/not-one/readme.txt",
        "/web-tool/js/",
        "/model_dict.json",
        "/conf.yaml",
    ],
)
async def test_there_is_no_list_and_nothing_else(path: str, tmp_path: Path) -> None:
    async with hosting(tmp_path, {"folder": str(user_folder(tmp_path / "theirs"))}) as server:
        status, _, body = await fetch(server.url + path)
        assert status == 404
        assert str(tmp_path).encode() not in body


async def test_only_reading(tmp_path: Path) -> None:
    async with hosting(tmp_path, {"folder": str(user_folder(tmp_path / "theirs"))}) as server:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            status, headers, _ = await fetch(server.url + "/avatars/mao.png", method)
            assert (status, set(headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})


async def test_the_web_tool_has_addresses_that_lead_to_its_page(tmp_path: Path) -> None:
    theirs = user_folder(tmp_path / "theirs")
    async with hosting(tmp_path, {"folder": str(theirs)}) as server:
        for path in ("/web-tool", "/web_tool", "/web-tool/", "/web_tool/"):
            status, headers, _ = await fetch(server.url + path)
            assert (status, headers["Location"]) == (302, "/web-tool/index.html")
        (theirs / "web_tool" / "index.html").unlink()
        assert (await fetch(f"{server.url}/web-tool"))[0] == 404


async def test_the_models_are_told(tmp_path: Path) -> None:
    theirs = user_folder(tmp_path / "theirs")
    async with hosting(tmp_path, {"folder": str(theirs)}) as server:
        status, _, body = await fetch(f"{server.url}/live2d-models/info")
        assert status == 200
        told = json.loads(body)
        assert told == {
            "type": "live2d-models/info",
            "count": 2,
            "characters": [
                {
                    "name": "mao",
                    "avatar": "live2d-models/mao/mao.png",
                    "model_path": "live2d-models/mao/runtime/mao.model3.json",
                },
                {
                    "name": "shizuku",
                    "avatar": None,
                    "model_path": "live2d-models/shizuku/shizuku.model3.json",
                },
            ],
        }
        for one in told["characters"]:
            status, _, body = await fetch(f"{server.url}/{one['model_path']}")
            assert (status, json.loads(body)) == (200, MODEL)


@pytest.mark.parametrize("settings", [{}, {"enabled": False}, {"folder": "/nonexistent"}])
async def test_without_a_folder_there_is_nothing(settings: dict[str, Any], tmp_path: Path) -> None:
    async with hosting(tmp_path, settings) as server:
        assert (await fetch(f"{server.url}/bg/a.png"))[0] == 404
        assert (await fetch(f"{server.url}/web-tool"))[0] == 404
        _, _, body = await fetch(f"{server.url}/live2d-models/info")
        assert json.loads(body)["count"] == 0


async def test_what_is_added_while_the_server_runs_is_there(tmp_path: Path) -> None:
    theirs = user_folder(tmp_path / "theirs")
    async with hosting(tmp_path, {"folder": str(theirs)}) as server:
        (theirs / "backgrounds" / "new.png").write_bytes(PNG)
        assert (await fetch(f"{server.url}/bg/new.png"))[2] == PNG
        (theirs / "backgrounds" / "new.png").unlink()
        assert (await fetch(f"{server.url}/bg/new.png"))[0] == 404


async def test_a_page_of_a_listed_origin_may_read_files_and_no_more(tmp_path: Path) -> None:
    settings = {"folder": str(user_folder(tmp_path / "theirs")), "origins": [DEV]}
    async with hosting(tmp_path, settings) as server:
        for path in (TEXTURE, "/bg/city.mp4", "/live2d-models/info", "/bg/nothing.png"):
            _, headers, _ = await fetch(server.url + path, Origin=DEV)
            assert headers["Access-Control-Allow-Origin"] == DEV
            assert "Origin" in headers["Vary"]
            assert "Access-Control-Allow-Credentials" not in headers
        _, headers, _ = await fetch(server.url + TEXTURE, Origin=DEV, Range="bytes=0-3")
        assert headers["Access-Control-Allow-Origin"] == DEV
        for path in ("/v1/models", "/health", "/", "/static/studio.js", "/openapi.json"):
            _, headers, _ = await fetch(server.url + path, Origin=DEV)
            assert "Access-Control-Allow-Origin" not in headers, path
        _, headers, _ = await fetch(server.url + TEXTURE, Origin="https://evil.example")
        assert "Access-Control-Allow-Origin" not in headers
        assert "Origin" in headers["Vary"], "what a cache holds for one is not for the other"


async def test_keys_are_asked_for_as_by_the_stage(tmp_path: Path) -> None:
    settings = {"folder": str(user_folder(tmp_path / "theirs"))}
    limits = {"requests_per_minute": 5}
    async with hosting(tmp_path, settings, auth={"enabled": True}, limits=limits) as server:
        token = server.key(Scope.SPEAK)
        assert (await fetch(server.url + TEXTURE))[0] == 401
        assert (await fetch(server.url + TEXTURE, **bearing(server.key(Scope.CHAT))))[0] == 403
        for _ in range(20):
            assert (await fetch(server.url + TEXTURE, **bearing(token)))[0] == 200
        assert (await fetch(f"{server.url}/live2d-models/info", **bearing(token)))[0] == 200
    place = tmp_path / "open"
    place.mkdir()
    async with hosting(place, settings, auth={"enabled": True, "anonymous": ["speak"]}, limits=limits) as server:
        for _ in range(20):
            assert (await fetch(server.url + TEXTURE))[0] == 200


async def test_a_frontend_takes_the_place_of_the_studio(tmp_path: Path) -> None:
    theirs = built_frontend(tmp_path / "web")
    async with hosting(tmp_path, {"frontend": str(theirs)}) as server:
        for path in ("/", "/index.html"):
            status, headers, body = await fetch(server.url + path)
            assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
            assert b"<title>Theirs</title>" in body
        for path, kind in (
            ("/assets/main-1a2b.js", "text/javascript; charset=utf-8"),
            ("/libs/silero_vad_v5.onnx", "application/octet-stream"),
            ("/libs/ort-wasm-simd-threaded.wasm", "application/wasm"),
        ):
            status, headers, body = await fetch(server.url + path)
            assert (status, headers["Content-Type"]) == (200, kind)
            assert body == (theirs / path[1:]).read_bytes()
        for path, title in (("/studio", b"<title>Hayakuchi</title>"), ("/stage", b"<title>"), ("/docs", b"<title>")):
            status, _, body = await fetch(server.url + path)
            assert status == 200
            assert title in body
            assert b"Theirs" not in body
        assert (await fetch(f"{server.url}/static/studio.js"))[0] == 200
        assert json.loads((await fetch(f"{server.url}/health"))[2]) == {"status": "ok"}


async def test_what_a_frontend_may_do_in_the_browser(tmp_path: Path) -> None:
    async with hosting(tmp_path, {"frontend": str(built_frontend(tmp_path / "web"))}) as server:
        _, headers, _ = await fetch(server.url)
        rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
        assert rules["script-src"] == "'self' 'unsafe-eval' 'wasm-unsafe-eval' blob:"
        assert "blob:" in rules["worker-src"]
        assert "ws:" in rules["connect-src"]
        assert (rules["object-src"], rules["frame-ancestors"]) == ("'none'", "'self'")


async def test_pages_of_a_frontend_and_what_is_none_of_its_files(tmp_path: Path) -> None:
    async with hosting(tmp_path, {"frontend": str(built_frontend(tmp_path / "web"))}) as server:
        status, _, body = await fetch(f"{server.url}/settings/voice", Accept="text/html,*/*;q=0.8")
        assert (status, b"Theirs" in body) == (200, True)
        for path in ("/settings/voice", "/assets/old.js", "/v1/unknown", "/.env", "/server.py", "/assets", "/assets/"):
            assert (await fetch(server.url + path, Accept="*/*"))[0] == 404, path
        assert (await fetch(f"{server.url}/settings/voice", "POST"))[0] == 404
        status, headers, _ = await fetch(f"{server.url}/v1/models", "DELETE")
        assert (status, set(headers["Allow"].split(", "))) == (405, {"GET", "HEAD"})


async def test_a_frontend_is_open_where_keys_are_asked_for_and_the_apis_are_not(tmp_path: Path) -> None:
    settings = {"frontend": str(built_frontend(tmp_path / "web"))}
    async with hosting(tmp_path, settings, auth={"enabled": True}) as server:
        for path in ("/", "/assets/main-1a2b.js", "/studio"):
            assert (await fetch(server.url + path))[0] == 200
        for path in ("/v1/models", "/metrics", "/bg/a.png"):
            assert (await fetch(server.url + path))[0] == 401
        assert (await fetch(f"{server.url}/not/there"))[0] == 404
        assert (await fetch(f"{server.url}/not/there", "POST"))[0] == 401


def test_a_frontend_changes_no_need_of_what_was_there(tmp_path: Path) -> None:
    def made(**block: Any) -> Any:
        settings = settings_for(lambda: ScriptedLLM([]), ScriptedTTS)
        return build_app(Engine(replace(settings, open_llm_vtuber=OpenLlmVtuberSettings(**block))))

    def access(application: Any) -> Access:
        (keeper,) = [one for one in application.user_middleware if one.cls is Doorkeeper]
        return keeper.kwargs["access"]

    plain, served = made(), made(frontend=built_frontend(tmp_path))
    ones = [route for route in plain.routes if isinstance(route, Route)]
    paths = {route.path.partition("{")[0] + "x" * ("{" in route.path) for route in ones} | {"/static/x"}
    assert len(paths) > 30
    for path in paths:
        for method in ("GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"):
            assert access(served).http(method, path) == access(plain).http(method, path), (method, path)
    assert access(served).http("GET", "/not/there").page
    assert not access(served).http("POST", "/not/there").page
    assert not access(plain).http("GET", "/not/there").page


async def test_the_port_is_still_known_to_be_ours(tmp_path: Path) -> None:
    async with hosting(tmp_path, {"frontend": str(built_frontend(tmp_path / "web"))}) as server:
        assert await asyncio.to_thread(answers_there, "127.0.0.1", server.port, 5.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda place: None, "there is no folder"),
        (lambda place: place.mkdir(), r"no index\.html in .*; name the folder of a frontend that is built"),
        (
            lambda place: (place / "src").mkdir(parents=True),
            r"no index\.html in .*; name the folder that its build made",
        ),
        (lambda place: place.write_text("a file"), "there is no folder"),
        (lambda place: (place / "index.html").mkdir(parents=True), r"no index\.html"),
    ],
)
def test_a_folder_without_a_page_is_told_before_the_server_starts(make: Any, message: str, tmp_path: Path) -> None:
    make(tmp_path / "web")
    settings = settings_for(lambda: ScriptedLLM([]), ScriptedTTS)
    ours = OpenLlmVtuberSettings(frontend=tmp_path / "web")
    object.__setattr__(settings, "open_llm_vtuber", ours)
    with pytest.raises(ConfigError, match=rf"^open_llm_vtuber\.frontend: {message}"):
        build_app(Engine(settings))
    object.__setattr__(settings, "open_llm_vtuber", ours.model_copy(update={"enabled": False}))
    assert build_app(Engine(settings)).state.doors.user_folder.root is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs an executable of its own")
async def test_the_whole_command(tmp_path: Path) -> None:
    theirs = built_frontend(tmp_path / "web")
    (tmp_path / "conf.yaml").write_text("llm: demo_llm\ntts: espeak_tts\nasr: []\nsessions: {keep: false}\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hayakuchi", "run", "-c", "conf.yaml", "--port", "0", "--frontend", "web"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        async with asyncio.timeout(60):
            url = (await process.stdout.readline()).decode().removeprefix("ready ").strip()
            _, _, body = await fetch(url)
            assert body == (theirs / "index.html").read_bytes()
            process.terminate()
            noted = (await process.stderr.read()).decode()
        assert f"note: the studio is at {url}/studio" in noted
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
