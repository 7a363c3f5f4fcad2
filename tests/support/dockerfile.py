"""Dockerfiles as their instructions, and which files a .dockerignore lets into the context."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Instruction:
    word: str
    """In capitals."""
    flags: dict[str, str]
    rest: str
    """What follows the flags, its lines joined."""

    @property
    def form(self) -> list[str] | None:
        """The words of the exec form; None for the shell form."""
        if not self.rest.startswith("["):
            return None
        return list(json.loads(self.rest))

    @property
    def words(self) -> list[str]:
        return self.form or shlex.split(self.rest)


@dataclass
class Stage:
    image: str
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)

    def of(self, word: str) -> list[Instruction]:
        return [each for each in self.instructions if each.word == word]

    @property
    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for each in self.of("ENV") for pair in shlex.split(each.rest))


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile, the values of its ARGs put in."""
    found: list[Stage] = []
    arguments: dict[str, str] = {}
    for instruction in instructions(text):
        rest = re.sub(r"\$\{(\w+)\}", lambda match: arguments.get(match[1], match[0]), instruction.rest)
        instruction = Instruction(instruction.word, instruction.flags, rest)
        if instruction.word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif instruction.word == "FROM":
            image, *named = rest.split()
            found.append(Stage(image, named[1] if named else None))
        else:
            found[-1].instructions.append(instruction)
    return found


def instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for whole in re.split(r"\n(?<!\\\n)", "\n".join(lines)):
        word, _, rest = re.sub(r"\\\n\s*", " ", whole).strip().partition(" ")
        flags: dict[str, str] = {}
        while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest.lstrip()):
            flags[match[1]] = match[2]
            rest = rest.lstrip()[match.end() :]
        # HEALTHCHECK has an instruction within.
        yield Instruction(word.upper(), flags, rest.strip())


class Ignored:
    """A .dockerignore: of the patterns that fit a path, or a folder that it lies in, the last one counts."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        self._patterns = [(_pattern(line.removeprefix("!")), line.startswith("!")) for line in lines]

    def lets_in(self, path: str) -> bool:
        parts = path.split("/")
        above = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        verdict = True
        for pattern, lets_in in self._patterns:
            if any(pattern.fullmatch(each) for each in above):
                verdict = lets_in
        return verdict

    def context(self, root: Path) -> Iterator[str]:
        """The files of the context. Folders of version control, environments and packages are not even looked into."""
        for file in sorted(root.rglob("*")):
            path = file.relative_to(root).as_posix()
            if path.split("/")[0] not in (".git", ".venv", "node_modules") and file.is_file() and self.lets_in(path):
                yield path


def _pattern(line: str) -> re.Pattern[str]:
    translated = re.escape(line.strip("/"))
    for wild, meaning in ((r"\*\*/", "(?:.*/)?"), (r"\*\*", ".*"), (r"\*", "[^/]*"), (r"\?", "[^/]")):
        translated = translated.replace(wild, meaning)
    return re.compile(translated)
