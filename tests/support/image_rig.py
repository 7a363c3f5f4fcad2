"""Builds a Dockerfile's stages and runs what comes of them, without a Docker engine and without its base image.

Every instruction is carried out as it is written, in an overlay over this machine's root folder, with Python at /usr/local as
in the official images. What runs gets namespaces of its own: it is process 1, its root is read-only, its network is empty.
Needs root on Linux. Nothing of it outlives the folder that it is given.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from dockerfile import Ignored, Instruction, Stage, stages

ROOT = Path(__file__).resolve().parents[2]
BASE_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
NETWORK = ("PIP_", "UV_", "SSL_", "REQUESTS_CA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy")
"""How this machine reaches PyPI; a builder would be told in its own way."""
BUILD_S = 600


def can_build() -> bool:
    """Whether this machine has what it takes."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    probe = "mount -t tmpfs probe /mnt && mkdir /mnt/u /mnt/w /mnt/m && mount -t overlay o -o " + _layers("/", "/mnt")
    result = subprocess.run(
        ["unshare", "-mnp", "--fork", "sh", "-c", f"{probe} /mnt/m"], capture_output=True, check=False
    )
    return result.returncode == 0


def _layers(lower: str, folder: str) -> str:
    return f"lowerdir={lower},upperdir={folder}/u,workdir={folder}/w"


@dataclass
class Layers:
    """What a stage has written over the base."""

    folder: Path
    python: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": BASE_PATH})
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for below in ("u", "w", "m", "local/u", "local/w"):
            (self.folder / below).mkdir(parents=True, exist_ok=True)

    @property
    def root(self) -> Path:
        return self.folder / "m"

    @property
    def mounting(self) -> str:
        """Shell commands that put the layers together; they last as long as the mount namespace."""
        root = shlex.quote(str(self.root))
        return f"""set -e
mount -t overlay stage -o {_layers("/", str(self.folder))} {root}
mount -t overlay python -o {_layers(str(self.python), f"{self.folder}/local")} {root}/usr/local
mount --rbind /dev {root}/dev
mount -t proc proc {root}/proc
# Scripts name the interpreter at its place on this machine, and so does it its library, which may lie below /root.
sed -i '1s|^#!.*|#!/usr/local/bin/python3|' {root}/usr/local/bin/pip*
chmod o+x {root}/root
echo /usr/local/lib > {root}/etc/ld.so.conf.d/base.conf && chroot {root} /sbin/ldconfig
"""


class Builder:
    """``build`` makes the last stage; ``folder`` has to be on a disk that overlays can be on."""

    def __init__(self, folder: Path, python: Path, root: Path = ROOT) -> None:
        self._folder, self._python, self._root = folder, python, root
        self._built: dict[str, Layers] = {}

    def build(self, dockerfile: Path) -> Layers:
        last: Layers | None = None
        for index, stage in enumerate(stages(dockerfile.read_text("utf-8"))):
            last = self._stage(stage, self._folder / f"stage{index}")
            self._built[stage.name or str(index)] = last
        assert last is not None
        return last

    def _stage(self, stage: Stage, folder: Path) -> Layers:
        layers = Layers(folder, self._python)
        for instruction in stage.instructions:
            getattr(self, f"_{instruction.word.lower()}", self._note)(instruction, layers)
        return layers

    def _note(self, instruction: Instruction, layers: Layers) -> None:
        assert instruction.word in ("LABEL", "VOLUME", "EXPOSE", "STOPSIGNAL"), instruction

    def _env(self, instruction: Instruction, layers: Layers) -> None:
        layers.environment |= dict(pair.split("=", 1) for pair in shlex.split(instruction.rest))

    def _workdir(self, instruction: Instruction, layers: Layers) -> None:
        layers.workdir = instruction.rest
        self._sh(layers, f"mkdir -p {instruction.rest}", workdir="/")

    def _user(self, instruction: Instruction, layers: Layers) -> None:
        layers.user = instruction.rest

    def _entrypoint(self, instruction: Instruction, layers: Layers) -> None:
        layers.entrypoint = instruction.form or []

    def _cmd(self, instruction: Instruction, layers: Layers) -> None:
        layers.command = instruction.form or []

    def _healthcheck(self, instruction: Instruction, layers: Layers) -> None:
        layers.healthcheck = Instruction("CMD", {}, instruction.rest.removeprefix("CMD").strip()).form or []

    def _run(self, instruction: Instruction, layers: Layers) -> None:
        # A cache mount only saves time, which the machine's own uv cache below the overlay does as well.
        assert set(instruction.flags) <= {"mount"}
        assert instruction.flags.get("mount", "type=cache").startswith("type=cache")
        self._sh(layers, instruction.rest)

    def _copy(self, instruction: Instruction, layers: Layers) -> None:
        *sources, target = instruction.words
        into = os.path.join(layers.workdir, target)
        if (source_stage := instruction.flags.get("from")) is not None:
            for source in sources:
                # Both lie on one disk, and nobody writes to them any more: links will do.
                origin, place = (
                    f"{one.folder}/u{path}" for one, path in ((self._built[source_stage], source), (layers, into))
                )
                os.makedirs(place, exist_ok=True)
                subprocess.run(["cp", "-al", f"{origin}/.", place], timeout=BUILD_S, check=True)
            return
        files = list(Ignored((self._root / ".dockerignore").read_text("utf-8")).context(self._root))
        for source in sources:
            wanted = [file for file in files if source == "." or file == source or file.startswith(f"{source}/")]
            assert wanted, f"COPY {source}: the context has no such file"
            listed = "\n".join(wanted)
            if source == "." or target.endswith("/"):
                self._sh(
                    layers, f"cd /mnt/from && xargs -d '\\n' cp --parents -t {into}", {self._root: "/mnt/from"}, listed
                )
            else:
                place = os.path.join(into, source) if target == "./" else into
                self._sh(
                    layers,
                    f"mkdir -p {os.path.dirname(place)} && cp /mnt/from/{source} {place}",
                    {self._root: "/mnt/from"},
                )

    def _sh(
        self,
        layers: Layers,
        command: str,
        bound: Mapping[Path, str] | None = None,
        given: str = "",
        *,
        workdir: str | None = None,
    ) -> None:
        binds = "".join(
            f"mkdir -p {layers.root}{place}\nmount --bind {shlex.quote(str(source))} {layers.root}{place}\n"
            for source, place in (bound or {}).items()
        )
        network = {name: value for name, value in os.environ.items() if name.startswith(NETWORK)}
        environment = shlex.join(f"{k}={v}" for k, v in {"HOME": "/root", **network, **layers.environment}.items())
        inside = shlex.quote(f"cd {workdir or layers.workdir} && {command}")
        script = f"{layers.mounting}{binds}exec chroot {layers.root} env -i {environment} /bin/sh -c {inside}"
        result = subprocess.run(
            ["unshare", "-m", "sh", "-c", script],
            input=given,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


@dataclass
class Container:
    """A process that runs in an image."""

    process: subprocess.Popen[str]

    @property
    def first(self) -> psutil.Process:
        """Its process 1, as seen from outside."""
        [child] = psutil.Process(self.process.pid).children()
        return child

    def run(
        self, image: Layers, command: Sequence[str], *, user: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A further command inside, as ``docker exec`` runs it."""
        entered = ["nsenter", "-t", str(self.first.pid), "-m", "-n", "-p", "-r", *_as(image, user or image.user)]
        return subprocess.run([*entered, *command], capture_output=True, text=True, timeout=60, check=False)


def _as(image: Layers, user: str, environment: Mapping[str, str] | None = None) -> list[str]:
    number, _, group = user.partition(":")
    dropped = ["--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    told = [f"{name}={value}" for name, value in {**image.environment, **(environment or {})}.items()]
    return ["setpriv", f"--reuid={number}", f"--regid={group}", *dropped, "env", "-i", *told]


@contextmanager
def container(
    image: Layers, data: Path, command: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Container]:
    """The image's entrypoint with its own command, or this one: read-only root, a tmpfs at /tmp, ``data`` at /data, no network
    but its own loopback, no capabilities."""
    root = image.root
    inside = shlex.join([*_as(image, image.user, environment), *image.entrypoint, *(command or image.command)])
    script = f"""{image.mounting}
ip link set lo up
mount -o remount,ro {root}/usr/local
mount -o remount,ro {root}
mount -t tmpfs -o mode=1777,size=256m tmp {root}/tmp
mount --bind {shlex.quote(str(data))} {root}/data
cd {root}
exec chroot . /bin/sh -c {shlex.quote(f"cd {image.workdir} && exec {inside}")}"""
    own = ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child"]
    with subprocess.Popen(
        [*own, "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Container(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
