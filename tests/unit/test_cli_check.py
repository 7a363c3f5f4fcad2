"""``hayakuchi check``: what it finds, what it asks, and that it asks nobody unless told to."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scripted import ScriptedLLM, ScriptedTTS
from serving import serving, settings_for
from virtual import run_virtual

from hayakuchi.agents import PROVIDERS, AgentConfig
from hayakuchi.cli import check
from hayakuchi.cli.finding import Status
from hayakuchi.cli.findings import inspected, summary
from hayakuchi.cli.languages import mismatch
from hayakuchi.cli.machine import answers_there
from hayakuchi.cli.main import main
from hayakuchi.cli.probe import probed
from hayakuchi.core.block import Block
from hayakuchi.core.errors import Category, ProviderError
from hayakuchi.core.registry import ProviderSpec, Registry
from hayakuchi.orchestrator import characters
from hayakuchi.orchestrator.settings import Component, Settings

CLOSED: list[str] = []


class Model:
    name = "demo_llm"

    class Config(Block):
        fails: bool = False
        hangs: bool = False
        never_closes: bool = False
        base_url: str = ""

    def __init__(self, config: Config) -> None:
        self.config = config

    async def open(self) -> None:
        if self.config.fails:
            raise ProviderError("llm", self.name, Category.CONNECTIVITY, "nobody is there; start it")

    async def probe(self) -> str:
        if self.config.hangs:
            await asyncio.Event().wait()
        return "here I am"

    async def aclose(self) -> None:
        CLOSED.append(self.name)
        if self.config.never_closes:
            await asyncio.Event().wait()


class Other(Model):
    name = "other_llm"


class Voice(Model):
    name = "espeak_tts"

    class Config(Model.Config):
        voice: str = "en-us"


class Mind:
    Config = AgentConfig


REGISTRY = Registry(
    {
        "llm": [ProviderSpec("demo_llm", f"{__name__}:Model"), ProviderSpec("other_llm", f"{__name__}:Other")],
        "tts": [ProviderSpec("espeak_tts", f"{__name__}:Voice"), ProviderSpec("tone_tts", f"{__name__}:Model")],
        "agents": [ProviderSpec("basic_memory_agent", f"{__name__}:Mind")],
        "embeddings": [ProviderSpec("some_embeddings", f"{__name__}:Model")],
    },
    plugins=False,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(characters, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr(check, "default_registry", lambda: REGISTRY)
    (tmp_path / "characters").mkdir()
    write(kiyo="name: Kiyo\npersona: A VTuber.\n")
    CLOSED.clear()
    return tmp_path


def write(conf: str | None = None, **persons: str) -> None:
    if conf is not None:
        Path("conf.yaml").write_text(conf)
    for name, text in persons.items():
        Path(f"characters/{name}.yaml").write_text(text)


def found(conf: str, status: Status) -> list[str]:
    write("server: {port: 0}\n" + conf if "server:" not in conf else conf)
    return [
        f"{finding.subject}: {finding.message}"
        for finding in inspected(None, None, REGISTRY)[0]
        if finding.status is status
    ]


def usable(conf: str) -> Settings:
    write("server: {port: 0}\n" + conf)
    settings = inspected(None, None, REGISTRY)[1]
    assert settings
    return settings


def command(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main(["check", *arguments])
    return caught.value.code


# Without asking


def test_all_is_well():
    write(mao="name: Mao", kai="name: Kai")
    assert found("", Status.OK) == [
        "settings: conf.yaml",
        "character: Kiyo (characters/kiyo.yaml)",
        "characters: 2 more can be read",
        "agent: basic_memory_agent",
        "llm: demo_llm",
        "quick_llm: none: the first words are the reply's own",
        "tts: espeak_tts",
        "asr: none: the character does not listen to a microphone",
        "streaming: first words within 200 ms, cut at the best place for the deadline; audio made 2 segments ahead, sent as "
        "it is made",
        "avatar: the built-in puppet",
        "server: 127.0.0.1, any free port",
    ]
    assert found("", Status.WARN) + found("", Status.PROBLEM) == []


def test_models_and_embeddings_are_listed():
    told = found("models: {big: [demo_llm, other_llm]}\nembeddings: some_embeddings", Status.OK)
    assert [line for line in told if line.startswith(("models", "embeddings"))] == [
        "embeddings: some_embeddings",
        "models: big: demo_llm",
        "models: big: other_llm",
    ]


def test_every_mistake_is_found_at_once_also_in_characters_that_are_not_on_stage():
    write(mao="name: Mao\nwho: 1\nlatency: {x: 1}\n", kai="name: [")
    told = found("what: 1\nlatency: {first_audio_ms: x}\n", Status.PROBLEM)
    beginnings = [
        "settings: conf.yaml:2:1: what: unknown key; known are character, agent, llm, ",
        "settings: conf.yaml:3:27: latency.first_audio_ms: expected a number, found text",
        "characters: characters/kai.yaml:1:8: not valid YAML: ",
        "characters: characters/mao.yaml:2:1: who: unknown key; known are name, avatar, look, ",
        "characters: characters/mao.yaml:3:11: latency.x: unknown key; known are first_audio_ms, streaming_ms, ",
    ]
    assert [line[: len(beginning)] for line, beginning in zip(told, beginnings, strict=True)] == beginnings


def test_a_port_that_is_taken_is_a_problem_with_a_remedy():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (problem,) = found(f"server: {{port: {port}}}", Status.PROBLEM)
    assert problem.startswith(f"server: 127.0.0.1:{port}: ")
    assert "server.port" in problem


@pytest.mark.parametrize("host", ["a" * 70 + ".x", "203.0.113.7", "a..b"])
def test_an_address_that_cannot_be_had(host: str):
    (problem,) = found(f"server: {{host: {host}, port: 9}}", Status.PROBLEM)
    assert problem.startswith(f"server: {host}:9: ")


def test_an_address_that_others_can_reach_is_a_warning():
    (warning,) = found("server: {host: 0.0.0.0, port: 0}", Status.WARN)
    assert "other machines can reach 0.0.0.0" in warning
    assert found("server: {host: 127.0.0.2, port: 0}", Status.WARN) == []
    assert found("server: {host: localhost, port: 0}", Status.WARN) == []
    assert found("server: {host: '::1', port: 0}", Status.WARN) == []


def test_the_avatars_folder(folder: Path):
    assert found("avatar: {model: mao}", Status.PROBLEM) == [
        "avatar: conf.yaml:2:17: avatar.model: there is no folder mao"
    ]
    (folder / "mao").mkdir()
    assert found("avatar: {model: mao}", Status.PROBLEM) == [
        "avatar: conf.yaml:2:17: avatar.model: no *.model3.json in mao"
    ]
    (folder / "mao" / "mao.model3.json").write_text("{}")
    assert "avatar: mao/mao.model3.json" in found("avatar: {model: mao}", Status.OK)


def test_settings_without_effect():
    assert found("llm: [demo_llm, other_llm]", Status.WARN) == [
        "llm: demo_llm always answers, so what stands after it is never used: put it last"
    ]
    assert found("agent: {basic_memory_agent: {enable_streaming: false}}", Status.WARN)[0].startswith(
        "latency: enable_str"
    )
    write(kiyo="name: K\nvoice: {tone_tts: bell, piper: amy, espeek_tts: en}\n")
    assert found("tts: [espeak_tts, tone_tts]", Status.WARN) == [
        "character: characters/kiyo.yaml: persona: is empty, so the model does not know who it plays",
        "character: characters/kiyo.yaml: voice.tone_tts: has no effect, tone_tts has one voice only",
        "character: characters/kiyo.yaml: voice.piper: has no effect, no voice has this name",
        "character: characters/kiyo.yaml: voice.espeek_tts: has no effect, no voice has this name (did you mean "
        "'espeak_tts'?)",
    ]


def test_a_character_may_have_a_voice_of_a_provider_that_is_not_in_use():
    write(kiyo="name: K\npersona: x\nvoice: {tone_tts: bell, espeak_tts: en-gb}\n")
    assert found("tts: espeak_tts", Status.WARN) == []


def test_a_voice_of_the_settings_that_the_characters_own_silences():
    write(kiyo="name: K\npersona: x\nvoice: {espeak_tts: en-gb}\n")
    assert found("tts:\n  espeak_tts:\n    voice: de\n", Status.WARN) == [
        "character: conf.yaml:4:5: tts.espeak_tts.voice: has no effect: characters/kiyo.yaml sets en-gb"
    ]
    (warning,) = found("tts: [{tone_tts: {}}, {espeak_tts: {voice: de}}]", Status.WARN)
    assert warning.startswith("character: conf.yaml:2:37: tts.1.espeak_tts.voice: has no effect")
    assert found("tts: {espeak_tts: {voice: en-gb}}", Status.WARN) == []
    assert found("tts: {espeak_tts: {voice: en-us}}", Status.WARN) == [], "en-us is espeak_tts's default"
    write(kiyo="name: K\npersona: x\n")
    assert "has no effect" not in "".join(found("tts: {espeak_tts: {voice: de}}", Status.WARN))


def test_a_folder_for_phrases_that_cannot_be_written(folder: Path):
    (folder / "file").write_text("")
    assert found("cache: {folder: file/phrases}", Status.WARN) == [
        "cache: cache.folder: cannot write file/phrases: Not a directory; phrases are kept in memory only"
    ]
    assert found("cache: {folder: file/phrases, enabled: false}", Status.WARN) == []
    assert found("cache: {folder: new/phrases}", Status.WARN) == []
    assert not (folder / "new").exists()
    (folder / "kept").mkdir()
    assert found("cache: {folder: kept}", Status.WARN) == []
    assert list((folder / "kept").iterdir()) == []


async def test_our_own_server_on_the_port_is_no_problem(folder: Path):
    async with serving(settings_for(lambda: ScriptedLLM([]), ScriptedTTS)) as (url, _):
        port = int(url.rpartition(":")[2])
        conf = f"server: {{port: {port}}}"
        told = await asyncio.to_thread(found, conf, Status.OK)
        assert await asyncio.to_thread(found, conf, Status.PROBLEM) == []
    assert f"server: 127.0.0.1:{port}: Hayakuchi runs there already" in told


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\n\r\nhello", b'HTTP/1.1 200 OK\r\n\r\n{"status":"ok"}', b"", b"\0" * 200_000]
)
async def test_another_server_on_the_port_is_a_problem(answer: bytes):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (problem,) = await asyncio.to_thread(found, f"server: {{port: {port}}}", Status.PROBLEM)
    assert problem.startswith(f"server: 127.0.0.1:{port}: ")


def test_a_server_that_says_nothing_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        assert not answers_there("127.0.0.1", listener.getsockname()[1], within_s=0.05)
        assert time.monotonic() - started < 5


def test_the_quick_model_is_listed_and_a_reason_is_given_when_it_will_never_be_heard():
    assert "quick_llm: other_llm (base_url=http://a)" in found(
        "quick_llm: {other_llm: {base_url: 'http://a'}}", Status.OK
    )
    (warning,) = found("quick_llm: other_llm", Status.WARN)
    assert warning == "quick_llm: has no effect: the agent basic_memory_agent gives no quick replies"
    quick = Registry(
        {
            "llm": [ProviderSpec("demo_llm", f"{__name__}:Model")],
            "tts": [ProviderSpec("espeak_tts", f"{__name__}:Voice")],
            "agents": PROVIDERS,
        },
        plugins=False,
    )

    def warned(conf: str) -> list[str]:
        write(f"server: {{port: 0}}\nquick_llm: demo_llm\n{conf}")
        return [finding.message for finding in inspected(None, None, quick)[0] if finding.subject == "quick_llm"][1:]

    assert warned("") == []
    assert warned("agent: {basic_memory_agent: {enable_streaming: false}}") == [
        "has no effect: enable_streaming is false, so every reply waits for its end"
    ]
    write(kiyo="name: K\npersona: x\nquick_reply: false\n")
    assert warned("") == ["has no effect: quick_reply is false in the character's file"]


def test_a_voice_that_cannot_read_the_characters_language():
    write(kiyo="name: K\npersona: x\nlanguage: zh-CN\n")
    assert found("", Status.WARN) == [
        "tts: espeak_tts: the voice en-us cannot read Chinese writing, which the character's language (zh-CN) uses"
    ]
    assert found("tts: {espeak_tts: {voice: cmn+f3}}", Status.WARN) == []


@pytest.mark.parametrize(
    ("language", "voice", "voices", "expected"),
    [
        ("en", "en-us+f3", {}, None),
        ("en-GB", "en", {}, None),
        ("no", "nb", {}, None),
        ("zh", "sit/cmn", {}, None),
        ("zh", "en", {"zh": "cmn+f3"}, None),
        ("zh", "en", {"zh": "de"}, "the voice de will pronounce"),
        ("ja", "en", {"zh": "cmn"}, "the voice en cannot read Japanese"),
        ("en", "ru", {}, "the voice ru cannot read Latin"),
        ("de", "en", {}, "the voice en will pronounce"),
    ],
)
def test_languages_and_voices(language: str, voice: str, voices: dict[str, str], expected: str | None):
    problem = mismatch(language, voice, voices)
    assert problem is None if expected is None else problem and problem.startswith(expected)


def test_a_summary_masks_a_password_in_an_address():
    config = Model.Config(base_url="http://me:secret@host/v1")
    assert summary(Component("m", config, Model)) == "m (base_url=http://***@host/v1)"


# The command


def test_the_command_prints_lines_and_ends_with_0_or_1(capsys: pytest.CaptureFixture[str]):
    write("server: {port: 0}")
    assert command() == 0
    out = capsys.readouterr().out
    assert out.startswith("ok       settings   conf.yaml\n")
    assert out.endswith("\nno problems, no warnings\n")
    write("what: 1")
    assert command("-c", "conf.yaml") == 1
    assert capsys.readouterr().out.startswith("problem  settings   conf.yaml:1:1: what: unknown key")
    assert command("-c", "none.yaml") == 1
    assert "problem  settings   none.yaml: cannot read the file: No such file or directory" in capsys.readouterr().out


def test_another_character_can_be_checked(capsys: pytest.CaptureFixture[str]):
    write("server: {port: 0}", mao="name: Mao\npersona: x")
    assert command("--character", "mao") == 0
    assert "Mao (characters/mao.yaml)" in capsys.readouterr().out
    assert command("--character", "moa") == 1
    assert "--character: no character 'moa' (did you mean 'mao'?); available: kiyo, mao" in capsys.readouterr().out


def test_json_has_places(capsys: pytest.CaptureFixture[str]):
    write("server: {port: x}")
    assert command("--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["findings"][0] == {
        "status": "problem",
        "subject": "settings",
        "message": "expected a whole number, found text",
        "file": "conf.yaml",
        "line": 1,
        "column": 16,
        "path": "server.port",
    }
    write("server: {port: 0}")
    assert command("--json") == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_a_terminal_gets_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    write("server: {port: 0}\nwhat: '[bold]'\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert command() == 1
    out = capsys.readouterr().out
    assert "what: unknown key" in out
    assert "1 problem, no warnings" in out


# Asking


def test_the_command_asks_when_told_to(capsys: pytest.CaptureFixture[str]):
    write("server: {port: 0}\nllm: [other_llm: {fails: true}, demo_llm]\n")
    assert command("--probe") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "warn     llm probe  other_llm: nobody is there; start it; demo_llm answers in its place" in lines
    assert "ok       llm probe  demo_llm: here I am" in lines
    assert "ok       tts probe  espeak_tts: here I am" in lines
    write("server: {port: 0}\nllm: {demo_llm: {fails: true}}\n")
    assert command("--probe") == 1
    assert "problem  llm probe  demo_llm: nobody is there; start it" in capsys.readouterr().out


def test_the_quick_model_is_asked_too_and_never_more_than_a_warning(capsys: pytest.CaptureFixture[str]):
    write("server: {port: 0}\nquick_llm: {other_llm: {fails: true}}\n")
    assert command("--probe") == 0
    told = "warn     quick_llm probe other_llm: nobody is there; start it; replies begin without quick words"
    assert told in capsys.readouterr().out.splitlines()
    write("server: {port: 0}\nquick_llm: [other_llm: {fails: true}, demo_llm]\n")
    assert command("--probe") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "warn     quick_llm probe other_llm: nobody is there; start it; demo_llm answers in its place" in lines
    assert "ok       quick_llm probe demo_llm: here I am" in lines


def test_each_provider_has_ten_seconds_and_is_closed():
    settings = usable("llm: [{other_llm: {hangs: true}}, {demo_llm: {hangs: true, never_closes: true}}]")

    async def ask() -> tuple[float, list[str]]:
        start = asyncio.get_running_loop().time()
        told = [f"{finding.status}: {finding.message}" for finding in await probed(settings)]
        return asyncio.get_running_loop().time() - start, told

    seconds, told = run_virtual(ask())
    assert seconds == pytest.approx(15)
    assert told == [
        "problem: other_llm: no answer within 10 s",
        "problem: demo_llm: no answer within 10 s",
        "ok: espeak_tts: here I am",
    ]
    assert sorted(CLOSED) == ["demo_llm", "espeak_tts", "other_llm"]


def test_asking_can_be_cancelled():
    settings = usable("llm: {demo_llm: {hangs: true}}")

    async def ask() -> None:
        async with asyncio.timeout(1):
            await probed(settings)

    with pytest.raises(TimeoutError):
        run_virtual(ask())
    assert sorted(CLOSED) == ["demo_llm", "espeak_tts"]


def test_models_and_embeddings_are_probed(capsys: pytest.CaptureFixture[str]):
    write("server: {port: 0}\nmodels: {big: [demo_llm, {other_llm: {fails: true}}]}\nembeddings: some_embeddings")
    assert command("--probe") == 0
    lines = " ".join(capsys.readouterr().out.split())
    assert "ok models.big probe demo_llm: here I am" in lines
    assert "warn models.big probe other_llm: nobody is there; start it; demo_llm answers in its place" in lines
    assert "ok embeddings probe some_embeddings: here I am" in lines


def test_without_probe_nothing_is_connected_to(folder: Path):
    write("llm: [{openai_llm: {model: m, base_url: 'http://127.0.0.1:9/v1'}}, demo_llm]\nserver: {port: 0}\n")
    program = (
        "import sys\n"
        "def watch(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.sendto', 'socket.getaddrinfo', 'subprocess.Popen', 'os.posix_spawn'):\n"
        "        print('FORBIDDEN', event, arguments)\n"
        "sys.addaudithook(watch)\n"
        "from hayakuchi.cli.main import main\nmain(['check'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FORBIDDEN" not in done.stdout
    assert "openai_llm" in done.stdout
