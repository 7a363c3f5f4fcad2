"""The block ``edge_tts``: what it takes, and what its presets stand for."""

from typing import Any

import pytest
from pydantic import ValidationError

from hayakuchi.tts.edge_settings import FULL, LIGHT, EdgeConfig


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"rate": "10%"}, r"must be a sign, a number and %, for example \+10%"),
        ({"rate": "+10"}, "for example"),
        ({"volume": "loud"}, "for example"),
        ({"pitch": "+5%"}, "for example [+]5Hz"),
        ({"pitch": "5Hz"}, "for example"),
        ({"voice": "Ava"}, "such as en-US-AvaNeural"),
        ({"voice": "en-US-AvaNeural'/><x a='"}, "such as en-US-AvaNeural"),
        ({"voices": {"zh": "cmn+f3"}}, "such as en-US-AvaNeural"),
        ({"proxy": "socks5://127.0.0.1:1"}, "HTTP proxy"),
        ({"endpoint": "http://127.0.0.1"}, "wss://"),
        ({"parallel_generation": 0}, "greater than or equal to 1"),
        ({"compression_level": 10}, "less than or equal to 9"),
        ({"audio_quality": "best"}, "fast"),
        ({"speed": 2}, "Extra inputs"),
    ],
)
def test_mistakes_are_told(block: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EdgeConfig.model_validate(block)


def test_the_block_of_the_seed_document_is_taken() -> None:
    block = {
        "enable_streaming_tts": True,
        "stream_chunk_size": 1024,
        "stream_buffer_size": 2048,
        "first_audio_delay": 100,
        "enable_immediate_playback": True,
        "audio_pipeline_parallel": True,
        "chunk_processing_delay": 30,
        "streaming_optimization": True,
        "real_time_processing": True,
        "audio_quality": "fast",
    }
    config = EdgeConfig.model_validate(block)
    assert {name: getattr(config, name) for name in block} == block


def test_a_preset_stands_for_others_and_an_explicit_key_wins() -> None:
    fast, balanced, high = (EdgeConfig.model_validate({"audio_quality": name}) for name in ("fast", "balanced", "high"))
    assert (fast.rate, balanced.rate, high.rate) == ("+10%", "+0%", "+0%")
    assert (fast.cache_size, balanced.cache_size, high.cache_size) == (400, 200, 100)
    assert (fast.in_flight, balanced.in_flight, high.in_flight) == (2, 2, 1)
    assert (fast.output_format, balanced.output_format, high.output_format) == (LIGHT, LIGHT, FULL)
    own = {"rate": "-5%", "cache_size": 1, "parallel_generation": 3, "compression_level": 0}
    mixed = EdgeConfig.model_validate({"audio_quality": "fast", **own})
    assert (mixed.rate, mixed.cache_size, mixed.in_flight, mixed.output_format) == ("-5%", 1, 3, FULL)
    unset = EdgeConfig()
    assert (unset.cache_size, unset.preload_common_phrases, unset.rate) == (None, None, "+0%")


@pytest.mark.parametrize(("value", "in_flight"), [(True, 2), (False, 1), (1, 1), (5, 5)])
def test_requests_in_flight(value: bool | int, in_flight: int) -> None:
    assert EdgeConfig(parallel_generation=value).in_flight == in_flight


@pytest.mark.parametrize(("level", "output_format"), [(0, FULL), (4, FULL), (5, LIGHT), (9, LIGHT)])
def test_more_compression_is_fewer_bits(level: int, output_format: str) -> None:
    assert EdgeConfig(compression_level=level).output_format == output_format


def test_deadlines_allow_for_what_was_asked() -> None:
    assert EdgeConfig().deadlines.first_s == 2.0
    assert EdgeConfig(first_audio_delay=500).deadlines.first_s == 2.5
    assert EdgeConfig(enable_streaming_tts=False).deadlines.first_s > 10


def test_it_can_be_described_to_an_editor() -> None:
    properties = EdgeConfig.model_json_schema()["properties"]
    assert all(field.get("description") for field in properties.values())
