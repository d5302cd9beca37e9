"""The Dockerfile's lines, executed without Docker: each stage is a folder, absolute paths are moved below it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.dockerfile import Instruction, Stage, parse
from tests.house.source import ROOT

MOVED = re.compile(r"(?<![\w.])/(?=(?:opt|build|home)(?:/|\b))")
ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key.startswith("PIP_") or key.lower().endswith("_proxy") or key in {"HOME", "LANG"}
}


class Machine:
    """What one stage leaves behind."""

    def __init__(self, root: Path, stage: Stage) -> None:
        """root: the folder that stands for `/`."""
        self.root, self.stage = root, stage
        self.environment = {**ENVIRONMENT, "PATH": f"{root}/usr/local/bin:/usr/bin:/bin"}
        (root / "usr/local/bin").mkdir(parents=True)
        (root / "usr/local/bin/python").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")

    def moved(self, text: str) -> str:
        """The text with its absolute paths below the folder."""
        return MOVED.sub(f"{self.root}/", text)

    def copy(self, instruction: Instruction, machines: dict[str, Machine]) -> None:
        """COPY, from the context or from another stage."""
        *sources, target = instruction.words()
        other = instruction.option("from")
        for source in sources:
            origin = Path(machines[other].moved(source)) if other else ROOT / source
            place = Path(self.moved(target))
            if target.endswith("/"):
                place /= origin.name
            place.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_dir():
                shutil.copytree(
                    origin, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "demo", "testing", "*.mo")
                )  # .dockerignore
            else:
                shutil.copyfile(origin, place)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """A command in this stage; its failure is the test's."""
        done = subprocess.run(command, env=self.environment, cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The last stage, after every line of the Dockerfile."""
    machines: dict[str, Machine] = {}
    for stage in parse(ROOT / "Dockerfile"):
        machine = machines[stage.name] = Machine(tmp_path_factory.mktemp("stage"), stage)
        for instruction in stage.instructions:
            if instruction.word == "COPY":
                machine.copy(instruction, machines)
            elif instruction.word == "ENV":
                pairs = (pair.split("=", 1) for pair in shlex.split(machine.moved(instruction.text)))
                machine.environment |= {
                    key: value.replace("/usr/local/bin:", f"{machine.root}/usr/local/bin:") for key, value in pairs
                }
            elif instruction.word == "RUN" and instruction.text.startswith("useradd"):
                Path(machine.moved("/home/broker")).mkdir(parents=True)
            elif instruction.word == "RUN":
                machine.run(["sh", "-ec", machine.moved(instruction.text)])
    return machine


def test_every_run_line_works_and_the_broker_starts(image: Machine):
    """The image's entry point answers with its commands, with nothing but the image's own files."""
    (entry,) = image.stage.all("ENTRYPOINT")
    done = image.run([*entry.words(), "--help"])
    assert "serve" in done.stdout
    where = image.run(["python", "-c", "import broker, sqlalchemy; print(broker.__file__, sqlalchemy.__file__)"])
    assert all(path.startswith(str(image.root)) for path in where.stdout.split())


def test_root_key_and_tables_come_up_in_the_volume(image: Machine):
    """`keys init` in the image writes below /home/broker and nowhere else in it."""
    home = Path(image.moved("/home/broker"))
    (home / "config").mkdir()
    (home / "config/broker.yaml").write_text("issuer: http://localhost:8080\norganization: {name: Contoso}\n")
    before = {path for path in image.root.rglob("*") if home not in path.parents}
    (entry,) = image.stage.all("ENTRYPOINT")
    image.run([*entry.words(), "keys", "init"])
    assert list((home / "keys").iterdir())
    assert {path for path in image.root.rglob("*") if home not in path.parents} == before
