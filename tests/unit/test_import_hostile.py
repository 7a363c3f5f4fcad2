"""What a folder may hold that was made to do harm: it is refused with a clear error, soon, and nothing of it is used."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml
from olv_template import template
from taking_over import take

from hayakuchi.core.errors import ConfigError
from hayakuchi.importing.notes import Notes, Outcome
from hayakuchi.importing.template import read_template
from hayakuchi.orchestrator.tree import MapNode, Scalar

_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)
HOSTILE = {
    "a cycle": (b"character_config: &c\n  agent_config: *c\n", "an alias to what it stands in"),
    "a cycle in a merge key": (b"a: &a\n  <<: *a\n", "an alias to what it stands in"),
    "an alias bomb": (_BOMB.encode(), "more than 20000 values"),
    "300000 aliases": (b"a: &a x\nb: [" + b"*a," * 300_000 + b"]\n", "more than 20000 values"),
    "a million aliases": (b"a: &a x\nb: [" + b"*a," * 1_000_000 + b"]\n", "larger than 1 MB"),
    "an alias before its anchor": (b"a: &a\n  <<: *b\nb: &b\n  <<: *a\n", "no anchor has that name"),
    "merge keys that grow": (
        (
            "a: &a {"
            + ", ".join(f"k{n}: v" for n in range(2000))
            + "}\n"
            + "b:\n  <<: ["
            + ", ".join(["*a"] * 20)
            + "]\n"
        ).encode(),
        "more than 20000 values",
    ),
    "an object of Python": (b"a: !!python/object/apply:os.system ['exit 1']\n", "a tag"),
    "a module of Python": (b"a: !!python/module:os\n", "a tag"),
    "deep lists": (b"a: " + b"[" * 20_000 + b"]" * 20_000, "nested more than 32 levels deep"),
    "deep mappings": ("".join(f"{' ' * n}a:\n" for n in range(200)).encode(), "nested more than 32 levels deep"),
    "tabs": (b"system_config:\n\tport: 1\n", "use spaces to indent, not tabs"),
    "no YAML": (b"a: [b\n", "not valid YAML"),
    "a list": (b"- a\n- b\n", "expected settings of the form"),
    "two documents": (b"a: 1\n---\nb: 2\n", "a second document begins here"),
    "UTF-16": ("a: 1\n".encode("utf-16"), "saved as UTF-16"),
    "no text": (bytes(range(128, 256)) * 4, "is not UTF-8"),
    "a null byte": (b"a: \0\n", "a character that YAML does not allow"),
    "a merge key with a text": (b"a:\n  <<: text\n", "'<<' takes a mapping"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_with_a_clear_error(tmp_path: Path, name: str) -> None:
    raw, message = HOSTILE[name]
    (tmp_path / "conf.yaml").write_bytes(raw)
    with pytest.raises(ConfigError) as error:
        read_template(tmp_path, Notes())
    assert message in str(error.value)
    assert "conf.yaml" in str(error.value)


@pytest.mark.timeout(20)
def test_merges_of_merges_take_no_more_than_their_length(tmp_path: Path) -> None:
    many = ", ".join(f"{{k{number}: v}}" for number in range(3_000))
    (tmp_path / "conf.yaml").write_text(f"character_config:\n  <<: [{many}]\n  k0: mine\n", encoding="utf-8")
    found = read_template(tmp_path, Notes()).conf.get("character_config")
    assert isinstance(found, MapNode)
    assert len(found.entries) == 3_000
    mine = found.get("k0")
    assert isinstance(mine, Scalar)
    assert mine.text == "mine"


def test_a_file_of_100_mb_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "conf.yaml").open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        read_template(tmp_path, Notes())


def test_a_folder_without_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is this the folder of Open-LLM-VTuber"):
        read_template(tmp_path, Notes())


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "conf.yaml")
    (tmp_path / "characters").mkdir()
    os.mkfifo(tmp_path / "characters/a.yaml")
    with pytest.raises(ConfigError, match="there is no such file"):
        read_template(tmp_path, Notes())


WAYS_OUT = ["../../etc/passwd", "..", "/etc/passwd", "..\\..\\secret", "C:\\secret", "a/b", "con\x01trol", "x" * 5000]


@pytest.mark.parametrize("name", WAYS_OUT)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    tree = template()
    for key in ("conf_uid", "live2d_model_name", "avatar"):
        tree["character_config"][key] = name
    tree["system_config"]["tool_prompts"] = {"think_tag_prompt": name}
    tree["character_config"]["conf_name"] = name
    made = take(tmp_path, tree)
    made.is_sound()
    for key in ("conf_uid", "live2d_model_name", "avatar", "think_tag_prompt"):
        assert made.note(f".{key}").outcome is Outcome.NOT_POSSIBLE
    (who,) = made.made.people
    assert (who.conf_uid, who.model, made.made.characters[who.stem].get("avatar")) == (None, None, None)
    assert made.made.prompts == ()
    assert not set(who.stem) & set("/\\:.")
    assert [file.parent.name for file in made.folder.rglob("*.yaml")].count("characters") == 1


@pytest.mark.parametrize("folder", ["..", "../other", "/", "\0", "~"])
def test_character_files_outside_of_the_folder_are_not_read(tmp_path: Path, folder: str) -> None:
    outside = tmp_path / "other"
    outside.mkdir()
    (outside / "secret.yaml").write_text("character_config: {persona_prompt: secret}\n", encoding="utf-8")
    tree = template()
    tree["system_config"]["config_alts_dir"] = folder
    made = take(tmp_path / "theirs", yaml.safe_dump(tree))
    made.is_sound()
    assert len(made.made.people) == 1


def test_character_files_that_this_user_may_not_list_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "characters").mkdir()

    def refused(folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "listdir", refused)
    notes = Notes()
    (tmp_path / "conf.yaml").write_text("character_config: {}\n", encoding="utf-8")
    assert read_template(tmp_path, notes).characters == {}
    assert [(note.source, note.outcome, note.what) for note in notes] == [
        ("characters/", Outcome.NOT_POSSIBLE, "cannot be listed: Permission denied")
    ]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("character_config: {persona_prompt: secret}\n", encoding="utf-8")
    characters = tmp_path / "theirs/characters"
    characters.mkdir(parents=True)
    try:
        (characters / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    except OSError:
        pytest.skip("this user may not make links")
    made = take(tmp_path / "theirs", template())
    made.is_sound()
    assert len(made.made.people) == 1
    assert made.note("a.yaml").outcome is Outcome.NOT_POSSIBLE


def test_links_in_a_circle(tmp_path: Path) -> None:
    try:
        (tmp_path / "characters").symlink_to(tmp_path / "again")
        (tmp_path / "again").symlink_to(tmp_path / "characters")
    except OSError:
        pytest.skip("this user may not make links")
    made = take(tmp_path, template())
    made.is_sound()
    assert len(made.made.people) == 1


def test_more_character_files_than_anybody_has(tmp_path: Path) -> None:
    (tmp_path / "characters").mkdir()
    for number in range(201):
        (tmp_path / f"characters/{number}.yaml").write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="more than 200"):
        read_template(tmp_path, Notes())


def test_no_value_of_theirs_can_name_a_variable_of_ours(tmp_path: Path) -> None:
    """``${NAME:-…}`` means nothing to them: it must not become a look into the environment."""
    tree = template()
    tree["character_config"]["agent_config"]["llm_configs"]["ollama_llm"]["model"] = "${HOME:-x} ${"
    tree["character_config"]["character_name"] = "${PATH:-y}"
    settings = take(tmp_path, tree).is_sound({"HOME": "/root", "PATH": "/bin"})
    assert settings.llm[0].config.model == "${HOME:-x} ${"
    assert settings.character.name == "${PATH:-y}"
