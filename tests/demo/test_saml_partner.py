"""The SAML partner in a box by itself: pages, switches, keys, and what it refuses to answer."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.connectors.saml.requests import authn_request
from broker.connectors.saml.sp_metadata import sp_metadata
from broker.demo.browser import Browser
from broker.demo.identity import Account
from broker.demo.relying import call
from broker.demo.saml.faults import SAML_FAULTS
from broker.demo.saml.identity import SamlIdentityProvider
from broker.demo.saml.keys import certificate
from broker.demo.saml.partner import create_saml_partner
from broker.demo.serving import LoopbackServer
from broker.saml.bindings import post_form, redirect_url

ADA = Account(subject="ada", name="Ada", email="ada@fabrikam.example")
SP, ACS, SLO = (f"http://127.0.0.9/saml/{name}" for name in ("metadata", "acs", "slo"))
KEY = rsa.generate_private_key(65537, 2048)


@dataclass
class Box:
    """The partner, and a service provider's metadata at its side."""

    idp: SamlIdentityProvider
    address: str

    def url(self, key: rsa.RSAPrivateKey | None = KEY, **changes: str) -> str:
        """A request by redirect."""
        asked = {"entity_id": SP, "acs_url": ACS, "destination": f"{self.address}/sso", **changes}
        request = authn_request(**asked, now=1)  # type: ignore[arg-type]
        return redirect_url(request.destination, "SAMLRequest", request.xml, "state", key)


@pytest.fixture
def box() -> Iterator[Box]:
    """Both on loopback."""
    partner, provider = LoopbackServer("127.0.0.8"), LoopbackServer("127.0.0.9")
    pem = f"-----BEGIN CERTIFICATE-----\n{certificate(KEY, 'sp', 1_800_000_000)}\n-----END CERTIFICATE-----"
    document = sp_metadata(entity_id=SP, acs_url=ACS, slo_url=SLO, signing=[pem])
    idp = SamlIdentityProvider(
        partner.address, name="Fabrikam", accounts=[ADA], sp_metadata=f"{provider.address}/", scopes=["fabrikam.example"]
    )

    def publish(_environ, start) -> list[bytes]:
        start("200 OK", [("Content-Type", "application/xml")])
        return [document]

    try:
        partner.start(create_saml_partner(idp))
        provider.start(publish)
        yield Box(idp, partner.address)
    finally:
        partner.close()
        provider.close()


def test_pages_and_switches(box: Box) -> None:
    """Home, metadata, faults as page and as JSON, keys."""
    browser = Browser()
    assert browser.get(f"{box.address}/").name == "partner-home"
    assert b"fabrikam.example</shibmd:Scope>" in browser.get(f"{box.address}/metadata").body
    page = browser.submit(browser.get(f"{box.address}/faults"), press="unsigned")
    assert (page.name, box.idp.fault) == ("partner-faults", "unsigned")
    assert set(call("GET", f"{box.address}/faults")[1]["faults"]) == set(SAML_FAULTS)
    assert browser.post(f"{box.address}/faults", {"fault": "nonsense"}).status == 400
    assert call("POST", f"{box.address}/keys", form={})[0] == 200
    assert box.idp.metadata().count(b"KeyDescriptor") == 4
    with pytest.raises(ValueError, match="unknown fault"):
        box.idp.fault = "nonsense"


def test_signed_requests_are_answered(box: Box) -> None:
    """By redirect and by POST; the second time without a page."""
    browser = Browser()
    page = browser.submit(browser.get(box.url()), press="ada")
    assert page.name == "partner-return"
    assert browser.get(box.url()).name == "partner-return"
    request = authn_request(entity_id=SP, acs_url=ACS, destination=f"{box.address}/sso", now=1)
    page = browser.post(f"{box.address}/sso", post_form("SAMLRequest", request.xml, "state", KEY), opener=page)
    assert page.name == "partner-return"
    fields = {item.name: item.value for item in page.document.forms[0].fields}
    assert request.id.encode() in base64.b64decode(fields["SAMLResponse"])


def test_what_it_refuses(box: Box) -> None:
    """Unsigned, signed by others, for others, to other addresses; a page used twice; somebody unknown."""
    browser, other = Browser(), rsa.generate_private_key(65537, 2048)
    for url in (
        box.url(None),
        box.url(other),
        box.url(entity_id="http://other.example/"),
        box.url(acs_url="http://other.example/acs"),
        box.url(destination=f"{box.address}/sso?x").replace("?x&", "?"),
    ):
        assert browser.get(url).name == "partner-error"
    request = authn_request(entity_id=SP, acs_url=ACS, destination=f"{box.address}/sso", now=1)
    for key in (None, other):
        assert browser.post(f"{box.address}/sso", post_form("SAMLRequest", request.xml, "state", key)).name == "partner-error"
    page = browser.get(box.url())
    assert browser.submit(page, {"subject": "nobody"}).name == "partner-error"
    assert browser.submit(page, press="ada").name == "partner-error"
