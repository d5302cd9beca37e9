"""SAML 2.0 single logout, begun by a partner (core 3.7; profiles 4.4; bindings 3.4, 3.5): HS-34, HS-35, UI-13."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import select
from werkzeug.test import TestResponse

from broker.demo.person import DemoPerson
from broker.demo.relying import SignInFailed, Tokens
from broker.demo.saml import messages
from broker.demo.saml.logouts import Sending
from broker.demo.saml.messages import stamp
from broker.services.login import saml_logout
from broker.storage.history import audit
from broker.storage.tables import refusals
from broker.web import create_web
from tests.clock import Clock
from tests.journeys.saml_world import WANDA, WILL, SamlWorld, saml_world
from tests.journeys.world import World, open_world

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
BINDINGS = ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """Contoso and its partners."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


@pytest.fixture
def woodgrove(world: World) -> Iterator[SamlWorld]:
    """A partner over SAML that takes both bindings."""
    with saml_world(world) as made:
        made.file()
        yield made


@pytest.fixture
def both(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[SamlWorld]:
    """The same on each database."""
    for world in open_world(tmp_path / "home", database_url, clock):
        with saml_world(world) as made:
            made.file()
            yield made


def signed_in(at: SamlWorld, account: Any = WANDA) -> tuple[DemoPerson, Tokens]:
    """A guest who signed in at Payroll."""
    who = at.visitor(account)
    at.world.redeem(who, at.world.invite(account.email))
    return who, at.world.sign_in(who)


def lives(at: SamlWorld, tokens: Tokens) -> bool:
    """Whether the application's access token is good."""
    try:
        at.world.party.userinfo(tokens)
    except SignInFailed:
        return False
    return True


def payroll(at: SamlWorld, line: str) -> None:
    """Payroll's file with one more line."""
    first = (at.world.home / "config/applications/payroll.yaml").read_text("utf-8").splitlines()[:6]
    at.world.write("applications/payroll.yaml", "\n".join([*(one for one in first if "channel" not in one), line, ""]))


def say(at: SamlWorld, sending: Sending) -> TestResponse:
    """The message as the partner's browser brings it."""
    web = create_web(at.world.broker).test_client(use_cookies=False)
    path = sending.url.removeprefix(at.world.url)
    if sending.form is None:
        return web.get(path, base_url=at.world.url)
    return web.post(path, data=dict(sending.form), base_url=at.world.url)


def heard(at: SamlWorld, answer: TestResponse) -> tuple[str, ...]:
    """The partner verifies our answer, wherever it went: the words of its status."""
    if answer.status_code == 303:
        address, _, query = answer.headers["Location"].partition("?")
        assert address == f"{at.idp.address}/slo"
        found = at.idp.logouts.answered(query, {})
    else:
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert f'action="{at.idp.address}/slo"' in page
        found = at.idp.logouts.answered("", dict(re.findall(r'name="(SAMLResponse|RelayState)" value="([^"]*)"', page)))
    return tuple(one.rpartition(":")[2] for one in found.status)


def newest(at: SamlWorld) -> str:
    """The SessionIndex of the newest sign-in."""
    return list(at.idp.sessions)[-1]


@pytest.mark.parametrize("post", [False, True])
def test_a_request_ends_what_began_there(both: SamlWorld, post: bool) -> None:
    """Core 3.7.3.2, profiles 4.4.3, 4.4.4: every session of the person, with its grants; others stay; the answer is signed."""
    (_, first), (_, other) = signed_in(both), signed_in(both, WILL)
    second = both.world.sign_in(both.visitor(WANDA))
    both.idp._post = post
    assert heard(both, say(both, both.idp.logouts.ask(WANDA.subject))) == ("Success", "PartialLogout")  # Payroll has no address
    assert [lives(both, tokens) for tokens in (first, second, other)] == [False, False, True]
    with both.world.broker.core.db.read() as tx:
        ended = [row for row in audit.newest(tx) if row["name"] == "session.ended"]
    assert {row["reason"] for row in ended} == {"signed out at the home organization"}


def test_one_session(woodgrove: SamlWorld) -> None:
    """Core 3.7.3.2: a SessionIndex names one session; two name two; an unknown one, none; without one, all."""
    tokens = [signed_in(woodgrove)[1]]
    indexes = [newest(woodgrove)]
    for _ in range(2):
        tokens.append(woodgrove.world.sign_in(woodgrove.visitor(WANDA)))
        indexes.append(newest(woodgrove))
    ask = woodgrove.idp.logouts.ask
    assert heard(woodgrove, say(woodgrove, ask(WANDA.subject, "_another"))) == ("Success",)
    assert heard(woodgrove, say(woodgrove, ask(WILL.subject, indexes[0]))) == ("Success",)  # of another person
    assert all(lives(woodgrove, one) for one in tokens)
    say(woodgrove, ask(WANDA.subject, indexes[0]))
    assert [lives(woodgrove, one) for one in tokens] == [False, True, True]
    sending = ask(WANDA.subject, *indexes)
    assert heard(woodgrove, say(woodgrove, sending))[0] == "Success"
    assert [lives(woodgrove, one) for one in tokens] == [False, False, False]


def test_once(woodgrove: SamlWorld) -> None:
    """HS-35: the ID of a request is good once; a replay ends nothing. The person signs out at the partner's own page."""
    who, tokens = signed_in(woodgrove)
    sending = woodgrove.idp.logouts.ask(WILL.subject)
    assert [say(woodgrove, sending).status_code for _ in range(2)] == [303, 400]
    page = who.browser.submit(who.browser.get(f"{woodgrove.idp.address}/"))
    assert page.name == "partner-signed-out", str(page)
    assert "Success / PartialLogout" in page.text
    assert not lives(woodgrove, tokens)


def test_applications_are_notified(woodgrove: SamlWorld) -> None:
    """HP-56: with an address for notices the answer is Success, and the notice waits; front-channel frames load first."""
    world = woodgrove.world
    payroll(woodgrove, "backchannel_logout_uri: https://payroll.contoso.example/out")
    signed_in(woodgrove)
    assert heard(woodgrove, say(woodgrove, woodgrove.idp.logouts.ask(WANDA.subject))) == ("Success",)
    assert world.broker.oauth.logout_notices.look() == 0  # nobody answers there; it waits
    at = f"{world.party.redirect_uri.rpartition('/')[0]}/out"
    payroll(woodgrove, f"frontchannel_logout_uri: {at}")
    for post in (False, True):
        world.sign_in(woodgrove.visitor(WANDA))
        woodgrove.idp._post = post
        answer = say(woodgrove, woodgrove.idp.logouts.ask(WANDA.subject))
        page = answer.get_data(as_text=True)
        assert f'<iframe src="{at}?iss=' in page
        assert "frame-src" in answer.headers["Content-Security-Policy"]
        assert "data-continue" in page
        assert (f'action="{woodgrove.idp.address}/slo"' in page) == post


def wrong(at: SamlWorld) -> dict[str, tuple[str, Sending]]:
    """Requests that are not this partner's for us now, each wrong in one way, with the reason that is recorded."""
    out, provider, now = at.idp.logouts, at.idp, at.world.clock()
    url = f"{at.world.url}/saml/slo"
    make = lambda **changes: out.request(messages.new_id(), WANDA.subject, (), **{"destination": url, **changes})  # noqa: E731
    good = make()
    redirect = out.sent("SAMLRequest", good, url, "x", post=False)
    post = dict(out.sent("SAMLRequest", good, url, "x", post=True).form or {})
    unsigned = base64.b64encode(good.encode()).decode()
    forged = base64.b64decode(post["SAMLRequest"]).replace(b"</saml:Issuer>", b"</saml:Issuer> ", 1)
    provider.rotate_key()  # not in the copy of its metadata that the broker has
    foreign = [out.sent("SAMLRequest", good, url, "x", post=post) for post in (False, True)]
    provider._keys.pop(0)
    cut = lambda name: Sending(re.sub(f"&{name}=[^&]*", "", redirect.url))  # noqa: E731
    return {
        "unsigned redirect": ("saml_unsigned", Sending(redirect.url.partition("&SigAlg")[0])),
        "no algorithm": ("saml_unsigned", cut("SigAlg")),
        "another RelayState": ("saml_signature", Sending(redirect.url.replace("RelayState=x", "RelayState=y"))),
        "no RelayState": ("saml_signature", cut("RelayState")),
        "SHA-1": ("saml_algorithm", Sending(redirect.url.replace("xmldsig-more%23rsa-sha256", "xmldsig%23rsa-sha1"))),
        "a parameter twice": ("saml_decode", Sending(f"{redirect.url}&RelayState=x")),
        "both kinds": ("saml_decode", Sending(f"{redirect.url}&SAMLResponse=x")),
        "another encoding": ("saml_decode", Sending(f"{redirect.url}&SAMLEncoding=urn:other")),
        "signed inside a redirect": (
            "saml_structure",
            out.sent("SAMLRequest", base64.b64decode(post["SAMLRequest"]).decode(), url, "x", post=False),
        ),
        "unsigned post": ("saml_unsigned", Sending(url, {"SAMLRequest": unsigned})),
        "changed post": ("saml_structure", Sending(url, {"SAMLRequest": base64.b64encode(forged + b"x").decode()})),
        "another key": ("saml_signature", foreign[0]),
        "another key in XML": ("saml_signature", foreign[1]),
        "another issuer": ("saml_wrong_idp", out.sent("SAMLRequest", make(issuer="https://else.example"), url, "x")),
        "another address": ("saml_destination", out.sent("SAMLRequest", make(destination="https://else.example/slo"), url, "x")),
        "too old": ("saml_time", out.sent("SAMLRequest", make(issued=stamp(now - 400)), url, "x")),
        "too early": ("saml_time", out.sent("SAMLRequest", make(issued=stamp(now + 400)), url, "x")),
        "over": ("saml_time", out.sent("SAMLRequest", make(ends=stamp(now - 61)), url, "x")),
        "long RelayState": ("relay_state", out.sent("SAMLRequest", good, url, "x" * 81)),
        "two names": ("saml_structure", out.sent("SAMLRequest", make(name_id="<saml:NameID>a</saml:NameID>" * 2), url, "x")),
        "no name": ("saml_structure", out.sent("SAMLRequest", make(name_id=""), url, "x")),
        "nothing": ("saml_decode", Sending(url)),
        "no form": ("saml_decode", Sending(url, {})),
        "no XML": ("saml_decode", Sending(url, {"SAMLRequest": "eA=="})),
        "no DEFLATE": ("saml_decode", Sending(f"{url}?SAMLRequest={unsigned}")),
        "a bomb": ("saml_decode", out.sent("SAMLRequest", good + " " * 300_000, url, "x", post=False)),
    }


def test_a_request_that_is_not_the_partners(woodgrove: SamlWorld) -> None:
    """HS-35, UI-13: 400, no answer to the partner, and every session stays with its tokens."""
    _, tokens = signed_in(woodgrove)
    for name, (reason, sending) in wrong(woodgrove).items():
        answer = say(woodgrove, sending)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store"), name
        assert 'data-error="bad_request"' in answer.get_data(as_text=True), name
        request_id = re.findall(r'data-request-id="([^"]+)"', answer.get_data(as_text=True))[0]
        with woodgrove.world.broker.core.db.read() as tx:
            recorded = tx.execute(select(refusals).where(refusals.c.request_id == request_id)).mappings().one()
        assert recorded["reason"] == reason, name
    assert lives(woodgrove, tokens)


def test_wrapped_requests(woodgrove: SamlWorld) -> None:
    """HS-12, HS-19: what is read is what the signature covers; a signed request inside another one is refused."""
    _, tokens = signed_in(woodgrove)
    out, url = woodgrove.idp.logouts, f"{woodgrove.world.url}/saml/slo"
    signed = messages.sign(out.request("_signed", WILL.subject, ()), woodgrove.idp.key)
    forged = out.request("_forged", WANDA.subject, ())
    inner = signed[signed.index("<ds:Signature") : signed.index("</ds:Signature>") + 15]
    for xml in (
        forged.replace("</saml:Issuer>", f"</saml:Issuer>{inner}"),
        forged.replace("</saml:Issuer>", f"</saml:Issuer><samlp:Extensions>{signed}</samlp:Extensions>"),
        forged.replace("</saml:Issuer>", f"</saml:Issuer>{inner}").replace('ID="_forged"', 'ID="_signed"'),
    ):
        assert say(woodgrove, Sending(url, {"SAMLRequest": base64.b64encode(xml.encode()).decode()})).status_code == 400
    assert lives(woodgrove, tokens)


def test_of_this_partner_only(woodgrove: SamlWorld) -> None:
    """HS-35: a partner whose metadata takes Woodgrove's name ends no session that began at Woodgrove."""
    _, tokens = signed_in(woodgrove)
    with saml_world(woodgrove.world, host="127.0.0.18") as other:
        other.idp.entity_id = woodgrove.idp.entity_id
        other.file(partner="impostor", domain="impostor.example", entity_id=None)
        woodgrove.world.broker.partners.families.connector("impostor")
        answer = say(other, other.idp.logouts.ask(WANDA.subject))
        assert heard(other, answer) == ("Success",)  # nothing began there
    assert lives(woodgrove, tokens)


def test_encrypted_name(world: World) -> None:
    """Core 2.2.4, HS-20: an EncryptedID for our key is opened after the signature; one for another key is answered with Requester."""
    with saml_world(world, own=True) as at:
        at.file(want_encrypted=True)
        _, tokens = signed_in(at)
        out, url = at.idp.logouts, f"{world.url}/saml/slo"
        name, form = at.idp.name_of(WANDA.subject)
        plain = f'<saml:NameID xmlns:saml="{messages.SAML}" Format="{form}">{name}</saml:NameID>'
        ours = at.idp.known().encryption or ""
        for certificate, status in (
            (at.idp.known().signing[0], ("Requester", "UnknownPrincipal")),
            (ours, ("Success", "PartialLogout")),
        ):
            sealed = messages.encrypt(plain, certificate).replace("EncryptedAssertion", "EncryptedID")
            assert lives(at, tokens)
            identifier = messages.new_id()
            out.waiting[identifier] = "x"
            request = out.request(identifier, WANDA.subject, (), name_id=sealed)
            assert heard(at, say(at, out.sent("SAMLRequest", request, url, "x"))) == status
        assert not lives(at, tokens)


def test_metadata_and_a_flood(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metadata 2.4.3: both bindings at one address, for requests and responses. RX-02: an address with refusals waits."""
    web, url = create_web(woodgrove.world.broker).test_client(use_cookies=False), f"{woodgrove.world.url}/saml/slo"
    for path in ("/saml/metadata", "/saml/woodgrove/metadata"):
        root = etree.fromstring(web.get(path, base_url=woodgrove.world.url).get_data())
        services = [dict(one.attrib) for one in root.iter(f"{MD}SingleLogoutService")]
        assert services == [{"Binding": binding, "Location": url} for binding in BINDINGS]
    monkeypatch.setattr(saml_logout, "REFUSALS", 2)
    assert [say(woodgrove, Sending(url)).status_code for _ in range(3)] == [400, 400, 429]
