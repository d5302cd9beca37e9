"""The demo's home is a home: the settings engine reads it without a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from broker.demo.home import Addresses, write_home
from broker.settings.load import load

AT = Addresses(
    ledger="http://127.0.0.9:8081",
    safe="http://127.0.0.10:8081",
    broker="http://localhost:8080",
    partners={name: f"http://127.0.0.{number}:8081" for number, name in enumerate(("fabrikam", "northwind", "staff"), 2)},
    payroll="http://127.0.0.5:8081",
    travel="http://127.0.0.6:8081",
    mailbox="http://127.0.0.7:8081",
)


def test_home_loads(tmp_path: Path) -> None:
    """Partners, applications, types and secrets; a second start keeps the secrets."""
    secrets = write_home(tmp_path, AT)
    settings = load(tmp_path, {})
    assert settings.issuer == AT.broker
    assert settings.partners["staff"].members is True
    assert settings.partners["fabrikam"].members is False
    assert settings.applications["payroll"].client_type == "secret"
    assert settings.applications["travel"].client_type == "public"
    assert write_home(tmp_path, AT) == secrets
    assert len(set(secrets.values())) == len(secrets)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700  # else `broker check` complains of the demo's own home (FA-20)
    assert AT.callback("fabrikam") == "http://localhost:8080/oidc/fabrikam/callback"


def test_fc_16_a_second_start_with_another_port_begins_afresh(tmp_path: Path) -> None:
    """Guests of the other port are bound to issuers that are not there now; back at the first port they are as they were."""
    write_home(tmp_path, AT)
    (tmp_path / "var" / "broker.db").write_text("guests of 8080")
    write_home(tmp_path, AT)
    assert (tmp_path / "var" / "broker.db").exists()
    write_home(tmp_path, replace(AT, broker="http://localhost:9090"))
    assert not (tmp_path / "var" / "broker.db").exists()
    write_home(tmp_path, AT)
    assert (tmp_path / "var" / "broker.db").read_text() == "guests of 8080"
    assert (tmp_path / "var-9090" / "issuer").read_text() == "http://localhost:9090"
