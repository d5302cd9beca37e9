"""`broker serve` refuses to start: exit status 1, one line, no secret (CF-01, HT-11)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def run(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start the command in a process of its own."""
    env = {"PATH": os.environ["PATH"], "BROKER_HOME": str(home), **environ}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=60, env=env, check=False)


def test_debug_mode(tmp_path: Path) -> None:
    """CF-01: debug mode."""
    done = run(tmp_path, "-m", "broker", "serve", FLASK_DEBUG="1")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "debug mode" in done.stderr


def test_optimized_python(tmp_path: Path) -> None:
    """HT-11: checks are code, and python -O is refused all the same."""
    done = run(tmp_path, "-O", "-m", "broker", "serve")
    assert done.returncode == 1
    assert "-O" in done.stderr


def test_default_secret(tmp_path: Path) -> None:
    """CF-01, CF-09: an example secret is refused by name of the key, and not printed."""
    (tmp_path / "config" / "applications").mkdir(parents=True)
    (tmp_path / "config" / "broker.yaml").write_text("issuer: http://localhost:8080\n", "utf-8")
    (tmp_path / "config" / "applications" / "payroll.yaml").write_text(
        "name: Payroll\nclient_secret: changeme\nredirect_uris: [https://payroll.contoso.example/cb]\n", "utf-8"
    )
    done = run(tmp_path, "-m", "broker", "serve")
    assert done.returncode == 1
    assert done.stderr.startswith("config/applications/payroll.yaml:2: client_secret:")
    assert "changeme" not in done.stderr
