"""What a response may hold and nobody reads: taken where it is honest, and no place for a second message (FB-12, HS-12, HS-29)."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from broker.domain.errors import PartnerUntrusted
from broker.saml.signature import verify
from tests.connectors.saml.idp import DS, MAIL, Counter, attribute, encryption, genuine, rsa_key, show

SAML, SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"

MOST = 64  # attributes of one element (HS-8): a number of its own, so that another limit in the broker is noticed

FORGED = genuine(assertion_id="_evil", signed="none", attributes=attribute(MAIL, "boss@fabrikam.example"))


def extensions(inner: str) -> Callable[[str], str]:
    """Put it into samlp:Extensions."""
    return lambda text: text.replace("<samlp:Status>", f"<samlp:Extensions>{inner}</samlp:Extensions><samlp:Status>", 1)


def value(inner: str) -> Callable[[str], str]:
    """Put it into a value of an attribute that nobody maps."""
    more = attribute("urn:unread", inner, type_=None)
    return lambda text: text.replace("</saml:AttributeStatement>", f"{more}</saml:AttributeStatement>", 1)


PLACES = {"extensions": extensions, "value": value}

NEST = '<x:a xmlns:x="urn:x" y="z">t<x:b>{}</x:b></x:a>'

SIGNATURE = f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo/></ds:Signature>'

STRANGERS = {
    "assertion": FORGED.assertion_xml(),
    "response": FORGED.response_xml(FORGED.assertion_xml()),
    "empty response": FORGED.response_xml(""),
    "encrypted assertion": encryption()(FORGED.assertion_xml().encode()),
    "signature": SIGNATURE,
    "key info": f'<ds:KeyInfo xmlns:ds="{DS}"><ds:KeyName>k</ds:KeyName></ds:KeyInfo>',
    "encrypted key": '<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"/>',
    "issuer": f'<saml:Issuer xmlns:saml="{SAML}">x</saml:Issuer>',
    "subject": f'<saml:Subject xmlns:saml="{SAML}"/>',
    "attribute": f'<saml:Attribute xmlns:saml="{SAML}" Name="{MAIL}"><saml:AttributeValue>boss@fabrikam.example</saml:AttributeValue></saml:Attribute>',
    "status": f'<samlp:Status xmlns:samlp="{SAMLP}"/>',
    "unknown of SAML": f'<saml:Nothing xmlns:saml="{SAML}"/>',
    "ID": '<x:c xmlns:x="urn:x" ID="_evil"/>',
    "Id": '<x:c xmlns:x="urn:x" Id="_evil"/>',
    "id": '<x:c xmlns:x="urn:x" id="_evil"/>',
    "xml:id": '<x:c xmlns:x="urn:x" xml:id="_evil"/>',
    "wsu:Id": '<x:c xmlns:x="urn:x" xmlns:wsu="urn:wsu" wsu:Id="_evil"/>',
    "the assertion's ID": '<x:c xmlns:x="urn:x" ID="_assertion-1"/>',
    "attributes": f'<x:c xmlns:x="urn:x" {" ".join(f"""a{n}="x" """ for n in range(MOST + 1))}/>',
    "namespaces": f'<x:c xmlns:x="urn:x" {" ".join(f"""xmlns:p{n}="urn:{n}" """ for n in range(65))}/>',
}


@pytest.mark.parametrize("signed", ["response", "assertion", "both"])
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("place", PLACES)
def test_fb_12_no_second_message(place: str, stranger: str, *, deep: bool, signed: str) -> None:
    """FB-12, HS-12, HS-13: signed along or put in afterwards, it is refused before any key is touched."""
    inner = NEST.format(STRANGERS[stranger]) if deep else STRANGERS[stranger]
    edit = PLACES[place](inner)
    for message in (genuine(signed=signed), genuine(signed="none")):
        verifier = Counter(verify)
        with pytest.raises(PartnerUntrusted) as caught:
            show(edit(message.xml().decode()).encode(), verifier=verifier)
        assert caught.value.reason == "saml_structure"
        assert verifier.calls == 0


@pytest.mark.parametrize("signed", ["response", "both"])
@pytest.mark.parametrize("place", PLACES)
def test_fb_12_what_is_not_read_is_signed_all_the_same(place: str, signed: str) -> None:
    """HS-19: content of foreign names is taken when the signature covers it, and refused when it came afterwards."""
    edit = PLACES[place](NEST.format("x"))
    assert show(genuine(signed=signed, edit=edit)).assertion.email == "ada@fabrikam.example"
    with pytest.raises(PartnerUntrusted) as caught:
        show(edit(genuine(signed=signed).xml().decode()).encode())
    assert caught.value.reason == "saml_signature"


def test_fb_12_extensions_outside_of_the_signature_change_nothing() -> None:
    """HS-21: where the assertion alone is signed, what anybody adds to the Response is not read."""
    edited = extensions(NEST.format("boss@fabrikam.example"))(genuine(signed="assertion").xml().decode())
    assert show(edited.encode()).assertion == show(genuine(signed="assertion")).assertion


def test_fb_12_statements() -> None:
    """FB-12, HS-10: attributes in several statements, around the AuthnStatement; a mapped Name in two of them is ambiguous."""
    second = f"<saml:AttributeStatement>{attribute('urn:oid:1.3.6.1.4.1.5923.1.5.1.1', 'staff')}</saml:AttributeStatement>"

    def before(text: str) -> str:
        return text.replace("<saml:AuthnStatement", f"{second}<saml:AuthnStatement", 1)

    def behind(text: str) -> str:
        return text.replace("</saml:Assertion>", f"{second}</saml:Assertion>", 1)

    for edit in (before, behind):
        judged = show(genuine(edit=edit)).assertion
        assert (judged.email, judged.claims["groups"]) == ("ada@fabrikam.example", ["staff"])
    for edits in (lambda text: before(behind(text)), lambda text: behind(behind(text))):
        with pytest.raises(PartnerUntrusted) as caught:
            show(genuine(edit=edits))
        assert caught.value.reason == "claim_ambiguous"
    two = attribute("telephoneNumber", "1")

    def unnamed(text: str) -> str:
        return text.replace("</saml:Assertion>", f"<saml:AttributeStatement>{two}</saml:AttributeStatement></saml:Assertion>", 1)

    judged = show(genuine(extra=two, edit=unnamed)).assertion
    assert "phone_number" not in judged.claims
    assert judged.left_out == ("telephoneNumber",)


def test_fb_12_declaration_reference() -> None:
    """FB-12: behind the class it is taken and says nothing; in the place of the class it is refused."""
    reference = "<saml:AuthnContextDeclRef>https://refeds.org/profile/mfa</saml:AuthnContextDeclRef>"
    end = "</saml:AuthnContextClassRef>"
    plain = show(genuine()).assertion
    assert show(genuine(edit=lambda text: text.replace(end, end + reference))).assertion == plain
    start = "<saml:AuthnContextClassRef>"
    for old, new in ((start, reference + start), (end, end + reference + reference)):
        with pytest.raises(PartnerUntrusted) as caught:
            show(genuine(edit=lambda text, old=old, new=new: text.replace(old, new)))
        assert caught.value.reason == "saml_structure"


def test_fb_12_foreign_attributes() -> None:
    """FB-12, core 2.7.3.1: attributes of other namespaces on Attribute; none without a namespace, none that is an ID."""
    start = '<saml:Attribute Name="'
    for more, fine in (
        ('xmlns:a="urn:a" a:Original="x" ', True),
        ('xml:lang="de" ', True),
        ('Original="x" ', False),
        ('xml:id="_x" ', False),
        ('xmlns:a="urn:a" a:ID="_x" ', False),
        ('saml:Name="mail" ', False),
        (
            "".join(f'xmlns:a="urn:a" a:n{n}="x" '.replace('xmlns:a="urn:a"', "" if n else 'xmlns:a="urn:a"') for n in range(70)),
            False,
        ),
    ):
        message = genuine(edit=lambda text, more=more: text.replace(start, start.replace("Name", more + "Name"), 1))
        if fine:
            assert show(message).assertion.email == "ada@fabrikam.example"
        else:
            with pytest.raises(PartnerUntrusted) as caught:
                show(message)
            assert caught.value.reason == "saml_structure"


@pytest.mark.parametrize(
    "inner",
    ["<b>ada@fabrikam.example</b>", "ada@fabrikam.example<b/>", "<b/>ada@fabrikam.example", "<saml:NameID>x</saml:NameID>"],
)
def test_fb_12_a_structured_value_is_never_read_in_part(inner: str) -> None:
    """HS-29, SR-41: where the file maps it, or it names the account, the message is refused; read by default alone, it is left out."""
    for changes, view in (
        ({"attributes": attribute(MAIL, inner, type_=None)}, {}),
        ({"extra": attribute("urn:x", inner, type_=None)}, {"claims": {"email": "mail", "x": "urn:x"}}),
        ({"extra": attribute("telephoneNumber", inner, type_=None)}, {"ruled": lambda claim: claim == "phone_number"}),
    ):
        with pytest.raises(PartnerUntrusted) as caught:
            show(genuine(**changes), view=view)
        assert caught.value.reason == "saml_attribute"
    assert show(genuine(extra=attribute("telephoneNumber", inner, type_=None))).assertion.left_out == ("telephoneNumber",)
    if "NameID" not in inner:
        with pytest.raises(PartnerUntrusted) as caught:
            show(genuine(extra=attribute("urn:x", inner, type_=None)), view={"subject": "urn:x"})
        assert caught.value.reason == "saml_attribute"


def test_fb_01_several_values_that_nobody_named() -> None:
    """FB-01: left out and said; refused where the file or a rule names the claim."""
    extra = attribute("telephoneNumber", "1", "2") + attribute("sn", "Lovelace", "King") + attribute("uid", "a", "b")
    judged = show(genuine(extra=extra)).assertion
    assert judged.email == "ada@fabrikam.example"
    assert {"phone_number", "family_name"} <= {*judged.left_out}
    assert not {"phone_number", "family_name", "preferred_username"} & judged.claims.keys()
    for view in (
        {"claims": {"email": "mail", "tel": "x", "phone_number": "telephoneNumber"}},
        {"ruled": lambda claim: claim == "family_name"},
    ):
        with pytest.raises(PartnerUntrusted) as caught:
            show(genuine(extra=extra), view=view)
        assert caught.value.reason == "claim_ambiguous"


def test_fb_05_no_name_id() -> None:
    """FB-05, core 2.4.1: where an attribute names the account, none is needed; an empty one says that it is empty."""
    pairwise = attribute("urn:oasis:names:tc:SAML:attribute:pairwise-id", "k@fabrikam.example")
    for name_id in (None, '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">t</saml:NameID>'):
        judged = show(genuine(name_id=name_id, extra=pairwise), view={"subject": "pairwise-id"}).assertion
        assert judged.subject == '["urn:oasis:names:tc:SAML:attribute:pairwise-id","k@fabrikam.example"]'
        assert judged.subject_form is None
    for name_id, words in ((None, "has no saml:NameID"), ("<saml:NameID/>", "saml.name_id_format")):
        with pytest.raises(PartnerUntrusted) as caught:
            show(genuine(name_id=name_id))
        assert caught.value.reason == "saml_nameid"
        assert words in caught.value.detail


def test_hs8_as_many_attributes_as_may_be() -> None:
    """HS-8: 64 on an element that is read, one of them its Name and one its NameFormat; 64 within one that is not."""
    many = " ".join(f'a:n{number}="x"' for number in range(MOST - 2))
    start = '<saml:Attribute Name="'
    message = genuine(
        edit=lambda text: text.replace(start, f'<saml:Attribute xmlns:a="urn:a" {many} Name="', 1).replace(
            ' FriendlyName="mail"', "", 1
        )
    )
    assert show(message).assertion.email == "ada@fabrikam.example"
    inner = f'<x:c xmlns:x="urn:x" {" ".join(f"""n{number}="x" """ for number in range(MOST))}/>'
    assert show(genuine(edit=value(inner))).assertion.email == "ada@fabrikam.example"


def test_hs8_as_many_namespaces_as_may_be() -> None:
    """HS-8: 64 in scope of an element that nobody reads, two of which are there already; one more is refused."""
    for count, fine in ((62, True), (63, False)):
        names = " ".join(f'xmlns:p{number}="urn:{number}"' for number in range(count))
        crowd = '<x:d xmlns:x="urn:x"/>' * 8
        message = genuine(edit=extensions(f'<x:c xmlns:x="urn:x" {names}/>{crowd}'))
        if fine:
            assert show(message).assertion.email == "ada@fabrikam.example"
        else:
            with pytest.raises(PartnerUntrusted) as caught:
                show(message)
            assert "namespaces" in caught.value.detail


def test_the_field_is_read_whole() -> None:
    """A message with everything that is not read, encrypted too."""
    edit = value(NEST.format("x"))
    message = genuine(signed="response", edit=edit, encrypt=encryption())
    assert (
        show(base64.b64encode(message.xml()).decode(), keys=(rsa_key().public_key(),)).assertion.email == "ada@fabrikam.example"
    )
