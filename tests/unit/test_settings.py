"""The blocks of conf.yaml: their defaults and their limits."""

import dataclasses

import pytest
from pydantic import ValidationError

from hayakuchi.orchestrator.gateway_settings import GatewaySettings, origin
from hayakuchi.orchestrator.settings import AvatarSettings, Component, LatencySettings, PlaybackSettings, ServerSettings


def test_defaults_are_those_of_the_documentation():
    assert ServerSettings().model_dump() == {"host": "127.0.0.1", "port": 12393, "open_browser": True}
    assert LatencySettings().model_dump() == {
        "first_audio_ms": 500,
        "streaming_ms": 300,
        "audio_pipeline_ms": 250,
        "voice_to_voice_ms": 1500,
        "improvement_percent": 50,
    }
    assert AvatarSettings().model_dump() == {"model": "puppet"}
    assert GatewaySettings().model_dump() == {
        "auth": {"enabled": False, "anonymous": ()},
        "cors": (),
        "hosts": (),
        "trusted_proxies": ("127.0.0.1", "::1"),
        "limits": {
            "requests_per_minute": 120,
            "concurrent_turns": 8,
            "characters_per_day": 0,
            "audio_seconds_per_day": 0,
        },
        "max_sessions": 256,
        "max_turns": 256,
        "shed_lag_ms": 100,
        "drain_seconds": 20,
        "max_prompt_chars": 8192,
        "long_prompts": "trim",
        "max_response_tokens": 2048,
        "max_body_kb": 1024,
        "max_upload_mb": 25,
        "max_clip_minutes": 30,
        "grpc": {"enabled": False, "host": None, "port": 50051},
    }
    assert PlaybackSettings().model_dump() == {
        "max_ahead_ms": 400,
        "prefetch": 2,
        "pause_sentence_ms": 300,
        "pause_clause_ms": 150,
        "pause_phrase_ms": 30,
    }


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://Example.COM", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80/", "http://example.com"),
        ("http://example.com:0443", "http://example.com:443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("tauri://localhost", "tauri://localhost"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(written: str, sent: str):
    assert origin(written) == sent


@pytest.mark.parametrize(
    "written",
    [
        "*",
        "null",
        "",
        "example.com",
        "http://",
        "http://a/b",
        "http://a?b",
        "http://u:p@a",
        "http://a:99999",
        "http://*.a",
        "http://é",
    ],
)
def test_what_is_no_origin_is_refused(written: str):
    with pytest.raises(ValueError, match="an origin has the form"):
        origin(written)


@pytest.mark.parametrize(
    ("block", "values"),
    [
        (ServerSettings, {"port": -1}),
        (ServerSettings, {"port": 65536}),
        (ServerSettings, {"host": ""}),
        (ServerSettings, {"host": "a b"}),
        (PlaybackSettings, {"max_ahead_ms": 99}),
        (PlaybackSettings, {"max_ahead_ms": 2001}),
        (PlaybackSettings, {"prefetch": 0}),
        (LatencySettings, {"first_audio_ms": 0}),
        (LatencySettings, {"improvement_percent": 101}),
        (LatencySettings, {"streaming_ms": float("nan")}),
        (GatewaySettings, {"max_sessions": 0}),
        (GatewaySettings, {"trusted_proxies": ["10.0.0.1/8"]}),
        (GatewaySettings, {"trusted_proxies": ["proxy"]}),
    ],
)
def test_limits(block: type[ServerSettings], values: dict[str, object]):
    with pytest.raises(ValidationError):
        block.model_validate(values)


def test_nothing_can_be_changed_afterwards():
    with pytest.raises(ValidationError, match="frozen"):
        ServerSettings().port = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        Component("a", None, int).name = "b"  # pyright: ignore[reportAttributeAccessIssue] it is what is tested
