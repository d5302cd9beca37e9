"""config/partners/PARTNER.yaml: each kind of mistake with its exact line."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.jose.keys import generate
from broker.settings import load
from tests.settings.homes import ENVIRON, PARTNER, good, of, write

TOP = PARTNER.replace("domains: [fabrikam.example]\n", "")  # five lines; what is appended stands in line 6
SAML = "name: Fabrikam\nsaml:\n  metadata: https://idp.fabrikam.example/metadata\n"
BOOLEAN = "is not a yes or no; write true or false, without quotes"
LIST = "is not a list; write [ONE, TWO], or [] for none"
TEXT = "is empty or not a text; write a text, in quotes if it looks like a number or yes or no"
DOMAIN = "is no mail domain; write one as fabrikam.example"
WORD = "is no name; write a word of letters, digits and _ . : / # -"
PROTOCOL = "is a claim that only the protocol writes; choose another name"

TOP_CASES = {
    "domains: fabrikam.example": [f"domains: {LIST}"],
    "domains:": [f"domains: {LIST}"],
    "domains: ['@x.example', '*.x.example', example, '', 3, a b.example, x..example, 10.0.0.1, -a.example, xn--zz--.example]": [
        "domains.0: '@x.example' is an address; write only the domain, as fabrikam.example",
        "domains.1: '*.x.example' has a wildcard; write .example.org for all domains below example.org",
        "domains.2: 'example' is a top-level domain; write one as fabrikam.example",
        f"domains.3: '' {DOMAIN}",
        f"domains.4: '3' {DOMAIN}",
        f"domains.5: 'a b.example' {DOMAIN}",
        f"domains.6: 'x..example' {DOMAIN}",
        f"domains.7: '10.0.0.1' {DOMAIN}",
        f"domains.8: '-a.example' {DOMAIN}",
        f"domains.9: 'xn--zz--.example' {DOMAIN}",
    ],
    "members: true": ["members: has no domains, so nobody could be a member; write domains: [contoso.example]"],
    "members: sometimes": [f"members: {BOOLEAN}"],
    "allowed_clock_skew: 301s": [
        "allowed_clock_skew: is longer than 5m, the most that clocks may differ; have the partner set its clock by NTP"
    ],
    "claims: {email: name_id}": ["claims.email: reads name_id, which only SAML has; write the name of a claim of the ID token"],
    "claims: {email: mail, sub: oid, acr: x, a b: x, name: ''}": [
        f"claims.sub: {PROTOCOL}",
        f"claims.acr: {PROTOCOL}",
        f"claims.a b: 'a b' {WORD}",
        f"claims.name: {TEXT}",
    ],
    "claims: [email]": ["claims: is not a map; write key: value lines below it"],
    "trust: {emial: true}": ["trust.emial: is an unknown key; did you mean email?"],
    "trust: {email: 'true', mfa: mfa, mfa_max_age: 12, step_up: 1}": [
        f"trust.email: {BOOLEAN}",
        f"trust.mfa: {LIST}",
        "trust.mfa_max_age: '12' is no duration; write a whole number and s, m, h or d, as in 30d",
        f"trust.step_up: {BOOLEAN}",
    ],
    "trust:": ["trust: is empty; write a value, or remove the key"],
    "oidc_: x": ["oidc_: is an unknown key; did you mean oidc?"],
    "issuer: https://x.example": ["issuer: is an unknown key here; did you mean oidc.issuer?"],
    "  client_authentication: private_key_jwt": [
        "oidc.client_secret: stands beside private_key_jwt; keep one of the two",
    ],
    "  client_authentication: client_secret_basics": [
        (
            "oidc.client_authentication: 'client_secret_basics' is not known here; did you mean client_secret_basic?"
            " Write one of client_secret, client_secret_basic, client_secret_post, private_key_jwt"
        )
    ],
    "  scopes: [profile]": ["oidc.scopes: lacks openid; write [openid, profile, email]"],
    "  scopes: []": ["oidc.scopes: lacks openid; write [openid, profile, email]"],
    "  scopes: [openid, a b]": [f"oidc.scopes.1: 'a b' {WORD}"],
    "  require_claims: {hd: [x], tid: 3, ok: true}": [
        "oidc.require_claims.hd: is not a single value; write a text, a number, true or false"
    ],
    "  client_assertion: {audience: tokens, certificate: empty.pem}": [
        (
            "oidc.client_assertion.audience: 'tokens' is not known here; did you mean token_endpoint?"
            " Write one of issuer, token_endpoint"
        ),
        "oidc.client_assertion.certificate: 'empty.pem' holds no certificate; write the path of a PEM file",
    ],
    "  metadata: x": ["oidc.metadata: is an unknown key here; did you mean saml.metadata?"],
}


@pytest.mark.parametrize("case", TOP_CASES)
def test_each_mistake_has_its_line(case, tmp_path: Path):
    """CF-02, PO-04, HP-40: place, what is wrong, what to write."""
    write(tmp_path, {"empty.pem": ""})
    line = 5 if "stands beside" in TOP_CASES[case][0] else 6
    assert of("partner", tmp_path, TOP + case + "\n") == [f"{line}: {text}" for text in TOP_CASES[case]]


NAMED = "as its discovery document names it"
ISSUERS = {
    "https://login.microsoftonline.com/common/v2.0": (
        "stands for every tenant; write https://login.microsoftonline.com/TENANT-ID/v2.0"
    ),
    "https://login.microsoftonline.com/organizations/v2.0": (
        "stands for every tenant; write https://login.microsoftonline.com/TENANT-ID/v2.0"
    ),
    "https://login.microsoftonline.com/{tenantid}/v2.0": f"is a template; write the issuer of one tenant, {NAMED}",
    "https://i.example?x": "has a query or fragment; write the issuer as the discovery document names it",
    "https://i.example#": "has a query or fragment; write the issuer as the discovery document names it",
    "urn:x": "is not https; write https://HOST, as the discovery document names it",
    "http://i.example": (
        "is http (url_not_allowed); write https://, or list its host in network.allow_private_addresses of broker.yaml"
    ),
}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_what_is_no_partner_issuer(issuer, tmp_path: Path):
    """HO-2: one tenant, exact, no templates; HO-16: https."""
    text = TOP.replace("https://login.fabrikam.example", f'"{issuer}"')
    assert of("partner", tmp_path, text) == [f"3: oidc.issuer: '{issuer}' {ISSUERS[issuer]}"]


def test_a_partner_issuer_keeps_its_slash(tmp_path: Path):
    """Discovery 4.3: some providers' issuers end in a slash, and it counts."""
    good(tmp_path, partner=TOP.replace("fabrikam.example", "fabrikam.example/"))
    oidc = load.load(tmp_path, ENVIRON).partners["fabrikam"].oidc
    assert oidc is not None
    assert oidc.issuer == "https://login.fabrikam.example/"


WHOLE = {
    "name: x\n": ["1: oidc: neither saml nor oidc is given; write one of the two"],
    "name: x\nsaml:\noidc:\n": ["3: oidc: neither saml nor oidc is given; write one of the two"],
    TOP + "saml: {metadata: https://x.example}\n": ["2: oidc: stands beside saml; keep one of the two"],
    "oidc: {}\n": [
        "1: name: is missing; write name: Fabrikam",
        "1: oidc.issuer: is missing; write issuer: https://login.fabrikam.example",
        "1: oidc.client_id: is missing; write client_id: contoso-broker",
        "1: oidc.client_secret: is missing; write client_secret: ${env:NAME}, or client_authentication: private_key_jwt",
    ],
    TOP.replace("  client_secret: ${env:FABRIKAM_SECRET}\n", ""): [
        "2: oidc.client_secret: is missing; write client_secret: ${env:NAME}, or client_authentication: private_key_jwt"
    ],
    "name: x\nsaml: {}\n": ["2: saml.metadata: is missing; write metadata: https://idp.fabrikam.example/metadata"],
    "name: x\nsaml: {metadata: none.xml}\n": [
        "2: saml.metadata: 'none.xml' is neither a URL nor a file; write https://HOST/PATH or a path relative to the home"
    ],
    "name: x\nsaml: {metadata: ''}\n": ["2: saml.metadata: is empty; write the URL or the file of the partner's metadata"],
    "name: x\nsaml: {metadata: 'file:///etc/passwd'}\n": [
        "2: saml.metadata: 'file:///etc/passwd' is not https (url_not_allowed); write https://HOST/PATH"
    ],
    "name: x\nsaml: {metadata: 'http://10.0.0.1/m'}\n": [
        (
            "2: saml.metadata: 'http://10.0.0.1/m' is http (url_not_allowed); write https://, or list its host in"
            " network.allow_private_addresses of broker.yaml"
        )
    ],
}


@pytest.mark.parametrize("text", WHOLE)
def test_exactly_one_way_to_sign_in(text, tmp_path: Path):
    """Either saml or oidc, each with what it needs."""
    assert of("partner", tmp_path, text) == WHOLE[text]


UNSIGNED = "lets unsigned messages in (partner_unsigned); write response, assertion, both or either"
SAML_CASES = {
    "signed: none": f"signed: {UNSIGNED}",
    "signed: neither": f"signed: {UNSIGNED}",
    "signed: false": f"signed: {UNSIGNED}",
    "signed:": f"signed: {UNSIGNED}",
    "signed: asertion": (
        "signed: 'asertion' is not known here; did you mean assertion? Write one of response, assertion, both, either"
    ),
    "metadata_certificate: empty.pem": ("metadata_certificate: 'empty.pem' holds no certificate; write the path of a PEM file"),
    "metadata_certificate: bad.pem": "metadata_certificate: 'bad.pem' holds no certificate; write the path of a PEM file",
    "metadata_certificate: short.pem": "metadata_certificate: 'short.pem' holds no certificate; write the path of a PEM file",
    "metadata_certificate: none.pem": (
        "metadata_certificate: 'none.pem' is no file; write a path that exists, relative to the home"
    ),
    "metadata_certificate: ''": f"metadata_certificate: {TEXT}",
    "sign_requests: sometimes": f"sign_requests: {BOOLEAN}",
    "want_encrypted: 1": f"want_encrypted: {BOOLEAN}",
    "allow_idp_initated: true": "allow_idp_initated: is an unknown key; did you mean allow_idp_initiated?",
    "subject: ''": f"subject: {TEXT}",
    "entity_id: 3": f"entity_id: {TEXT}",
}


@pytest.mark.parametrize("case", SAML_CASES)
def test_no_partner_lets_unsigned_messages_in(case, tmp_path: Path):
    """CF-04: no value of `signed` and no empty certificate switches verification off; other SAML keys are typed."""
    frame = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
    write(tmp_path, {"empty.pem": "", "bad.pem": frame.format("AAAAA"), "short.pem": frame.format("AAAA")})
    assert of("partner", tmp_path, SAML + "  " + case + "\n") == [f"4: saml.{SAML_CASES[case]}"]


def test_a_saml_partner_as_the_contract_writes_it(tmp_path: Path):
    """Every key of the contract's example is taken."""
    body = base64.encodebytes(bytes(range(200))).decode()
    write(tmp_path, {"config/md.pem": f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"})
    text = (
        "name: Fabrikam\ndomains: [fabrikam.example]\nmembers: false\nsaml:\n  metadata: https://idp.fabrikam.example/metadata\n"
        "  entity_id: https://idp.fabrikam.example/saml\n  metadata_certificate: config/md.pem\n  sign_requests: true\n"
        "  signed: either\n  want_encrypted: false\n  subject: name_id\n  name_id_format: null\n  allow_idp_initiated: false\n"
        "claims:\n  email: mail\n  name: displayName\n  groups: memberOf\n  org_unit: urn:oid:2.5.4.11\n"
        "trust:\n  email: true\n  mfa: [https://refeds.org/profile/mfa, mfa]\n  mfa_max_age: 12h\n  step_up: true\n"
    )
    partner = load.load(good(tmp_path, partner=text), ENVIRON).partners["fabrikam"]
    assert (partner.id, partner.protocol) == ("fabrikam", "saml")
    assert partner.trust.mfa_max_age == 12 * 3600
    assert partner.trust.mfa == ("https://refeds.org/profile/mfa", "mfa")


def test_an_oidc_partner_as_the_contract_writes_it(tmp_path: Path):
    """Every key of the contract's example is taken; its lists are tuples, its secret stays hidden."""
    text = PARTNER + (
        "  scopes: [openid, profile, email]\n  require_claims: {hd: fabrikam.example, level: 3, staff: true}\n"
        "  client_assertion: {audience: issuer}\nmembers: true\n"
    )
    partner = load.load(good(tmp_path, partner=text), ENVIRON).partners["fabrikam"]
    assert (partner.id, partner.protocol, partner.members) == ("fabrikam", "oidc", True)
    assert partner.oidc is not None
    assert partner.oidc.scopes == ("openid", "profile", "email")
    assert partner.oidc.require_claims == {"hd": "fabrikam.example", "level": 3, "staff": True}
    assert partner.oidc.client_secret is not None
    assert partner.oidc.client_secret.get_secret_value() == ENVIRON["FABRIKAM_SECRET"]


def test_private_key_jwt_needs_no_secret(tmp_path: Path):
    """HO-12: the contract's other way."""
    text = TOP.replace("client_secret: ${env:FABRIKAM_SECRET}", "client_authentication: private_key_jwt")
    oidc = load.load(good(tmp_path, partner=text), ENVIRON).partners["fabrikam"].oidc
    assert oidc is not None
    assert oidc.client_secret is None
    assert oidc.client_assertion.audience == "issuer"


APPLE = (
    TOP.replace("  client_secret: ${env:FABRIKAM_SECRET}\n", "")
    + "  client_secret_jwt: {team_id: T1, key_id: K1, key: apple.p8}\n"
)


def test_fb_13_a_secret_that_we_sign(tmp_path: Path):
    """FB-13: Apple's key is a file, read and judged by `check`; it stands in the place of the secret."""
    key = generate("ES256", "x").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write(tmp_path, {"apple.p8": key})
    oidc = load.load(good(tmp_path, partner=APPLE), ENVIRON).partners["fabrikam"].oidc
    assert oidc is not None
    assert oidc.client_secret_jwt is not None
    assert (oidc.client_secret_jwt.team_id, oidc.client_secret_jwt.key_id) == ("T1", "K1")


def test_fb_13_files_that_hold_no_such_key(tmp_path: Path):
    """FB-13: an RSA key, an empty file and a certificate sign nothing that Apple would take."""
    rsa = generate("RS256", "x").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (rsa, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        write(tmp_path, {"apple.p8": content})
        advice = "write the path of the provider's .p8 file"
        line = APPLE.count("\n")
        said = f"{line}: oidc.client_secret_jwt.key: 'apple.p8' holds no private P-256 key; {advice}"
        assert of("partner", tmp_path, APPLE) == [said]


def test_fb_13_one_credential_a_partner(tmp_path: Path):
    """FB-13: a secret and a signed secret, or a key of ours beside either, is one too many."""
    write(tmp_path, {"apple.p8": generate("ES256", "x").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())})
    keep = "keep one of the two"
    line = APPLE.count("\n")
    both = APPLE + "  client_secret: ${env:FABRIKAM_SECRET}\n"
    assert of("partner", tmp_path, both) == [f"{line}: oidc.client_secret_jwt: stands beside client_secret; {keep}"]
    keyed = APPLE + "  client_authentication: private_key_jwt\n"
    assert of("partner", tmp_path, keyed) == [f"{line}: oidc.client_secret_jwt: stands beside private_key_jwt; {keep}"]


def test_fb_13_discovery_apart_from_the_issuer(tmp_path: Path):
    """FB-13: the address of the document is called, so it is judged like one; the issuer stays as it is."""
    oidc = load.load(good(tmp_path, partner=TOP + "  discovery: https://x.example/d\n"), ENVIRON).partners["fabrikam"]
    assert oidc.addresses == ("https://x.example/d",)
    (said,) = of("partner", tmp_path, TOP + "  discovery: http://x.example/d\n")
    assert "oidc.discovery: 'http://x.example/d' is http (url_not_allowed)" in said


@pytest.mark.parametrize("end", ["/.well-known/openid-configuration", "/v2.0/.well-known/openid-configuration?x"])
def test_fb_18_an_issuer_that_is_the_address_of_a_document(end: str, tmp_path: Path):
    """FB-18: a copied discovery address is told with what to write instead."""
    (said,) = of("partner", tmp_path, TOP.replace("https://login.fabrikam.example", f"https://login.fabrikam.example{end}"))
    assert "oidc.issuer: " in said
    assert "?" in end or "is the address of a document; write the issuer in it, mostly https://login.fabrikam.example" in said
