"""The shipped examples load, say nothing wrong, and hold no secret; keys/ lets no key into git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import yaml

from broker.settings import load
from broker.settings.schema import schema
from tests.settings.homes import ENVIRON

ROOT = Path(__file__).resolve().parents[2]


def test_the_examples_load():
    """Design: a test loads config/."""
    settings = load.load(ROOT, ENVIRON)
    assert settings.issuer == "https://login.contoso.example"
    assert settings.partner_of_domain("fabrikam.example") is settings.partners["fabrikam"]
    assert settings.applications["payroll"].client_type == "secret"
    assert settings.policies["payroll-mfa"].state == "report_only"


def test_the_examples_without_their_secrets_say_which():
    """A newcomer who forgets the environment is told both variables with their places."""
    assert [str(error).partition("; ")[0] for error in load.read(ROOT, {}).errors] == [
        "config/applications/payroll.yaml:4: client_secret: environment variable PAYROLL_SECRET is not set",
        "config/partners/fabrikam.yaml:11: oidc.client_secret: environment variable FABRIKAM_SECRET is not set",
    ]


def test_the_examples_show_every_key(tmp_path: Path):
    """Written or behind a #: each file names every key that its model has at the top."""
    files = {"broker": "broker.yaml", "partner": "partners/fabrikam.yaml", "application": "applications/payroll.yaml"}
    for kind, file in {**files, "policy": "policies/payroll-mfa.yaml"}.items():
        text = (ROOT / "config" / file).read_text()
        for key in schema(kind)["properties"]:
            if key not in ("jwks", "jwks_uri"):  # named in a remark: one credential is enough
                assert f"\n{key}:" in text or f"\n# {key}:" in text, f"{file}: {key}"


def test_the_remarks_are_good_yaml_too(tmp_path: Path):
    """Taking away every `# ` in front of a key gives a file that loads, but for what excludes each other."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    path = tmp_path / "config/broker.yaml"
    lines = path.read_text().splitlines()
    opened = [
        line[2:] if line.startswith(("# ", "#   ")) and ":" in line.partition("#")[2].partition("#")[0] else line
        for line in lines
    ]
    path.write_text("\n".join(line for line in opened if not line.startswith(("The broker", "them. Any", "`broker"))) + "\n")
    assert set(yaml.safe_load(path.read_text())) == set(schema("broker")["properties"])
    secret = {"CRM_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    assert load.read(tmp_path, ENVIRON | secret).errors == []


def test_root_keys_never_come_into_git(tmp_path: Path):
    """HT-15: keys/ ignores everything but its two files."""
    shutil.copytree(ROOT / "keys", tmp_path / "keys", ignore=shutil.ignore_patterns("*.key"))
    (tmp_path / "keys/root-20261123T000000Z.key").write_text("secret")
    (tmp_path / "keys/old").mkdir()
    (tmp_path / "keys/old/root.pem").write_text("secret")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    listed = subprocess.run(["git", "-C", str(tmp_path), "ls-files"], check=True, capture_output=True, text=True).stdout
    assert listed.split() == ["keys/.gitignore", "keys/README.md"]
