"""Attacks on passkeys: malformed answers, copies, counters."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.jose.encoding import b64url_encode
from broker.storage.tables import factors
from broker.web.cookies import CookiePurpose
from tests.journeys.second_factor import essential
from tests.journeys.test_factor_attacks import AT, BE, BS, DAY, UP, UV
from tests.journeys.test_factors import challenged, events
from tests.journeys.test_session_attacks import cookie
from tests.journeys.world import ADA, World
from tests.race import race


@dataclass
class Passkey:
    """An authenticator in software (ES256, attestation none). count: its signature counter; step: what a use adds to it."""

    origin: str
    count: int = 0
    step: int = 1
    flags: int = UP | UV
    id: bytes = b"a passkey of the tests"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": f"webauthn.{kind}", "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, rp: str, flags: int, attested: bytes = b"") -> bytes:
        return hashlib.sha256(rp.encode()).digest() + struct.pack(">BI", flags, self.count) + attested

    def _told(self, response: dict[str, bytes]) -> str:
        name = b64url_encode(self.id)
        parts = {part: b64url_encode(value) for part, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})

    def create(self, page: BrowserPage) -> str:
        """What navigator.credentials.create() answers to the options of this page."""
        options, point = json.loads(page.document.data["data-passkey"]), self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._data(options["rp"]["id"], self.flags | AT, attested)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._told({"clientDataJSON": self._client("create", options), "attestationObject": made})

    def get(self, page: BrowserPage, *, claimed: int | None = None) -> str:
        """What navigator.credentials.get() answers. claimed: another counter, written in after signing."""
        options = json.loads(page.document.data["data-passkey"])
        self.count += self.step
        client, data = self._client("get", options), self._data(options["rpId"], self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        if claimed is not None:
            data = data[:33] + struct.pack(">I", claimed)
        return self._told({"clientDataJSON": client, "authenticatorData": data, "signature": signature})


def with_passkey(world: World, **options: Any) -> Passkey:
    """Ada has redeemed, and added a passkey."""
    ada, passkey = world.visitor(ADA), Passkey(world.url, **options)
    world.redeem(ada)
    page = world.arrive(ada, **essential())
    page = ada.browser.submit(page, {"credential": passkey.create(page)}, press="Add a passkey")
    assert page.name == "recovery-codes", page
    assert "code" in ada.browser.submit(page, stop_at=world.callback).query
    return passkey


def show(world: World, credential: str, who: DemoPerson, page: BrowserPage) -> BrowserPage:
    """Send a passkey's answer from the page that asked for it."""
    return who.browser.submit(page, {"credential": credential}, press="Use a passkey", stop_at=world.callback)


def use(world: World, passkey: Passkey) -> tuple[DemoPerson, BrowserPage]:
    """A new sign-in of Ada's with this passkey: who tried it, and how it ended."""
    who, page = challenged(world)
    return who, show(world, passkey.get(page), who, page)


def kept(world: World) -> tuple[int, int]:
    """Ada's only passkey: the counter, and when it was used last."""
    with world.broker.core.db.read() as tx:
        row = tx.execute(select(factors.c.sign_count, factors.c.last_used_at)).one()
    return row.sign_count, row.last_used_at


def refused(world: World, who: DemoPerson, page: BrowserPage, reason: str) -> None:
    """The page says no more than that it did not work; the audit says why; nobody is signed in."""
    assert (page.name, page.status) == ("mfa-challenge", 400)
    assert "That passkey didn't work here." in page.text
    assert cookie(world, who.browser, CookiePurpose.SESSION) is None
    assert events(world, "factor.refused")[-1]["reason"] == reason
    assert who.browser.get(page.url.rpartition("/")[0], stop_at=world.callback).name == "mfa-challenge"


BROKEN = {
    "a member twice": lambda answer: answer[:-1] + ', "type": "public-key"}',
    "too deep": lambda answer: answer[:-1] + ', "more": ' + "[" * 40 + "]" * 40 + "}",
    "too large": lambda answer: answer[:-1] + ', "more": "' + "x" * 33_000 + '"}',
    "no number": lambda answer: answer[:-1] + ', "more": NaN}',
    "no object": lambda answer: f"[{answer}]",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_an_answer_is_strict_json(world: World, broken: Callable[[str], str]) -> None:
    """RX-04: an answer that two parsers could read differently is refused, though its signature is right."""
    passkey = with_passkey(world)
    who, page = challenged(world)
    refused(world, who, show(world, broken(passkey.get(page)), who, page), "passkey_format")


@pytest.mark.parametrize("behind", [0, 1, 6])
def test_a_copy_is_found_out(both: World, behind: int) -> None:
    """WebAuthn 7.2 step 22: an equal or older counter is refused and audited, the counter stays; the original goes on."""
    passkey = with_passkey(both, count=2)
    stolen = replace(passkey)
    for _ in range(4):
        assert "code" in use(both, passkey)[1].query
    assert kept(both) == (6, both.clock())
    stolen.count, at_that_time = 5 - behind, kept(both)
    both.clock.advance(60)
    refused(both, *use(both, stolen), "passkey_cloned")
    assert len(events(both, "factor.refused")) == 1
    assert kept(both) == at_that_time
    assert "code" in use(both, passkey)[1].query
    assert kept(both)[0] == 7


def test_a_copy_is_told(both: World) -> None:
    """WebAuthn 7.2 step 22: the guest learns of it by mail, once a day, and sees it beside the passkey; support sees it, too."""
    passkey = with_passkey(both)
    stolen = replace(passkey)
    assert "code" in use(both, passkey)[1].query
    found_at = both.clock()
    for _ in range(3):
        stolen.count = passkey.count - 1
        use(both, stolen)
    told = "One of your passkeys at Contoso may have been copied"
    assert [mail.subject for mail in both.mails(ADA.email)].count(told) == 1
    (mail,) = (mail for mail in both.mails(ADA.email) if mail.subject == told)
    assert "there may be a copy of it" in mail.text
    (method,) = both.broker.guests.directory.show(ADA.email).methods
    assert method.copied_at == found_at
    who, _page = use(both, passkey)
    page = who.browser.get(f"{both.url}/account/methods")
    assert page.name == "account-methods"
    assert "this passkey was refused: there may be a copy of it" in page.text
    both.clock.advance(DAY)
    stolen.count = passkey.count - 1
    use(both, stolen)
    assert [mail.subject for mail in both.mails(ADA.email)].count(told) == 2


def test_the_original_behind_its_copy(world: World) -> None:
    """WebAuthn 7.2 step 22: a copy that was faster is found out by the original's next use, which is told in the audit."""
    passkey = with_passkey(world)
    stolen = replace(passkey)
    for _ in range(2):
        assert "code" in use(world, stolen)[1].query
    refused(world, *use(world, passkey), "passkey_cloned")
    (event,) = events(world, "factor.refused")
    assert event["subject"] == world.broker.history.receipts.newest(limit=2)[-1].person_id
    assert kept(world)[0] == 2


def test_passkeys_that_do_not_count(both: World) -> None:
    """WebAuthn 7.2 step 22: zero on both sides says nothing, and passes; zero after a number is a copy."""
    passkey = with_passkey(both, step=0, flags=UP | UV | BE | BS)
    for _ in range(3):
        assert "code" in use(both, passkey)[1].query
    assert kept(both)[0] == 0
    passkey.step = 5
    assert "code" in use(both, passkey)[1].query
    passkey.step, passkey.count = 0, 0
    refused(both, *use(both, passkey), "passkey_cloned")
    assert kept(both)[0] == 5


@pytest.mark.parametrize("together", [2, 6])
def test_one_counter_in_parallel(both: World, together: int) -> None:
    """WebAuthn 7.2 step 22: original and copies with the same number at the same moment: one gets in, each other is audited."""
    passkey = with_passkey(both)
    waiting = [challenged(both) for _ in range(together)]
    answers = [replace(passkey).get(page) for _who, page in waiting]
    ends = race(lambda n: show(both, answers[n], *waiting[n]), together)
    assert sum("code" in page.query for page in ends) == 1
    assert [page.status for page in ends].count(400) == together - 1
    assert [event["reason"] for event in events(both, "factor.refused")] == ["passkey_cloned"] * (together - 1)
    assert kept(both)[0] == 1


def test_a_counter_is_signed(world: World) -> None:
    """WebAuthn 7.2: a number that was written in afterwards, or an answer shown a second time, proves nothing."""
    passkey = with_passkey(world, count=3)
    at = challenged(world)
    refused(world, at[0], show(world, passkey.get(at[1], claimed=9), *at), "passkey_answer")
    at = challenged(world)
    old = passkey.get(at[1])
    assert "code" in show(world, old, *at).query
    at = challenged(world)
    refused(world, at[0], show(world, old, *at), "passkey_answer")
    assert kept(world)[0] == 5
