"""The wheels of the project, built from a copy of the checkout and unpacked."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.source import ROOT


def build(project: Path, place: Path) -> Path:
    """The wheel of a project's folder, built with the installed setuptools; nothing is fetched."""
    line = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-build-isolation", "--no-deps"]
    done = subprocess.run([*line, "--wheel-dir", place, project], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheels are built from."""
    source = tmp_path_factory.mktemp("source")
    for folder in ("broker", "testing"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "*.mo", "build"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return source


@pytest.fixture(scope="session")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of the broker's wheel, and nothing else of this checkout."""
    place = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(build(source, place)) as archive:
        archive.extractall(place / "content")
    return place / "content"


@pytest.fixture(scope="session")
def kit(source: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the wheel of the extra `testing`, as an application team installs both."""
    place = tmp_path_factory.mktemp("kit")
    shutil.copytree(wheel, place / "content")
    with zipfile.ZipFile(build(source / "testing", place)) as archive:
        files = {name for name in archive.namelist() if not name.endswith("/")}
        assert [name for name in sorted(files) if (place / "content" / name).exists()] == []  # no file belongs to both
        archive.extractall(place / "content")
    return place / "content"
