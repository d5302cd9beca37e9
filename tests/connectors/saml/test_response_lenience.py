"""What partners write differently and the broker takes: white space, several addresses, clocks (FB-09, FB-13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from broker.domain.errors import PartnerUntrusted
from tests.connectors.saml.idp import MAIL, NOW, attribute, genuine, show, stamp


def spaced(*names: str) -> Callable[[str], str]:
    """White space around the values of these attributes and elements."""

    def edit(text: str) -> str:
        for name in names:
            text = text.replace(f'{name}="', f'{name}=" \n', 1) if name[0].isupper() and f'{name}="' in text else text
            text = text.replace(f"<saml:{name}>", f"<saml:{name}>\n\t  ").replace(f"</saml:{name}>", f" \n</saml:{name}>")
        return text

    return edit


def test_fb_09_white_space_around_uris() -> None:
    """FB-09, XML Schema 2, 3.2.17: collapsed around every xs:anyURI that is compared; not around the issuer, which is a string."""
    plain = show(genuine()).assertion
    edit = spaced("Audience", "AuthnContextClassRef", "Recipient", "Method", "Destination", "Value")
    assert show(genuine(edit=edit)).assertion == plain
    mail = attribute(MAIL, "\n  Ada@Fabrikam.example\t")
    assert show(genuine(attributes=mail)).assertion.email == "ada@fabrikam.example"
    amr = attribute("http://schemas.microsoft.com/claims/authnmethodsreferences", " urn:mfa\n")
    assert show(genuine(extra=amr)).assertion.amr == ("urn:mfa",)
    with pytest.raises(PartnerUntrusted) as caught:
        show(genuine(edit=spaced("Issuer")))
    assert caught.value.reason == "saml_issuer_mismatch"
    assert (
        show(
            genuine(
                name_id='<saml:NameID Format=" urn:oasis:names:tc:SAML:2.0:nameid-format:persistent ">x7f-quirk</saml:NameID>'
            )
        ).assertion
        == plain
    )


def known(address: str | None) -> dict[str, Any]:
    """That of several addresses this one is ours."""
    return {"known": lambda _subject, addresses: address if address in addresses else None}


def test_fb_13_one_of_several_addresses() -> None:
    """FB-13, HS-29: exactly the invited or known one; else ambiguous; one that did not come is never taken."""
    two = genuine(attributes=attribute(MAIL, "ada@fabrikam.example", "A.Lovelace@Fabrikam.example"))
    assert show(two, expected=known("a.lovelace@fabrikam.example")).assertion.email == "a.lovelace@fabrikam.example"
    for expected in ({}, known(None), known("boss@fabrikam.example"), {"known": lambda *_: "boss@fabrikam.example"}):
        with pytest.raises(PartnerUntrusted) as caught:
            show(two, expected=expected)
        assert caught.value.reason == "claim_ambiguous"
    same = genuine(attributes=attribute(MAIL, "ada@fabrikam.example", " Ada@Fabrikam.example"))
    assert show(same).assertion.email == "ada@fabrikam.example"


def test_fb_13_the_address_from_the_name_id() -> None:
    """FB-13: `claims: {email: name_id}` reads the NameID and nothing that only has its name; a transient one is no address."""
    form = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    view = {"claims": {"email": "name_id"}}
    name_id = f'<saml:NameID Format="{form}">Ada@Fabrikam.example</saml:NameID>'
    judged = show(genuine(name_id=name_id, attributes=attribute("name_id", "boss@fabrikam.example")), view=view).assertion
    assert (judged.email, judged.email_verified, judged.subject_form) == ("ada@fabrikam.example", True, "emailAddress")
    assert show(genuine(attributes=attribute("name_id", "boss@fabrikam.example")), view=view).assertion.email is None
    assert show(genuine(name_id=name_id, attributes=attribute("cn", "x"))).assertion.email is None
    transient = name_id.replace(form, "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
    uid = attribute("uid", "k7")
    assert show(genuine(name_id=transient, attributes=uid), view={**view, "subject": "uid"}).assertion.email is None


def test_fb_13_clocks_that_differ_more() -> None:
    """FB-13, HS-27: the partner's own skew moves every edge, and no further."""

    def shown(off: int, skew: int) -> Any:
        times = {
            "issued": stamp(NOW + off),
            "inner_issued": stamp(NOW + off),
            "not_before": stamp(NOW + off - 5),
            "not_on_or_after": stamp(NOW + off + 120),
            "confirm_until": stamp(NOW + off + 120),
            "authn_instant": stamp(NOW + off),
            "session_until": stamp(NOW + off + 120),
        }
        return show(genuine(**times), view={"skew": skew}).assertion

    for off, skew in ((60, 60), (300, 300), (-300, 300), (-419, 300)):
        assert shown(off, skew).auth_time == min(NOW, NOW + off)
    for off, skew in ((61, 60), (-241, 60), (301, 300), (-420, 300)):
        with pytest.raises(PartnerUntrusted) as caught:
            shown(off, skew)
        assert caught.value.reason == "saml_time"
        assert f"{skew} seconds" in caught.value.detail
