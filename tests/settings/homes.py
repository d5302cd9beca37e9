"""A home folder with good files, of which a test bends one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from broker.settings import load

SECRET = "vT9-kq2LzXw7_Rn4Yb8p"
ENVIRON = {"FABRIKAM_SECRET": SECRET, "PAYROLL_SECRET": SECRET + "x"}

BROKER = "issuer: https://login.contoso.example\norganization: {name: Contoso}\n"
PARTNER = """\
name: Fabrikam
domains: [fabrikam.example]
oidc:
  issuer: https://login.fabrikam.example
  client_id: contoso-broker
  client_secret: ${env:FABRIKAM_SECRET}
"""
APPLICATION = """\
name: Payroll
client_secret: ${env:PAYROLL_SECRET}
redirect_uris: [https://payroll.contoso.example/callback]
"""
POLICY = """\
name: Second factor
users: {include: {guests: all}}
grant: {require: [mfa]}
"""
PATHS = {
    "broker": "config/broker.yaml",
    "partner": "config/partners/fabrikam.yaml",
    "application": "config/applications/payroll.yaml",
    "policy": "config/policies/mfa.yaml",
}
GOOD = {"broker": BROKER, "partner": PARTNER, "application": APPLICATION, "policy": POLICY}


def write(home: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below the home; the home."""
    for name, content in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return home


def good(home: Path, **bent: str | bytes) -> Path:
    """The four good files, those named replaced: `good(home, partner="...")`."""
    return write(home, {PATHS[kind]: bent.get(kind, text) for kind, text in GOOD.items()})


def lines(home: Path, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    """Every error of a home, as `broker check` prints it."""
    return [str(error) for error in load.read(home, environ).errors]


def of(kind: str, home: Path, text: str | bytes) -> list[str]:
    """The errors of one bent file, without its name: `LINE: key: message`."""
    found = lines(good(home, **{kind: text}))
    prefix = PATHS[kind] + ":"
    assert all(line.startswith(prefix) for line in found), found
    return [line.removeprefix(prefix) for line in found]
