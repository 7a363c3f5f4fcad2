"""Configurations as people have them: half empty, misspelt, of an old version. Each is taken over as far as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from olv_template import KEY, PERSONAS, as_text, template
from taking_over import Taken, take

from hayakuchi.importing.notes import Outcome

_, TRANSLATED, NOT_POSSIBLE, LEFT_OUT = Outcome
Tree = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    """``told``: ends of sources, and the outcome that the report has for them. ``holds``: what else is true of the result."""

    change: Callable[[Tree], Tree | str | bytes | None]
    told: tuple[tuple[str, Outcome], ...] = ()
    holds: Callable[[Taken], bool] = lambda made: True


def at(*path: str, to: Any) -> Callable[[Tree], Tree]:
    """Set one value of the template."""

    def change(tree: Tree) -> Tree:
        node = tree
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = to
        return tree

    return change


def without(*path: str) -> Callable[[Tree], Tree]:
    def change(tree: Tree) -> Tree:
        node = tree
        for part in path[:-1]:
            node = node[part]
        del node[path[-1]]
        return tree

    return change


def text(change: Callable[[str], str | bytes]) -> Callable[[Tree], str | bytes]:
    return lambda tree: change(as_text(tree))


CHARACTER = "character_config"
AGENT = (CHARACTER, "agent_config")
BASIC = (*AGENT, "agent_settings", "basic_memory_agent")
OLLAMA = (*AGENT, "llm_configs", "ollama_llm")


def _says(name: str) -> Callable[[Taken], bool]:
    return lambda made: made.settings().character.name == name


def _demo(made: Taken) -> bool:
    return [model.name for model in made.settings().llm] == ["demo_llm"]


def _voice(name: str) -> Callable[[Taken], bool]:
    return lambda made: made.settings().tts[0].name == name


MUTATIONS = {
    "empty file": Mutation(lambda tree: "", (("conf.yaml", LEFT_OUT),), _demo),
    "comments only": Mutation(lambda tree: "# nothing\n---\n", (("conf.yaml", LEFT_OUT),), _demo),
    "no system_config": Mutation(without("system_config"), (), lambda made: made.settings().server.port == 12393),
    "no character_config": Mutation(without(CHARACTER), (("conf.yaml", LEFT_OUT),), _demo),
    "character_config is null": Mutation(at(CHARACTER, to=None), (("conf.yaml", LEFT_OUT),), _demo),
    "character_config is a list": Mutation(at(CHARACTER, to=["a"]), ((" character_config", NOT_POSSIBLE),), _demo),
    "no agent_config": Mutation(without(*AGENT), (("llm_configs", NOT_POSSIBLE),), _demo),
    "no llm_configs": Mutation(without(*AGENT, "llm_configs"), ((".llm_provider", NOT_POSSIBLE),), _demo),
    "no tts_config": Mutation(without(CHARACTER, "tts_config"), ((".tts_model", NOT_POSSIBLE),), _voice("edge_tts")),
    "no asr_config": Mutation(
        without(CHARACTER, "asr_config"),
        ((".asr_model", NOT_POSSIBLE),),
        lambda made: made.settings().asr[0].name == "faster_whisper",
    ),
    "all blocks are null": Mutation(
        lambda tree: tree | {CHARACTER: dict.fromkeys(tree[CHARACTER])}, ((".persona_prompt", NOT_POSSIBLE),), _demo
    ),
    "port in quotes": Mutation(
        lambda tree: at("system_config", "port", to=str(tree["system_config"]["port"]))(tree),
        ((".port", TRANSLATED),),
        lambda made: made.settings().server.port == made.made.conf["server"]["port"] > 1024,
    ),
    "port is text": Mutation(
        at("system_config", "port", to="twelve"),
        ((".port", NOT_POSSIBLE),),
        lambda made: "port" not in made.made.conf["server"],
    ),
    "port is out of range": Mutation(
        at("system_config", "port", to=99999),
        ((".port", NOT_POSSIBLE),),
        lambda made: "port" not in made.made.conf["server"],
    ),
    "host is a list": Mutation(at("system_config", "host", to=["a", "b"]), ((".host", NOT_POSSIBLE),)),
    "host is open": Mutation(
        at("system_config", "host", to="0.0.0.0"), (), lambda made: made.settings().server.host == "0.0.0.0"
    ),
    "temperature in quotes": Mutation(
        at(*OLLAMA, "temperature", to="0.7"),
        (("ollama_llm.temperature", TRANSLATED),),
        lambda made: made.settings().llm[0].config.temperature == 0.7,
    ),
    "temperature too high": Mutation(at(*OLLAMA, "temperature", to=7), (("ollama_llm.temperature", NOT_POSSIBLE),)),
    "temperature is not a number": Mutation(
        text(lambda said: said.replace("temperature: 1.0", "temperature: .nan")),
        (("ollama_llm.temperature", NOT_POSSIBLE),),
    ),
    "yes, no and on": Mutation(
        text(
            lambda said: said.replace("enable_proxy: false", "enable_proxy: on").replace(
                "ignore_brackets: true", "ignore_brackets: no"
            )
        ),
        ((".enable_proxy", TRANSLATED), (".ignore_brackets", NOT_POSSIBLE)),
        lambda made: made.settings().open_llm_vtuber.proxy,
    ),
    "address without a scheme": Mutation(
        at(*OLLAMA, "base_url", to="localhost:11434"), (("ollama_llm.base_url", NOT_POSSIBLE),), _demo
    ),
    "address with a password": Mutation(
        at(*OLLAMA, "base_url", to=f"http://me:{KEY}@host/v1"), (("ollama_llm.base_url", NOT_POSSIBLE),), _demo
    ),
    "unknown keys": Mutation(
        lambda tree: tree | {"plugins": {"a": 1}, "system_config": tree["system_config"] | {"hots": "x"}},
        (("plugins", LEFT_OUT), ("system_config.hots", LEFT_OUT)),
    ),
    "unknown model provider": Mutation(
        at(*BASIC, "llm_provider", to="grok_llm"), ((".llm_provider", NOT_POSSIBLE),), _demo
    ),
    "unknown voice": Mutation(at(CHARACTER, "tts_config", "tts_model", to="vits_tts"), ((".tts_model", NOT_POSSIBLE),)),
    "unknown detector": Mutation(
        at(CHARACTER, "vad_config", "vad_model", to="webrtc"), ((".vad_model", NOT_POSSIBLE),)
    ),
    "edge voice that is none": Mutation(
        at(CHARACTER, "tts_config", "edge_tts", "voice", to="Ava"),
        (("edge_tts.voice", NOT_POSSIBLE),),
        lambda made: made.settings().tts[0].config.voice == "en-US-AvaMultilingualNeural",
    ),
    "old names of engines": Mutation(
        lambda tree: at(CHARACTER, "asr_config", "asr_model", to="Faster-Whisper")(
            at(CHARACTER, "tts_config", "tts_model", to="edgeTTS")(tree)
        ),
        ((".tts_model", TRANSLATED), (".asr_model", TRANSLATED)),
        lambda made: made.settings().asr[0].config.model == "large-v3-turbo",
    ),
    "before version 1.0": Mutation(
        lambda tree: {"LLM_PROVIDER": "ollama", "TTS_MODEL": "edgeTTS", "VERBOSE": False},
        (("conf.yaml:2 LLM_PROVIDER", NOT_POSSIBLE), (" VERBOSE", LEFT_OUT)),
        _demo,
    ),
    "byte order mark": Mutation(
        text(lambda said: b"\xef\xbb\xbf" + said.encode()), ((".port", TRANSLATED),), _says("Tansy")
    ),
    "lines of Windows": Mutation(
        text(lambda said: said.replace("\n", "\r\n")),
        ((".persona_prompt", TRANSLATED),),
        lambda made: "\r" not in made.settings().character.persona,
    ),
    "GBK": Mutation(
        lambda tree: as_text(template("zh"), "zh").encode("gbk"), (("conf.yaml", TRANSLATED),), _says("小蓟")
    ),
    "keys that are set twice": Mutation(
        text(lambda said: said.replace("  host: localhost\n", "  host: 10.0.0.9\n  host: 127.0.0.1\n", 1)),
        (("conf.yaml:5", LEFT_OUT), (".host", TRANSLATED)),
        lambda made: made.settings().server.host == "127.0.0.1",
    ),
    "anchors and merge keys": Mutation(
        lambda tree: (
            "defaults: &d {model: anchored, temperature: 0.5}\n"
            "character_config:\n  character_name: A\n  persona_prompt: You are A.\n  agent_config:\n"
            "    agent_settings: {basic_memory_agent: {llm_provider: ollama_llm}}\n"
            "    llm_configs:\n      ollama_llm:\n        <<: *d\n        temperature: 0.1\n"
        ),
        (("ollama_llm.model", TRANSLATED), ("defaults", LEFT_OUT)),
        lambda made: (
            (made.settings().llm[0].config.model, made.settings().llm[0].config.temperature) == ("anchored", 0.1)
        ),
    ),
    "huge persona": Mutation(
        at(CHARACTER, "persona_prompt", to="You are long. \"Quoted\", 'quoted': #no comment\n" * 10_000),
        ((".persona_prompt", TRANSLATED),),
        lambda made: len(made.settings().character.persona) > 400_000,
    ),
    "persona on one line": Mutation(
        at(CHARACTER, "persona_prompt", to="# no comment: {yes} [no] & * ! | > % @ ` $${x} \\n \u2028 \U0001f338"),
        (),
        lambda made: made.settings().character.persona.endswith("\u2028 \U0001f338"),
    ),
    "no persona": Mutation(without(CHARACTER, "persona_prompt"), ((".persona_prompt", NOT_POSSIBLE),)),
    "persona is a list": Mutation(at(CHARACTER, "persona_prompt", to=["You", "are"]), (), _says("Tansy")),
    "name is a number": Mutation(
        text(lambda said: said.replace("character_name: Tansy", "character_name: 0o17")), (), _says("0o17")
    ),
    "name is too long": Mutation(
        at(CHARACTER, "character_name", to="Tansy " * 30), (), lambda made: len(made.settings().character.name) <= 60
    ),
    "no names at all": Mutation(
        lambda tree: without(CHARACTER, "character_name")(without(CHARACTER, "conf_name")(tree)), (), _says("character")
    ),
    "key with a line's end": Mutation(at(*AGENT, "llm_configs", "openai_compatible_llm", "llm_api_key", to=f"{KEY}\n")),
    "mcp servers are a text": Mutation(
        at(*BASIC, "mcp_enabled_servers", to="time"), ((".mcp_enabled_servers", NOT_POSSIBLE),)
    ),
    "no tools": Mutation(
        at(*BASIC, "use_mcpp", to=False), ((".use_mcpp", LEFT_OUT), (".mcp_enabled_servers", LEFT_OUT))
    ),
    "somebody is named": Mutation(at(CHARACTER, "human_name", to="Robin"), ((".human_name", NOT_POSSIBLE),)),
    "another folder for characters": Mutation(
        at("system_config", "config_alts_dir", to="people"), ((".config_alts_dir", TRANSLATED),)
    ),
    "a very old version's tool prompts": Mutation(
        at("system_config", "tool_prompts", to=None), (), lambda made: made.made.prompts == ()
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_is_taken_over_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    mutation = MUTATIONS[name]
    made = take(tmp_path, mutation.change(template()))
    made.is_sound()
    for source, outcome in mutation.told:
        assert outcome in made.outcomes(source), [str(note) for note in made.notes]
    assert mutation.holds(made)


def test_only_characters(tmp_path: Path) -> None:
    made = take(tmp_path, None, {"zh.yaml": {CHARACTER: {"conf_name": "小蓟", "persona_prompt": PERSONAS["zh"]}}})
    settings = made.is_sound()
    assert (settings.character.name, settings.character.language) == ("小蓟", "zh")
    assert made.note("conf.yaml").outcome is LEFT_OUT


def test_a_character_file_that_cannot_be_read_does_not_keep_the_others_out(tmp_path: Path) -> None:
    broken = {"a.yaml": "character_config: [", "b.yaml": {"other": 1}, "c.yaml": {CHARACTER: {"conf_name": "C"}}}
    made = take(tmp_path, template(), broken)
    made.is_sound()
    assert [who.stem for who in made.made.people] == ["tansy_en", "c"]
    assert made.note("a.yaml").outcome is NOT_POSSIBLE
    assert made.note("b.yaml").outcome is NOT_POSSIBLE


def test_two_files_of_one_name_become_two(tmp_path: Path) -> None:
    (tmp_path / "characters/more").mkdir(parents=True)
    text_ = as_text({CHARACTER: {"persona_prompt": "You are another."}})
    (tmp_path / "characters/more/Tansy_EN.yaml").write_text(text_, encoding="utf-8")
    made = take(tmp_path, template(), {"tansy_en.yaml": {CHARACTER: {"character_name": "T"}}})
    made.is_sound()
    assert sorted(made.made.characters) == ["tansy_en", "tansy_en-2", "tansy_en-3"]
    assert [who.conf_uid for who in made.made.people] == ["tansy_en_001", None, None]
