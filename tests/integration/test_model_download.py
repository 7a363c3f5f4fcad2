"""Downloading a Whisper model from a hub: progress, going on after a cut, mirrors, and every way in which it can fail."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import shutil
import socket
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from canned_whisper import write_canned_whisper
from fake_hub import FakeHub
from leaks import nothing_leaks
from pydantic import ValidationError
from scripted import ScriptedLLM, ScriptedTTS
from serving import settings_for

from hayakuchi.asr import model_download
from hayakuchi.asr.base import Fetching
from hayakuchi.asr.faster_whisper import FasterWhisperASR
from hayakuchi.asr.hub import Hub
from hayakuchi.asr.model_download import Patience
from hayakuchi.asr.whisper_settings import FasterWhisperConfig
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.types import Audio
from hayakuchi.orchestrator.hearing import Hearing, HearingState

BASE = "Systran/faster-whisper-base"
QUICK = Patience(stall_s=0.3, pause_s=0.01)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = write_canned_whisper(tmp_path_factory.mktemp("canned"), "Hello from the hub.")
    return {"README.md": b"# A model\n"} | {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(autouse=True)
def _no_hub_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HOME", "HF_HUB_CACHE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def hub_of(files: dict[str, bytes], **options: Any) -> FakeHub:
    return FakeHub(BASE, files, **options)


def whisper(folder: Path, mirror: str = "", **options: Any) -> FasterWhisperASR:
    return FasterWhisperASR(FasterWhisperConfig(folder=str(folder), mirror=mirror, **options), QUICK)


async def fetched(asr: FasterWhisperASR) -> list[float]:
    told: list[float] = []
    await asr.fetch(told.append)
    return told


async def refused(asr: FasterWhisperASR) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await fetched(asr)
    return caught.value


def model_folder(folder: Path) -> Path:
    return folder / "Systran--faster-whisper-base"


def parts(folder: Path) -> list[str]:
    return sorted(file.name for file in model_folder(folder).glob("*.part"))


async def test_a_model_is_downloaded_and_understands(files: dict[str, bytes], tmp_path: Path) -> None:
    asr = whisper(tmp_path)
    assert isinstance(asr, Fetching)
    wanted = asr.wanted()
    assert wanted
    assert (wanted.name, wanted.command) == ("Whisper base", "uv run hayakuchi model pull base")
    assert 100 < wanted.size_mb < 200
    async with nothing_leaks(), hub_of(files) as hub:
        asr = whisper(tmp_path, hub.url)
        told = await fetched(asr)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3
    assert all(share < 1 for share in told[:-1])
    assert {file.name for file in model_folder(tmp_path).iterdir()} == {*files, ".lock"} - {"README.md"}
    for name in files.keys() - {"README.md"}:
        assert (model_folder(tmp_path) / name).read_bytes() == files[name]
    assert asr.wanted() is None
    await asr.open()
    assert await asr.probe() == "Whisper base, cpu, int8"
    await asr.aclose()


async def test_whoever_listens_first_is_told_of_the_download_and_then_understood(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    async with hub_of(files) as hub:
        settings = settings_for(lambda: ScriptedLLM([]), ScriptedTTS, asr=lambda: whisper(tmp_path, hub.url))
        hearing = Hearing(settings)
        states: list[HearingState] = []
        hearing.observe(lambda status: states.append(status.state))
        await hearing.open()
        transcript = await hearing.transcribe(Audio(bytes(32_000), 16_000), language="en")
        await hearing.aclose()
    assert transcript.text == "Hello from the hub."
    assert list(dict.fromkeys(states)) == [HearingState.LOADING, HearingState.FETCHING, HearingState.READY]
    assert states[-2:] == [HearingState.LOADING, HearingState.READY]


async def test_what_is_there_is_not_asked_for(files: dict[str, bytes], tmp_path: Path) -> None:
    async with hub_of(files) as hub:
        await fetched(whisper(tmp_path, hub.url))
        hub.requests.clear()
        assert await fetched(whisper(tmp_path, hub.url)) == [1.0]
        assert hub.requests == []


async def test_the_mirror_of_the_environment(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_of(files) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url + "/")
        await fetched(whisper(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "hub.example")
    error = await refused(whisper(tmp_path / "other"))
    assert "HF_ENDPOINT must be an address such as https://huggingface.co" in str(error)


async def test_a_connection_that_breaks_is_made_again_and_the_download_goes_on(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    async with hub_of(files, cut=lambda name, nth: 400_000 if name == "model.bin" and nth < 3 else None) as hub:
        told = await fetched(whisper(tmp_path, hub.url))
        starts = [int(re.sub(r"\D", "", of or "0")) for of in hub.asked_for("model.bin")]
    assert len(starts) == 4
    assert all(0 < later - earlier <= 400_000 for earlier, later in pairwise(starts))
    assert told == sorted(told)
    assert (model_folder(tmp_path) / "model.bin").read_bytes() == files["model.bin"]


async def test_a_later_download_goes_on_where_an_earlier_one_was_cancelled(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    async with hub_of(
        files, stall=True, cut=lambda name, nth: 500_000 if name == "model.bin" and nth == 0 else None
    ) as hub:
        patient = FasterWhisperASR(FasterWhisperConfig(folder=str(tmp_path), mirror=hub.url), Patience(stall_s=60))
        async with nothing_leaks():
            before = len(files["config.json"])
            size = sum(len(content) for name, content in files.items() if name != "README.md")
            half = asyncio.Event()
            loop = asyncio.get_running_loop()

            def tell(share: float) -> None:
                if share >= (before + 500_000) / size:
                    half.set()

            async with asyncio.TaskGroup() as group:
                task = group.create_task(patient.fetch(tell))
                await half.wait()
                started = loop.time()
                task.cancel()
                await asyncio.wait([task])
                assert loop.time() - started < 1
        assert patient.wanted() is not None
        assert len(parts(tmp_path)) >= 1
        await fetched(whisper(tmp_path, hub.url))
        assert hub.asked_for("model.bin") == [None, "bytes=500000-"]
    assert parts(tmp_path) == []
    assert (model_folder(tmp_path) / "model.bin").read_bytes() == files["model.bin"]


async def test_a_hub_that_cannot_go_on_in_the_middle_is_asked_for_everything_again(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    def cut(name: str, nth: int) -> int | None:
        return 300_000 if name == "model.bin" and nth == 0 else None

    async with hub_of(files, ranges=False, cut=cut) as hub:
        await fetched(whisper(tmp_path, hub.url))
    assert (model_folder(tmp_path) / "model.bin").read_bytes() == files["model.bin"]


async def test_a_hub_that_always_breaks_off_at_the_same_place_is_given_up(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    def cut(name: str, nth: int) -> int | None:
        return 300_000 if name == "model.bin" else None

    async with hub_of(files, ranges=False, cut=cut) as hub:
        error = await refused(whisper(tmp_path, hub.url))
        assert 1 + model_download.TRIES <= len(hub.asked_for("model.bin")) < 12
    assert error.category is Category.CONNECTIVITY
    assert f"the connection to {hub.url} broke off" in str(error)


async def test_a_hub_that_says_nothing_is_waited_for_only_so_long(files: dict[str, bytes], tmp_path: Path) -> None:
    async with hub_of(files, stall=True, cut=lambda name, nth: 0) as hub:
        error = await refused(whisper(tmp_path, hub.url))
    assert error.category is Category.TIMEOUT
    assert str(error).startswith(
        f"faster_whisper: {hub.url} sent nothing, or next to nothing, for 0.3 s; Whisper base is not downloaded"
    )


async def test_a_listing_that_trickles_is_not_read_to_its_end(tmp_path: Path) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.05)
        writer.close()
        over.set()

    over = asyncio.Event()

    async with await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        error = await refused(whisper(tmp_path, url))
        await over.wait()
    assert error.category is Category.TIMEOUT


async def test_a_file_that_came_whole_before_is_asked_for_again_where_its_size_is_not_told(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    model_folder(tmp_path).mkdir()
    async with hub_of(files, sizes=False) as hub:
        part = model_folder(tmp_path) / f"model.bin.{hub.commit[:12]}.part"
        part.write_bytes(files["model.bin"])
        await fetched(whisper(tmp_path, hub.url))
        assert hub.asked_for("model.bin") == [f"bytes={len(files['model.bin'])}-", None]
    assert (model_folder(tmp_path) / "model.bin").read_bytes() == files["model.bin"]


async def test_errors_say_where_what_setting_and_which_command(files: dict[str, bytes], tmp_path: Path) -> None:
    async with FakeHub("someone/else", files) as hub:
        error = await refused(whisper(tmp_path, hub.url))
    assert error.category is Category.NOT_FOUND
    assert f"{hub.url} does not have {BASE}, or not for everybody (HTTP 401)" in str(error)
    assert "mirror:" in str(error)
    assert str(error).endswith("uv run hayakuchi model pull base")


@pytest.mark.parametrize(
    ("path", "status", "category", "asked"),
    [
        ("/api", 404, Category.NOT_FOUND, 1),
        ("/api", 503, Category.UNAVAILABLE, 1 + model_download.TRIES),
        ("/api", 429, Category.RATE_LIMITED, 1 + model_download.TRIES),
        ("/storage", 403, Category.NOT_FOUND, None),
        ("/storage", 500, Category.UNAVAILABLE, None),
        ("/api", 400, Category.INVALID_REQUEST, 1),
    ],
)
async def test_what_a_hub_refuses(
    files: dict[str, bytes], tmp_path: Path, path: str, status: int, category: Category, asked: int | None
) -> None:
    async with hub_of(files, refuse=lambda asked_for: status if asked_for.startswith(path) else None) as hub:
        error = await refused(whisper(tmp_path, hub.url))
        assert asked is None or len(hub.requests) == asked
    assert error.category is category
    assert f"(HTTP {status})" in str(error)


async def test_a_hub_that_recovers(files: dict[str, bytes], tmp_path: Path) -> None:
    hub = hub_of(files)
    hub.refuse = lambda path: 503 if len(hub.requests) in (1, 4) else None
    async with hub:
        await fetched(whisper(tmp_path, hub.url))
    assert (model_folder(tmp_path) / "model.bin").exists()


async def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    started = asyncio.get_running_loop().time()
    error = await refused(whisper(tmp_path, f"http://127.0.0.1:{port}"))
    assert f"nothing answers at http://127.0.0.1:{port}" in str(error)
    error = await refused(whisper(tmp_path, "http://no-such-host.invalid"))
    assert "the host of http://no-such-host.invalid is not known" in str(error)
    assert asyncio.get_running_loop().time() - started < 30


async def test_a_proxy_of_another_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    error = await refused(whisper(tmp_path, "http://hub.example"))
    assert "the proxy that the environment names (HTTPS_PROXY) does not let it through, or is no HTTP proxy" in str(
        error
    )


@pytest.mark.parametrize("mirror", ["http://exa mple", "http://[::1", "http://" + "a" * 70 + ".example"])
async def test_an_address_that_only_looks_like_one(tmp_path: Path, mirror: str) -> None:
    try:
        asr = whisper(tmp_path, mirror)
    except ValidationError:
        return
    assert mirror in str(await refused(asr))


async def test_a_proxy_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    error = await refused(whisper(tmp_path, "http://hub.example"))
    assert "proxy" in str(error)


@pytest.mark.parametrize("answer", [b"<html>login</html>", b'{"sha": 5, "siblings": []}', b"[]", b"\xff"])
async def test_something_that_is_no_hub(tmp_path: Path, answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        error = await refused(whisper(tmp_path, url))
    assert f"what answers at {url} is no model hub" in str(error)


async def test_a_repository_in_another_form(files: dict[str, bytes], tmp_path: Path) -> None:
    others = {name: content for name, content in files.items() if name not in ("model.bin", "vocabulary.json")}
    async with hub_of(others) as hub:
        error = await refused(whisper(tmp_path, hub.url))
    assert "not in the form of CTranslate2" in str(error)


async def test_a_damaged_file_never_gets_its_name(files: dict[str, bytes], tmp_path: Path) -> None:
    hub = hub_of(files)
    hub.digest = lambda name: "0" * 64
    async with hub:
        error = await refused(whisper(tmp_path, hub.url))
    assert error.category is Category.BAD_OUTPUT
    assert "what came of model.bin is damaged, and was thrown away" in str(error)
    assert not (model_folder(tmp_path) / "model.bin").exists()
    assert not any("model.bin" in name for name in parts(tmp_path))


async def test_a_mirror_that_tells_no_sizes(files: dict[str, bytes], tmp_path: Path) -> None:
    async with hub_of(
        files, sizes=False, cut=lambda name, nth: 500_000 if name == "model.bin" and nth == 0 else None
    ) as hub:
        told = await fetched(whisper(tmp_path, hub.url))
    assert told == sorted(told)
    assert (model_folder(tmp_path) / "model.bin").read_bytes() == files["model.bin"]


async def test_what_was_begun_of_another_version_is_not_mixed_in(files: dict[str, bytes], tmp_path: Path) -> None:
    def stops(name: str, nth: int) -> int | None:
        return None if name != "model.bin" else 0 if nth else 500_000

    async with hub_of(files, stall=True, cut=stops) as hub:
        await refused(whisper(tmp_path, hub.url))
    assert any(name.startswith("model.bin.") for name in parts(tmp_path))
    changed = files | {"model.bin": files["model.bin"][::-1]}
    async with FakeHub(BASE, changed, commit="0a1b" * 10) as hub:
        await fetched(whisper(tmp_path, hub.url))
    assert (model_folder(tmp_path) / "model.bin").read_bytes() == changed["model.bin"]
    assert parts(tmp_path) == []


async def test_a_full_disk(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=1000))
    async with hub_of(files) as hub:
        error = await refused(whisper(tmp_path, hub.url))
        assert hub.asked_for("model.bin") == []
    assert f"no room for 2 MB in {model_folder(tmp_path)}: free some, or set another folder" in str(error)
    monkeypatch.undo()

    def full(part: Any, at: int, piece: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("hayakuchi.asr.part_file.PartFile.write", full)
    async with hub_of(files) as hub:
        assert "no room for 2 MB" in str(await refused(whisper(tmp_path, hub.url)))


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = await refused(whisper(tmp_path / "file", "http://127.0.0.1:9"))
    assert f"cannot write into {model_folder(tmp_path / 'file')} (Not a directory)" in str(error)


async def test_two_that_want_the_same_download_it_once(files: dict[str, bytes], tmp_path: Path) -> None:
    release = asyncio.Event()
    async with hub_of(files, slow=release, cut=lambda name, nth: 500_000 if name == "model.bin" else None) as hub:
        async with asyncio.TaskGroup() as group:
            one = group.create_task(fetched(FasterWhisperASR(whisper(tmp_path, hub.url).config)))
            await hub.waiting.wait()
            other = group.create_task(fetched(FasterWhisperASR(whisper(tmp_path, hub.url).config)))
            await asyncio.sleep(0.2)
            release.set()
        assert len(hub.asked_for("model.bin")) == 1
    assert one.result()[-1] == other.result()[-1] == 1.0


async def test_another_program_that_gets_stuck_is_not_waited_for_for_ever(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    async with hub_of(files, stall=True, cut=lambda name, nth: 500_000 if name == "model.bin" else None) as hub:
        stuck = FasterWhisperASR(FasterWhisperConfig(folder=str(tmp_path), mirror=hub.url), Patience(stall_s=60))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(stuck.fetch(lambda share: None))
            await hub.waiting.wait()
            error = await refused(whisper(tmp_path, hub.url))
            task.cancel()
    assert "another program is downloading into" in str(error)


async def test_without_permission_the_network_is_never_touched(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_of(files) as hub:
        asr = whisper(tmp_path, hub.url, local_files_only=True)
        assert asr.wanted() is None
        for call in (asr.open(), asr.fetch(lambda share: None)):
            with pytest.raises(ProviderError, match="local_files_only forbids to fetch it") as caught:
                await call
            assert str(model_folder(tmp_path)) in str(caught.value)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(ProviderError, match="HF_HUB_OFFLINE forbids to fetch it"):
            await whisper(tmp_path, hub.url).open()
        assert hub.requests == []


async def test_opening_without_the_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="not downloaded yet: uv run hayakuchi model pull base"):
        await whisper(tmp_path).open()


async def test_what_hugging_faces_own_program_has_downloaded_is_found(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import snapshot_download

    asr = whisper(tmp_path / "ours")
    assert asr.wanted() is not None
    async with hub_of(files) as hub:
        await asyncio.to_thread(snapshot_download, BASE, cache_dir=tmp_path / "hub", endpoint=hub.url, token=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert asr.wanted() is None
    assert (tmp_path / "hub") in asr.located().parents


@pytest.mark.parametrize(
    ("url", "warns"),
    [
        ("http://mirror.lan:8081/hf", True),
        ("https://mirror.lan", False),
        ("http://127.0.0.1:8081", False),
        ("http://[::1]", False),
        ("http://localhost", False),
    ],
)
async def test_a_model_that_comes_unencrypted_is_warned_of(
    url: str, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with Hub(url, BASE, provider="faster_whisper", remedy="", stall_s=1):
            pass
    told = [f"{BASE} comes from {url} unencrypted, so that others on the way can change it: use an https:// address"]
    assert [record.message for record in caplog.records] == told * warns
