"""SAML 2.0 single logout towards a partner (core 3.7; profiles 4.4.3, 4.4.4): the button of the page after a sign-out (HS-35)."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.saml import messages
from broker.demo.saml.logouts import Sending
from broker.demo.saml.messages import stamp
from broker.domain.audit import Actor
from broker.saml.decryption import decrypt
from broker.saml.logout_gate import NAME_ID, REQUEST, gate_logout, gate_name_id
from broker.storage.tables import sessions
from tests.clock import Clock
from tests.journeys.saml_world import WANDA, WILL, SamlWorld, saml_world
from tests.journeys.world import World, open_world
from tests.protocol.test_saml_single_logout import lives, signed_in


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """Contoso and its partners."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


@pytest.fixture
def both(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[SamlWorld]:
    """A partner over SAML, on each database."""
    for world in open_world(tmp_path / "home", database_url, clock):
        with saml_world(world) as made:
            made.file()
            yield made


@pytest.fixture
def woodgrove(world: World) -> Iterator[SamlWorld]:
    """The same on SQLite."""
    with saml_world(world) as made:
        made.file()
        yield made


def sign_out(at: SamlWorld, who: DemoPerson) -> BrowserPage:
    """The page after a sign-out on our pages, with its button."""
    page = who.browser.submit(who.browser.get(f"{at.world.url}/logout"))
    assert page.name == "signed-out", str(page)
    return page


def refresh(at: SamlWorld) -> None:
    """The broker reads the partner's metadata now."""
    at.world.broker.partners.refresh.refresh(Actor.command(), "woodgrove")


def kept(at: SamlWorld) -> set[str]:
    """What the sessions keep of sign-ins at home, sealed."""
    with at.world.broker.core.db.read() as tx:
        return set(tx.execute(select(sessions.c.home_logout)).scalars())


@pytest.mark.parametrize("post", [False, True])
def test_there_and_back(both: SamlWorld, post: bool) -> None:
    """Profiles 4.4.3.1, 4.4.4: the signed request names the NameID and SessionIndex of this sign-in; the answer is for this browser.

    Nothing is kept beyond the session.
    """
    who, tokens = signed_in(both)
    other = both.world.sign_in(both.visitor(WANDA))
    index = next(iter(both.idp.sessions))
    both.idp._post = post
    refresh(both)
    assert all(text.startswith("s1.") for text in kept(both))
    page = sign_out(both, who)
    assert "You're still signed in at Woodgrove." in page.text
    assert not lives(both, tokens)
    assert len(kept(both) - {""}) == 1  # of the other browser
    page = who.walk(who.browser.submit(page))
    assert (page.name, page.error) == ("signed-out", ""), str(page)
    assert "Your sign-in at Woodgrove has ended, too." in page.text
    [received] = both.idp.logouts.received
    assert (received.name_id, received.sessions) == (both.idp.name_of(WANDA.subject)[0], (index,))
    assert lives(both, other)
    assert len(both.idp.sessions) == 1


def answer_of(at: SamlWorld, who: DemoPerson) -> tuple[str, BrowserPage]:
    """The ID of the request that the browser brought to the partner; the partner did not answer yet."""
    page = who.browser.submit(sign_out(at, who), stop_at=at.idp.address)
    assert page.status == 303
    query = (page.location or "").partition("?")[2]
    at.idp.logouts.asked(query, {})
    return at.idp.logouts.received[-1].id, page


def test_answers_that_are_not_for_this_browser(woodgrove: SamlWorld) -> None:
    """HS-35: signed, in time, addressed, in answer to the request of this browser, once; anything else is 400."""
    who, _ = signed_in(woodgrove)
    another, _ = signed_in(woodgrove, WILL)
    request, _ = answer_of(woodgrove, who)
    foreign, _ = answer_of(woodgrove, another)
    out, url, now = woodgrove.idp.logouts, f"{woodgrove.world.url}/saml/slo", woodgrove.world.clock()
    good = out.response(request, messages.SUCCESS)
    bad = {
        "unsigned": Sending(url, {"SAMLResponse": base64.b64encode(good.encode()).decode()}),
        "of another request": out.sent("SAMLResponse", out.response("_x", messages.SUCCESS), url, ""),
        "of another browser": out.sent("SAMLResponse", out.response(foreign, messages.SUCCESS), url, ""),
        "of another issuer": out.sent(
            "SAMLResponse", out.response(request, messages.SUCCESS, issuer="https://x.example"), url, ""
        ),
        "elsewhere": out.sent("SAMLResponse", out.response(request, messages.SUCCESS, destination="https://x.example"), url, ""),
        "old": out.sent("SAMLResponse", out.response(request, messages.SUCCESS, issued=stamp(now - 400)), url, ""),
        "to nothing": out.sent("SAMLResponse", good.replace(f' InResponseTo="{request}"', ""), url, ""),
    }
    for name, sending in bad.items():
        page = who.browser.get(sending.url) if sending.form is None else who.browser.post(url, dict(sending.form))
        assert (page.status, page.error) == (400, "bad_request"), name
    sending = out.sent("SAMLResponse", good, url, "", post=True)
    page = who.browser.post(url, dict(sending.form or {}))
    assert "Your sign-in at Woodgrove has ended, too." in page.text
    assert who.browser.post(url, dict(sending.form or {})).status == 400  # its cookie is gone, and the answer is used


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (("Responder",), "Woodgrove did not sign you out."),
        (
            ("Success", "PartialLogout"),
            "Your sign-in at Woodgrove has ended, too. Some applications there may keep you signed in",
        ),
    ],
)
def test_what_the_partner_says(woodgrove: SamlWorld, status: tuple[str, ...], text: str) -> None:
    """Core 3.2.2.2: the page says what ended there and what did not."""
    who, _ = signed_in(woodgrove)
    request, _ = answer_of(woodgrove, who)
    codes = ""
    for word in reversed(status):
        codes = f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{word}">{codes}</samlp:StatusCode>'
    xml = re.sub(r"<samlp:StatusCode [^>]*/>", codes, woodgrove.idp.logouts.response(request, messages.SUCCESS))
    sending = woodgrove.idp.logouts.sent("SAMLResponse", xml, f"{woodgrove.world.url}/saml/slo", "")
    assert text in who.browser.get(sending.url).text


def test_the_button_is_this_browsers(woodgrove: SamlWorld) -> None:
    """HW-5: the form has a token of this browser, and a ticket that ends; others are refused."""
    who, _ = signed_in(woodgrove)
    page = sign_out(woodgrove, who)
    fields = {item.name: item.value for item in page.primary.fields}
    url = f"{woodgrove.world.url}/logout/home"
    another = woodgrove.visitor(WILL)
    another.browser.get(f"{woodgrove.world.url}/apps")
    assert another.browser.post(url, fields).status == 403
    assert who.browser.post(url, {**fields, "ticket": fields["ticket"][:-2]}, opener=page).status == 400
    woodgrove.world.clock.advance(601)
    assert who.browser.post(url, fields, opener=page).status == 400
    assert woodgrove.idp.logouts.received == []


def test_a_partner_without_single_logout(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address in the metadata, or one at http: elsewhere: no button, and the page says that the sign-in there goes on."""
    whole = woodgrove.idp.metadata
    for change in (
        b"",
        b'<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://x.example/"/>',
    ):
        monkeypatch.setattr(
            woodgrove.idp, "metadata", lambda change=change: re.sub(rb"(<md:SingleLogoutService[^>]*/>)+", change, whole())
        )
        refresh(woodgrove)
        who, _ = signed_in(woodgrove)
        page = sign_out(woodgrove, who)
        assert "You're still signed in at Woodgrove." in page.text
        assert "Sign out at" not in page.text


def test_encrypted_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core 2.2.4: where the partner's file requires encryption and its metadata has a key for it, the NameID is encrypted."""
    with saml_world(world, own=True) as at:
        plain = at.idp.metadata
        monkeypatch.setattr(at.idp, "metadata", lambda: _with_encryption(plain()))
        at.file(want_encrypted=True)
        who, _ = signed_in(at)
        page = who.browser.submit(sign_out(at, who), stop_at=at.idp.address)
        packed = base64.b64decode(page.query["SAMLRequest"])
        document = gate_logout(zlib.decompress(packed, -15), REQUEST)
        assert document.root.find(NAME_ID) is None
        name = gate_name_id(decrypt(document.encrypted, [at.idp.key], False)).root
        assert (name.text, name.get("Format")) == at.idp.name_of(WANDA.subject)


def _with_encryption(metadata: bytes) -> bytes:
    root = etree.fromstring(metadata)
    role = root[0]
    signing = role.find("{urn:oasis:names:tc:SAML:2.0:metadata}KeyDescriptor")
    more = etree.fromstring(etree.tostring(signing))
    more.set("use", "encryption")
    role.insert(1, more)
    return bytes(etree.tostring(root))
