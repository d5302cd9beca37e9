"""From a verified assertion to the record (HS-21, HS-28 to HS-30)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.connectors.saml.assertion_reader import came
from broker.connectors.saml.errors import ResponseRefused
from broker.domain.errors import NoMoreProof, PartnerCancelled, PartnerFailed, PartnerUntrusted, SubjectFormatRefused
from tests.connectors.saml.idp import IDP, MAIL, NOW, attribute, genuine, show, stamp

PAIRWISE = "urn:oasis:names:tc:SAML:attribute:pairwise-id"

SUBJECT_ID = "urn:oasis:names:tc:SAML:attribute:subject-id"

TARGETED = "urn:oid:1.3.6.1.4.1.5923.1.1.1.10"

EPPN = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"

AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"

MEMBER_OF = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"

AMR = "http://schemas.microsoft.com/claims/authnmethodsreferences"

UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def name_id(value: str, **qualifiers: str) -> str:
    """A NameID."""
    return "<saml:NameID" + "".join(f' {name}="{text}"' for name, text in qualifiers.items()) + f">{value}</saml:NameID>"


def refused(reason: str, view: dict[str, Any] | None = None, **changes: Any) -> PartnerUntrusted:
    """The refusal, for this reason."""
    with pytest.raises(PartnerUntrusted) as caught:
        show(genuine(**changes), view=view or {})
    assert caught.value.reason == reason, str(caught.value)
    return caught.value


def test_hs21_the_whole_record() -> None:
    """HS-21: one complete record."""
    extra = attribute(MEMBER_OF, "staff", "payroll") + attribute("urn:oid:2.5.4.42", "Ada") + attribute(AMR, "pwd", "mfa")
    judged = show(genuine(extra=extra, session_until=stamp(NOW + 3600)))
    assertion = judged.assertion
    assert (assertion.partner, assertion.issuer) == ("fabrikam", IDP)
    assert assertion.email == "ada@fabrikam.example"
    assert assertion.email_verified
    assert assertion.name == "Ada Lovelace"
    assert assertion.claims == {"groups": ["staff", "payroll"], "given_name": "Ada"}
    assert assertion.acr == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    assert assertion.amr == ("pwd", "mfa")
    assert (assertion.auth_time, assertion.session_ends) == (NOW - 20, NOW + 3600)
    assert assertion.arrived == tuple(sorted((MAIL, "urn:oid:2.16.840.1.113730.3.1.241", MEMBER_OF, "urn:oid:2.5.4.42", AMR)))
    assert type(assertion).from_json(json.loads(json.dumps(assertion.to_json()))) == assertion


@pytest.mark.parametrize("signed", ["assertion", "response"])
def test_hs21_only_what_is_covered(signed: str) -> None:
    """HS-21: where only one of the two is signed, it is the one that covers every value of the record."""
    data = genuine(signed=signed).xml()
    unread = data.replace(b"<samlp:Response ", b'<samlp:Response Consent="urn:x" ') if signed == "assertion" else data
    assert show(unread).assertion.email == "ada@fabrikam.example"


def test_hs29_names_not_friendly_names() -> None:
    """HS-29: FriendlyName is never read; the wire Name counts in any NameFormat."""
    forged = attribute("urn:oid:9.9.9", "boss@fabrikam.example", friendly="mail")
    assert show(genuine(attributes=forged)).assertion.email is None
    for form in ("urn:oasis:names:tc:SAML:2.0:attrname-format:basic", None, "urn:x"):
        assert (
            show(genuine(attributes=attribute(MAIL, "ada@fabrikam.example", form=form))).assertion.email == "ada@fabrikam.example"
        )
        assert (
            show(genuine(attributes=attribute("mail", "ada@fabrikam.example", form=form))).assertion.email
            == "ada@fabrikam.example"
        )
    assert show(genuine(attributes=attribute("Mail", "ada@fabrikam.example"))).assertion.email is None  # exact


def test_hs29_repeated_attribute() -> None:
    """HS-29: one Name in several elements of the same NameFormat is one attribute (Keycloak writes roles so)."""
    roles = attribute("Role", "a", form=None) + attribute(
        "Role", "b", form="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
    )
    judged = show(genuine(extra=roles), view={"claims": {"email": "mail", "roles": "Role"}})
    assert judged.assertion.claims["roles"] == ["a", "b"]


def test_hs29_values() -> None:
    """HS-29: empty and nil values are none; a value that cannot be kept whole refuses the message."""
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    nil = f'<saml:Attribute Name="{MAIL}"><saml:AttributeValue {xsi} xsi:nil="true"/><saml:AttributeValue>ada@fabrikam.example</saml:AttributeValue></saml:Attribute>'
    assert show(genuine(attributes=nil)).assertion.email == "ada@fabrikam.example"
    for empty, kept in (("true", None), ("1", None), ("false", "ada@fabrikam.example"), ("0", "ada@fabrikam.example")):
        one = f'<saml:Attribute Name="{MAIL}"><saml:AttributeValue {xsi} xsi:nil="{empty}">ada@fabrikam.example</saml:AttributeValue></saml:Attribute>'
        assert show(genuine(attributes=one)).assertion.email == kept
    assert show(genuine(attributes=attribute(MAIL, "", "ada@fabrikam.example"))).assertion.email == "ada@fabrikam.example"
    assert show(genuine(attributes=attribute(MAIL, "", ""))).assertion.email is None
    refused("saml_attribute", extra=attribute(MEMBER_OF, "x" * 2049))
    assert show(genuine(extra=attribute(MEMBER_OF, "x" * 2048))).assertion.claims["groups"] == ["x" * 2048]
    many = [f"g{number}" for number in range(1001)]
    assert show(genuine(extra=attribute(MEMBER_OF, *many[:1000], type_=None))).assertion.claims["groups"] == many[:1000]
    refused("saml_attribute", extra=attribute(MEMBER_OF, *many, type_=None))


def test_hs29_unmapped_is_dropped() -> None:
    """HS-29: what nobody maps is not in the record; only its name is, for the receipt."""
    assertion = show(genuine(extra=attribute("urn:oid:secret", "value"))).assertion
    assert "urn:oid:secret" in assertion.arrived
    assert "value" not in json.dumps(assertion.to_json())


def test_hs29_scopes() -> None:
    """HS-29: a scoped value ends in one of the partner's domains, and in a scope of its metadata where that has any."""
    claims = {"claims": {"email": "mail", "eppn": "eduPersonPrincipalName", "affiliation": "eduPersonScopedAffiliation"}}
    good = attribute(EPPN, "ada@fabrikam.example") + attribute(AFFILIATION, "member@fabrikam.example", "staff@Fabrikam.example")
    found = show(genuine(extra=good), view=claims).assertion.claims
    assert found["eppn"] == "ada@fabrikam.example"
    assert found["affiliation"] == ["member@fabrikam.example", "staff@Fabrikam.example"]
    for value in ("admin@contoso.example", "ada@sub.fabrikam.example", "ada", "ada@", "ada@fabrikam.example@contoso.example"):
        refused("saml_attribute", claims, extra=attribute(EPPN, value))
        refused("saml_attribute", claims, extra=attribute(AFFILIATION, "member@fabrikam.example", value))
    assert show(genuine(extra=good), view={**claims, "scopes": ("FABRIKAM.example",)}).assertion.subject
    refused("saml_attribute", {**claims, "scopes": ("research.fabrikam.example",)}, extra=good)
    refused("saml_attribute", {**claims, "scopes": ("contoso.example",)}, extra=attribute(EPPN, "admin@contoso.example"))
    anywhere = attribute(EPPN, "ada@anywhere.example")
    assert show(genuine(extra=anywhere), view={**claims, "domains": ()}).assertion.claims["eppn"] == "ada@anywhere.example"
    refused("saml_attribute", {**claims, "domains": (), "scopes": ("other.example",)}, extra=anywhere)
    refused("saml_attribute", {**claims, "domains": ()}, extra=attribute(EPPN, "ada"))
    refused("saml_attribute", {"subject": "subject-id"}, extra=attribute(SUBJECT_ID, "ada@contoso.example"))
    for scoped in ("pairwise-id", "subject-id"):  # as a claim too, not only as the subject
        mapped = {"claims": {"email": "mail", "number": scoped}}
        name = f"urn:oasis:names:tc:SAML:attribute:{scoped}"
        refused("saml_attribute", mapped, extra=attribute(name, "ada@contoso.example"))
        assert show(genuine(extra=attribute(name, "ada@fabrikam.example")), view=mapped).assertion.claims["number"]
    assert show(genuine(extra=attribute(EPPN, "admin@contoso.example"))).assertion.subject  # not mapped: dropped


def test_hs30_amr_and_acr() -> None:
    """HS-30: amr from one attribute, signed like every other; acr as it came; nothing else makes either."""
    plain = show(genuine()).assertion
    assert plain.amr == ()
    assert show(genuine(extra=attribute(AMR, "http://schemas.microsoft.com/claims/multipleauthn"))).assertion.amr == (
        "http://schemas.microsoft.com/claims/multipleauthn",
    )
    assert show(genuine(context="https://refeds.org/profile/mfa")).assertion.acr == "https://refeds.org/profile/mfa"
    assert show(genuine(context="")).assertion.acr is None
    for child in ("x", ""):
        refused("saml_attribute", extra=attribute(AMR, f"<saml:NameID>{child}</saml:NameID>", type_=None))


SIMPLE = """
anyType anySimpleType string boolean decimal float double duration dateTime time date gYearMonth gYear gMonthDay gDay gMonth
hexBinary base64Binary anyURI QName NOTATION normalizedString token language NMTOKEN Name NCName ID IDREF ENTITY integer
nonPositiveInteger negativeInteger long int short byte nonNegativeInteger unsignedLong unsignedInt unsignedShort unsignedByte
positiveInteger
"""  # XML Schema 2, 3.2 and 3.3, without the lists


def test_sr41_every_simple_type() -> None:
    """SR-41, HS-29: every built-in type of XML Schema that is one value; a list or a name that only looks like one is not."""
    for name in SIMPLE.split():
        assert show(genuine(attributes=attribute(MAIL, "ada@fabrikam.example", type_=f"xs:{name}"))).assertion.email
    for name in ("NMTOKENS", "IDREFS", "ENTITIES", "String", "any", "type"):
        refused("saml_attribute", attributes=attribute(MAIL, "ada@fabrikam.example", type_=f"xs:{name}"))


STATUS = """
Requester Responder VersionMismatch AuthnFailed InvalidAttrNameOrValue InvalidNameIDPolicy NoAuthnContext NoAvailableIDP
NoPassive NoSupportedIDP PartialLogout ProxyCountExceeded RequestDenied RequestUnsupported UnknownAttrProfile UnknownPrincipal
UnsupportedBinding
"""


def answered(word: str) -> PartnerFailed:
    """What is made of an error whose second status is this word of the standard's."""
    status = "urn:oasis:names:tc:SAML:2.0:status:"
    inner = f'<samlp:StatusCode Value="{status}{word}"/>'
    with pytest.raises(PartnerFailed) as caught:
        show(
            genuine(
                status=f'<samlp:StatusCode Value="{status}Responder">{inner}</samlp:StatusCode>',
                has_assertion=False,
                signed="none",
            )
        )
    return caught.value


def test_sr35_every_word_of_the_standard() -> None:
    """SR-35, HS-22: each status of core 3.2.2.2 that can answer a login is in the receipt by its word; three have their own error."""
    own = {"NoAuthnContext": NoMoreProof, "RequestDenied": PartnerCancelled, "InvalidNameIDPolicy": SubjectFormatRefused}  # HO-15
    for word in STATUS.split():
        error = answered(word)
        assert error.detail == f"HS-22: the partner answers Responder / {word}"
        assert type(error) is own.get(word, PartnerFailed)
    for other in ("Success", "ResourceNotRecognized", "noPassive", ""):
        assert answered(other).detail == "HS-22: the partner answers Responder / a status that no standard names"


def test_ho14_mail_counts_inside_the_domains() -> None:
    """HO-14: SAML mail is proven inside `domains` with trust.email, and nowhere else."""
    outside = attribute(MAIL, "ada@contoso.example")
    assert not show(genuine(attributes=outside)).assertion.email_verified
    assert not show(genuine(), view={"trust_email": False}).assertion.email_verified
    assert show(genuine(attributes=attribute(MAIL, "not an address"))).assertion.email is None


def test_refusals_name_the_side() -> None:
    """HS-26: each refusal of the record says the rule and who must change what, without a value that came.

    The address that the message was for is the one value that staff need to see (FC-13).
    """
    for reason, changes in (
        ("saml_audience", {"audiences": (("https://secret.example",),)}),
        ("saml_destination", {"destination": "https://secret.example/acs"}),
        ("saml_destination", {"recipient": "https://secret.example/acs"}),
        ("saml_in_response_to", {"inner_in_response_to": "_secret"}),
        ("saml_time", {"issued": stamp(NOW - 9999)}),
        ("saml_nameid", {"name_id": name_id(" secret")}),
        ("saml_wrong_idp", {"issuer": "https://secret.example", "inner_issuer": "https://secret.example"}),
        ("claim_ambiguous", {"attributes": attribute(MAIL, "secret@fabrikam.example", "b@fabrikam.example")}),
        ("saml_attribute", {"attributes": attribute(MAIL, "secret", type_="xs:secret")}),
        ("saml_confirmation", {"method": "secret"}),
    ):
        error = refused(reason, **changes)
        assert ("secret" in error.detail) is (reason == "saml_destination")
        assert not isinstance(error, ResponseRefused) or ("partner" in error.detail and error.rule.startswith("HS-"))


@pytest.mark.parametrize("place", ["destination", "recipient"])
def test_an_address_of_ours_is_shown_as_the_partner_wrote_it(place: str) -> None:
    """HS-24: our staff see which address the partner has set, on one line and no longer than an address is."""
    cases = [("https://wrong.example/acs", "https://wrong.example/acs"), ("", "empty"), ("a" * 200, "a" * 200)]
    cases += [("a" * 201, "a" * 200 + "..."), ("a\u202e" * 101, "a\ufffd" * 100 + "...")]
    for written, shown in cases:
        error = refused("saml_destination", None, **{place: written})
        assert error.detail.partition(", and is ")[2].startswith(f"{shown}; the partner must set this as our assertion consumer")


def test_an_address_that_is_not_there() -> None:
    """HS-24: a refusal tells no address from an empty one."""
    assert (came(None), came("")) == ("missing", "empty")
