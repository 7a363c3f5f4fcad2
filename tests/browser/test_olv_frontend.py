"""A frontend of the user's in Chromium: what it needs runs, what others get into it does not, and pages from files may come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from olv_assets import hosting, user_folder
from page_desk import browser
from playwright.async_api import Browser

from hayakuchi.gateway.access.guests import Guests

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><title>Theirs</title>
<script>window.inline = "ran";</script>
<script src="https://scripts.example/evil.js"></script>
<script type="module" src="./assets/main.js"></script>
<img id="avatar" src="/avatars/sign.svg" width="9" height="9">"""
MAIN = """
import { step } from "./part.js";
const found = { step };
found.eval = new Function("return 7")();
const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
found.wasm = (await WebAssembly.instantiate(empty)).instance instanceof WebAssembly.Instance;
const code = URL.createObjectURL(new Blob(["postMessage('worked')"], { type: "text/javascript" }));
found.worker = await new Promise((told) => { new Worker(code).onmessage = (event) => told(event.data); });
const context = new AudioContext();
const processor = "registerProcessor('x', class extends AudioWorkletProcessor {})";
const worklet = URL.createObjectURL(new Blob([processor], { type: "text/javascript" }));
await context.audioWorklet.addModule(worklet);
found.worklet = true;
found.model = (await (await fetch("/live2d-models/mao/runtime/mao.model3.json")).json()).Version;
found.socket = await new Promise((told) => {
  const socket = new WebSocket(`ws://${location.host}/stage/ws`);
  socket.onmessage = () => told("open");
  socket.onclose = () => told("closed");
});
const written = `<p style="color: red" id="styled">styled</p><img src="/nothing" onerror="window.written = 'ran'">`;
document.body.insertAdjacentHTML("beforeend", written);
await new Promise((later) => setTimeout(later, 200));
found.colour = getComputedStyle(document.getElementById("styled")).color;
found.inline = window.inline ?? "did not run";
found.written = window.written ?? "did not run";
found.picture = document.getElementById("avatar").complete;
window.found = found;
"""
EXPECTED = {
    "step": "from a module",
    "eval": 7,
    "wasm": True,
    "worker": "worked",
    "worklet": True,
    "model": 3,
    "socket": "open",
    "colour": "rgb(255, 0, 0)",
    "inline": "did not run",
    "written": "did not run",
    "picture": True,
}


async def test_a_frontend_works_and_what_is_written_into_it_does_not(tmp_path: Path) -> None:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text(PAGE, encoding="utf-8")
    (web / "assets" / "main.js").write_text(MAIN, encoding="utf-8")
    (web / "assets" / "part.js").write_text('export const step = "from a module";', encoding="utf-8")
    settings = {"folder": str(user_folder(tmp_path / "theirs")), "frontend": str(web)}
    async with hosting(tmp_path, settings) as server, browser() as opened:
        page = await (await opened.new_context()).new_page()
        page.set_default_timeout(10_000)
        await page.goto(server.url)
        await page.wait_for_function("window.found")
        assert await page.evaluate("window.found") == EXPECTED


async def test_the_studio_works_at_its_other_address(tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html><title>Theirs</title>", encoding="utf-8")
    complaints: list[str] = []
    async with hosting(tmp_path, {"frontend": str(web)}) as server, browser() as opened:
        page = await (await opened.new_context()).new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        await page.goto(f"{server.url}/studio")
        await page.get_by_role("textbox").first.fill("Hello!")
        await page.get_by_role("textbox").first.press("Enter")
        await page.get_by_text("Hello.", exact=True).first.wait_for()
        await page.goto(f"{server.url}/docs")
        await page.locator("a.home").click()
        await page.wait_for_url(f"{server.url}/studio")
        assert complaints == []


@asynccontextmanager
async def noting(found: dict[str, str]) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A server that notes the origin of what it is asked, by path, and refuses it: its port, and when it was asked all."""
    both = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _, _ = (await reader.read(10_000)).decode().partition("\r\n\r\n")
        if not head:  # a connection that the browser keeps for later
            writer.close()
            return
        lines = head.split("\r\n")
        origins = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("origin:")]
        found[lines[0].split(" ")[1]] = ", ".join(origins) or "none"
        if found.keys() >= set(ASKED):
            both.set()
        writer.write(
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
        )
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], both


ASKING = """<!doctype html><script>
fetch("http://127.0.0.1:PORT/live2d-models/a.json").catch(() => null);
new WebSocket("ws://127.0.0.1:PORT/client-ws");
</script>"""
ASKED = ("/client-ws", "/live2d-models/a.json")
FRAMED = """(html) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = html;
  document.body.append(frame);
}"""


async def said(opened: Browser, tmp_path: Path, *, in_a_frame: bool) -> dict[str, str]:
    """The origins that a page from a file sends, or one in a sandboxed frame of a web site's."""
    found: dict[str, str] = {}
    async with noting(found) as (port, both):
        page = await (await opened.new_context()).new_page()
        html = ASKING.replace("PORT", str(port))
        if in_a_frame:
            await page.goto(f"http://127.0.0.1:{port}/")
            await page.evaluate(FRAMED, html)
        else:
            (tmp_path / "page.html").write_text(html, encoding="utf-8")
            await page.goto((tmp_path / "page.html").as_uri())
        async with asyncio.timeout(10):
            await both.wait()
    return {path: found[path] for path in ASKED}


async def test_what_pages_from_files_say_and_what_a_frame_of_any_site_does(tmp_path: Path) -> None:
    """What ``file_origin`` leans on: desktop clients give their pages the privileges of this flag, and no web site has them."""
    async with browser() as opened:
        frame = await said(opened, tmp_path, in_a_frame=True)
        plain = await said(opened, tmp_path, in_a_frame=False)
    async with browser(flags=("--allow-file-access-from-files",)) as opened:
        desktop = await said(opened, tmp_path, in_a_frame=False)
    assert frame == plain == dict.fromkeys(ASKED, "null")
    assert desktop == dict.fromkeys(ASKED, "file://")
    guests = Guests(from_files=True)
    socket, model = ASKED
    assert guests.welcome(desktop[socket], socket, None)
    assert guests.welcome(desktop[model], model, "GET")
    assert guests.welcome(plain[model], model, "GET")
    assert not guests.welcome(frame[socket], socket, None)


async def test_a_page_from_a_file_reads_models_only_where_it_may(tmp_path: Path) -> None:
    theirs = str(user_folder(tmp_path / "theirs"))
    reading = "url => fetch(url).then((answer) => answer.json()).then((model) => model.Version, () => 'refused')"
    (tmp_path / "page.html").write_text("<!doctype html>", encoding="utf-8")
    for allowed, expected in ((True, 3), (False, "refused")):
        place = tmp_path / str(allowed)
        place.mkdir()
        settings = {"folder": theirs, "file_origin": allowed}
        async with hosting(place, settings) as server, browser() as opened:
            page = await (await opened.new_context()).new_page()
            await page.goto((tmp_path / "page.html").as_uri())
            assert await page.evaluate(reading, f"{server.url}/live2d-models/mao/runtime/mao.model3.json") == expected
