"""For a WSGI server of one's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from broker.keyring.root import create_root
from tests.house.source import ROOT


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str) -> Path:
    """A home with one file and a root key."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "broker.yaml").write_text(
        f"issuer: http://localhost:8080\norganization: {{name: Contoso}}\ndatabase: {sqlite_url}\n"
    )
    create_root(tmp_path / "keys")
    return tmp_path


@pytest.mark.parametrize("named", [True, False])
def test_serves_the_home_that_the_environment_names(home: Path, tmp_path: Path, named: bool):
    """BROKER_HOME names the home; without it, it is the current folder. In a process of its own: it works in the background."""
    code = "from broker.wsgi import application\nprint(application().test_client().get('/healthz').status_code)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | ({"BROKER_HOME": str(home)} if named else {})
    where = tmp_path / "config" if named else home
    done = subprocess.run([sys.executable, "-c", code], cwd=where, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("200\n", 0), done.stderr
