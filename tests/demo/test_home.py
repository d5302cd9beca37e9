"""The demo's home is a home: the settings engine reads it without a word."""

from __future__ import annotations

from pathlib import Path

from broker.demo.home import Addresses, write_home
from broker.settings.load import load

AT = Addresses(
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
    assert AT.callback("fabrikam") == "http://localhost:8080/oidc/fabrikam/callback"
