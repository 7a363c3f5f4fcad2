"""A page in a real Chromium and the stage server by script that it talks to.

A script that playwright evaluates counts as a gesture of the user; so nothing here makes or wakes an AudioContext through it.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, async_playwright
from requirements import require
from stage_stub import Stub, serving, snapshot

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
SAMPLER = """
window.samples = [];
setInterval(() => {
  const page = window.hayakuchi;
  if (page) samples.push({ at: performance.now(), ...page.levels(), ...page.state() });
}, 20);
"""
CALM = """
const next = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => setTimeout(() => next(draw), 150);
"""
"""Six pictures a second: where there is no graphics card, sixty take more than a core of the machine, and most tests look at
words and buttons."""
NO_WORKLET = "delete window.AudioWorkletNode; delete BaseAudioContext.prototype.audioWorklet;"


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require(found, "Chromium was not found")
    return str(found)


class Browsers:
    """The driver and the browsers of this process: starting them takes longer than most tests of a page."""

    def __init__(self) -> None:
        self._exit = AsyncExitStack()
        self._driver: Playwright | None = None
        self._open: dict[bool, Browser] = {}

    async def launched(self, autoplay: bool, flags: tuple[str, ...]) -> Browser:
        path = chromium()
        if self._driver is None:
            self._driver = await self._exit.enter_async_context(async_playwright())
        args = [*ARGS, *([AUTOPLAY] if autoplay else []), *flags]
        return await self._driver.chromium.launch(executable_path=path, args=args)

    async def shared(self, autoplay: bool) -> Browser:
        if autoplay not in self._open or not self._open[autoplay].is_connected():
            self._open[autoplay] = await self.launched(autoplay, ())
        return self._open[autoplay]

    async def close(self) -> None:
        for browser in self._open.values():
            await browser.close()
        self._open.clear()
        await self._exit.aclose()
        self._driver = None


BROWSERS = Browsers()


@asynccontextmanager
async def browser(*, autoplay: bool = True, flags: tuple[str, ...] = ()) -> AsyncIterator[Browser]:
    """The browser that tests share, or one with ``flags`` of its own. What is opened in it ends with the test."""
    opened = await BROWSERS.launched(autoplay, flags) if flags else await BROWSERS.shared(autoplay)
    try:
        yield opened
    finally:
        for context in opened.contexts:
            await context.close()
        if flags:
            await opened.close()


class Desk:
    """A page, the server it talks to, and everything it complained about."""

    def __init__(self, stub: Stub, context: BrowserContext, page: Page) -> None:
        self.stub, self.context, self.page = stub, context, page
        self.complaints: list[str] = []
        page.on("console", self.hear)
        page.on("pageerror", self.fail)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def fail(self, error: Error) -> None:
        self.complaints.append(str(error))

    async def state(self) -> dict[str, Any]:
        return await self.page.evaluate("window.hayakuchi.state()")

    async def samples(self) -> list[dict[str, Any]]:
        return await self.page.evaluate("window.samples")

    async def wait(self, condition: str, seconds: float = 15) -> None:
        """Until a condition on ``s`` (the state) and ``l`` (the levels) holds in the page."""
        script = f"() => {{ const s = hayakuchi.state(), l = hayakuchi.levels() ?? {{}}; return {condition}; }}"
        await self.page.wait_for_function(script, timeout=seconds * 1000, polling=20)


@asynccontextmanager
async def desk(
    path: str = "/",
    *,
    autoplay: bool = True,
    scripts: tuple[str, ...] = (SAMPLER,),
    first: dict[str, Any] | None = None,
    flags: tuple[str, ...] = (),
    host: str = "127.0.0.1",
    lively: bool = False,
) -> AsyncIterator[Desk]:
    """``host``: the name by which the page is opened; the browser is to know it (``flags``). ``lively``: its pictures are
    looked at, and are drawn as often as on a desk."""
    async with serving() as stub, browser(autoplay=autoplay, flags=flags) as opened:
        stub.snapshot = first or snapshot()
        context = await opened.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
        page = await context.new_page()
        for script in scripts if lively else (CALM, *scripts):
            await page.add_init_script(script)
        made = Desk(stub, context, page)
        await page.goto(stub.url.replace("127.0.0.1", host) + path)
        yield made
        assert made.complaints == []
