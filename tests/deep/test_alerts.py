"""Prometheus' own checker, from Debian: the alert rules are valid, and fire when they should and not before."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.house.source import ROOT

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"


@pytest.fixture(scope="module", autouse=True)
def promtool() -> None:
    """The command, installed where it is missing."""
    subprocess.run([ROOT / "scripts" / "need", "promtool=prometheus"], check=True, timeout=600)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Promtool WORDS."""
    return subprocess.run(["promtool", *words], capture_output=True, text=True, check=False, timeout=60)


def test_rules_are_valid() -> None:
    """Syntax, labels, templates."""
    done = run("check", "rules", str(ALERTS))
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_fire(tmp_path: Path) -> None:
    """tests/deep/alerts.yml: nodes, partners and workers, sick ones beside healthy ones."""
    file = tmp_path / "alerts.yml"
    file.write_text((ROOT / "tests" / "deep" / "alerts.yml").read_text().replace("ALERTS", str(ALERTS)))
    done = run("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
