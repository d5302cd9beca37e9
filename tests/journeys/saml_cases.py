"""What stands behind the SAML cases of the attack catalogue: one world for many of them, and what every refusal must hold."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.demo.saml.identity import SamlIdentityProvider
from broker.services.partners.saml.family import SamlPartners
from broker.storage import tables
from broker.storage.tables import metadata
from tests.connectors.saml.idp import MAIL, Message, attribute, genuine
from tests.journeys.saml_world import WANDA, SamlWorld, fields

# What a refusal may move: the login that may end or go on, its receipt, the audit, counters, and what partners publish.
MOVES = {"logins", "receipts", "refusals", "audit", "audit_personal", "attempts", "documents", "leases", "metadata_fetches"}
RULE = re.compile(r"HS-\d+: ")  # a receipt names the rule first, then the element and what it must be
QUICK = 0.1  # seconds of CPU, of server and client together


@dataclass
class Case:
    """A login of Wanda's that waits at Woodgrove, and the genuine answer to it, in hand."""

    at: SamlWorld
    browser: Browser
    held: BrowserPage

    @property
    def acs(self) -> str:
        """The common address."""
        return f"{self.at.world.url}/saml/acs"

    def message(self, idp: SamlIdentityProvider | None = None, /, **changes: Any) -> Message:
        """A good answer to this login but for the changes; of another provider if one is given."""
        idp, request = idp or self.at.idp, self.at.idp.seen[-1]
        good: dict[str, Any] = {
            "issuer": idp.entity_id,
            "inner_issuer": idp.entity_id,
            "destination": self.acs,
            "recipient": self.acs,
            "in_response_to": request.id,
            "inner_in_response_to": request.id,
            "audiences": ((f"{self.at.world.url}/saml/metadata",),),
            "attributes": attribute(MAIL, WANDA.email),
            "key": idp._keys[0],
        }
        return genuine(**{**good, **changes})

    def post(self, message: Message | bytes | str, relay_state: str | None = None) -> BrowserPage:
        """As the partner's form posts it, from the browser that began; every redirect is shown, none is followed."""
        raw = message.xml() if isinstance(message, Message) else message
        text = raw if isinstance(raw, str) else base64.b64encode(raw).decode()
        state = fields(self.held)["RelayState"] if relay_state is None else relay_state
        return self.browser.post(self.acs, {"SAMLResponse": text, "RelayState": state}, opener=self.held, stop_at="http")

    def goes_on(self) -> None:
        """The genuine answer is still taken: no refusal touched the login."""
        page = self.browser.submit(self.held, stop_at=f"{self.at.world.url}/signin")
        assert page.status == 303, str(page)


def content(at: SamlWorld) -> Mapping[str, list[Any]]:
    """Every row of every table that a refusal must leave as it is (NC)."""
    with at.world.broker.core.db.read() as tx:
        kept = [table for table in metadata.sorted_tables if table.name not in MOVES]
        return {table.name: sorted(map(repr, tx.execute(select(table)))) for table in kept}


def refused(
    case: Case,
    message: Message | bytes | str,
    *reasons: str,
    code: str = "partner_untrusted",
    untouched: bool = False,
    **post: Any,
) -> BrowserPage:
    """PAGE and NC of the catalogue: the page, its code and status, nothing echoed, the reason in receipt and audit, nothing else changed.

    untouched: no key may be asked for, and it must be over at once.
    """
    before, audited = content(case.at), events(case.at)
    spent = []
    for _ in range(3 if untouched else 1):  # the quickest of three: the machine may be busy
        started = time.process_time()
        page = without_keys(case, message, **post) if untouched else case.post(message, **post)
        spent.append(time.process_time() - started)
    assert (page.error, page.status) == (code, 502 if code == "partner_failed" and page.status == 502 else 400), str(page)
    assert page.location is None
    assert "set-cookie" not in page.headers
    assert page.request_id
    for word in ("_response-1", "_assertion-1", "x7f-quirk", "evil", "boss@", "saml:", "somebody-else"):
        assert word not in page.text
    receipt = case.at.world.receipt(page)
    assert receipt["reason"] in reasons, receipt
    detail = receipt["steps"][-1]["detail"]
    assert RULE.match(detail) or (receipt["reason"], detail[:6]) == ("claim_ambiguous", "email "), detail
    added = {key: told for key, told in events(case.at).items() if key not in audited}
    assert {(name, target) for name, target, _ in added.values()} == {("sign_in.refused", "woodgrove")}
    assert {why for _, _, why in added.values()} <= set(reasons)
    assert content(case.at) == before
    if untouched:
        assert min(spent) < QUICK
    return page


def events(at: SamlWorld) -> Mapping[str, tuple[str, str, str]]:
    """The audit: id -> name, target, reason."""
    c = tables.audit.c
    with at.world.broker.core.db.read() as tx:
        return {row.id: (row.name, row.target, row.reason) for row in tx.execute(select(c.id, c.name, c.target, c.reason))}


def without_keys(case: Case, message: Message | bytes | str, **post: Any) -> BrowserPage:
    """Post it while nobody may be asked for a connector, which holds the keys (HS-4, HS-17)."""
    kept = SamlPartners.for_response

    def tripwire(*_: Any) -> Any:
        raise AssertionError("a key was asked for")

    SamlPartners.for_response = tripwire  # type: ignore[method-assign, assignment]
    try:
        return case.post(message, **post)
    finally:
        SamlPartners.for_response = kept  # type: ignore[method-assign]
