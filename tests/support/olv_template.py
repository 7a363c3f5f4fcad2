"""Configurations as Open-LLM-VTuber has them: every section and field of field.md, written for these tests.

``template(language)`` is a tree, ``as_text`` its YAML with comments in that language; a test changes the tree as it likes.
"""

from __future__ import annotations

import copy
import socket
from typing import Any

import yaml

PERSONAS = {
    "en": "You are Tansy, a botanist who streams from a greenhouse.\nYou answer in one or two sentences.\n",
    "zh": "你是小蓟，一位在温室里直播的植物学家。\n你说话简短，爱开玩笑。\n",
    "ja": "あなたは温室から配信する植物学者、あざみです。\n短く話します。\n",
}
NAMES = {"en": "Tansy", "zh": "小蓟", "ja": "あざみ"}
HUMANS = {"en": "Human", "zh": "人类", "ja": "Human"}
VOICES = {"en": "en-US-AvaMultilingualNeural", "zh": "zh-CN-XiaoxiaoNeural", "ja": "ja-JP-NanamiNeural"}
COMMENTS = {
    "en": {
        "system_config": "What the server needs to start",
        "character_config": "Who is on stage first",
        "live_config": "Chats of live streams",
    },
    "zh": {"system_config": "服务器启动设置", "character_config": "默认角色", "live_config": "直播间集成"},
    "ja": {"system_config": "サーバーの設定", "character_config": "最初のキャラクター", "live_config": "配信の設定"},
}
KEY = "sk-l1teral-K3Y-0f-th3-0wn3r"
"""A key that is in the file; it may be in nothing that is shown."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def llm_configs() -> dict[str, Any]:
    common = {"organization_id": None, "project_id": None, "temperature": 1.0, "interrupt_method": "user"}
    local = {"base_url": "http://localhost:11434/v1", "llm_api_key": "somethingelse", "model": "qwen2.5:latest"}
    return {
        "stateless_llm_with_template": {**local, "template": "CHATML", **common},
        "openai_compatible_llm": {**local, **common},
        "claude_llm": {
            "base_url": "https://api.anthropic.com",
            "llm_api_key": "YOUR API KEY HERE",
            "model": "claude-x",
        },
        "llama_cpp_llm": {"model_path": "<path-to-gguf-model-file>", "verbose": False},
        "ollama_llm": {
            "base_url": "http://localhost:11434/v1",
            "model": "qwen2.5:latest",
            "temperature": 1.0,
            "keep_alive": -1,
            "unload_at_exit": True,
        },
        "lmstudio_llm": {"base_url": "http://localhost:1234/v1", "model": "qwen2.5:latest", "temperature": 1.0},
        **{
            f"{vendor}_llm": {"llm_api_key": f"Your {vendor} API key", "model": f"{vendor}-large", "temperature": 1.0}
            for vendor in ("openai", "gemini", "zhipu", "deepseek", "mistral", "groq")
        },
    }


def agent_config() -> dict[str, Any]:
    basic = {
        "llm_provider": "ollama_llm",
        "faster_first_response": True,
        "segment_method": "pysbd",
        "use_mcpp": True,
        "mcp_enabled_servers": ["time", "ddg-search"],
    }
    return {
        "conversation_agent_choice": "basic_memory_agent",
        "agent_settings": {
            "basic_memory_agent": basic,
            "mem0_agent": {"vector_store": {"provider": "qdrant", "config": {}}},
            "letta_agent": {"host": "localhost", "port": 8283, "id": "xxx", "faster_first_response": True},
            "hume_ai_agent": {"api_key": "", "host": "api.hume.ai", "config_id": "", "idle_timeout": 15},
        },
        "llm_configs": llm_configs(),
    }


def asr_config() -> dict[str, Any]:
    kept = {"download_root": "models/whisper"}
    return {
        "asr_model": "sherpa_onnx_asr",
        "azure_asr": {"api_key": "azure_api_key", "region": "eastus", "languages": ["en-US", "zh-CN"]},
        "faster_whisper": {
            "model_path": "large-v3-turbo",
            **kept,
            "language": "en",
            "device": "auto",
            "compute_type": "int8",
        },
        "whisper_cpp": {
            "model_name": "small",
            "model_dir": "models/whisper",
            "print_realtime": False,
            "print_progress": False,
            "language": "auto",
        },
        "whisper": {"name": "medium", **kept, "device": "cpu"},
        "fun_asr": {
            "model_name": "iic/SenseVoiceSmall",
            "vad_model": "fsmn-vad",
            "punc_model": "ct-punc",
            "device": "cpu",
            "disable_update": True,
            "ncpu": 4,
            "hub": "ms",
            "use_itn": False,
            "language": "auto",
        },
        "sherpa_onnx_asr": {
            "model_type": "sense_voice",
            "sense_voice": "./m.onnx",
            "tokens": "./t.txt",
            "num_threads": 4,
        },
        "groq_whisper_asr": {"api_key": "", "model": "whisper-large-v3-turbo", "lang": ""},
    }


def tts_config(language: str = "en") -> dict[str, Any]:
    gradio = {"client_url": "http://127.0.0.1:50000/", "sft_dropdown": "", "seed": 0, "api_name": "/generate_audio"}
    return {
        "tts_model": "edge_tts",
        "azure_tts": {"api_key": KEY, "region": "eastus", "voice": "en-US-AshleyNeural", "pitch": "26", "rate": "1"},
        "bark_tts": {"voice": "v2/en_speaker_1"},
        "edge_tts": {"voice": VOICES[language]},
        "piper_tts": {"model_path": "models/piper/voice.onnx", "speaker_id": 0, "length_scale": 1.0, "volume": 1.0},
        "cosyvoice_tts": dict(gradio),
        "cosyvoice2_tts": {**gradio, "stream": False, "speed": 1.0},
        "melo_tts": {"speaker": "EN-Default", "language": "EN", "device": "auto", "speed": 1.0},
        "x_tts": {"api_url": "http://127.0.0.1:8020/tts_to_audio", "speaker_wav": "female", "language": "en"},
        "gpt_sovits_tts": {"api_url": "http://127.0.0.1:9880/tts", "text_lang": "zh", "ref_audio_path": ""},
        "fish_api_tts": {
            "api_key": KEY,
            "reference_id": "",
            "latency": "balanced",
            "base_url": "https://api.fish.audio",
        },
        "coqui_tts": {"model_name": "tts_models/en/x", "speaker_wav": "", "language": "en", "device": ""},
        "siliconflow_tts": {
            "api_url": "https://api.siliconflow.cn/v1/audio/speech",
            "api_key": KEY,
            "default_model": "FunAudioLLM/CosyVoice2-0.5B",
            "default_voice": "speech:a:b:c",
            "sample_rate": 32000,
            "response_format": "mp3",
            "stream": True,
            "speed": 1,
            "gain": 0,
        },
        "sherpa_onnx_tts": {
            "vits_model": "/path/model.onnx",
            "vits_tokens": "/path/tokens.txt",
            "sid": 1,
            "speed": 1.0,
        },
        "spark_tts": {"api_url": "http://127.0.0.1:6006/", "api_name": "voice_clone", "gender": "female", "pitch": 3},
        "openai_tts": {
            "model": "kokoro",
            "voice": "af_sky+af_bella",
            "api_key": "not-needed",
            "base_url": "http://localhost:8880/v1",
            "file_extension": "mp3",
        },
        "minimax_tts": {"group_id": "", "api_key": KEY, "model": "speech-02-turbo", "voice_id": "male-qn-qingse"},
        "elevenlabs_tts": {"api_key": KEY, "voice_id": "v", "model_id": "eleven_multilingual_v2", "stability": 0.5},
        "cartesia_tts": {
            "api_key": KEY,
            "voice_id": "v",
            "model_id": "sonic-3",
            "language": "en",
            "emotion": "neutral",
        },
    }


def template(language: str = "en") -> dict[str, Any]:
    """A whole configuration, on a port that is free."""
    prompts = ("live2d_expression_prompt", "group_conversation_prompt", "mcp_prompt", "proactive_speak_prompt")
    further = ("think_tag_prompt", "live_prompt", "speakable_prompt", "tool_guidance_prompt")
    return copy.deepcopy(
        {
            "system_config": {
                "conf_version": "v1.2.1",
                "host": "localhost",
                "port": free_port(),
                "config_alts_dir": "characters",
                "enable_proxy": False,
                "tool_prompts": {name: name for name in (*prompts, *further)},
            },
            "character_config": {
                "conf_name": f"tansy_{language}",
                "conf_uid": f"tansy_{language}_001",
                "live2d_model_name": "tansy_model",
                "character_name": NAMES[language],
                "avatar": "tansy.png",
                "human_name": HUMANS[language],
                "persona_prompt": PERSONAS[language],
                "agent_config": agent_config(),
                "asr_config": asr_config(),
                "tts_config": tts_config(language),
                "vad_config": {
                    "vad_model": None,
                    "silero_vad": {
                        "orig_sr": 16000,
                        "target_sr": 16000,
                        "prob_threshold": 0.4,
                        "db_threshold": 60,
                        "required_hits": 3,
                        "required_misses": 24,
                        "smoothing_window": 5,
                    },
                },
                "tts_preprocessor_config": {
                    "remove_special_char": True,
                    "ignore_brackets": True,
                    "ignore_parentheses": True,
                    "ignore_asterisks": True,
                    "ignore_angle_brackets": True,
                    "translator_config": {
                        "translate_audio": False,
                        "translate_provider": "deeplx",
                        "deeplx": {
                            "deeplx_target_lang": "JA",
                            "deeplx_api_endpoint": "http://localhost:1188/v2/translate",
                        },
                        "tencent": {"secret_id": "", "secret_key": "", "region": "ap-guangzhou", "source_lang": "zh"},
                    },
                },
            },
            "live_config": {"bilibili_live": {"room_ids": [1991478060], "sessdata": ""}},
        }
    )


def as_text(tree: Any, language: str = "en") -> str:
    """The YAML of a tree, with a comment in the language before each section."""
    parts = []
    for name, section in tree.items():
        dumped = yaml.safe_dump({name: section}, allow_unicode=True, sort_keys=False)
        parts.append(f"# {COMMENTS[language].get(name, name)}\n{dumped}")
    return "\n".join(parts)
