"""Reading a partner's metadata: one entity, pinned where the file says so, and a reason for every refusal (SM, HS-36 to HS-39)."""

from __future__ import annotations

import os
import resource
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from broker.connectors.saml.metadata import EntityFilter, Idp, read_file
from broker.domain.errors import PartnerFailed
from broker.saml.metadata import DEFAULT_AGE, MAX_AGE, MIN_AGE
from tests.connectors.saml.metadata_documents import (
    IDP,
    NOW,
    PROTOCOL,
    SSO,
    big,
    body,
    certificate,
    descriptor,
    entity,
    group,
    other,
    pem,
    read,
    refused,
    role,
    rsa_key,
    service,
    signed,
)


def test_what_is_kept() -> None:
    """HS-38: endpoints, keys for signing or without use, scopes; the rest is dropped."""
    keys = (
        descriptor(body(rsa_key()))
        + descriptor(body(other("P-256")), "")
        + descriptor(body(rsa_key(name="enc")), ' use="encryption"')
    )
    scope = '<md:Extensions><shibmd:Scope regexp="false">Fabrikam.example</shibmd:Scope><shibmd:Scope regexp="true">.*</shibmd:Scope></md:Extensions>'
    services = service() + service(SSO + "/post", "HTTP-POST") + service("http://soap.example/", "SOAP")
    found, age = read("\ufeff<?xml version='1.0' encoding='UTF-8'?>\n<!-- ours -->" + entity(
        role(keys, services, extra=scope, more=' WantAuthnRequestsSigned="true"') + '<md:SPSSODescriptor protocolSupportEnumeration="x"/>'
    ))  # fmt: skip
    assert (found.entity_id, found.redirect, found.post) == (IDP, SSO, SSO + "/post")
    assert [key.sha256 for key in found.keys] == [
        certificate(k).fingerprint(hashes.SHA256()).hex() for k in (rsa_key(), other("P-256"))
    ]
    assert len(found.public_keys()) == 2
    assert found.scopes == ("fabrikam.example",)
    assert found.wants_signed
    assert (found.valid_until, age) == (None, DEFAULT_AGE)
    assert Idp.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<a/>", "metadata_structure"),
        ("", "metadata_structure"),
        ("<md:EntityDescriptor", "metadata_structure"),
        (entity(""), "metadata_structure"),
        (entity(role() + role()), "metadata_structure"),
        (entity(role(protocol="urn:oasis:names:tc:SAML:1.1:protocol")), "metadata_structure"),
        (entity(f'<md:SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">{descriptor(body(rsa_key()))}</md:SPSSODescriptor>'), "metadata_structure"),
        (entity().replace(f'entityID="{IDP}"', ""), "metadata_structure"),
        (entity(role(services="")), "metadata_endpoint"),
        (entity(role(services=service(binding="SOAP"))), "metadata_endpoint"),
        (entity(role(services=service("javascript:alert(1)"))), "metadata_endpoint"),
        (entity(role(services=service("http://idp.fabrikam.example/sso"))), "metadata_endpoint"),
        (entity(role(services=service("https://user@idp.fabrikam.example/sso"))), "metadata_endpoint"),
        (entity(role(services=service() + service("javascript:alert(1)", "HTTP-POST"))), "metadata_endpoint"),
        (entity(role(keys="")), "partner_unsigned"),
        (entity(role(keys=descriptor(body(rsa_key()), ' use="encryption"'))), "partner_unsigned"),
        (entity(role(keys=descriptor("AAAA"))), "metadata_key"),
        (entity(role(keys=descriptor("?"))), "metadata_key"),
        (entity(role(keys=descriptor(body(rsa_key(1024))))), "metadata_key"),
        (entity(role(keys=descriptor(body(rsa_key(2048, 3))))), "metadata_key"),
        (entity(role(keys=descriptor(body(rsa_key(1024))) + descriptor(body(other("P-521"))))), "metadata_key"),
        (entity(role(keys=descriptor(body(other("P-521"))))), "metadata_key"),
        (entity(role(keys=descriptor(body(other("DSA"))))), "metadata_key"),
        (entity(more=' validUntil="2020-01-01T00:00:00Z"'), "metadata_expired"),
        (entity(role(more=' validUntil="2020-01-01T00:00:00Z"')), "metadata_expired"),
        (group(entity(), more=' validUntil="2020-01-01T00:00:00.5+01:00"'), "metadata_expired"),
        (entity(more=' validUntil="soon"'), "metadata_structure"),
        (entity(more=' validUntil="2020-13-01T00:00:00Z"'), "metadata_structure"),
        (group(entity(), entity(name="https://other.example/")), "metadata_entity"),
        (group(), "metadata_entity"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, reason: str) -> None:
    """SM-04, SM-11, SM-13, SM-14, CF-04: with the reason that `broker check` and the audit name."""
    assert refused(text) == reason


def test_too_many_keys() -> None:
    """HS-38: no more keys than a signature is tried with."""
    keys = "".join(descriptor(body(ec.generate_private_key(ec.SECP256R1()))) for _ in range(9))
    assert refused(entity(role(keys=keys))) == "metadata_key"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE md [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + entity(),
        '<!DOCTYPE md SYSTEM "file:///etc/passwd">' + entity(),
        '<?xml version="1.0"?><!doctype md>' + entity(),
        entity(extra="&external;"),
        b"<?xml version='1.0' encoding='UTF-16'?>" + entity().encode(),
        (laughing := "<!DOCTYPE md [<!ENTITY a 'b'>]>" + entity()).encode("utf-16"),
        laughing.encode("utf-16-le"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>" + laughing).encode("latin-1"),
        ("<?xml version='1.0' encoding='windows-1252'?>" + entity()).encode(),
        ("<?xml version='1.0' encoding='ASCII'?>" + entity(extra="<!-- \u00e9 -->")).encode(),
        entity().encode("utf-16")[:-1],
        b"\xff" + entity().encode(),
        entity().encode().replace(b"<md:IDPSSO", b"\x00<md:IDPSSO"),
    ],
)
def test_declarations_and_encodings(text: str | bytes) -> None:
    """SM-09: no document type, no entity, in whichever encoding; none that the bytes are not in."""
    assert refused(text) == "metadata_structure"


def test_bombs_cost_nothing() -> None:
    """SM-09: a billion laughs, an XInclude and deep nesting: refused or ignored, in little memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    assert refused(f'<!DOCTYPE m [<!ENTITY e0 "ha">{lines}]>' + entity(extra="&e11;")) == "metadata_structure"
    assert refused("<a>" * 100_000 + "</a>" * 100_000) == "metadata_structure"
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    assert read(entity(extra=f"<md:Extensions>{include}</md:Extensions>"))[0].entity_id == IDP
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def test_one_entity_of_several() -> None:
    """HS-38, SM-03: entity_id chooses; a name that is not there, or twice, is refused; others' keys are not looked at."""
    bad = entity(role(keys=descriptor("AAAA")), name="https://other.example/")
    found, _ = read(group(bad, group(entity())), entity_id=IDP)
    assert found.entity_id == IDP
    assert refused(group(bad), entity_id=IDP) == "metadata_entity"
    assert refused(entity(), entity_id="https://other.example/") == "metadata_entity"
    assert refused(group(entity(), entity()), entity_id=IDP) == "metadata_structure"
    assert refused(group(entity(), bad)) == "metadata_entity"


@pytest.mark.parametrize(
    ("more", "age"),
    [
        (' cacheDuration="PT2H"', 7200),
        (' cacheDuration="P100Y"', MAX_AGE),
        (' cacheDuration="PT1S"', MIN_AGE),
        (' cacheDuration="P1Y2M3DT4H5M6.7S"', MAX_AGE),
        (' cacheDuration="forever"', DEFAULT_AGE),
        (f' validUntil="{datetime.fromtimestamp(NOW + 1000, UTC).isoformat()}"', 500),
        (f' validUntil="{datetime.fromtimestamp(NOW + 10, UTC).isoformat()}"', MIN_AGE),
    ],
)
def test_how_long_a_copy_serves(more: str, age: int) -> None:
    """SM-04, HS-39: its own words, within our bounds, well before its end."""
    assert read(entity(more=more))[1] == age


def test_endpoints_on_allowed_hosts() -> None:
    """SM-11, HO-16: http: only where the operator lists the host."""
    text = entity(role(services=service("http://127.0.0.1:8080/sso")))
    assert refused(text) == "metadata_endpoint"
    assert read(text, allows_plain=lambda url: url.startswith("http://127.0.0.1"))[0].redirect == "http://127.0.0.1:8080/sso"


def test_expired_certificate() -> None:
    """SM-14: used as a bare key; its date is kept for a warning."""
    found, _ = read(entity(role(keys=descriptor(body(rsa_key(), NOW - 1)))))
    assert found.keys[0].ends == NOW - 1


def test_pinned_metadata() -> None:
    """HS-37, SM-01, SM-12: signed by the certificate of the file, or nothing of it counts."""
    pin = pem(rsa_key(name="federation"))
    text = signed(entity())
    assert read(text, certificate=pin)[0].entity_id == IDP
    assert refused(entity(), certificate=pin) == "metadata_signature"
    assert refused(signed(entity(), rsa_key()), certificate=pin) == "metadata_signature"
    assert refused(text.replace(SSO, "https://evil.example/sso"), certificate=pin) == "metadata_signature"
    assert refused(text, certificate="nonsense") == "metadata_signature"
    second = entity(name="https://other.example/").replace("_e1", "_e9")
    whole = signed(group(entity(), second, more=' ID="_g"'))
    assert read(whole, certificate=pin, entity_id=IDP)[0].entity_id == IDP


def test_comments_in_pinned_metadata() -> None:
    """HS-37: a comment is not signed, and it changes nothing of what is read."""
    pin = pem(rsa_key(name="federation"))
    text = signed(entity(name="https://idp.example/a"))
    assert (
        read(text.replace("idp.example/a", "idp.example/<!-- b -->a", 0), certificate=pin)[0].entity_id == "https://idp.example/a"
    )
    spoiled = text.replace("<md:SingleSignOnService", "<!-- x --><md:SingleSignOnService")
    assert read(spoiled, certificate=pin)[0].redirect == SSO


def test_signed_entity_beside_a_forged_one() -> None:
    """SM-02: what is signed below the root is worth nothing, whoever stands beside it."""
    pin = pem(rsa_key(name="federation"))
    good, forged = signed(entity()), entity(role(services=service("https://evil.example/sso"))).replace("_e1", "_e2")
    for text in (group(good, forged), group(forged, good), group(good), group(good, more=' ID="_g"')):
        assert refused(text, certificate=pin, entity_id=IDP) == "metadata_structure"
    assert refused(group(good, forged), entity_id=IDP) == "metadata_structure"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ('URI="#_e1"', 'URI=""'),
        ('URI="#_e1"', 'URI="#_e2"'),
        ("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("<ds:DigestMethod", "<ds:Object/><ds:DigestMethod"),
        ("</ds:SignatureValue>", "</ds:SignatureValue><ds:Object/>"),
        ("<ds:SignatureMethod", "<ds:Reference/><ds:SignatureMethod"),
        ("</ds:Transforms>", '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>'),
        ('<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>',
         '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'),
        ("<md:SingleSignOnService", '<md:SingleSignOnService ID="_e1"'),
    ],
)  # fmt: skip
def test_signature_profile(old: str, new: str) -> None:
    """HS-14, HS-15, HS-37: structure and algorithms are judged before xmlsec sees the signature."""
    text = signed(entity())
    assert old in text
    assert refused(text.replace(old, new, 1), certificate=pem(rsa_key(name="federation"))) == "metadata_signature"


def test_one_entity_out_of_a_large_file(tmp_path: Path) -> None:
    """HS-36: read as a stream; what stands around the entity limits its life; ambiguity and pins are refused."""

    def reason(path: Path, **wanted: Any) -> str:
        with pytest.raises(PartnerFailed) as caught:
            read_file(path, EntityFilter(**wanted), now=NOW)
        return caught.value.reason

    path = big(tmp_path / "all.xml", group(entity(), more=' cacheDuration="PT30M"'), more=' validUntil="2099-01-01T00:00:00Z"')
    found, age = read_file(path, EntityFilter(entity_id=IDP), now=NOW)
    assert (found.entity_id, found.redirect, age) == (IDP, SSO, 1800)
    assert found.valid_until == int(datetime(2099, 1, 1, tzinfo=UTC).timestamp())
    assert reason(path) == "metadata_structure"
    assert reason(path, entity_id=IDP, certificate=pem(rsa_key())) == "metadata_structure"
    assert reason(path, entity_id="https://nobody.example/") == "metadata_entity"
    assert reason(big(path, entity(), entity()), entity_id=IDP) == "metadata_structure"
    assert reason(big(path, entity(), before="<!DOCTYPE m []>"), entity_id=IDP) == "metadata_structure"
    with path.open("a") as out:
        out.write("<rest")
    assert reason(path, entity_id=IDP) == "metadata_structure"
    assert reason(tmp_path / "none.xml", entity_id=IDP) == "metadata_fetch"
    os.truncate(path, 0)
    assert reason(path) == "metadata_structure"


def test_too_large_a_document() -> None:
    """HS-36, SM-10: 5 MiB for one entity."""
    assert refused(entity() + " " * (5 * 1024 * 1024)) == "metadata_structure"
