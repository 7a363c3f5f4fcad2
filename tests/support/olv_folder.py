"""A folder as Open-LLM-VTuber's users have one, and a server that serves it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from keyed import Keyed, key_file
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for

from hayakuchi.orchestrator.gateway_settings import SessionsSettings
from hayakuchi.orchestrator.open_llm_vtuber_settings import OpenLlmVtuberSettings

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture" * 40
MODEL = {"Version": 3, "FileReferences": {"Moc": "mao.moc3", "Textures": ["mao.4096/texture_00.png"]}}
ENTRY = {
    "name": "mao",
    "description": "",
    "url": "/live2d-models/mao/runtime/mao.model3.json",
    "kScale": 0.5,
    "emotionMap": {"neutral": 0, "joy": 3},
}


def user_folder(place: Path) -> Path:
    """The folder, with a model, pictures and a web tool."""
    files = {
        "model_dict.json": json.dumps([ENTRY]).encode(),
        "live2d-models/mao/runtime/mao.model3.json": json.dumps(MODEL).encode(),
        "live2d-models/mao/runtime/mao.moc3": b"MOC3" + bytes(100),
        "live2d-models/mao/runtime/mao.4096/texture_00.png": PNG,
        "live2d-models/mao/mao.png": PNG,
        "live2d-models/shizuku/shizuku.model3.json": json.dumps(MODEL).encode(),
        "live2d-models/not-one/readme.txt": b"nothing",
        "backgrounds/ceiling-window-room-night.jpeg": b"\xff\xd8\xff" + bytes(100),
        "backgrounds/夜の部屋.png": PNG,
        "backgrounds/city.mp4": b"moving",
        "backgrounds/notes.txt": b"not a picture",
        "backgrounds/page.html": b"<script>alert(1)</script>",
        "avatars/mao.png": PNG,
        "avatars/sign.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "avatars/.hidden.png": PNG,
        "web_tool/index.html": b"<!doctype html><title>Their tool</title>",
        "web_tool/main.js": b"// theirs",
        "conf.yaml": b"system_config: {}",
    }
    for name, data in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return place


def built_frontend(place: Path) -> Path:
    """As a build of a web frontend comes out."""
    files = {
        "index.html": b'<!doctype html><title>Theirs</title><script type="module" src="./assets/main-1a2b.js"></script>',
        "assets/main-1a2b.js": b"// their bundle",
        "libs/live2dcubismcore.js": b"// their core",
        "libs/silero_vad_v5.onnx": b"onnx",
        "libs/ort-wasm-simd-threaded.wasm": b"\0asm\x01\0\0\0",
        ".env": b"hayakuchi-secret-marker",
        "server.py": b"hayakuchi-secret-marker",
    }
    for name, data in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return place


@asynccontextmanager
async def hosting(
    place: Path, settings: dict[str, Any] | None = None, *, auth: dict[str, Any] | None = None, **gateway: Any
) -> AsyncIterator[Keyed]:
    """The server; ``settings`` are those of the block open_llm_vtuber, ``place`` holds its database."""
    file = await key_file(place / "keys.sqlite3")
    made = settings_for(
        lambda: ScriptedLLM(["Hello."], first_ms=5, token_ms=1),
        lambda: ScriptedTTS(first_ms=5, rtf=0.001),
        auth={"enabled": False} | (auth or {}),
        **gateway,
    )
    ours = OpenLlmVtuberSettings.model_validate(settings or {})
    async with serving(replace(made, sessions=SessionsSettings(file=file), open_llm_vtuber=ours)) as (url, engine):
        yield Keyed(url, file, engine)
