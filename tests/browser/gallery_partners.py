"""The partners' pages of the portal for the gallery."""

from __future__ import annotations

from typing import Any

from broker.domain.times import DAY
from broker.services.doctor import Finding, Level
from broker.services.operations.catalog import PartnerSeen
from broker.services.partners.health import CertificateEnd
from broker.web import partner_health
from broker.web.admin import partners
from broker.web.pages import Pages
from tests.browser.sample import Sample
from tests.clock import START

PARTNERS = ("admin-partners", "admin-partner")
ENDS = (
    CertificateEnd(partner="fabrikam", name="Fabrikam", fingerprint="ab" * 32, ends=START + 15 * DAY, newest=True),
    CertificateEnd(partner="tailspin", name="Tailspin", fingerprint="cd" * 32, ends=START + 250 * DAY, newest=True),
)
FINDINGS = (
    Finding(
        Level.PROBLEM,
        "keys",
        "saml_signature in 8 sign-ins",
        "a signature by a key that we hold",
        None,
        "publish the key that signs",
    ),
    Finding(Level.WARNING, "keys", "signing certificate abab... ends in 15 days", "a successor", None, "ask the partner for it"),
    Finding(Level.OK, "stored_documents", "metadata: of today, fresh until tomorrow"),
)


def _seen(name: str, protocol: str, status: str, problem: str | None, **more: Any) -> PartnerSeen:
    plain = {"issuer": f"https://login.{name.lower()}.example", "domains": (f"{name.lower()}.example",), "members": False}
    return PartnerSeen(
        id=name.lower(), uuid="u", name=name, protocol=protocol, trust_email=True, trust_mfa=(), status=status, problem=problem,
        register="https://login.contoso.example/saml/acs", fetched_at=START, last_sign_in=START - 3600, **{**plain, **more},
    )  # fmt: skip


SEEN = (
    _seen("Woodgrove", "saml", "unavailable", "metadata_fetch"),
    _seen("Fabrikam", "saml", "ready", None),
    _seen("Tailspin", "saml", "stale", "metadata_fetch"),
    _seen("Contoso", "oidc", "not visited yet", None, members=True, domains=()),
)


def partner_samples(pages: Pages, frame: dict[str, Any]) -> dict[str, Sample]:
    """Name -> sample."""
    say = pages.languages.translator("en")
    rows = [{**partners.row(one, ENDS, START, say), "url": "/x"} for one in SEEN]
    one = {
        "partner": rows[1], "guests": 212, "guests_url": "/x", "back_url": "/x", "now": START,
        "certificates": [partner_health.certificate(ENDS[0], START, say)], "steps": partners.steps(FINDINGS),
    }  # fmt: skip
    return {
        "admin-partners": Sample("admin_partners.html", "admin-partners", {**frame, "rows": rows, "now": START, "new_url": "/x"}),
        "admin-partner": Sample("admin_partner.html", "admin-partner", {**frame, **one}),
    }
