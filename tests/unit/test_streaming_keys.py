"""Which streaming settings are set, and which can have no effect as things are set."""

from __future__ import annotations

from pathlib import Path

import pytest

from hayakuchi.cli.finding import Status
from hayakuchi.cli.findings import inspected
from hayakuchi.cli.streaming_keys import AGENT_KEYS, MODEL_KEYS, VOICE_KEYS, config_items, items, streaming_summary
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Settings

LATER = "it applies when another model answers"
MODEL = "base_url: http://127.0.0.1:1/v1, model: m"

GUIDE = """\
agent:
  basic_memory_agent:
    enable_streaming: True
    stream_chunk_size: 10
    stream_buffer_size: 5
    first_response_threshold: 200
    enable_immediate_playback: True
    streaming_optimization: True
    chunk_processing_delay: 50
    audio_pipeline_parallel: True
llm:
  - openai_llm:
      base_url: http://127.0.0.1:1/v1
      model: m
      stream: true
      stream_chunk_size: 8
      stream_buffer_size: 3
      first_response_timeout: 200
      enable_streaming_tts: True
      tts_stream_delay: 50
      streaming_optimization: True
      chunk_processing_parallel: True
      immediate_audio_playback: True
  - openai_llm: {base_url: "http://127.0.0.1:2/v1", model: spare}
tts:
  edge_tts:
    enable_streaming_tts: True
    stream_chunk_size: 1024
    stream_buffer_size: 2048
    first_audio_delay: 100
    enable_immediate_playback: True
    audio_pipeline_parallel: True
    streaming_optimization: True
    real_time_processing: True
    audio_quality: 'fast'
    compression_level: 8
    rate: '+30%'
    cache_size: 500
    preload_common_phrases: True
    parallel_generation: True
"""
"""The streaming guide's own example, all of it, but for the two keys of which another one of it wins."""


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "conf.yaml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, registry=default_registry())


def idle(tmp_path: Path, text: str) -> dict[str, str]:
    return {f"{item.provider}.{item.key}": item.idle for item in items(settings(tmp_path, text)) if item.idle}


def test_the_guides_example_is_taken_as_it_stands(tmp_path: Path) -> None:
    made = settings(tmp_path, GUIDE)
    found = config_items(made)
    assert found["known"] == len(AGENT_KEYS) + len(MODEL_KEYS) + len(VOICE_KEYS) == 32
    assert found["set"] == 31
    assert found["without_effect"] == {}
    assert found["overridden"] == {
        "basic_memory_agent.stream_chunk_size": f"overridden by openai_llm.stream_chunk_size; {LATER}",
        "basic_memory_agent.stream_buffer_size": f"overridden by openai_llm.stream_buffer_size; {LATER}",
    }
    assert streaming_summary(made).startswith("first words within 200 ms")


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        ("agent: {basic_memory_agent: {stream_chunk_size: 3}}", "", ""),
        (
            "agent: {basic_memory_agent: {enable_streaming: false, first_response_threshold: 100}}",
            "basic_memory_agent.first_response_threshold",
            "enable_streaming is false",
        ),
        (
            f"llm: [{{openai_llm: {{{MODEL}, first_response_timeout: 300}}}}, demo_llm]\ncharacter: ./mute.yaml",
            "openai_llm.first_response_timeout",
            "no other model",
        ),
        (f"llm: [{{openai_llm: {{{MODEL}, first_response_timeout: 300}}}}, demo_llm]", "", ""),
        (
            f"llm: {{openai_llm: {{{MODEL}, stream: false, stream_chunk_size: 8}}}}",
            "openai_llm.stream_chunk_size",
            "stream is false",
        ),
        (
            "tts: {edge_tts: {enable_streaming_tts: false, first_audio_delay: 50}}",
            "edge_tts.first_audio_delay",
            "taken whole",
        ),
        ("tts: {edge_tts: {cache_size: 50}}\ncache: {enabled: false}", "edge_tts.cache_size", "cache.enabled is false"),
    ],
)
def test_what_has_no_effect_and_why(text: str, key: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "mute.yaml").write_text("{name: Mute, persona: Says little.}", encoding="utf-8")
    found = idle(tmp_path, text)
    assert list(found) == [key][: bool(key)]
    assert all(why in reason for reason in found.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"agent: {{basic_memory_agent: {{stream_chunk_size: 3}}}}\nllm: {{openai_llm: {{{MODEL}, stream_chunk_size: 8}}}}",
            "overridden by openai_llm.stream_chunk_size",
        ),
        (
            "agent: {basic_memory_agent: {chunk_processing_delay: 3}}\n"
            "tts: [edge_tts: {chunk_processing_delay: 8}, espeak_tts]",
            "overridden by edge_tts.chunk_processing_delay; it applies when another voice answers",
        ),
        (
            "agent: {basic_memory_agent: {chunk_processing_delay: 3}}\n"
            "tts: [espeak_tts, edge_tts: {chunk_processing_delay: 8}]",
            None,
        ),
    ],
)
def test_what_gives_way_to_a_nearer_block_is_no_mistake(text: str, words: str | None, tmp_path: Path) -> None:
    (found,) = [item for item in items(settings(tmp_path, text)) if item.provider == "basic_memory_agent"]
    assert (found.overridden, found.idle) == (words, None)
    assert str(found).endswith(words or ": 3.0")


def test_check_lists_them(tmp_path: Path) -> None:
    file = tmp_path / "conf.yaml"
    file.write_text(GUIDE, encoding="utf-8")
    found, made = inspected(file, None, default_registry())
    told = [finding for finding in found if finding.subject == "streaming"]
    assert made is not None
    assert len(told) == 32
    assert {finding.status for finding in told} == {Status.OK}
    assert sum("overridden by openai_llm." in finding.message for finding in told) == 2
    assert "edge_tts.rate: +30%" in {finding.message for finding in told}


def test_what_all_of_it_comes_to(tmp_path: Path) -> None:
    whole = settings(tmp_path, "agent: {basic_memory_agent: {enable_streaming: false}}")
    assert streaming_summary(whole) == "the whole reply is waited for, then spoken"
    careful = settings(
        tmp_path,
        "agent: {basic_memory_agent: {streaming_optimization: false, audio_pipeline_parallel: false}}\n"
        f"llm: {{openai_llm: {{{MODEL}, enable_streaming_tts: false}}}}",
    )
    said = streaming_summary(careful)
    assert "cut at sentences" in said
    assert "one segment at a time, sent a segment at a time" in said
