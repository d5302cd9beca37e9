"""What `broker check` warns of: secrets in the file itself, and secrets that some programs send as something else (FC-09, FB-15)."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from broker.cli.check import check
from broker.settings import cautions, load
from tests.settings.homes import APPLICATION, BROKER, ENVIRON, PARTNER, SECRET, good


def notes(home: Path, payroll: str = ENVIRON["PAYROLL_SECRET"], **bent: str) -> list[str]:
    """The cautions of a home. payroll: the secret of the application."""
    reading = load.read(good(home, **bent), {**ENVIRON, "PAYROLL_SECRET": payroll})
    assert reading.errors == []
    return [str(note) for note in cautions.notes(reading)]


def test_good_files_have_none(tmp_path: Path):
    """Secrets by reference, of hexadecimal digits and the like."""
    assert notes(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        (
            "application",
            APPLICATION.replace("${env:PAYROLL_SECRET}", SECRET),
            "config/applications/payroll.yaml:2: client_secret",
        ),
        ("partner", PARTNER.replace("${env:FABRIKAM_SECRET}", SECRET), "config/partners/fabrikam.yaml:6: oidc.client_secret"),
        ("broker", BROKER + "database: postgresql+psycopg://broker:hidden-word@db/broker\n", "config/broker.yaml:3: database"),
        ("broker", BROKER + "mail: {server: 'smtp://user:hidden-word@mail'}\n", "config/broker.yaml:3: mail.server"),
    ],
)
def test_fc_09_a_literal_secret_is_warned_of(kind: str, text: str, place: str, tmp_path: Path):
    """FC-09: a secret in the YAML goes into backups and repositories; its value is not printed."""
    assert notes(tmp_path, **{kind: text}) == [f"{place}: {cautions.LITERAL}"]
    result = CliRunner(env=ENVIRON).invoke(check, ["--home", str(tmp_path)])
    assert result.exit_code == 0
    assert place in result.stderr
    assert SECRET not in result.output
    assert "hidden-word" not in result.output


@pytest.mark.parametrize("text", ["database: postgresql+psycopg://broker@db/broker", "mail: {server: 'smtp://mail'}"])
def test_fc_09_an_address_without_a_password_is_none(text: str, tmp_path: Path):
    """Nothing to hide, nothing to warn of."""
    assert notes(tmp_path, broker=f"{BROKER}{text}\n") == []


@pytest.mark.parametrize("mark", ["+", "%"])
def test_fb_15_a_plus_or_percent_in_a_secret(mark: str, tmp_path: Path):
    """FB-15: half of all base64 secrets hold a plus, and some programs do not encode it."""
    said = notes(tmp_path, f"{SECRET}{mark}x")
    assert said == [f"config/applications/payroll.yaml:2: client_secret: {cautions.ESCAPED}"]
    assert "openssl rand -hex 32" in said[0]
