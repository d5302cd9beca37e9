"""The pages of set-up links for the gallery."""

from __future__ import annotations

from typing import Any

from broker.domain.setup_link import DomainProof, ProofState, SetupLink, proof_name, proof_value
from broker.domain.times import DAY
from broker.services.doctor.finding import Finding, Level, Side
from broker.services.doctor.rollover import Rehearsed, Rollover
from broker.services.partner_setup.connection import Trouble
from broker.services.partner_setup.shared_health import SharedHealth
from broker.services.partners.health import CertificateEnd
from broker.settings.errors import ConfigError
from broker.web import findings, partner_health
from broker.web.admin import partner_new
from broker.web.pages import Pages
from broker.web.setup import connection, page
from broker.web.setup.connection import FIELDS
from tests.browser.sample import NOW, TOKEN, Sample

SETUP = (
    "partner-setup", "partner-setup-error", "partner-setup-entered", "partner-setup-accepted", "admin-setup-link-entered", "partner-setup-vendor", "admin-setup-links", "admin-setup-links-none", "admin-setup-link-new",
    "admin-setup-link-made", "admin-setup-link", "admin-partner-new", "admin-partner-new-error", "admin-partner-new-done",
)  # fmt: skip
LINK = SetupLink(
    id="00000000-0000-4000-8000-000000000001", partner="woodgrove", name="Woodgrove Bank", domains=("woodgrove.example",), language="en",
    email="it@woodgrove.example", private=False, created_at=NOW - DAY, expires_at=NOW + 6 * DAY,
)  # fmt: skip
TEXT = "name: Woodgrove Bank\noidc:\n  issuer: https://login.woodgrove.example\n  client_secret: ${env:WOODGROVE_SECRET}\n"
NOTHING: dict[str, Any] = {
    "text": "", "file": "", "file_url": "/x", "metadata_file": "", "metadata_url": "/x", "variable": "", "command": "", "findings": [],
    "difference": [], "proofs": [], "proofs_action": "/x", "health": None, "now": NOW, "longest": 366, "tried_at": None, "trial": [], "finished_at": None, "answered_at": None, "decided_at": None, "decision": "", "may_decide": True,
    "decide_action": "/x", "proposal_action": "/x",
}  # fmt: skip
URL = "https://login.contoso.example/setup/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


def setup_samples(pages: Pages, links: dict[str, Any], partners: dict[str, Any]) -> dict[str, Sample]:
    """Name -> sample. links, partners: the frames of the portal at the two places."""
    row = {
        "id": LINK.id, "url": "/x", "partner": LINK.partner, "name": LINK.name, "domains": "woodgrove.example", "email": LINK.email,
        "kind": "sent", "word": "Open", "created_at": LINK.created_at, "expires_at": LINK.expires_at,
    }  # fmt: skip
    listed = {
        **links,
        "rows": [row, {**row, "name": "Proseware", "email": "", "kind": "stopped", "word": "Revoked"}],
        "now": NOW,
        "new_url": "/x",
        "next_url": "/x",
        "first_url": "",
    }
    form = {
        **links, "values": {"language": "en", "days": "14"}, "languages": [("en", "English"), ("nl", "Nederlands")], "longest": 60,
        "errors": [], "back_url": "/x",
    }  # fmt: skip
    found = findings.steps([_finding("warning", "partner"), _finding("ok", "")], pages.languages.translator("en"))
    proofs = _proofs(pages)
    entered = {"findings": found, "text": TEXT, "has_secret": True, "has_metadata": True, "tried_at": NOW, "trial": found, "proofs": proofs}  # fmt: skip
    wrong = connection.errors([Trouble("oidc.issuer", "url_not_allowed: a private address", "write the final address")])
    handed = {
        **NOTHING, "text": TEXT, "proofs": proofs, "file": "config/partners/woodgrove.yaml", "metadata_file": "config/partners/woodgrove-metadata.xml",
        "variable": "WOODGROVE_SECRET", "command": f"broker setup-links secret {LINK.id}", "findings": found, "finished_at": NOW,
        "answered_at": NOW, "difference": [("", " name: Woodgrove Bank"), ("minus", "-domains: [a.example]"), ("plus", "+domains:")],
    }  # fmt: skip
    one = {
        **NOTHING,
        **links,
        "one": row,
        "link": LINK,
        "in_force": True,
        "partner_url": "/x",
        "revoke_url": "/x",
        "back_url": "/x",
    }
    made = {**links, "link": LINK, "url": URL, "link_url": "/x", "back_url": "/x"}
    return {
        "partner-setup": Sample("partner_setup.html", "partner-setup", _public(pages, "")),
        "partner-setup-error": Sample("partner_setup.html", "partner-setup", {**_public(pages, ""), "errors": wrong}),
        "partner-setup-entered": Sample(
            "partner_setup.html", "partner-setup", {**_public(pages, ""), **entered, "said": "Kept."}
        ),
        "partner-setup-accepted": Sample(
            "partner_setup.html",
            "partner-setup",
            {**_public(pages, ""), **entered, "finished_at": NOW, "decision": "accepted", "health": _health(pages)},
        ),
        "admin-setup-link-entered": Sample("admin_setup_link.html", "admin-setup-link", {**one, **handed}),
        "partner-setup-vendor": Sample("partner_setup.html", "partner-setup", _public(pages, "entra")),
        "admin-setup-links": Sample("admin_setup_links.html", "admin-setup-links", listed),
        "admin-setup-links-none": Sample("admin_setup_links.html", "admin-setup-links", {**listed, "rows": [], "next_url": ""}),
        "admin-setup-link-new": Sample("admin_setup_link_new.html", "admin-setup-link-new", form),
        "admin-setup-link-made": Sample("admin_setup_link_made.html", "admin-setup-link-made", made),
        "admin-setup-link": Sample("admin_setup_link.html", "admin-setup-link", one),
        **_drafts(partners),
    }


def _proofs(pages: Pages) -> list[dict[str, Any]]:
    held = {"woodgrove.example": ProofState.PROVEN, "bank.example": ProofState.ABSENT}
    found = [
        DomainProof(domain=domain, name=proof_name(domain), value=proof_value(LINK.id, domain), state=state, at=NOW)
        for domain, state in held.items()
    ]
    return findings.proofs(found, pages.languages.translator("en"))


def _health(pages: Pages) -> dict[str, Any] | None:
    end = CertificateEnd(partner="woodgrove", name="Woodgrove Bank", fingerprint="ab" * 32, ends=NOW + 20 * DAY, newest=True)
    skew = Finding(Level.OK, "clock_in_tokens", "the time in the last answer is +2 s from our clock")
    seen = "the last failure that you can mend: saml_time, 2026-05-16T06:40:00Z"
    late = Finding(Level.WARNING, "last_failure", seen, "clocks agree", Side.PARTNER, "set the clock by NTP")
    rehearsal = (
        Rehearsed(what=Rollover.THEIR_NEXT_HELD, keys=2), Rehearsed(what=Rollover.OUR_NEXT_UNREAD, at=NOW + 5 * DAY),
    )  # fmt: skip
    found = SharedHealth(last_sign_in=NOW - DAY, certificates=(end,), findings=(late, skew), rehearsal=rehearsal)
    return partner_health.shared(found, NOW, pages.languages.translator("en"))


def _finding(level: str, side: str) -> dict[str, str]:
    seen = "addresses come without email_verified" if side else "discovery answers, for 3600 s"
    return {
        "level": level, "check": "email", "seen": seen, "expected": "email_verified: true" if side else "", "side": side,
        "change": "send email_verified for our client" if side else "",
    }  # fmt: skip


def _public(pages: Pages, vendor: str) -> dict[str, Any]:
    values = page.our_values("https://login.contoso.example", LINK.partner)
    steps = page.steps(pages, pages.languages.translator("en"), values, vendor)
    plain = {
        "said": "", "csrf": TOKEN, "given": dict.fromkeys(FIELDS, ""), "errors": [], "sections": [("oidc", "OpenID Connect"), ("saml", "SAML")],
        "action": "/x", "finish_action": "/x", "findings": [], "text": "", "has_secret": False, "has_metadata": False, "proofs": [], "proofs_action": "/x", "health": None, "now": NOW, "longest": 366, "tried_at": None, "trial": [], "trial_action": "/x", "finished_at": None,
        "decision": "",
    }  # fmt: skip
    link = {"name": LINK.name, "expires_at": LINK.expires_at}
    return {"keep_query": {}, "link": link, "values": values, **plain, **steps}


def _drafts(frame: dict[str, Any]) -> dict[str, Sample]:
    values = {**dict.fromkeys(partner_new.FIELDS, ""), "id": "woodgrove", "name": "Woodgrove Bank", "protocol": "oidc"}
    plain = {
        **frame, "values": values, "protocols": [("oidc", "OpenID Connect"), ("saml", "SAML")], "credentials": [("secret", "with a secret")],
        "errors": [], "file": "", "text": "", "variable": "", "replaces": False, "back_url": "/x",
    }  # fmt: skip
    wrong = ConfigError(
        "config/partners/woodgrove.yaml", 4, "oidc.issuer", "is missing; write issuer: https://login.fabrikam.example"
    )
    done = {
        "file": "config/partners/woodgrove.yaml",
        "text": "name: Woodgrove Bank\noidc:\n  issuer: https://login.woodgrove.example/a-rather-long-path\n  client_id: contoso\n",
        "variable": "WOODGROVE_SECRET",
        "replaces": True,
    }
    name = ("admin_partner_new.html", "admin-partner-new")
    return {
        "admin-partner-new": Sample(*name, plain),
        "admin-partner-new-error": Sample(*name, {**plain, "errors": partner_new.problems([wrong])}),
        "admin-partner-new-done": Sample(*name, {**plain, **done}),
    }
