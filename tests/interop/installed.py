"""Foreign programs in `build/interop/`: built from Go modules, or installed from the locked list of Python applications."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.stage import HERE

BUILD = HERE.parent.parent / "build" / "interop"


def go_program(folder: str, package: str = ".", *, below: Path = HERE) -> str:
    """The program that Go builds from a folder (below `tests/interop`) with the versions of its go.sum."""
    go = shutil.which("go")
    if go is None:
        pytest.fail("Go 1.26 or newer is needed for the peers that are Go modules")
    program = BUILD / folder
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([go, "build", "-mod=readonly", "-o", str(program), package], cwd=below / folder, check=True, timeout=1800)
    return str(program)


def node_packages(folder: Path) -> str:
    """The node program, once the packages of a folder's package-lock.json are there."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.fail("node and npm are needed (Debian: apt-get install nodejs npm)")
    installed, locked = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=300)
        installed.touch()
    return program


def java_program(folder: Path) -> str:
    """The archive that Maven builds from a folder, with the versions that the parent of its pom.xml names."""
    subprocess.run(["mvn", "--quiet", "--batch-mode", "package"], cwd=folder, check=True, timeout=1800)
    return str(folder / "target" / "application.jar")


def python_programs(locked: Path = HERE / "applications.txt") -> Path:
    """The `bin` folder of an environment with the packages of a lock file; `make sample` uses that of the portal, too."""
    folder = BUILD / (locked.parent.name if locked.name == "requirements.txt" else locked.stem)
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_bytes() != locked.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=300)
        line = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        subprocess.run([str(folder / "bin/python"), "-m", "pip", *line, "--requirement", str(locked)], check=True, timeout=900)
        shutil.copyfile(locked, stamp)
    return folder / "bin"
