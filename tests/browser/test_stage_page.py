"""The page for OBS, in a real Chromium."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from page_desk import desk

pytestmark = pytest.mark.browser


async def test_the_stage_is_transparent_and_plays_when_its_address_says_so() -> None:
    async with desk("/stage?audio=1&session=show&name=1", lively=True) as page:
        viewer = await page.stub.holding()
        assert viewer.query["session"] == "show"
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "On the air.", 0, 6000)
        await page.wait("l.recent > 0.1 && s.caption === 'On the air.'")
        assert await page.page.locator("#plate").inner_text() == "Kiyo"
        alpha = alphas(await page.page.screenshot(omit_background=True))
        width, height = 1280, 720
        assert [alpha(x, y) for x in (0, width - 1) for y in (0, height - 1)] == [0, 0, 0, 0]
        assert alpha(width // 2, height // 2) == 255
        assert viewer.of("greet") == []


async def test_the_stage_without_audio_makes_no_sound_and_asks_for_nothing() -> None:
    async with desk("/stage?subtitle=0", autoplay=False, lively=True) as page:
        viewer = await page.stub.viewer()
        await viewer.send(type="turn.started", turn=1, heard="x", viewer=None)
        await viewer.speak(1, 0, "Quiet.", 0, 3000, paced=True)
        assert max(s["mouth"]["open"] for s in await page.samples()) > 0.85
        assert (await page.state())["player"] is None
        assert await page.page.locator("#veil").is_hidden()
        assert await page.page.locator("#subtitle").is_hidden()
        assert [m["type"] for m in viewer.received if m["type"] != "ping"] == []


def alphas(png: bytes) -> Any:
    """Alpha of each pixel of an 8-bit RGBA PNG (https://www.w3.org/TR/png/)."""
    width, height = struct.unpack(">II", png[16:24])
    assert png[24:26] == b"\x08\x06", "not RGBA"
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, stride = zlib.decompress(data), 4 * width
    rows: list[bytearray] = []
    for y in range(height):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        above = rows[-1] if rows else bytearray(stride)
        for x in range(3, stride, 4):
            left, up = (row[x - 4], above[x]) if x > 3 else (0, above[x])
            corner = above[x - 4] if x > 3 else 0
            guess = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            row[x] = (row[x] + (0, left, up, (left + up) // 2, guess)[kind]) % 256
        rows.append(row)
    return lambda x, y: rows[y][4 * x + 3]
