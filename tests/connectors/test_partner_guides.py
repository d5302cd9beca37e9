"""docs/partners: each file that a guide shows is one that the broker accepts, and the certificate script fits the connector."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.connectors.oidc.client_assertion import certificate_thumbprint
from broker.jose.keys import PrivateKey, generate
from broker.settings.load import load
from tests.connectors.saml.test_response_shapes import PRODUCTS

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs/partners").glob("*.md"))
OVER_SAML = {"saml", "ad-fs", "shibboleth", "simplesamlphp", "satosa", "crewjam", "samlp"}
IN_THE_TABLE = OVER_SAML - {"saml", "crewjam", "samlp"}  # of saml.md; the others are libraries
OVER_BOTH = {"lemonldap", "keycloak"}
BY_INTEROP = {"SimpleSAMLphp", "LemonLDAP::NG (lasso)", "crewjam/saml (samlidp)", "Auth0 as a SAML provider (samlp for Node)"}
EXAMPLE = re.compile(r"```yaml\n# (config/partners/[a-z-]+\.yaml)\n(.*?)```", re.DOTALL)


def make_certificate(kid: str, jwks: str) -> subprocess.CompletedProcess[str]:
    """Run the script as the guide says."""
    command = [sys.executable, "scripts/assertion_certificate.py", kid]
    return subprocess.run(command, input=jwks, capture_output=True, text=True, cwd=ROOT, env={"PYTHONPATH": "."}, check=False)


def test_there_is_a_guide_for_each_product():
    """Issues 4 and 5: the products that partners have, the two social presets, and SAML."""
    names = {
        "entra-id",
        "google-workspace",
        "okta",
        "keycloak",
        "auth0",
        "lemonldap",
        "glewlwyd",
        "zitadel",
        "google-personal",
        "microsoft-personal",
        "apple",
        "azure-ad-b2c",
        "README",
        "setup-link",
        *OVER_SAML,
    }
    assert {guide.stem for guide in GUIDES} == names
    listed = (ROOT / "docs/partners/README.md").read_text(encoding="utf-8")
    assert all(f"({name}.md)" in listed for name in names - {"README"})


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_every_partner_file_in_a_guide_loads(guide: Path, tmp_path: Path, rsa_key: PrivateKey):
    """A newcomer copies the file: it must be accepted as it stands, and the redirect URI must be named."""
    text = guide.read_text(encoding="utf-8")
    over_saml = guide.stem in OVER_SAML
    assert not over_saml or "ISSUER/saml/acs" in text
    assert over_saml or re.search(r"ISSUER/oidc/[A-Za-z]+/callback", text)
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```yaml")
    (tmp_path / "config/partners").mkdir(parents=True)
    (tmp_path / "config/broker.yaml").write_text("issuer: https://login.contoso.example\norganization: {name: Contoso}\n")
    pem = make_certificate("rsa-1", json.dumps({"keys": [rsa_key.public_jwk()]})).stdout
    (tmp_path / "config/partners/fabrikam-assertion.pem").write_text(pem)
    apple = generate("ES256", "x").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/apple.p8").write_bytes(apple)
    secrets = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", text), "a-secret-of-more-than-sixteen-characters")
    for path, body in examples:
        for other in (tmp_path / "config/partners").glob("*.yaml"):
            other.unlink()
        (tmp_path / path).write_text(body)
        (partner,) = load(tmp_path, secrets).partners.values()
        assert partner.saml is not None if over_saml else partner.oidc is not None or guide.stem in OVER_BOTH


def test_the_table_of_products_is_what_is_tested():
    """Issue 5: each product of the table has a test in its shape, or is played by interop; each test has a line, and the guides a link."""
    text = (ROOT / "docs/partners/saml.md").read_text(encoding="utf-8")
    table = text.partition("## Product by product")[2].partition("\n## ")[0]
    found = {row.split("|")[1].strip().split(" ([")[0] for row in table.splitlines() if row.startswith("| ")} - {"product", "---"}
    names = {"Microsoft Entra ID": "entra-id", "AD FS": "ad-fs", "Okta": "okta", "Google Workspace": "google-workspace",
             "Shibboleth IdP": "shibboleth", "Keycloak": "keycloak", "SATOSA": "satosa"}  # fmt: skip
    assert found == {*names, *BY_INTEROP}
    assert set(names.values()) == set(PRODUCTS)
    assert all(f"({guide}.md)" in table for guide in IN_THE_TABLE)


def test_the_certificate_is_of_our_key(rsa_key: PrivateKey, other_key: PrivateKey):
    """HO-12: what the script prints is what x5t names; the key in it is the one that was asked for."""
    jwks = json.dumps({"keys": [other_key.public_jwk(), rsa_key.public_jwk(), generate("ES256", "es-1").public_jwk()]})
    made = make_certificate("rsa-1", jwks)
    found = x509.load_pem_x509_certificate(made.stdout.encode())
    assert found.public_key() == rsa_key.key.public_key()
    assert len(certificate_thumbprint(made.stdout)) == 27
    for kid, code in (("es-1", 1), ("nobody", 1)):
        refused = make_certificate(kid, jwks)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert "broker keys list" in refused.stderr
