"""A Dockerfile, read: enough of its grammar for ours."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line: RUN, its text, its number."""

    word: str
    text: str
    line: int

    def words(self) -> list[str]:
        """The arguments, in JSON or shell form, without --options."""
        if self.text.startswith("["):
            return [str(word) for word in json.loads(self.text)]
        return [word for word in shlex.split(self.text) if not word.startswith("--")]

    def option(self, name: str) -> str | None:
        """The value of --name=value."""
        for word in shlex.split(self.text):
            if word.startswith(f"--{name}="):
                return word.split("=", 1)[1]
        return None


@dataclass(frozen=True, slots=True)
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        """Its instructions of one kind."""
        return [instruction for instruction in self.instructions if instruction.word == word]


def parse(path: Path) -> list[Stage]:
    """The stages of a Dockerfile, last one the image."""
    stages: list[Stage] = []
    pending, start = "", 0
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1]
            continue
        word, _, text = (pending + line).partition(" ")
        pending = ""
        if word == "FROM":
            words = text.split()
            stages.append(Stage(words[0], words[2] if len(words) > 2 else str(len(stages))))
        else:
            stages[-1].instructions.append(Instruction(word, " ".join(text.split()) if word == "ENV" else text, start))
    return stages
