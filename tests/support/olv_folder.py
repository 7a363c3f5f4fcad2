"""A small folder such as Open-LLM-VTuber's, and character cards, made for tests."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

CONF = """\
system_config:
  conf_version: 'v1.2.1'
  host: 'localhost'
  port: 12393
  config_alts_dir: 'characters'
  tool_prompts:
    live2d_expression_prompt: 'live2d_expression_prompt'
    live_prompt: 'live_prompt'
character_config:
  conf_name: 'shizuku-local'
  conf_uid: 'shizuku-001'
  live2d_model_name: 'shizuku-local'
  character_name: 'Shizuku'
  avatar: 'shizuku.png'
  human_name: 'Human'
  persona_prompt: |
    You are Shizuku, a gentle girl who likes rain.
  agent_config:
    conversation_agent_choice: 'basic_memory_agent'
    agent_settings:
      basic_memory_agent:
        llm_provider: 'ollama_llm'
        faster_first_response: True
        segment_method: 'pysbd'
    llm_configs:
      ollama_llm:
        base_url: 'http://localhost:11434/v1'
        model: 'qwen2.5:latest'
        temperature: 1.0
      openai_llm:
        llm_api_key: 'sk-SECRET-of-the-test'
        model: 'gpt-4o'
  asr_config:
    asr_model: 'faster_whisper'
    faster_whisper:
      model_path: 'base'
      language: 'en'
      device: 'auto'
  tts_config:
    tts_model: 'edge_tts'
    edge_tts:
      voice: 'en-US-AvaMultilingualNeural'
  vad_config:
    vad_model: null
"""
MAO = """\
character_config:
  conf_name: 'Mao'
  conf_uid: 'mao-002'
  live2d_model_name: 'mao_pro'
  character_name: '真央'
  persona_prompt: 'You are Mao, a loud cat.'
  tts_config:
    tts_model: 'edge_tts'
    edge_tts:
      voice: 'ja-JP-NanamiNeural'
"""
MODELS = [
    {
        "name": "shizuku-local",
        "description": "a girl",
        "url": "/live2d-models/shizuku/shizuku.model3.json",
        "kScale": 0.5,
        "idleMotionGroupName": "idle",
        "emotionMap": {"neutral": 0, "joy": 3},
    },
    {"name": "mao_pro", "url": "/live2d-models/mao_pro/mao_pro.model3.json", "emotionMap": {"joy": 1}},
    {"name": "gone", "url": "/live2d-models/gone/gone.model3.json"},
    {"name": "evil", "url": "/live2d-models/../../../etc/passwd"},
]
MCP = {"mcp_servers": {"time": {"command": "uvx", "args": ["mcp-server-time", "--token=MCP-SECRET"]}}}
SHIZUKU = "0123456789abcdef0123456789abcdef_2026-10-01_20-15-00"
MAOS = "2025-01-02_03-04-05_fedcba9876543210fedcba9876543210"


def said(role: str, content: str, timestamp: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "timestamp": timestamp, "content": content, **more}


def history(*messages: dict[str, Any], begun: str = "2026-10-01T20:15:00") -> list[dict[str, Any]]:
    return [{"role": "metadata", "timestamp": begun}, *messages]


RAIN = history(
    said("human", "Do you like rain?", "2026-10-01T20:15:04", name="Human"),
    said("ai", "I love how it sounds.", "2026-10-01T20:15:04", name="Shizuku", avatar="shizuku.png"),
    said("human", "And snow?", "2026-10-01T20:16:00", name="Mika"),
    said("ai", "Snow is rain that", "2026-10-01T20:16:02", name="Shizuku"),
    said("system", "[Interrupted by user]", "2026-10-01T20:16:03"),
)
CAT = history(
    said("human", "はじめまして。", "2025-01-02T03:04:06"),
    said("ai", "ニャー！", "2025-01-02T03:04:08"),
    begun="2025-01-02T03:04:05",
)


def written(file: Path, content: str | bytes | list[Any] | dict[str, Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, list | dict):
        content = json.dumps(content, ensure_ascii=False, indent=2)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def olv_folder(folder: Path, conf: str | bytes = CONF) -> Path:
    """The whole of it, with one broken conversation and two models that are not there."""
    written(folder / "conf.yaml", conf)
    written(folder / "characters" / "mao.yaml", MAO)
    written(folder / "model_dict.json", MODELS)
    written(folder / "mcp_servers.json", MCP)
    written(folder / "prompts" / "utils" / "live2d_expression_prompt.txt", "Use [<insert_emomap_keys>].")
    written(folder / "prompts" / "utils" / "live_prompt.txt", "Many people watch you at once.")
    written(folder / "live2d-models" / "shizuku" / "shizuku.model3.json", {"Version": 3})
    written(folder / "live2d-models" / "mao_pro" / "mao_pro.model3.json", {"Version": 3})
    written(folder / "backgrounds" / "night.jpeg", b"\xff\xd8\xff\xd9")
    written(folder / "avatars" / "shizuku.png", png())
    written(folder / "chat_history" / "shizuku-001" / f"{SHIZUKU}.json", RAIN)
    written(folder / "chat_history" / "shizuku-001" / "broken.json", "[{")
    written(folder / "chat_history" / "shizuku-001" / "empty.json", history())
    written(folder / "chat_history" / "mao-002" / f"{MAOS}.json", CAT)
    return folder


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything that is in a folder; None for a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


CARD_DATA: dict[str, Any] = {
    "name": "Lady Bug",
    "description": "{{char}} is a spy. She watches {{user}}.",
    "personality": "calm, <BOT> never laughs",
    "scenario": "A train at night.",
    "first_mes": "Good evening, {{user}}. {{char}} has been waiting.",
    "mes_example": "<START>\n{{user}}: Hi\n{{char}}: Ticket, please.",
    "system_prompt": "{{original}} Stay in the train.",
    "post_history_instructions": "Never say ${HOME}. {{// a comment}}",
    "creator_notes": "for tests",
    "alternate_greetings": ["Hm.", "You again."],
    "tags": ["spy"],
    "extensions": {"depth_prompt": {"prompt": "x"}},
    "character_book": {
        "entries": [
            {"keys": ["train"], "content": "The train goes to {{char}}'s town.", "enabled": True, "insertion_order": 2},
            {"keys": ["sky"], "content": "The sky is red.", "enabled": True, "insertion_order": 1},
            {"keys": ["off"], "content": "Nobody knows.", "enabled": False, "insertion_order": 0},
        ]
    },
}


def card(version: int = 2, **changes: Any) -> dict[str, Any]:
    data = CARD_DATA | changes
    if version == 1:
        return data
    return {"spec": f"chara_card_v{version}", "spec_version": f"{version}.0", "data": data}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, width: int = 1, height: int = 1) -> bytes:
    """A black pixel, with these chunks before it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + data + chunk(b"IEND", b"")


def card_text(document: Any) -> bytes:
    return base64.b64encode(json.dumps(document).encode())


def card_png(document: Any, keyword: bytes = b"chara", kind: bytes = b"tEXt") -> bytes:
    text = card_text(document)
    body = {
        b"tEXt": text,
        b"zTXt": b"\0" + zlib.compress(text),
        b"iTXt": b"\0\0\0\0" + text,
    }[kind]
    return png(chunk(kind, keyword + b"\0" + body))
