"""How we prove ourselves at a partner: private_key_jwt (HO-12, RFC 7523 3)."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from broker.connectors.oidc.client_assertion import ASSERTION_TYPE, certificate_thumbprint
from broker.connectors.oidc.partner import SecretJwt
from broker.domain.errors import PartnerFailed
from broker.jose.keys import PrivateKey, generate
from broker.jose.sign import sign
from broker.jose.verify import verify
from tests.connectors.provider import NOW, Journey


def pem_certificate(key: PrivateKey) -> tuple[str, str]:
    """A certificate of our signing key, and its SHA-1 thumbprint as x5t writes it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    found = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=365))
        .sign(key.key, hashes.SHA256())
    )
    digest = base64.urlsafe_b64encode(found.fingerprint(hashes.SHA1())).rstrip(b"=").decode()
    return found.public_bytes(serialization.Encoding.PEM).decode(), digest


def test_the_assertion_goes_in_the_form(journey: Journey):
    """HO-12: client_assertion and its type, no secret anywhere."""
    journey.with_partner(private_key_jwt=True, client_secret=None).sign_in()
    request = journey.provider.requests[0]
    assert "authorization" not in request.headers
    assert request.form["client_assertion_type"] == ASSERTION_TYPE
    assert request.form["client_assertion"] == "signed.RS256.assertion"
    assert request.form["client_id"] == "contoso-broker"
    assert "client_secret" not in request.form


@pytest.mark.parametrize("audience", ["issuer", "token_endpoint"])
def test_one_audience_a_minute_and_a_new_jti(journey: Journey, audience: str):
    """HO-12: aud is one string; issuer, or the token endpoint where the file says so; 60 seconds, jti never twice."""
    journey.with_partner(private_key_jwt=True, client_secret=None, assertion_audience=audience)
    journey.sign_in()
    journey.sign_in()
    (alg, claims, header), (_, second, _) = journey.signed
    expected = journey.provider.issuer + ("/token" if audience == "token_endpoint" else "")
    assert (alg, header) == ("RS256", {})
    assert claims["aud"] == expected
    assert claims["iss"] == claims["sub"] == "contoso-broker"
    assert (claims["iat"], claims["exp"]) == (NOW, NOW + 60)
    assert claims["jti"] != second["jti"]
    assert len(claims["jti"]) == 43


@pytest.mark.parametrize(
    ("announced", "alg"), [(["ES256"], "ES256"), (["PS256", "RS256"], "RS256"), (["PS512"], "RS256"), (None, "RS256")]
)
def test_the_algorithm_is_one_that_the_provider_takes(journey: Journey, announced: list[str] | None, alg: str):
    """HO-12: RS256 unless the document only names another that our ring signs with."""
    if announced is not None:
        journey.provider.document["token_endpoint_auth_signing_alg_values_supported"] = announced
    journey.with_partner(private_key_jwt=True, client_secret=None).sign_in()
    assert journey.signed[0][0] == alg


def test_x5t_names_the_certificate(journey: Journey, rsa_key: PrivateKey):
    """HO-12: Entra ID finds our key by the thumbprint of its certificate; a chain is named by its first."""
    pem, digest = pem_certificate(rsa_key)
    assert certificate_thumbprint(pem + pem) == digest
    journey.with_partner(private_key_jwt=True, client_secret=None, assertion_certificate="comment\n" + pem).sign_in()
    assert journey.signed[0][2] == {"x5t": digest}


def test_our_own_verifier_takes_the_assertion(journey: Journey, rsa_key: PrivateKey):
    """HO-12, HT-1: signed by the one JOSE module."""
    tokens: list[str] = []

    def signer(alg, claims, header):
        tokens.append(sign(rsa_key, claims, typ="JWT", header=header))
        return tokens[-1]

    journey.sign = signer  # type: ignore[method-assign]
    journey.with_partner(private_key_jwt=True, client_secret=None, assertion_certificate=pem_certificate(rsa_key)[0]).sign_in()
    verified = verify(tokens[0], [rsa_key.public()], ("RS256",))
    assert verified.header["kid"] == "rsa-1"
    assert verified.claims["aud"] == journey.provider.issuer


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"])
def test_a_certificate_that_is_none(pem: str):
    """A broken file ends the login with a reason for staff."""
    with pytest.raises(PartnerFailed) as refusal:
        certificate_thumbprint(pem)
    assert refusal.value.reason == "client_assertion"


def test_a_secret_is_not_shown(journey: Journey):
    """HT-2: neither the record nor an answer shows a secret when printed."""
    assert "se:cret" not in repr(journey.partner)


def test_fb_13_a_secret_that_is_signed_for_each_use(journey: Journey):
    """FB-13: Apple's client secret: ES256 by the team's key, for the issuer, about our client, for minutes."""
    key = generate("ES256", "K1")
    pem = key.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    journey.provider.document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    journey.with_partner(client_secret=None, secret_jwt=SecretJwt(team_id="T1", key_id="K1", key=pem.decode())).sign_in()
    form = journey.provider.requests[0].form
    assert form["client_id"] == "contoso-broker"
    said = verify(form["client_secret"], [key.public()], ["ES256"])
    assert said.header == {"alg": "ES256", "kid": "K1"}
    assert said.claims == {
        "iss": "T1",
        "sub": "contoso-broker",
        "aud": journey.provider.issuer,
        "iat": NOW,
        "exp": NOW + 300,
    }
    assert "PRIVATE" not in repr(journey.partner)


def test_fb_13_a_key_file_that_was_spoilt_later(journey: Journey):
    """FB-13: a refusal of ours with its reason, no error page of ours."""
    journey.with_partner(client_secret=None, secret_jwt=SecretJwt(team_id="T1", key_id="K1", key="nothing"))
    with pytest.raises(PartnerFailed) as refusal:
        journey.sign_in()
    assert refusal.value.reason == "client_assertion"
