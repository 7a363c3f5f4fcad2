"""What the Dockerfiles must keep, whoever changes them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from dockerfile import Ignored, Stage, stages
from requirements import program

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "deploy").glob("Dockerfile*"))
PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+[a-z0-9.-]*(@sha256:[0-9a-f]{64})?")

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def last(file: Path) -> Stage:
    return stages(file.read_text("utf-8"))[-1]


def context() -> list[str]:
    return list(Ignored((ROOT / ".dockerignore").read_text("utf-8")).context(ROOT))


@each_file
def test_hadolint_finds_nothing(file: Path) -> None:
    hadolint = program("hadolint", "PyPI has it for Linux on x86-64")
    result = subprocess.run(
        [hadolint, "--no-color", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")


@each_file
def test_images_are_pinned_and_every_stage_is_used(file: Path) -> None:
    found = stages(file.read_text("utf-8"))
    assert [stage.image for stage in found if not PINNED.fullmatch(stage.image)] == []
    used = {each.flags["from"] for stage in found for each in stage.of("COPY") if "from" in each.flags}
    assert used == {stage.name for stage in found[:-1]}


@each_file
def test_programs_get_the_signals(file: Path) -> None:
    """A shell between would swallow SIGTERM."""
    for word in ("ENTRYPOINT", "CMD"):
        [instruction] = last(file).of(word)
        assert instruction.form
    [healthcheck] = last(file).of("HEALTHCHECK")
    assert healthcheck.rest.startswith('CMD ["')
    assert [each.rest for each in last(file).of("STOPSIGNAL")] == ["SIGTERM"]


@each_file
def test_nobody_is_root_at_the_end(file: Path) -> None:
    stage = last(file)
    user = [each.rest for each in stage.of("USER")][-1]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "numbers: Kubernetes cannot tell what a name is"
    words = [each.word for each in stage.instructions]
    assert "RUN" not in words[words.index("USER") :]


@each_file
def test_nothing_is_fetched_from_somewhere_nor_left_over(file: Path) -> None:
    for stage in stages(file.read_text("utf-8")):
        assert not stage.of("ADD")
        for each in stage.of("RUN"):
            assert not re.search(r"\b(curl|wget)\b", each.rest)
            assert "apt-get install" not in each.rest or "rm -rf /var/lib/apt/lists/*" in each.rest
            assert "pip install" not in each.rest or "--no-cache-dir" in each.rest or "mount" in each.flags


@each_file
def test_no_secret_is_written_down(file: Path) -> None:
    for stage in stages(file.read_text("utf-8")):
        names = [*stage.environment, *(each.rest.partition("=")[0] for each in stage.of("ARG"))]
        assert [name for name in names if re.search(r"KEY|TOKEN|SECRET|PASSWORD", name)] == []


@each_file
def test_what_is_copied_is_there(file: Path) -> None:
    files = context()
    for stage in stages(file.read_text("utf-8")):
        for each in stage.of("COPY"):
            for source in each.words[:-1]:
                assert "from" in each.flags or source == "." or source in files, source


def test_both_are_the_same_but_for_the_card() -> None:
    """Two files, because builders take one; what differs is cuBLAS and where it is found."""
    one, other = (stages((ROOT / "deploy" / name).read_text("utf-8")) for name in ("Dockerfile", "Dockerfile.cuda"))
    assert [stage.image for stage in one] == [stage.image for stage in other]
    for plain, cuda in zip(one, other, strict=True):
        assert len(plain.instructions) == len(cuda.instructions)
        for a, b in zip(plain.instructions, cuda.instructions, strict=True):
            if a.word == "ENV":
                continue
            assert (a.word, a.flags, a.rest) == (b.word, b.flags, b.rest.replace("--extra cuda ", ""))
    own = other[-1].environment.keys() - one[-1].environment.keys()
    assert own == {"LD_LIBRARY_PATH", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_VISIBLE_DEVICES"}


def test_the_context_holds_the_package_and_nothing_private() -> None:
    files = context()
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [file for file in files if file not in tracked and (ROOT / file).name != "_version.py"] == []
    rooms = re.findall(r'^  "hayakuchi\.(\w+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert {file.split("/")[0] for file in files if "/" in file} == {*rooms, "characters", "deploy"}
    assert {"pyproject.toml", "README.md", "LICENSE", "conf.yaml", "py.typed"} <= set(files)


@pytest.mark.parametrize(
    ("path", "lets_in"),
    [
        ("core/types.py", True),
        ("core/__pycache__/types.cpython-312.pyc", False),
        ("core/x/y.pyc", False),
        ("deploy/conf.docker.yaml", True),
        ("deploy/.env", False),
        ("core/.env.local", False),
        ("deploy/secrets/metrics_key", False),
        (".git/config", False),
        ("tests/conftest.py", False),
    ],
)
def test_dockerignore(path: str, lets_in: bool) -> None:
    assert Ignored((ROOT / ".dockerignore").read_text("utf-8")).lets_in(path) is lets_in
