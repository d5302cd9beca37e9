"""Foreign programs in `build/interop/`: built from Go modules, or installed from the locked list of Python applications."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.stage import HERE

BUILD = HERE.parent.parent / "build" / "interop"


def go_program(folder: str, package: str = ".") -> str:
    """The program that Go builds from `tests/interop/FOLDER` with the versions of its go.sum."""
    go = shutil.which("go")
    if go is None:
        pytest.fail("Go 1.26 or newer is needed for the peers that are Go modules")
    program = BUILD / folder
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([go, "build", "-mod=readonly", "-o", str(program), package], cwd=HERE / folder, check=True, timeout=1800)
    return str(program)


def python_programs(name: str = "applications") -> Path:
    """The `bin` folder of an environment with the packages of NAME.txt."""
    locked, folder = HERE / f"{name}.txt", BUILD / name
    stamp = folder / "installed"
    if not stamp.exists() or stamp.stat().st_mtime < locked.stat().st_mtime:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=120)
        line = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        subprocess.run([str(folder / "bin/python"), "-m", "pip", *line, "--requirement", str(locked)], check=True, timeout=900)
        stamp.touch()
    return folder / "bin"
