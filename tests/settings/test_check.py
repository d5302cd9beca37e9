"""`broker check`: all errors on standard error, exit 1; notes and exit 0; root keys; --json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli.check import check
from broker.keyring.root import create_root
from broker.settings import pending
from tests.settings.homes import APPLICATION, BROKER, ENVIRON, POLICY, good, write


def run(home: Path, *options: str) -> Result:
    """The command on a home, with the secrets of the good files."""
    return CliRunner(env=ENVIRON).invoke(check, ["--home", str(home), *options])


def test_good_files_are_exit_0(tmp_path: Path):
    """Nothing on standard error; what was read and its digest on standard output."""
    result = run(good(tmp_path, policy=POLICY + "state: disabled\n"))
    assert result.exit_code == 0
    assert result.stderr == ""
    first, second = result.stdout.splitlines()
    assert first.startswith("config is valid: 1 partner, 1 application, 1 policy; digest ")
    assert second == "keys: none yet; run: broker keys init"


def test_every_bad_file_is_named_at_once(tmp_path: Path):
    """Contract: one line each, FILE:LINE: key: ..., on standard error; exit 1; no traceback."""
    good(tmp_path, broker=BROKER + "colour: red\n", partner="name: [\n", application="", policy="name: x\n")
    result = run(tmp_path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
        "config/applications/payroll.yaml:1",
        "config/broker.yaml:3",
        "config/partners/fabrikam.yaml:1",
        "config/policies/mfa.yaml:1",
        "config/policies/mfa.yaml:1",
    ]


def test_an_error_is_always_one_line(tmp_path: Path):
    """A key with a line break in it cannot write lines of its own to the terminal."""
    result = run(good(tmp_path, broker=BROKER + '"a\\nb\\e[31m": x\n'))
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("config/broker.yaml:3: a?b?[31m: is an unknown key; ")


def test_pending_keys_are_told_and_exit_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Contract: of a key whose capability is not built yet, check says that it has no effect yet."""
    monkeypatch.setattr(pending, "PENDING", (pending.PendingKey("application", "owners", "nobody owns anything"),))
    good(tmp_path, application=APPLICATION + "owners: [bob@contoso.example]\n", policy=POLICY + "state: disabled\n")
    line = APPLICATION.count("\n") + 1
    result = run(tmp_path)
    assert result.exit_code == 0
    assert result.stderr == f"config/applications/payroll.yaml:{line}: owners: has no effect yet: nobody owns anything\n"


def test_root_keys_are_looked_at(tmp_path: Path):
    """CF-03: where root keys lie, they are judged as at the start."""
    good(tmp_path, policy=POLICY + "state: disabled\n")
    path = create_root(tmp_path / "keys")
    result = run(tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1] == "keys: 1 root key"
    create_root(tmp_path / "keys")
    assert run(tmp_path).stdout.splitlines()[1] == "keys: 2 root keys"
    path.chmod(0o644)
    result = run(tmp_path)
    assert result.exit_code == 1
    assert result.stderr == f"{path}: has mode 0644, others could read it; run `chmod 0600 {path}` (or 0440)\n"


def test_json_is_one_document(tmp_path: Path):
    """`--json`: the same findings for programs; the lines stay on standard error."""
    good(tmp_path, broker=BROKER + "colour: red\n", policy=POLICY + "state: disabled\n")
    write(tmp_path, {"keys/x.key": "no key"})
    (tmp_path / "keys/x.key").chmod(0o600)
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert document["errors"][0]["file"] == "config/broker.yaml"
    assert (document["errors"][0]["line"], document["errors"][0]["key"]) == (3, "colour")
    assert document["keys"]["error"].endswith("restore it, or move it out of the folder")
    assert len(result.stderr.splitlines()) == 2
    good(tmp_path)
    (tmp_path / "keys/x.key").unlink()
    document = json.loads(run(tmp_path, "--json").stdout)
    assert document["ok"] is True
    assert document["keys"] == {"state": "none", "error": None}
    assert document["partners"] == [
        {
            "id": "fabrikam",
            "file": "config/partners/fabrikam.yaml",
            "redirect_uri": "https://login.contoso.example/oidc/fabrikam/callback",
        }
    ]
    assert [note["key"] for note in document["notes"]] == [entry.path for entry in pending.PENDING if entry.kind == "policy"]


def test_the_whole_command(tmp_path: Path):
    """CF-02, CF-09: as a process: exit status, no traceback, no secret in what it prints."""
    home = good(tmp_path, broker="issuer: ${env:FABRIKAM_SECRET}\n")
    program = [sys.executable, "-m", "broker", "check"]
    done = subprocess.run(program, cwd=home, env=ENVIRON, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "config/broker.yaml:1: issuer: what '${env:FABRIKAM_SECRET}' stands for is no absolute URL; write https://HOST/PATH\n"
    )
    good(home, policy=POLICY + "state: disabled\n")
    done = subprocess.run([*program, "--home", str(home)], env=ENVIRON, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not any(secret in done.stdout for secret in ENVIRON.values())
