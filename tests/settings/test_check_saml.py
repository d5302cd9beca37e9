"""`broker check` at SAML partners: metadata files always, addresses with --online; one line that names file, key and reason."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli.check import check
from broker.demo.identity import Account
from broker.demo.saml.identity import SamlIdentityProvider
from broker.demo.saml.partner import create_saml_partner
from broker.demo.serving import LoopbackServer
from tests.connectors.saml.metadata_documents import body as certificate_body
from tests.connectors.saml.metadata_documents import descriptor, entity, pem, role, rsa_key
from tests.settings.homes import BROKER, ENVIRON, good

ADA = Account(subject="ada", name="Ada", email="ada@fabrikam.example")
FILE = "name: Fabrikam\ndomains: [fabrikam.example]\nsaml:\n  metadata: {}\n"


def run(home: Path, *options: str) -> Result:
    """The command on a home."""
    return CliRunner(env=ENVIRON).invoke(check, ["--home", str(home), *options])


def home(tmp_path: Path, metadata: str, more: str = "") -> Path:
    """The good files with this partner, the others' addresses not called."""
    broker = BROKER if "network:" in BROKER else BROKER + "network: {allow_private_addresses: [127.0.0.0/8]}\n"
    return good(tmp_path, broker=broker, partner=FILE.format(metadata) + more)


@pytest.mark.parametrize(
    ("body", "more", "reason"),
    [
        ("<nonsense/>", "", "metadata_structure"),
        (entity(), "  entity_id: https://other.example/\n", "metadata_entity"),
        (entity(), "  metadata_certificate: config/pin.pem\n", "metadata_signature"),
        (entity(more=' validUntil="2020-01-01T00:00:00Z"'), "", "metadata_expired"),
    ],
)
def test_bad_metadata_files(tmp_path: Path, body: str, more: str, reason: str) -> None:
    """SM-01, SM-02, SM-03, SM-04: a file that no partner could be pinned by is an error of the config."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/m.xml").write_text(body)
    (tmp_path / "config/pin.pem").write_text(pem(rsa_key()))
    result = run(home(tmp_path, "config/m.xml", more))
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"config/partners/fabrikam.yaml:4: saml.metadata: {reason}: ")


def test_good_metadata_file(tmp_path: Path) -> None:
    """Nothing to say; --json names where the partner's answers go."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/m.xml").write_text(entity())
    result = run(home(tmp_path, "config/m.xml", "  allow_idp_initiated: true\n"), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["partners"][0]["redirect_uri"].endswith("/saml/fabrikam/acs")
    result = run(home(tmp_path, "config/m.xml"), "--json")
    assert json.loads(result.stdout)["partners"][0]["redirect_uri"].endswith("/saml/acs")


def test_a_certificate_that_has_ended(tmp_path: Path) -> None:
    """SM-14: a bare key is used whatever its envelope says; `broker check` warns, with and without --online, and exits 0."""
    over = descriptor(certificate_body(rsa_key(), ends=1_600_000_000))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/m.xml").write_text(entity(role(keys=over)))
    place = home(tmp_path, "config/m.xml")
    for arguments in ((), ("--online",)):
        result = run(place, *arguments)
        assert result.exit_code == 0
        assert "a certificate has ended, its key still counts" in result.output
    line = "config/partners/fabrikam.yaml:4: saml.metadata: a certificate has ended, its key still counts"
    assert run(place).stderr.startswith(line)
    assert [note["key"] for note in json.loads(run(place, "--json").stdout)["notes"]] == ["saml.metadata"]


def test_online(tmp_path: Path) -> None:
    """SM-10, SM-14: the address is fetched and judged; a certificate that is over is told, and no error."""
    server = LoopbackServer("127.0.0.8")
    provider = SamlIdentityProvider(
        server.address, name="Fabrikam", accounts=[ADA], sp_metadata="http://127.0.0.1:1/", clock=lambda: int(time.time())
    )
    server.start(create_saml_partner(provider))
    try:
        place = home(tmp_path, f"{server.address}/metadata")
        result = run(place, "--online")
        assert result.exit_code == 0, result.stderr
        assert f"fabrikam: {provider.entity_id}, 1 key; register our metadata " in result.stdout
        provider.fault = "expired_certificate"
        assert "a certificate has ended" in run(place, "--online").stdout
        result = run(home(tmp_path, f"{server.address}/nowhere"), "--online")
        assert result.exit_code == 1
        assert "saml.metadata: metadata_fetch: " in result.stderr
    finally:
        server.close()
