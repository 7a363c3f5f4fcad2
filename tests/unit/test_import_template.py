"""Open-LLM-VTuber's configuration in every language variant, and what becomes of each of its sections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import espeakng_loader
import pytest
from olv_template import KEY, NAMES, PERSONAS, VOICES, as_text, template, tts_config
from taking_over import REGISTRY, take

from hayakuchi.importing.notes import Notes, Outcome
from hayakuchi.importing.template import read_template, translated, with_prompts
from hayakuchi.importing.template.models import VENDORS
from hayakuchi.importing.template.voices import EDGE_VOICES, ESPEAK_VOICES, HOSTED, LOCAL
from hayakuchi.tts.espeak_voices import languages

TAKEN, TRANSLATED, NOT_POSSIBLE, LEFT_OUT = Outcome


@pytest.mark.parametrize("language", ["en", "zh", "ja"])
def test_the_template_loads_and_passes_the_check(tmp_path: Path, language: str) -> None:
    made = take(tmp_path, template(language), language=language)
    settings = made.is_sound()
    assert settings.character.name == NAMES[language]
    assert settings.character.persona.strip() == PERSONAS[language].strip()
    assert settings.character.language == language
    assert settings.character.avatar == "tansy.png"
    assert settings.character_file == made.folder / f"characters/tansy_{language}.yaml"
    assert settings.llm[0].config.base_url == "http://localhost:11434/v1"
    assert settings.llm[0].config.model == "qwen2.5:latest"
    assert [voice.name for voice in settings.tts] == ["edge_tts", "espeak_tts"]
    assert settings.tts[0].config.voice == VOICES[language]
    assert settings.open_llm_vtuber.model == "tansy_model"
    assert settings.open_llm_vtuber.folder == tmp_path


def test_a_file_in_gbk_is_the_same_as_in_utf_8(tmp_path: Path) -> None:
    tree = template("zh")
    gbk = take(tmp_path / "gbk", as_text(tree, "zh").encode("gbk"))
    utf8 = take(tmp_path / "utf8", tree, language="zh")
    assert gbk.made.conf == utf8.made.conf
    assert gbk.made.characters == utf8.made.characters
    assert gbk.is_sound().character.persona.startswith("你是小蓟")
    assert gbk.note("conf.yaml").what == "from GBK into UTF-8"


def test_every_line_of_the_template_is_told_once_or_is_of_an_engine_not_in_use(tmp_path: Path) -> None:
    tree = template()
    made = take(tmp_path, tree)
    told = {note.source.split(" ", 1)[1] for note in made.notes if " " in note.source}
    told |= {prompt.source.split(" ", 1)[1] for prompt in made.made.prompts}  # told by who reads them

    def leaves(node: Any, path: str) -> list[str]:
        if not isinstance(node, dict) or not node:
            return [path]
        return [leaf for key, value in node.items() for leaf in leaves(value, f"{path}.{key}" if path else key)]

    # A blank value says nothing, and what belongs to an engine, a detector or a translator not in use is told with it.
    silent = {
        path for path in leaves(tree, "") if not any(path == line or path.startswith(f"{line}.") for line in told)
    }
    vad = "character_config.vad_config."
    assert {path for path in silent if not path.startswith(vad)} == set()
    assert "character_config.vad_config.vad_model" not in told


def test_positions_are_those_of_the_lines_in_their_file(tmp_path: Path) -> None:
    text = as_text(template())
    made = take(tmp_path, text)
    for key in ("host", "port", "persona_prompt", "llm_provider"):
        note = next(note for note in made.notes if note.source.endswith(f".{key}"))
        line = int(note.source.split(":")[1].split(" ")[0])
        assert text.splitlines()[line - 1].strip().startswith(f"{key}:")


def _with_model(name: str, **changes: Any) -> dict[str, Any]:
    tree = template()
    agent = tree["character_config"]["agent_config"]
    agent["agent_settings"]["basic_memory_agent"]["llm_provider"] = name
    agent["llm_configs"][name] |= changes
    return tree


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_every_model_becomes_one_behind_openais_api(tmp_path: Path, name: str) -> None:
    made = take(tmp_path, _with_model(name, model="the-model", llm_api_key=KEY, temperature=0.5))
    settings = made.is_sound()
    (model,) = settings.llm
    assert model.name == "openai_llm"
    assert model.config.model == "the-model"
    assert model.config.key == KEY
    assert model.config.temperature == 0.5
    assert made.made.holds_keys
    assert model.config.base_url == {
        "claude_llm": "https://api.anthropic.com/v1",
        "openai_llm": "https://api.openai.com/v1",
        "gemini_llm": "https://generativelanguage.googleapis.com/v1beta/openai",
        "zhipu_llm": "https://open.bigmodel.cn/api/paas/v4",
        "deepseek_llm": "https://api.deepseek.com/v1",
        "mistral_llm": "https://api.mistral.ai/v1",
        "groq_llm": "https://api.groq.com/openai/v1",
        "lmstudio_llm": "http://localhost:1234/v1",
    }.get(name, "http://localhost:11434/v1")
    assert made.note(f".{name}.llm_api_key").outcome is TRANSLATED
    others = [note for note in made.notes if note.what == "not in use" and ".llm_configs." in note.source]
    assert len(others) == len(VENDORS)


@pytest.mark.parametrize("name", ["openai_llm", "gemini_llm", "claude_llm", "groq_llm"])
def test_words_where_a_key_is_missing_are_no_key(tmp_path: Path, name: str) -> None:
    made = take(tmp_path, _with_model(name))
    variable = VENDORS[name].key_variable
    assert made.is_sound().llm[0].config.key == ""
    assert variable
    assert made.settings({variable: "from-there"}).llm[0].config.key == "from-there"
    assert made.note(f"{name}.llm_api_key").outcome is LEFT_OUT
    assert not made.made.holds_keys


def test_organisation_and_project_are_headers(tmp_path: Path) -> None:
    made = take(tmp_path, _with_model("openai_compatible_llm", organization_id="org-7", project_id="p-9"))
    headers = made.is_sound().llm[0].config.headers()
    assert (headers["OpenAI-Organization"], headers["OpenAI-Project"]) == ("org-7", "p-9")


def test_what_ollama_keeps_is_said_to_ollama(tmp_path: Path) -> None:
    note = take(tmp_path, template()).note("ollama_llm.keep_alive")
    assert note.outcome is NOT_POSSIBLE
    assert "OLLAMA_KEEP_ALIVE" in str(note.instead)


def test_a_model_file_wants_a_server(tmp_path: Path) -> None:
    made = take(tmp_path, _with_model("llama_cpp_llm", model_path="models/tansy-q4.gguf"))
    assert made.is_sound().llm[0].config.model == "tansy-q4"
    note = made.note("llama_cpp_llm.model_path", NOT_POSSIBLE)
    assert "llama-server -m models/tansy-q4.gguf" in str(note.instead)


def test_without_a_model_the_demo_speaks_and_it_is_told(tmp_path: Path) -> None:
    made = take(tmp_path, _with_model("llama_cpp_llm"))
    assert [model.name for model in made.is_sound().llm] == ["demo_llm"]
    assert made.note("basic_memory_agent.llm_provider").outcome is NOT_POSSIBLE


@pytest.mark.parametrize("agent", ["mem0_agent", "letta_agent", "hume_ai_agent"])
def test_other_agents_are_not_possible(tmp_path: Path, agent: str) -> None:
    tree = template()
    tree["character_config"]["agent_config"]["conversation_agent_choice"] = agent
    made = take(tmp_path, tree)
    assert made.is_sound().agent.name == "basic_memory_agent"
    note = made.note(".conversation_agent_choice")
    assert note.outcome is NOT_POSSIBLE
    assert agent in note.what
    assert note.instead


def test_faster_first_response_and_tools(tmp_path: Path) -> None:
    tree = template()
    tree["character_config"]["agent_config"]["agent_settings"]["basic_memory_agent"]["faster_first_response"] = False
    made = take(tmp_path, tree)
    assert made.is_sound().agent.config.streaming_optimization is False
    assert made.note(".use_mcpp").outcome is TAKEN
    assert made.note(".mcp_enabled_servers").outcome is NOT_POSSIBLE


def _with_voice(name: str, **changes: Any) -> dict[str, Any]:
    tree = template()
    tts = tree["character_config"]["tts_config"]
    tts["tts_model"] = name
    tts.setdefault(name, {})
    tts[name] |= changes
    return tree


def test_all_eighteen_voices_of_theirs_are_known() -> None:
    assert {*tts_config()} - {"tts_model"} <= {*LOCAL, *HOSTED, "edge_tts", "openai_tts", "siliconflow_tts"}
    assert len(tts_config()) - 1 == 18


@pytest.mark.parametrize("name", sorted({*LOCAL, *HOSTED}))
def test_voices_that_there_are_not_have_one_that_stands_in(tmp_path: Path, name: str) -> None:
    made = take(tmp_path, _with_voice(name))
    voices = [voice.name for voice in made.is_sound().tts]
    assert voices == (["espeak_tts"] if name in LOCAL else ["edge_tts", "espeak_tts"])
    note = made.note(".tts_config.tts_model")
    assert note.outcome is NOT_POSSIBLE
    assert name in note.what
    assert note.instead


def test_every_language_has_a_voice_that_there_is() -> None:
    known = languages(Path(espeakng_loader.get_data_path()))
    assert {name.partition("+")[0] for name in ESPEAK_VOICES.values()} <= known.keys()
    for name in EDGE_VOICES.values():
        assert REGISTRY.load("tts", "edge_tts").Config(voice=name).voice == name


def test_openai_and_siliconflow_are_ours(tmp_path: Path) -> None:
    voice = take(tmp_path / "openai", _with_voice("openai_tts", file_extension="wav")).is_sound().tts[0].config
    assert (voice.base_url, voice.model, voice.voice) == ("http://localhost:8880/v1", "kokoro", "af_sky+af_bella")
    assert voice.response_format == "wav"
    made = take(tmp_path / "siliconflow", _with_voice("siliconflow_tts", gain=3))
    voice = made.is_sound().tts[0].config
    assert voice.base_url == "https://api.siliconflow.cn/v1"
    assert (voice.model, voice.voice, voice.key) == ("FunAudioLLM/CosyVoice2-0.5B", "speech:a:b:c", KEY)
    assert (voice.sample_rate, voice.speed) == (32000, 1)
    assert voice.extra_body == {"sample_rate": 32000, "gain": 3}


def test_a_voice_that_azure_and_edge_have_in_common_stays(tmp_path: Path) -> None:
    made = take(tmp_path, _with_voice("azure_tts", voice="zh-CN-YunxiNeural", rate="1.2"))
    voice = made.is_sound().tts[0]
    assert (voice.name, voice.config.voice, voice.config.rate) == ("edge_tts", "zh-CN-YunxiNeural", "+20%")
    assert made.note("azure_tts.pitch").outcome is NOT_POSSIBLE


@pytest.mark.parametrize(
    ("engine", "key", "model", "ours"),
    [
        ("faster_whisper", "model_path", "large-v3-turbo", "large-v3-turbo"),
        ("faster_whisper", "model_path", "Systran/faster-whisper-small", "Systran/faster-whisper-small"),
        ("whisper_cpp", "model_name", "large-v3-turbo-q5_0", "large-v3-turbo"),
        ("whisper", "name", "medium", "medium"),
    ],
)
def test_whisper_stays_whisper(tmp_path: Path, engine: str, key: str, model: str, ours: str) -> None:
    tree = template()
    tree["character_config"]["asr_config"]["asr_model"] = engine
    tree["character_config"]["asr_config"][engine] |= {key: model}
    (ear,) = take(tmp_path, tree).is_sound().asr
    assert (ear.name, ear.config.model) == ("faster_whisper", ours)


def test_a_whisper_model_that_they_have_downloaded_is_used(tmp_path: Path) -> None:
    kept = tmp_path / "models/whisper/models--Systran--faster-whisper-tiny/snapshots/abc"
    kept.mkdir(parents=True)
    (kept / "model.bin").write_bytes(b"")
    tree = template()
    tree["character_config"]["asr_config"] |= {"asr_model": "faster_whisper"}
    tree["character_config"]["asr_config"]["faster_whisper"]["model_path"] = "tiny"
    assert take(tmp_path, tree).settings().asr[0].config.model == str(kept)


def test_groqs_whisper_is_behind_openais_api(tmp_path: Path) -> None:
    tree = template()
    asr = tree["character_config"]["asr_config"]
    asr["asr_model"] = "groq_whisper_asr"
    asr["groq_whisper_asr"] |= {"api_key": KEY, "lang": "zh"}
    settings = take(tmp_path, tree).is_sound()
    assert settings.asr[0].config.base_url == "https://api.groq.com/openai/v1"
    assert (settings.asr[0].config.key, settings.ears.language) == (KEY, "zh")


@pytest.mark.parametrize("engine", ["azure_asr", "fun_asr", "sherpa_onnx_asr"])
def test_ears_that_there_are_not_have_whisper_instead(tmp_path: Path, engine: str) -> None:
    tree = template("zh")
    tree["character_config"]["asr_config"]["asr_model"] = engine
    made = take(tmp_path, tree)
    settings = made.is_sound()
    assert (settings.asr[0].name, settings.asr[0].config.model) == ("faster_whisper", "small")
    assert made.note(".asr_config.asr_model").outcome is NOT_POSSIBLE
    assert settings.ears.language == "auto"


def test_voice_detection(tmp_path: Path) -> None:
    tree = template()
    tree["character_config"]["vad_config"]["vad_model"] = "silero_vad"
    tree["character_config"]["vad_config"]["silero_vad"] |= {"prob_threshold": "0.6", "required_misses": 30}
    made = take(tmp_path, tree)
    ears = made.is_sound().ears
    assert (ears.vad_threshold, ears.end_silence_ms) == (0.6, 960)
    assert made.note("silero_vad.db_threshold").outcome is LEFT_OUT


def test_what_is_not_spoken_and_translation(tmp_path: Path) -> None:
    tree = template()
    spoken = tree["character_config"]["tts_preprocessor_config"]
    spoken["ignore_asterisks"] = False
    spoken["translator_config"]["translate_audio"] = True
    made = take(tmp_path, tree)
    made.is_sound()
    assert made.note(".ignore_asterisks").outcome is NOT_POSSIBLE
    assert made.note(".ignore_brackets").outcome is TAKEN
    assert made.note(".translate_audio").outcome is NOT_POSSIBLE


def test_live_chat_of_ones_own_is_told_and_the_login_is_not_shown(tmp_path: Path) -> None:
    tree = template()
    tree["live_config"]["bilibili_live"] = {"room_ids": [42], "sessdata": KEY}
    made = take(tmp_path, tree)
    made.is_sound()
    assert made.note(".room_ids").outcome is NOT_POSSIBLE
    assert made.note(".sessdata").outcome is NOT_POSSIBLE
    assert KEY not in str(made.made.conf)


def test_prompts_that_are_added_to_personas(tmp_path: Path) -> None:
    made = take(tmp_path, template(), {"b.yaml": {"character_config": {"persona_prompt": "You are B."}}})
    assert [prompt.key for prompt in made.made.prompts] == ["think_tag_prompt", "live_prompt", "speakable_prompt"]
    texts = {"think_tag_prompt": "Think ${aloud}.\n", "live_prompt": " "}
    personas = [tree["persona"] for tree in with_prompts(made.made, texts).characters.values()]
    assert personas == [f"{PERSONAS['en'].strip()}\n\nThink $${{aloud}}.", "You are B.\n\nThink $${aloud}."]
    assert with_prompts(made.made, {}) is made.made


def test_characters_are_laid_over_conf_yaml(tmp_path: Path) -> None:
    other = {
        "conf_name": "小蓟",
        "conf_uid": "zh_2",
        "live2d_model_name": "other",
        "persona_prompt": PERSONAS["zh"],
        "tts_config": {"tts_model": "edge_tts", "edge_tts": {"voice": "zh-CN-YunxiNeural"}},
        "agent_config": {"llm_configs": {"ollama_llm": {"temperature": 0.2}}},
    }
    made = take(tmp_path, template(), {"zh_小蓟.yaml": {"character_config": other}})
    first, second = made.is_sound(), made.settings(character="zh_小蓟")
    assert (second.character.name, second.character.language) == ("小蓟", "zh")
    assert second.tts[0].config.voice == "zh-CN-YunxiNeural"
    assert (first.llm[0].config.temperature, second.llm[0].config.temperature) == (1.0, 0.2)
    assert second.llm[0].config.model == first.llm[0].config.model
    assert second.open_llm_vtuber.model == "other"
    assert second.open_llm_vtuber.folder == tmp_path
    assert [who.conf_uid for who in made.made.people] == ["tansy_en_001", "zh_2"]
    assert "asr" in made.made.characters["zh_小蓟"], "another language wants another model"
    assert "agent" not in made.made.characters["zh_小蓟"]
    assert all("host" not in note.source for note in made.notes if note.source.startswith("zh_"))


def test_a_character_is_set_back_to_our_defaults_where_conf_yaml_says_otherwise(tmp_path: Path) -> None:
    tree = template()
    tree["character_config"]["agent_config"]["agent_settings"]["basic_memory_agent"]["faster_first_response"] = False
    tree["character_config"]["vad_config"]["vad_model"] = "silero_vad"
    tree["character_config"]["vad_config"]["silero_vad"]["prob_threshold"] = 0.9
    basic = {"agent_settings": {"basic_memory_agent": {"faster_first_response": True}}}
    other = {"conf_name": "b", "agent_config": basic, "vad_config": {"vad_model": "null"}}
    made = take(tmp_path, tree, {"b.yaml": {"character_config": other}})
    first, second = made.is_sound(), made.settings(character="b")
    assert (first.agent.config.streaming_optimization, second.agent.config.streaming_optimization) == (False, True)
    assert (first.ears.vad_threshold, second.ears.vad_threshold) == (0.9, 0.5)


def test_variables_stay_variables(tmp_path: Path) -> None:
    tree = _with_model("openai_llm", llm_api_key="${MY_KEY}", temperature="${HEAT}")
    tree["system_config"]["port"] = "${MY_PORT}"
    tree["character_config"]["persona_prompt"] = "I am ${WHO}, and ${nobody} else. ${1}"
    environ = {"MY_KEY": "k-1", "HEAT": "0.3", "MY_PORT": "12399", "WHO": "Tansy"}
    text = as_text(tree).replace("'${HEAT}'", "${HEAT}").replace("'${MY_PORT}'", "${MY_PORT}")
    made = take(tmp_path, text, environ=environ)
    settings = made.is_sound(environ)
    assert settings.llm[0].config.key == "k-1"
    assert settings.llm[0].config.temperature == 0.3
    assert settings.server.port == 12399
    assert settings.character.persona == "I am Tansy, and ${nobody} else. ${1}"
    assert "k-1" not in (made.folder / "conf.yaml").read_text(encoding="utf-8")
    assert not made.made.holds_keys
    assert "MY_KEY" in made.note("openai_llm.llm_api_key").what


def test_the_report_of_the_same_folder_is_the_same(tmp_path: Path) -> None:
    take(tmp_path, template("zh"), {"a.yaml": {"character_config": {"conf_name": "a"}}})
    both = []
    for _ in range(2):
        notes = Notes()
        both.append((translated(read_template(tmp_path, notes), notes, REGISTRY).conf, list(notes)))
    assert both[0] == both[1]
