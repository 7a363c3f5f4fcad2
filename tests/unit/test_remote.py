import pytest
from pydantic import SecretStr, ValidationError

from hayakuchi.core.remote import ServerBlock, is_loopback, tidy_base_url

KEY = "sk-abcdefgh12345678"


@pytest.mark.parametrize(
    ("written", "tidy"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
        (" http://127.0.0.1:11434/v1/ ", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/v1//", "http://127.0.0.1:11434/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/audio/speech/", "https://api.openai.com/v1"),
        ("https://open.example/api/paas/v4", "https://open.example/api/paas/v4"),
        ("https://x.example/openai/v1?api-version=2", "https://x.example/openai/v1?api-version=2"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("http://host/v1#part", "http://host/v1"),
    ],
)
def test_base_url_is_tidied(written: str, tidy: str):
    assert tidy_base_url(written) == tidy
    assert tidy_base_url(tidy) == tidy


@pytest.mark.parametrize(
    "written",
    [
        *("", "127.0.0.1:11434", "localhost", "ftp://host/v1", "http://", "http:///v1", "http://host:0"),
        *("http://host:99999", f"http://user:{KEY}@host/v1", "http://[::1"),
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(written: str):
    with pytest.raises(ValidationError) as caught:
        ServerBlock(base_url=written)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost/v1", True),
        ("http://tts.localhost/v1", True),
        ("http://127.8.0.1:1/v1", True),
        ("http://[::1]/v1", True),
        ("http://0.0.0.0:8000/v1", True),
        ("http://192.168.1.2/v1", False),
        ("https://localhost.example/v1", False),
    ],
)
def test_loopback(url: str, here: bool):
    assert is_loopback(url) is here


def test_endpoint_keeps_the_query_and_messages_do_not_show_it():
    block = ServerBlock(base_url="https://x.example/openai?key=hidden")
    assert block.endpoint("chat/completions") == "https://x.example/openai/chat/completions?key=hidden"
    assert block.shown_url == "https://x.example/openai"


@pytest.mark.parametrize("nothing", ["", "none", "None", " "])
def test_no_key_no_header(nothing: str):
    assert "Authorization" not in ServerBlock(base_url="http://h", api_key=SecretStr(nothing)).headers()


def test_headers_and_secrets():
    block = ServerBlock(
        base_url="http://h", api_key=SecretStr(f" {KEY}\n"), extra_headers={"X-Token": SecretStr("t0ken")}
    )
    assert block.headers() == {"Authorization": f"Bearer {KEY}", "X-Token": "t0ken"}
    assert block.secrets() == (KEY, "t0ken")
    assert KEY not in repr(block)
    assert "t0ken" not in repr(block)


@pytest.mark.parametrize("key", [f"{KEY}\r\nX-Evil: 1", f"{KEY}é", f"{KEY}\0"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str):
    with pytest.raises(ValidationError) as caught:
        ServerBlock(base_url="http://h", api_key=SecretStr(key))
    assert KEY not in str(caught.value)
    assert "HTTP header" in str(caught.value)


def test_a_header_name_that_is_none_is_refused():
    with pytest.raises(ValidationError, match="name of an HTTP header"):
        ServerBlock(base_url="http://h", extra_headers={"X Evil:": SecretStr("1")})
