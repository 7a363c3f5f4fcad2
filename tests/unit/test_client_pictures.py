"""Pictures that clients send: what is taken, and what is said of the rest."""

from __future__ import annotations

import base64

import pytest

from hayakuchi.core.errors import ProtocolError
from hayakuchi.gateway.open_llm_vtuber import pictures
from hayakuchi.gateway.open_llm_vtuber.client_messages import ImageData
from hayakuchi.gateway.open_llm_vtuber.pictures import images_of

BYTES = {
    "image/jpeg": b"\xff\xd8\xff\xe0rest",
    "image/png": b"\x89PNG\r\n\x1a\nrest",
    "image/gif": b"GIF89arest",
    "image/webp": b"RIFF\x10\0\0\0WEBPrest",
}


def url(data: bytes, head: str = "data:image/jpeg;base64,") -> str:
    return head + base64.b64encode(data).decode()


@pytest.mark.parametrize("kind", BYTES)
@pytest.mark.parametrize("head", ["data:image/jpeg;base64,", "data:image/png;charset=utf-8;base64,", "DATA:;base64,"])
def test_the_type_is_what_the_picture_is(kind: str, head: str) -> None:
    [image] = images_of([ImageData(data=url(BYTES[kind], head))])
    assert image.url == url(BYTES[kind], f"data:{kind};base64,")


def test_no_pictures() -> None:
    assert images_of(None) == images_of([]) == ()


GOOD = url(BYTES["image/png"])


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "https://example.com/a.png",
        "http://localhost/a.png",
        "file:///etc/passwd",
        "blob:x",
        "data:text/html;base64,PGI+",
        "data:image/png,raw",
        "data:image/png;base64,",
        "data:image/png;base64,????",
        "data:image/png;base64,iVBORw0KGgo",
        "data:image/png;base64, iVBORw0KGgo=",
        url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "data:image/svg+xml;base64,"),
        url(b"BM rest", "data:image/bmp;base64,"),
        "data:image/png;base64,é",
        base64.b64encode(BYTES["image/png"]).decode(),
    ],
)
def test_the_one_that_is_no_picture_is_named(bad: str) -> None:
    with pytest.raises(ProtocolError, match=r"images: number 2 \(screen\)"):
        images_of([ImageData(data=GOOD), ImageData(data=bad, source="screen"), ImageData(data=GOOD)])


def test_pictures_that_are_too_large_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_TOGETHER", len(GOOD) * 2)
    assert len(images_of([ImageData(data=GOOD)] * 2)) == 2
    with pytest.raises(ProtocolError, match="with number 3"):
        images_of([ImageData(data=GOOD)] * 3)
