"""``hayakuchi import`` from end to end: what it writes is used by the server, and what was there is as it was."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from olv_folder import CONF, MAO, MAOS, SHIZUKU, card, card_png, olv_folder, png, said, tree, written

from hayakuchi.cli.main import main
from hayakuchi.orchestrator.conversations import Conversations, ConversationSummary
from hayakuchi.orchestrator.loader import load_settings
from hayakuchi.orchestrator.providers import default_registry
from hayakuchi.orchestrator.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, and a user's data of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


@pytest.fixture
def olv(home: Path) -> Path:
    return olv_folder(home / "olv")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    return run


def loaded(conf: Path, character: str | None = None) -> Settings:
    return load_settings(conf, character=character, registry=default_registry())


def problems(check: str) -> list[str]:
    """What ``hayakuchi check`` complains of, but of the server's address, which another program may use."""
    found = json.loads(check)["findings"]
    return [one["message"] for one in found if one["status"] == "problem" and one["subject"] != "server"]


def conversations(settings: Settings) -> dict[str, ConversationSummary]:
    async def listed() -> dict[str, ConversationSummary]:
        kept = Conversations(settings.sessions)
        await kept.start()
        try:
            assert kept.problem is None
            return {summary.name: summary for summary in await kept.list("")}
        finally:
            await kept.aclose()

    return asyncio.run(listed())


def test_the_settings_load_and_pass_the_check(olv: Path, run: Any) -> None:
    code, out, _ = run("import", olv)
    assert code == 0
    conf = olv / "hayakuchi" / "conf.yaml"
    settings = loaded(conf)
    assert settings.character.name == "Shizuku"
    assert (
        settings.character.persona == "You are Shizuku, a gentle girl who likes rain.\n\nMany people watch you at once."
    )
    assert settings.open_llm_vtuber.folder == olv
    assert settings.open_llm_vtuber.model == "shizuku-local"
    assert loaded(conf, "mao").character.name == "真央"
    assert loaded(conf, "mao").open_llm_vtuber.model == "mao_pro"
    assert f"uv run hayakuchi run -c {conf}" in out
    assert problems(run("check", "-c", conf, "--json")[1]) == []


def test_the_guide_says_what_works(olv: Path, run: Any) -> None:
    written(olv / "frontend" / "index.html", "<title>theirs</title>")
    guide = (Path(__file__).parents[2] / "docs" / "open-llm-vtuber.md").read_text(encoding="utf-8")
    block = guide.split("```bash\n", 1)[1].split("```", 1)[0].replace("~/Open-LLM-VTuber", str(olv))
    commands = [line.split("#")[0].strip() for line in block.splitlines()]
    dry, real, *steps = [command.removeprefix("uv run hayakuchi ").split() for command in commands]
    assert run(*dry)[0] == 0
    code, out, _ = run(*real, "--json")
    assert (code, json.loads(out)["next"]) == (0, commands[2:])
    assert problems(run(*steps[0], "--json")[1]) == []


def test_what_was_there_is_as_it_was(olv: Path, run: Any) -> None:
    before = tree(olv)
    assert run("import", olv)[0] == 0
    after = tree(olv)
    assert {name for name in after if name not in before} == {
        "hayakuchi",
        "hayakuchi/conf.yaml",
        "hayakuchi/characters",
        "hayakuchi/characters/mao.yaml",
        "hayakuchi/characters/shizuku_local.yaml",
    }
    assert {name: after[name] for name in before} == before


def test_a_dry_run_writes_nothing_and_tells_the_same(home: Path, olv: Path, run: Any) -> None:
    before = tree(home)
    code, dry, _ = run("import", olv, "--dry-run", "--json")
    assert (code, tree(home)) == (0, before)
    code, real, _ = run("import", olv, "--json")
    told, done = json.loads(dry), json.loads(real)
    assert told["notes"] == done["notes"]
    assert told["written"] == done["written"]
    assert (told["dry_run"], done["dry_run"]) == (True, False)


def test_the_conversations_are_found(olv: Path, run: Any) -> None:
    out = run("import", olv)[1]
    found = conversations(loaded(olv / "hayakuchi" / "conf.yaml"))
    assert list(found) == [SHIZUKU, MAOS]
    assert (found[SHIZUKU].character, found[SHIZUKU].messages) == ("Shizuku", 4)
    assert (found[MAOS].character, found[MAOS].title) == ("真央", "はじめまして。")
    assert "2 new" in out
    assert "broken.json" in out


def test_a_second_run_is_harmless(home: Path, olv: Path, run: Any) -> None:
    run("import", olv)
    before = tree(olv)
    code, out, _ = run("import", olv, "--json")
    told = json.loads(out)
    assert (code, tree(olv), told["written"]) == (0, before, [])
    assert (told["conversations"]["new"], told["conversations"]["same"]) == (0, 2)
    assert [summary.messages for summary in conversations(loaded(olv / "hayakuchi" / "conf.yaml")).values()] == [4, 2]


def test_what_the_user_changed_since_then_stays(olv: Path, run: Any) -> None:
    run("import", olv)
    mine = written(olv / "hayakuchi" / "conf.yaml", "character: mao\n")
    code, out, _ = run("import", olv)
    assert code == 0
    assert mine.read_text() == "character: mao\n"
    assert loaded(olv / "hayakuchi-2" / "conf.yaml").character.name == "Shizuku"
    assert "hayakuchi-2" in out


def test_another_folder(home: Path, olv: Path, run: Any) -> None:
    assert run("import", olv, "--to", home / "new" / "ours")[0] == 0
    assert loaded(home / "new" / "ours" / "conf.yaml").open_llm_vtuber.folder == olv
    written(home / "taken" / "conf.yaml", "mine")
    code, _, err = run("import", olv, "--to", home / "taken")
    assert code == 1
    assert "taken is there already and nothing in it is overwritten" in err


def test_the_frontend_that_came_along_is_offered(olv: Path, run: Any) -> None:
    assert "--frontend" not in run("import", olv)[1]
    written(olv / "frontend" / "index.html", "<title>theirs</title>")
    steps = json.loads(run("import", olv, "--json")[1])["next"]
    assert [step.split()[3] for step in steps] == ["check", "run"]
    assert steps[-1].endswith(f"--frontend {olv / 'frontend'}")


def test_conversations_may_be_left_out(home: Path, olv: Path, run: Any) -> None:
    code, out, _ = run("import", olv, "--no-history", "--json")
    assert code == 0
    assert not (home / "data").exists()
    assert json.loads(out)["conversations"] == {"found": 0, "messages": 0}


def test_a_running_server_is_told_of_and_nothing_is_written(olv: Path, run: Any) -> None:
    run("import", olv)
    settings = loaded(olv / "hayakuchi" / "conf.yaml")
    before = tree(olv)
    written(olv / "hayakuchi" / "conf.yaml", before["hayakuchi/conf.yaml"] + b"\n")  # type: ignore[operator]
    changed = tree(olv)

    async def beside_a_server() -> tuple[int, str, str]:
        server = Conversations(settings.sessions)
        await server.start()
        try:
            return await asyncio.to_thread(run, "import", olv)
        finally:
            await server.aclose()

    code, _, err = asyncio.run(beside_a_server())
    assert code == 1
    assert "stop the server and run this again; --no-history leaves them out" in err
    assert tree(olv) == changed
    assert run("import", olv)[0] == 0


def test_no_secret_is_shown_or_readable_by_others(home: Path, run: Any) -> None:
    conf = CONF.replace("llm_provider: 'ollama_llm'", "llm_provider: 'openai_llm'")
    olv = olv_folder(home / "olv", conf)
    for arguments in ((), ("--json",), ("--all",)):
        code, out, err = run("import", olv, *arguments)
        assert code == 0
        assert "SECRET" not in out + err
    ours = olv / "hayakuchi" / "conf.yaml"
    assert loaded(ours).llm[0].config.api_key.get_secret_value() == "sk-SECRET-of-the-test"
    if os.name == "posix":
        assert ours.stat().st_mode & 0o077 == 0


def test_a_variable_that_is_not_set_is_told_and_stops_nothing(home: Path, run: Any) -> None:
    conf = CONF.replace("'sk-SECRET-of-the-test'", "'${MY_KEY_THAT_IS_NOT_SET}'")
    olv = olv_folder(home / "olv", conf.replace("llm_provider: 'ollama_llm'", "llm_provider: 'openai_llm'"))
    code, out, _ = run("import", olv, "--json")
    told = json.loads(out)
    assert code == 0
    assert any("MY_KEY_THAT_IS_NOT_SET is not set" in problem for problem in told["to_mend"])
    assert told["conversations"]["new"] == 2


def test_settings_alone_pass_the_check_as_well(home: Path, run: Any) -> None:
    (home / "bare").mkdir()
    (home / "bare" / "conf.yaml").write_text(CONF, encoding="utf-8")
    assert run("import", home / "bare")[0] == 0
    assert loaded(home / "bare" / "hayakuchi" / "conf.yaml").open_llm_vtuber.folder is None
    assert problems(run("check", "--json", "-c", home / "bare" / "hayakuchi" / "conf.yaml")[1]) == []


def test_gbk(home: Path, run: Any) -> None:
    conf = CONF.replace("'Shizuku'", "'雫'").encode("gb18030")
    olv = olv_folder(home / "olv", conf)
    assert run("import", olv)[0] == 0
    assert loaded(olv / "hayakuchi" / "conf.yaml").character.name == "雫"


@pytest.mark.parametrize(
    "conf",
    [
        b"a: &a [*a]\n",
        b"system_config: &x {a: &y {b: *x}}\n",
        b"x: !!python/object/apply:os.system [id]\n",
        b"a: [" * 500,
        b"\xff\xfe\x00\x01",
        b"- 1\n",
        b"a: " + b"x" * 2_000_000,
        b"character: kiyo\n",
    ],
)
def test_settings_that_are_hostile_or_others_are_refused_whole(home: Path, run: Any, conf: bytes) -> None:
    olv = olv_folder(home / "olv", conf)
    before = tree(home)
    code, out, err = run("import", olv)
    assert code in (1, 2)
    assert err.startswith("error: ")
    assert "Traceback" not in out + err
    assert tree(home) == before


def test_names_that_lead_elsewhere_write_nothing_there(home: Path, run: Any) -> None:
    conf = CONF.replace("'shizuku-local'\n  conf_uid: 'shizuku-001'", "'../../../evil'\n  conf_uid: '../../data'")
    olv = olv_folder(home / "olv", conf)
    written(olv / "characters" / "con.yaml", MAO.replace("'Mao'", "'..\\..\\x'"))
    written(home / "secret.yaml", MAO)
    os.symlink(home / "secret.yaml", olv / "characters" / "link.yaml")
    outside = {name: content for name, content in tree(home).items() if not name.startswith(("olv", "data"))}
    code, _, err = run("import", olv)
    assert (code, err) == (0, "")
    assert {name: content for name, content in tree(home).items() if not name.startswith(("olv", "data"))} == outside
    made = {file.name for file in (olv / "hayakuchi" / "characters").iterdir()}
    assert "con.yaml" not in made
    assert "link.yaml" not in made
    assert loaded(olv / "hayakuchi" / "conf.yaml").character.name == "Shizuku"


def test_a_terminal_is_told_nothing_it_would_obey(olv: Path, run: Any) -> None:
    models = [{"name": "\x1b]0;owned\x07\x1b[2J", "url": "x"}]
    written(olv / "model_dict.json", models)
    written(olv / "chat_history" / "a" / "b\x1b[2Jc.json", "[")
    for arguments in ((), ("--json",)):
        out = run("import", olv, "--dry-run", *arguments)[1]
        assert "\x1b" not in out
        assert "\x07" not in out


def test_a_folder_of_neither_is_told(home: Path, run: Any) -> None:
    (home / "empty").mkdir()
    code, _, err = run("import", home / "empty")
    assert code == 1
    assert "neither a conf.yaml nor character cards" in err
    assert run("import", home / "none")[0] == 2


def test_the_next_steps_may_be_typed_anywhere(home: Path, olv: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written(olv / "frontend" / "index.html", "<title>theirs</title>")
    monkeypatch.chdir(olv)
    steps = json.loads(run("import", ".", "--json")[1])["next"]
    conf = olv / "hayakuchi" / "conf.yaml"
    assert [step.split(" -c ")[1] for step in steps] == [str(conf), f"{conf} --frontend {olv / 'frontend'}"]
    monkeypatch.chdir(home)
    written(home / "lady.json", card())
    ladys = str(home / "characters" / "lady_bug.yaml")
    assert json.loads(run("import", "lady.json", "--json")[1])["next"] == [f"uv run hayakuchi run --character {ladys}"]
    written(home / "conf.yaml", "llm: {demo_llm: {}}\n")
    [step] = json.loads(run("import", "lady.json", "--json")[1])["next"]
    assert step == f"uv run hayakuchi run -c {home / 'conf.yaml'} --character lady_bug"


def test_who_names_something_beside_it_is_told_what_was_meant(olv: Path, run: Any) -> None:
    for named in ("chat_history", "avatars", "live2d-models/shizuku"):
        code, out, err = run("import", olv / named)
        assert (code, out) == (1, "")
        assert err.endswith(f"did you mean the folder above, {olv}?\n")
    code, _, err = run("import", olv / "conf.yaml")
    assert code == 1
    assert "one file of settings; name the folder of Open-LLM-VTuber that it is in" in err
    desk = olv_folder(olv.parent / "desk" / "Open-LLM-VTuber").parent
    written(desk / "another" / "conf.yaml", "character: kiyo\n")
    code, _, err = run("import", desk)
    assert code == 1
    assert err.endswith(f"did you mean {desk / 'Open-LLM-VTuber'}?\n")


def test_a_dry_run_tells_that_nothing_could_be_written(
    home: Path, olv: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is run by a user who may write everywhere."""
    may = os.access
    monkeypatch.setattr(
        os, "access", lambda place, mode: mode & os.W_OK == 0 if Path(place) == olv else may(place, mode)
    )
    code, out, _ = run("import", olv, "--dry-run")
    assert code == 0
    assert f"to do before it is imported: {olv} cannot be written; name another folder with --to" in out
    assert "would be written" not in out
    assert json.loads(run("import", olv, "--dry-run", "--json")[1])["obstacle"] is not None
    assert json.loads(run("import", olv, "--dry-run", "--json", "--to", home / "a" / "b")[1])["obstacle"] is None
    lady = written(home / "lady.json", card())
    file = written(home / "file", "x")
    assert f"{file} is no folder" in run("import", lady, "--dry-run", "--to", file / "a")[1]


def test_what_is_made_of_private_settings_is_private(home: Path, olv: Path, run: Any) -> None:
    if os.name != "posix":
        pytest.skip("has no such modes")
    (olv / "mcp_servers.json").unlink()  # there is a token in it
    assert run("import", olv, "--to", home / "open")[0] == 0
    assert (home / "open" / "conf.yaml").stat().st_mode & 0o044 == 0o044
    (olv / "conf.yaml").chmod(0o600)
    assert run("import", olv, "--to", home / "closed")[0] == 0
    assert (home / "closed").stat().st_mode & 0o077 == 0
    assert (home / "closed" / "conf.yaml").stat().st_mode & 0o077 == 0
    lady = written(home / "lady.png", card_png(card()))
    lady.chmod(0o600)
    assert run("import", lady, "--to", home / "cast")[0] == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in (home / "cast" / "characters").iterdir())


def test_a_card_becomes_a_character_here(home: Path, run: Any) -> None:
    lady = written(home / "lady.png", card_png(card()))
    written(Path("conf.yaml"), "llm: {demo_llm: {}}\ntts: {espeak_tts: {}}\n")
    code, out, _ = run("import", lady)
    assert code == 0
    assert "--character lady_bug" in out
    settings = loaded(Path("conf.yaml"), "lady_bug")
    assert settings.character.name == "Lady Bug"
    assert (Path("characters") / (settings.character.avatar or "")).read_bytes() == png()
    before = tree(home)
    assert run("import", lady)[0] == 0
    assert tree(home) == before, "the same card again changes nothing"
    assert problems(run("check", "--character", "lady_bug", "--json")[1]) == []


def test_a_card_without_settings_beside_it_is_named_as_a_file(home: Path, run: Any) -> None:
    written(home / "lady.json", card(3))
    code, out, _ = run("import", home / "lady.json", "--to", home / "cast", "--json")
    step = json.loads(out)["next"][0]
    assert code == 0
    assert step.endswith(f"run --character {home / 'cast' / 'characters' / 'lady_bug.yaml'}")
    lady = home / "cast" / "characters" / "lady_bug.yaml"
    assert problems(run("check", "--character", lady, "--json")[1]) == []


def test_a_card_never_replaces_a_character(home: Path, run: Any) -> None:
    mine = written(Path("characters/lady_bug.yaml"), "name: Mine\n")
    assert run("import", written(home / "lady.png", card_png(card())))[0] == 0
    assert mine.read_text() == "name: Mine\n"
    assert Path("characters/lady_bug-2.yaml").is_file()
    assert "lady_bug-2.png" in Path("characters/lady_bug-2.yaml").read_text()


def test_a_folder_of_cards(home: Path, run: Any) -> None:
    cards = home / "cards"
    written(cards / "a.png", card_png(card()))
    written(cards / "b.json", card(3, name="Lady Bug", description="another one"))
    written(cards / "c.json", card(1, name="Cat"))
    written(cards / "photo.png", png())
    written(cards / "readme.txt", "x")
    before = tree(home)
    assert run("import", cards, "--dry-run")[0] == 0
    assert tree(home) == before
    code, out, _ = run("import", cards)
    assert code == 0
    assert "photo.png: it is a picture without a character in it" in out
    assert sorted(file.name for file in Path("characters").iterdir()) == [
        "cat.yaml",
        "lady_bug-2.yaml",
        "lady_bug.png",
        "lady_bug.yaml",
    ]


def test_what_is_no_card_is_an_error(home: Path, run: Any) -> None:
    code, _, err = run("import", written(home / "photo.png", png()))
    assert code == 1
    assert "photo.png: it is a picture without a character in it" in err
    code, _, err = run("import", written(home / "cards" / "x.json", "{}").parent)
    assert code == 1
    assert "none of the 1 files in it is a character card" in err


def test_so_many_conversations_that_the_server_would_forget_some(olv: Path, run: Any) -> None:
    one = json.dumps([said("human", "hi", "2026-10-01T20:15:04")])
    for number in range(1100):
        written(olv / "chat_history" / "shizuku-001" / f"{number:032x}.json", one)
    told = json.loads(run("import", olv, "--json")[1])["conversations"]
    assert (told["new"], told["no_room"]) == (1102, 0)
    assert loaded(olv / "hayakuchi" / "conf.yaml").sessions.max_stored == 5000
    written(olv / "chat_history" / "shizuku-001" / "one-more.json", one)
    again = json.loads(run("import", olv, "--json")[1])
    assert (again["conversations"]["new"], again["conversations"]["same"], again["written"]) == (1, 1102, [])
