"""conf.yaml and a character file into Settings, and what is said when they are wrong."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, SecretStr

from hayakuchi.agents import AgentConfig
from hayakuchi.core.block import Block
from hayakuchi.core.registry import ProviderSpec, Registry
from hayakuchi.orchestrator import characters, loader
from hayakuchi.orchestrator.loader import load_settings, settings_file
from hayakuchi.orchestrator.problems import ConfigErrors
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.remarks import Remarks
from hayakuchi.orchestrator.settings import Settings


class Demo:
    name = "demo_llm"

    class Config(Block):
        seed: int = 0


class OpenAI:
    name = "openai_llm"

    class Config(Block):
        model: str
        base_url: str = "http://127.0.0.1:11434/v1"
        api_key: SecretStr = SecretStr("none")
        temperature: float = Field(default=0.7, ge=0, le=2)
        headers: dict[str, str] = Field(default_factory=dict)


class Voice:
    name = "espeak_tts"

    class Config(Block):
        voice: str = "en"
        rate: int = Field(default=175, ge=80, le=450)
        quality: Literal["fast", "high"] = "fast"


class Tone:
    name = "tone_tts"

    class Config(Block):
        hertz: float = 440


class Memory:
    name = "basic_memory_agent"

    class Config(AgentConfig): ...


class Stranger:
    name = "strange_agent"

    class Config(Block):
        stream_buffer_size: int = 5


class Bare:
    name = "bare_agent"


class Embeddings:
    name = "some_embeddings"

    class Config(Block):
        model: str


REGISTRY = Registry(
    {
        "llm": (
            ProviderSpec("demo_llm", f"{__name__}:Demo"),
            ProviderSpec("openai_llm", f"{__name__}:OpenAI"),
            ProviderSpec("absent_llm", "no_such_package.llm:LLM", extra="absent"),
        ),
        "tts": (ProviderSpec("espeak_tts", f"{__name__}:Voice"), ProviderSpec("tone_tts", f"{__name__}:Tone")),
        "agents": (ProviderSpec("basic_memory_agent", f"{__name__}:Memory"),),
        "embeddings": (ProviderSpec("some_embeddings", f"{__name__}:Embeddings"),),
    },
    plugins=False,
)
KEY = "sk-verysecret0123456789"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a character, and no shipped ones."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(characters, "SHIPPED", tmp_path / "shipped")
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "kiyo.yaml").write_text("name: Kiyo\n")
    return tmp_path


def load(conf: str, kiyo: str | None = None, character: str | None = None, **environ: str) -> Settings:
    Path("conf.yaml").write_text(conf, encoding="utf-8")
    if kiyo is not None:
        Path("characters/kiyo.yaml").write_text(kiyo, encoding="utf-8")
    return load_settings(Path("conf.yaml"), character=character, registry=REGISTRY, environ=environ)


def mistakes(conf: str, kiyo: str | None = None, character: str | None = None, **environ: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        load(conf, kiyo, character, **environ)
    assert str(caught.value) == str(caught.value.problems[0])
    assert caught.value.problems == (caught.value.problems[0], *caught.value.others)
    return [str(problem) for problem in caught.value.problems]


# What is read


def test_an_empty_file_gives_the_defaults(folder: Path):
    settings = load("")
    assert settings.character.name == "Kiyo"
    assert settings.character_file == Path("characters/kiyo.yaml")
    assert settings.files == (Path("conf.yaml"), Path("characters/kiyo.yaml"))
    assert (settings.server.host, settings.server.port, settings.server.open_browser) == ("127.0.0.1", 12393, True)
    assert (settings.agent.name, settings.agent.provider) == ("basic_memory_agent", Memory)
    assert [component.name for component in settings.llm] == ["demo_llm"]
    assert [component.name for component in settings.tts] == ["espeak_tts"]
    assert settings.asr == settings.quick_llm == ()
    assert settings.latency.first_audio_ms == 500
    assert settings.playback.max_ahead_ms == 400


def test_sections_that_are_left_blank_are_defaults(folder: Path):
    settings = load("character:\nserver:\nllm:\ntts:\nasr: []\navatar:\ngateway:\n")
    assert [component.name for component in settings.llm] == ["demo_llm"]
    assert settings.gateway.max_sessions == 256


@pytest.mark.parametrize(
    "section",
    ["llm: demo_llm", "llm: [demo_llm]", "llm: {demo_llm: {}}", "llm: {demo_llm: }", "llm:\n  - demo_llm:\n"],
)
def test_every_way_to_name_a_provider(folder: Path, section: str):
    (component,) = load(section).llm
    assert (component.name, component.provider, component.config) == ("demo_llm", Demo, Demo.Config())


def test_a_list_is_a_chain(folder: Path):
    conf = "llm:\n  - openai_llm: {model: '${M:-qwen}', api_key: '${K}'}\n  - openai_llm: {model: b}\n  - demo_llm\n"
    first, second, third = load(conf, K=KEY).llm
    assert (first.config.model, second.config.model, third.name) == ("qwen", "b", "demo_llm")
    assert first.config.api_key.get_secret_value() == KEY


def test_a_variable_can_be_a_number(folder: Path):
    assert load("server: {port: '${PORT:-0}'}").server.port == 0
    assert load("server:\n  port: ${PORT:-0}", PORT="81").server.port == 81


@pytest.mark.parametrize(("written", "text"), [("1.10", "1.10"), ("0x1F", "0x1F"), ("true", "true"), ("no", "no")])
def test_text_stays_as_it_was_written(folder: Path, written: str, text: str):
    settings = load(f"llm: {{openai_llm: {{model: {written}, api_key: {written}}}}}", f"name: {written}")
    assert settings.character.name == text
    assert settings.llm[0].config.model == text
    assert settings.llm[0].config.api_key.get_secret_value() == text


def test_a_key_of_digits_from_the_environment_is_text(folder: Path):
    (component,) = load("llm:\n  openai_llm:\n    model: m\n    api_key: ${K}", K="0123456").llm
    assert component.config.api_key.get_secret_value() == "0123456"


def test_only_what_is_named_is_imported(tmp_path: Path):
    (tmp_path / "conf.yaml").write_text("llm: used_llm\ntts: used_tts\n")
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "kiyo.yaml").write_text("name: Kiyo")
    body = "from hayakuchi.agents import AgentConfig\nclass P:\n    class Config(AgentConfig): pass\n"
    for name in ("used_llm", "used_tts", "unused_llm", "unused_tts", "an_agent"):
        (tmp_path / f"{name}_module.py").write_text(body)
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from hayakuchi.core.registry import ProviderSpec as S, Registry\n"
        "from hayakuchi.orchestrator.loader import load_settings\n"
        "specs = lambda *names: [S(name, name.replace('basic_memory', 'an') + '_module:P') for name in names]\n"
        "registry = Registry({'llm': specs('used_llm', 'unused_llm'), 'tts': specs('used_tts', 'unused_tts'),\n"
        "    'agents': specs('basic_memory_agent')})\n"
        "load_settings(registry=registry)\n"
        "print(*sorted(name for name in sys.modules if name.endswith('_module')))\n"
        "print(*sorted({'fastapi', 'aiohttp', 'numpy', 'rich', 'typer', 'uvicorn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["an_agent_module used_llm_module used_tts_module", "", ""]


def test_the_file_in_the_current_folder_wins_over_the_shipped_one(folder: Path):
    assert settings_file() == loader.SHIPPED
    Path("conf.yaml").write_text("")
    assert settings_file() == Path("conf.yaml")
    assert settings_file(Path("other.yaml")) == Path("other.yaml")


def test_the_default_registry_knows_the_rooms_providers():
    registry = default_registry()
    assert "demo_llm" in registry.names("llm")
    assert "espeak_tts" in registry.names("tts")
    assert "basic_memory_agent" in registry.names("agents")


# Mistakes


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ("sever: {}", "conf.yaml:1:1: sever: unknown key (did you mean 'server'?)"),
        (
            "tts:\n  - tone_tts: {}\n  - espeak_tts: {voise: en}\n",
            "conf.yaml:3:18: tts.1.espeak_tts.voise: unknown key (did you mean 'voice'?)",
        ),
        (
            "tts:\n  espeak_tts:\n    zzz: 1\n",
            "conf.yaml:3:5: tts.espeak_tts.zzz: unknown key; known are voice, rate, quality",
        ),
        ("llm:\n  openai_llm:\n", "conf.yaml:2:3: llm.openai_llm: missing key 'model'"),
        ("llm: openai_llm", "conf.yaml:1:6: llm.openai_llm: missing key 'model'"),
        ("server:\n  port: lots", "conf.yaml:2:9: server.port: expected a whole number, found text"),
        ("server:\n  port: [1]", "conf.yaml:2:9: server.port: expected a whole number, found a list"),
        ("server:\n  port: 1.5", "conf.yaml:2:9: server.port: expected a whole number, found a number"),
        ("server:\n  port:", "conf.yaml:2:8: server.port: expected a whole number, found nothing"),
        ("server:\n  port: 70000", "conf.yaml:2:9: server.port: must be at most 65535"),
        ("server: {open_browser: maybe}", "conf.yaml:1:24: server.open_browser: expected true or false, found text"),
        ("server: 12393", "conf.yaml:1:9: server: expected a mapping (key: value), found a whole number"),
        ("server: {host: http://x}", "conf.yaml:1:16: server.host: has not the expected form: Address to listen on"),
        ("latency: {first_audio_ms: .nan}", "conf.yaml:1:27: latency.first_audio_ms: must be a finite number"),
        ("avatar: {model: {}}", "conf.yaml:1:17: avatar.model: expected text, found a mapping"),
        ("avatar: {model: ''}", "conf.yaml:1:17: avatar.model: must have at least 1 character"),
        ("gateway: {auth: {enable: 1}}", "conf.yaml:1:18: gateway.auth.enable: unknown key (did you mean 'enabled'?)"),
        ("gateway: {cors: 'http://a'}", "conf.yaml:1:17: gateway.cors: expected a list, found text"),
        ("gateway:\n  cors: ['http://a', '*']", "conf.yaml:2:22: gateway.cors.1: an origin has the form scheme://host"),
        ("playback: {max_ahead_ms: 99}", "conf.yaml:1:26: playback.max_ahead_ms: must be at least 100"),
        (
            "tts: {espeak_tts: {quality: hihg}}",
            "conf.yaml:1:29: tts.espeak_tts.quality: expected 'fast' or 'high' (did you mean 'high'?)",
        ),
        ("tts: {espeak_tts: loud}", "conf.yaml:1:19: tts.espeak_tts: expected a mapping (key: value), found text"),
        (
            "llm:\n  - opena_llm: {}",
            "conf.yaml:2:5: llm.0: no llm provider 'opena_llm' (did you mean 'openai_llm'?); known: absent_llm, demo_llm",
        ),
        ("asr: whisper", "conf.yaml:1:6: asr: no asr provider 'whisper'; known: none is installed"),
        (
            "llm: 5",
            "conf.yaml:1:6: llm: expected the name of a provider, found a whole number; known: absent_llm, demo_llm",
        ),
        ("llm: []", "conf.yaml:1:6: llm: the list is empty; name a provider"),
        ("llm: [" + "demo_llm, " * 9 + "]", "conf.yaml:1:6: llm: a chain has at most 8 providers"),
        ("agent: [basic_memory_agent]", "conf.yaml:1:8: agent: takes one provider, not a list"),
        (
            "llm:\n  openai_llm: {model: m}\n  demo_llm: {}\n",
            "conf.yaml:3:3: llm: names 2 providers; a chain is a list: - openai_llm: … - demo_llm: …",
        ),
        (
            "llm:\n  openai_llm:\n  model: m\n",
            "conf.yaml:3:3: llm: one provider is expected here; the settings of openai_llm stand indented below its name",
        ),
        ("llm: {provider: x, model: y}", "conf.yaml:1:20: llm: expected one provider by name, for example absent_llm"),
        (
            "llm:\n  - absent_llm",
            "conf.yaml:2:5: llm.0.absent_llm: needs the Python package 'no_such_package', which is not installed; "
            "try: pip install 'hayakuchi[absent]'",
        ),
        ("character: [a]", "conf.yaml:1:12: character: expected the name of a character, or the path of its file"),
        ("character: kiyoo", "conf.yaml:1:12: character: no character 'kiyoo' (did you mean 'kiyo'?); available: kiyo"),
        ("character: ../kiyo", "conf.yaml:1:12: character: a character is a plain name, or the path of a .yaml file"),
        ("character: ..", "conf.yaml:1:12: character: no character '..'; available: kiyo"),
        ("character: nowhere/x.yaml", "conf.yaml:1:12: character: there is no character file 'nowhere/x.yaml'"),
        (
            "server:\n  port: ${PORT:-x}",
            "conf.yaml:2:9: server.port: expected a whole number, found text (from ${PORT})",
        ),
        ("server: [", "conf.yaml:1:10: not valid YAML"),
        (
            "server: {port: ${PORT}}",
            "conf.yaml:1:17: not valid YAML: while parsing a flow mapping expected ',' or '}', but got '{'; between braces, "
            "put ${…} in quotes",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(folder: Path, conf: str, expected: str):
    assert mistakes(conf)[0].startswith(expected)


def test_all_mistakes_are_told_in_the_order_of_the_files(folder: Path):
    conf = "tts: {tone_tts: {hertz: x}}\nserver: {port: x}\nllm:\n  - nobody\n  - openai_llm: {modle: m}\nwhat: 1\n"
    found = mistakes(conf, "name: ''\nwho: 1\nplayback: {prefetch: 99}\n")
    assert [problem.split(": ")[0] for problem in found] == [
        "conf.yaml:1:25",
        "conf.yaml:2:16",
        "conf.yaml:4:5",
        "conf.yaml:5:5",
        "conf.yaml:5:18",
        "conf.yaml:6:1",
        "characters/kiyo.yaml:1:7",
        "characters/kiyo.yaml:2:1",
        "characters/kiyo.yaml:3:22",
    ]


def test_a_missing_file_and_a_missing_default_character(folder: Path):
    with pytest.raises(ConfigErrors, match=r"^none.yaml: cannot read the file"):
        load_settings(Path("none.yaml"), registry=REGISTRY)
    Path("characters/kiyo.yaml").unlink()
    assert mistakes("") == ["conf.yaml: character: no character 'kiyo'; available: there is no file in characters/"]


def test_files_outside_the_current_folder_are_named_in_full(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "conf.yaml").write_text("what: 1")
    monkeypatch.chdir(folder / "shipped")
    with pytest.raises(ConfigErrors) as caught:
        load_settings(folder / "conf.yaml", registry=REGISTRY)
    assert str(caught.value).startswith(f"{(folder / 'conf.yaml').as_posix()}:1:1: what: unknown key")


# Characters


def test_the_folder_beside_the_file_wins_over_the_shipped_characters(folder: Path):
    (folder / "shipped" / "kiyo.yaml").write_text("name: Shipped Kiyo")
    (folder / "shipped" / "mao.yaml").write_text("name: Mao")
    assert load("").character.name == "Kiyo"
    assert load("character: mao").character.name == "Mao"
    assert load("character: kiyo", character="mao").character.name == "Mao"
    assert mistakes("", character="moa") == [
        "--character: no character 'moa' (did you mean 'mao'?); available: kiyo, mao"
    ]


def test_a_character_can_be_the_path_of_a_file(folder: Path):
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "own.yaml").write_text("name: Own")
    assert load("character: elsewhere/own.yaml").character.name == "Own"
    assert load("", character=str(folder / "elsewhere" / "own.yaml")).character.name == "Own"


def test_a_character_overrides_blocks_key_by_key_and_chains_as_a_whole(folder: Path):
    conf = "latency: {first_audio_ms: 1, streaming_ms: 2}\nllm: {openai_llm: {model: m}}\ntts: [tone_tts, espeak_tts]\n"
    settings = load(conf, "name: K\nlatency: {streaming_ms: 9}\nllm: demo_llm\ntts:\n")
    assert (settings.latency.first_audio_ms, settings.latency.streaming_ms) == (1, 9)
    assert [component.name for component in settings.llm] == ["demo_llm"]
    assert [component.name for component in settings.tts] == ["tone_tts", "espeak_tts"]


def test_the_model_for_quick_replies_and_a_character_without_them(folder: Path):
    settings = load("quick_llm: [{openai_llm: {model: tiny}}, demo_llm]")
    assert [component.name for component in settings.quick_llm] == ["openai_llm", "demo_llm"]
    assert settings.quick_llm[0].config.model == "tiny"
    assert settings.character.quick_reply
    assert [component.name for component in load("", "name: K\nquick_llm: demo_llm\n").quick_llm] == ["demo_llm"]
    assert not load("quick_llm: demo_llm", "name: K\nquick_reply: false\n").character.quick_reply
    (mistake,) = mistakes("quick_llm: {openai_llm: {temperature: 1}}")
    assert mistake.startswith("conf.yaml:1:13: quick_llm.openai_llm: missing key")


def test_a_characters_voice_wins_where_the_provider_has_one(folder: Path):
    kiyo = "name: K\nvoice: {espeak_tts: en-us+f3, tone_tts: bell, piper_tts: amy}\n"
    tone, espeak = load("tts: [tone_tts, {espeak_tts: {voice: de, rate: 100}}]", kiyo).tts
    assert tone.config == Tone.Config()
    assert (espeak.config.voice, espeak.config.rate) == ("en-us+f3", 100)


def test_a_voice_that_is_wrong_is_told_also_where_the_characters_own_wins(folder: Path):
    kiyo = "name: K\nvoice: {espeak_tts: en-us+f3}\n"
    found = mistakes("tts:\n  espeak_tts:\n    voice: [a]\n    rate: 1\n", kiyo)
    assert found == [
        "conf.yaml:3:12: tts.espeak_tts.voice: expected text, found a list",
        "conf.yaml:4:11: tts.espeak_tts.rate: must be at least 80",
    ]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("openai_llm", "openai_llm is a model: put it under llm:"),
        ("espeak_tts", "espeak_tts is a voice: put it under tts:"),
        ("basic_memory_agent", "basic_memory_agent is an agent: put it under agent:"),
    ],
)
def test_a_providers_block_at_the_top_is_told_its_place(name: str, remedy: str, folder: Path):
    assert mistakes(f"{name}: {{}}") == [f"conf.yaml:1:1: {name}: unknown key: {remedy}"]


def test_a_voice_from_the_environment_is_not_shown(folder: Path):
    remarks = Remarks()
    (folder / "conf.yaml").write_text("tts: {espeak_tts: {voice: de}}")
    (folder / "characters" / "kiyo.yaml").write_text('name: K\nvoice: {espeak_tts: "${VOICE}"}\n')
    load_settings(Path("conf.yaml"), registry=REGISTRY, environ={"VOICE": KEY}, remarks=remarks)
    (told,) = map(str, remarks.without_effect)
    assert told == "conf.yaml:1:20: tts.espeak_tts.voice: has no effect: characters/kiyo.yaml sets another"


def test_a_voice_that_is_wrong_is_told_where_it_stands(folder: Path):
    found = mistakes("tts: espeak_tts", "name: K\nvoice:\n  espeak_tts: [a]\n")
    assert "characters/kiyo.yaml:3:15: tts.espeak_tts.voice: expected text, found a list" in found
    assert "characters/kiyo.yaml:3:15: voice.espeak_tts: expected text, found a list" in found


def test_an_override_that_is_wrong_is_told_where_it_stands(folder: Path):
    conf = "latency: {first_audio_ms: 1}\n"
    found = mistakes(conf, "name: K\nlatency:\n  first_audio_ms: soon\nserver: {port: 1}\nllm:\n  - opnai_llm\n")
    assert found == [
        "characters/kiyo.yaml:3:19: latency.first_audio_ms: expected a number, found text",
        "characters/kiyo.yaml:4:1: server: a character cannot change the server; set this in conf.yaml",
        "characters/kiyo.yaml:6:5: llm.0: no llm provider 'opnai_llm' (did you mean 'openai_llm'?); "
        "known: absent_llm, demo_llm, openai_llm",
    ]


@pytest.mark.parametrize(
    ("kiyo", "expected"),
    [
        ("persona: x", "characters/kiyo.yaml:1:1: missing key 'name'"),
        (
            "name: x\nopening_lin: y",
            "characters/kiyo.yaml:2:1: opening_lin: unknown key (did you mean 'opening_line'?)",
        ),
        ("name: x\nlanguage: English", "characters/kiyo.yaml:2:11: language: has not the expected form: BCP 47 tag"),
        ("name: x\nexpressions: [[joy]]", "characters/kiyo.yaml:2:14: expressions: expected a mapping"),
        (
            "name: x\nexpressions: {joy: {P: .inf}}",
            "characters/kiyo.yaml:2:24: expressions.joy.P: must be a finite number",
        ),
        ("name: x\nfillers: hm", "characters/kiyo.yaml:2:10: fillers: expected a list, found text"),
        ("name: x\nfillers: [a, [b]]", "characters/kiyo.yaml:2:14: fillers.1: expected text, found a list"),
        ("name: x\nfillers: {en: hm}", "characters/kiyo.yaml:2:15: fillers.en: expected a list, found text"),
        ("name: x\nfillers: {en: []}", "characters/kiyo.yaml:2:10: fillers: a language of the fillers has none"),
        (
            "name: x\nfillers: {english: [hm]}",
            "characters/kiyo.yaml:2:10: fillers: fillers by language have languages as keys, without a region: en, zh, ja",
        ),
        ("name: [", "characters/kiyo.yaml:1:8: not valid YAML"),
    ],
)
def test_a_mistake_in_a_character_file(folder: Path, kiyo: str, expected: str):
    assert mistakes("", kiyo)[0].startswith(expected)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("[Hmm., 42]", ("Hmm.", "42")),
        ("{en: [Hmm.], ja: [えっと、, 1.50]}", {"en": ("Hmm.",), "ja": ("えっと、", "1.50")}),
        ("{}", {}),
    ],
)
def test_fillers_are_a_list_or_lists_by_language(folder: Path, written: str, found: object):
    assert load("", f"name: x\nfillers: {written}\n").character.fillers == found


@pytest.mark.parametrize("name", ["strange_agent", "bare_agent"])
def test_an_agent_whose_settings_are_not_those_of_an_agent(folder: Path, name: str):
    agents = [ProviderSpec("strange_agent", f"{__name__}:Stranger"), ProviderSpec("bare_agent", f"{__name__}:Bare")]
    llm, tts = [ProviderSpec("llm_x", f"{__name__}:Demo")], [ProviderSpec("tts_x", f"{__name__}:Tone")]
    registry = Registry({"llm": llm, "tts": tts, "agents": agents}, plugins=False)
    Path("conf.yaml").write_text(f"agent:\n  {name}: {{}}\nllm: llm_x\ntts: tts_x\n")
    with pytest.raises(ConfigErrors) as caught:
        load_settings(Path("conf.yaml"), registry=registry, environ={})
    assert [str(problem) for problem in caught.value.problems] == [
        f"conf.yaml:2:3: agent.{name}: agent {name!r} cannot be used: its Config must be an AgentConfig "
        "(hayakuchi.agents.AgentConfig)"
    ]


def test_a_picture_and_a_model_of_a_character(folder: Path):
    settings = load("avatar: {model: models/a}", "name: K\navatar: K.png\n")
    assert settings.character.avatar == "K.png"
    assert Path(settings.avatar.model) == folder / "models" / "a"
    settings = load("avatar: {model: models/a}", "name: K\navatar: {model: own, picture: K.png}\n")
    assert settings.character.avatar == "K.png"
    assert Path(settings.avatar.model) == folder / "characters" / "own"
    assert load("", "name: K\navatar: {picture: K.png}\n").avatar.model == "puppet"


# Secrets


@pytest.mark.parametrize(
    "conf",
    [
        "llm: {openai_llm: {model: m, api_key: '%s'}}",
        "llm: {openai_llm: {model: m, api_key: '${K}'}}",
    ],
)
def test_settings_do_not_show_a_key(folder: Path, conf: str):
    settings = load(conf.replace("%s", KEY), K=KEY)
    assert settings.llm[0].config.api_key.get_secret_value() == KEY
    assert KEY not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    "conf",
    [
        "llm: {openai_llm: {api_key: KEY}}",
        "llm: {openai_llm: {model: m, api_key: [KEY]}}",
        "llm: {openai_llm: {model: m, api_key: {a: KEY}}}",
        "llm: {openai_llm: {model: m, api_key: KEY, x: 1}}",
        "llm: {openai_llm: {model: m, temperature: KEY}}",
        "llm: {openai_llm: {model: m, temperature: '${K}'}}",
        "llm: {openai_llm: KEY}",
        "llm: [{openai_llm: [KEY]}]",
        "llm: {openai_llm: {model: m, api_key: KEY: x}}",
        "llm: {openai_llm: {model: m, api_key: 'KEY}}",
        "llm: {openai_llm: {model: m, api_key: '${KEY'}}",
        "llm: {openai_llm: {model: m, api_key: !KEY x}}",
        "tts: {espeak_tts: {quality: KEY}}",
        "gateway: {cors: [KEY]}",
        "server: {host: ' KEY'}",
        "server: {port: KEY}",
    ],
)
def test_no_mistake_shows_what_was_written(folder: Path, conf: str):
    with pytest.raises(ConfigErrors) as caught:
        load(conf.replace("KEY", KEY), K=KEY)
    error: BaseException | None = caught.value
    said = ""
    while error:
        said += repr(error) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__
    assert KEY not in said


def test_models_by_name(folder: Path):
    settings = load(
        "models:\n"
        "  org/big:1: {openai_llm: {model: m}}\n"
        "  1.5: demo_llm\n"
        "  'both': [demo_llm, {openai_llm: {model: n}}]\n"
    )
    assert {name: [part.name for part in parts] for name, parts in settings.models.items()} == {
        "org/big:1": ["openai_llm"],
        "1.5": ["demo_llm"],
        "both": ["demo_llm", "openai_llm"],
    }
    assert settings.models["both"][1].config.model == "n"
    assert load("models:").models == load("").models == load("models: {}").models == {}


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ("models: [demo_llm]", "conf.yaml:1:9: models: expected a mapping of names to language models, found a list"),
        (
            "models: {a b: demo_llm}",
            "conf.yaml:1:10: models.'a b': the name of a model has 1 to 100 characters, and no space",
        ),
        ("models: {a: }", "conf.yaml:1:10: models.a: names no provider"),
        ("models: {a: []}", "conf.yaml:1:10: models.a: names no provider"),
        ("models: {a: {openai_llm: }}", "conf.yaml:1:14: models.a.openai_llm: missing key 'model'"),
        (
            "models: {a: [demo_llm, openai]}",
            "conf.yaml:1:24: models.a.1: no llm provider 'openai' (did you mean 'openai_llm'?); "
            "known: absent_llm, demo_llm, openai_llm",
        ),
        ("embeddings: {some_embeddings: }", "conf.yaml:1:14: embeddings.some_embeddings: missing key 'model'"),
        (
            "embeddings: [{some_embeddings: {model: a}}, {some_embeddings: {model: b}}]",
            "conf.yaml:1:46: embeddings.1: names different models (a, b); vectors of different models do not mix",
        ),
        (
            "some_embeddings: {}",
            "conf.yaml:1:1: some_embeddings: unknown key: some_embeddings is a model for embeddings: "
            "put it under embeddings:",
        ),
    ],
)
def test_mistakes_in_models_and_embeddings(folder: Path, conf: str, expected: str):
    assert mistakes(conf) == [expected]


def test_too_many_models(folder: Path):
    assert mistakes("models:\n" + "".join(f"  m{n}: demo_llm\n" for n in range(65))) == [
        "conf.yaml:2:3: models: has at most 64 names"
    ]


def test_embeddings_of_one_model_may_have_several_servers(folder: Path):
    one = "{some_embeddings: {model: a}}"
    assert [part.name for part in load(f"embeddings: [{one}, {one}]").embeddings] == ["some_embeddings"] * 2
    assert load("").embeddings == load("embeddings: []").embeddings == ()
