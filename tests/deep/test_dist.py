"""`make dist`, and its files in an environment that has nothing else of this checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from broker.demo.serving import free_port
from tests.house.source import ROOT

CONFIG = "issuer: http://localhost:{port}\norganization: {{name: Contoso}}\n"


def run(*line: object, cwd: Path, **environment: str) -> str:
    """A command without this checkout in its environment; what it printed."""
    kept = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV", "BROKER_HOME"}}
    words = [str(word) for word in line]
    done = subprocess.run(words, cwd=cwd, env={**kept, **environment}, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def dist() -> Path:
    """The folder that `make dist` writes, checked by its own sums."""
    run(ROOT / "scripts/dist", cwd=ROOT)
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=ROOT / "dist")
    return ROOT / "dist"


@pytest.fixture(scope="module")
def place(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment: the locked requirements, then the wheel without its dependencies."""
    place = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "env", cwd=place)
    pip = [place / "env/bin/python", "-m", "pip", "--disable-pip-version-check"]
    locked = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement")
    run(*pip, "install", "--quiet", *locked, dist / "requirements.txt", cwd=place)
    (wheel,) = dist.glob("guest_broker-*.whl")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=place)
    run(*pip, "check", cwd=place)
    return place


def test_the_wheel_serves(place: Path):
    """Help, keys, check, and a server that is ready, all from the installed files."""
    broker = place / "env/bin/broker"
    assert "serve" in run(broker, "--help", cwd=place)
    where = run(place / "env/bin/python", "-c", "import broker; print(broker.__file__)", cwd=place)
    assert where.startswith(str(place))
    port = free_port()
    home = place / "home"
    (home / "config").mkdir(parents=True)
    (home / "config/broker.yaml").write_text(CONFIG.format(port=port), "utf-8")
    run(broker, "keys", "init", cwd=place, BROKER_HOME=str(home))
    run(broker, "check", cwd=place, BROKER_HOME=str(home))
    line = [str(broker), "serve", "--bind", f"127.0.0.1:{port}", "--home", str(home)]
    with subprocess.Popen(line, cwd=place, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            assert any(f"http://localhost:{port}" in said for said in server.stderr)  # printed when it listens
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
                assert answer.status == 200
        finally:
            server.terminate()
        assert server.wait(60) == 0


def test_the_wheels_play_the_story(dist: Path, place: Path):
    """With the kit beside it the same installation plays the whole demo."""
    (kit,) = dist.glob("guest_broker_testing-*.whl")
    python = place / "env/bin/python"
    run(python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index", kit, cwd=place)
    told = run(place / "env/bin/broker", "demo", "--once", "--port", "0", cwd=place).splitlines()
    held, _, steps, *_ = told[-1].split()
    assert held == steps


def test_the_release_holds_no_test_and_no_fake_partner(dist: Path):
    """The sdist is what the wheel is built from; the SBOM is beside it."""
    (sdist,) = dist.glob("guest_broker-*.tar.gz")
    names = run("tar", "-tzf", sdist, cwd=dist).splitlines()
    assert not [name for name in names if {"demo", "testing", "tests"} & set(Path(name).parts)]
    assert json.loads((dist / "sbom.cdx.json").read_text("utf-8"))["bomFormat"] == "CycloneDX"
