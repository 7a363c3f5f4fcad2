"""Which pictures a model's server is asked to fetch."""

from __future__ import annotations

import pytest

from hayakuchi.gateway.api.pictures import is_picture


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png",
        "https://93.184.216.34/a",
        "https://a.example:8443/b?c=d",
        "data:image/png;base64,aGk=",
    ],
)
def test_public_ones_are_handed_on(url: str) -> None:
    assert is_picture(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.png",
        "file:///etc/passwd",
        "https://localhost/a",
        "https://LOCALHOST./a",
        "https://printer/a",
        "https://nas.local/a",
        "https://metadata.google.internal/a",
        "https://127.0.0.1/a",
        "https://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/a",
        "https://[::1]/a",
        "https://[fd00::1]/a",
        "https://user@192.168.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://[",
        "https:///a",
        "data:text/html;base64,aGk=",
        "data:image/png;base64,<script>",
    ],
)
def test_private_and_odd_ones_are_not(url: str) -> None:
    assert not is_picture(url)
