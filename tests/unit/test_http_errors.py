from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hayakuchi.core.errors import Category
from hayakuchi.core.http_errors import Failures, category_of_code, category_of_status, error_text, retry_after_s

KEY = "topsecretkey99"
FAILURES = Failures("llm", "openai_llm", "http://host/v1", "the model 'm'", (KEY,))


@pytest.mark.parametrize(
    ("status", "category"),
    [
        (301, Category.INVALID_REQUEST),
        (400, Category.INVALID_REQUEST),
        (401, Category.AUTH),
        (403, Category.AUTH),
        (404, Category.NOT_FOUND),
        (408, Category.TIMEOUT),
        (413, Category.INVALID_REQUEST),
        (422, Category.INVALID_REQUEST),
        (429, Category.RATE_LIMITED),
        (500, Category.UNAVAILABLE),
        (502, Category.UNAVAILABLE),
        (503, Category.UNAVAILABLE),
        (529, Category.UNAVAILABLE),
    ],
)
def test_category_of_status(status: int, category: Category):
    assert category_of_status(status) is category
    error = FAILURES.of_status(status, {}, b"")
    assert (error.kind, error.provider, error.category) == ("llm", "openai_llm", category)
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize(
    ("error", "category"),
    [
        ({"code": 429}, Category.RATE_LIMITED),
        ({"code": "rate_limit_exceeded"}, Category.RATE_LIMITED),
        ({"type": "insufficient_quota"}, Category.RATE_LIMITED),
        ({"code": "invalid_api_key", "type": "invalid_request_error"}, Category.AUTH),
        ({"code": "model_not_found"}, Category.NOT_FOUND),
        ({"code": "context_length_exceeded"}, Category.INVALID_REQUEST),
        ({"type": "server_error"}, Category.UNAVAILABLE),
        ({"code": True}, Category.UNAVAILABLE),
        ({}, Category.UNAVAILABLE),
    ],
)
def test_category_of_an_error_inside_an_answer(error: dict[str, object], category: Category):
    assert category_of_code(error) is category


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error": {"message": "no", "type": "x"}}', "no"),
        (b'{"error": "no"}', "no"),
        (b'{"detail": "no"}', "no"),
        (b'{"message": "no"}', "no"),
        (b'{"detail": [{"loc": ["body"], "msg": "no"}]}', '{"detail": [{"loc": ["body"], "msg": "no"}]}'),
        (b"<html><title>502 Bad\nGateway</title><body>x</body></html>", "502 Bad\nGateway"),
        (b"plain", "plain"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
    ],
)
def test_error_text(body: bytes, text: str):
    assert error_text(body) == text


def test_quotes_hold_no_key_no_line_ends_and_are_short():
    said = FAILURES.quote(
        f"bad\x1b[31m\r\n\tkey {KEY} or sk-proj-abc_12*****xyz or AIzaSyA1234567890 or Bearer abc " + "x" * 500
    )
    assert said.startswith("bad [31m key *** or *** or *** or Bearer *** xxx")
    assert len(said) == 200


def test_a_key_at_the_edge_of_the_quote_does_not_show_half():
    for start in range(180, 204):
        assert KEY[:4] not in FAILURES.quote("y" * start + KEY)


def test_messages_say_what_to_do():
    refused = FAILURES.of_status(401, {}, b'{"error": {"message": "wrong key topsecretkey99"}}')
    assert str(refused) == (
        "openai_llm: the key was refused by http://host/v1 (HTTP 401); check api_key; it says: wrong key ***"
    )
    missing = Failures("llm", "openai_llm", "http://host/v1", "the model 'm'").of_status(401, {}, b"")
    assert missing.message == "the server at http://host/v1 wants a key (HTTP 401); set api_key"
    moved = FAILURES.of_status(307, {"Location": "https://other/v1"}, b"")
    assert "https://other/v1" in moved.message
    assert "base_url" in moved.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("nan", None), ("inf", 86_400.0), ("soon", None), ("", None), (None, None)],
)
def test_retry_after(value: str | None, seconds: float | None):
    assert retry_after_s(value) == seconds


def test_retry_after_date():
    seconds = retry_after_s(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert seconds is not None
    assert 60 < seconds <= 90
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert FAILURES.of_status(429, {"Retry-After": "7"}, b"").retry_after_s == 7.0
