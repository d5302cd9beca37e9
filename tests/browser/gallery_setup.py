"""The pages of set-up links for the gallery."""

from __future__ import annotations

from typing import Any

from broker.domain.setup_link import SetupLink
from broker.domain.times import DAY
from broker.settings.errors import ConfigError
from broker.web.admin import partner_new
from broker.web.pages import Pages
from broker.web.setup import page
from tests.browser.sample import NOW, Sample

SETUP = (
    "partner-setup", "partner-setup-vendor", "admin-setup-links", "admin-setup-links-none", "admin-setup-link-new",
    "admin-setup-link-made", "admin-setup-link", "admin-partner-new", "admin-partner-new-error", "admin-partner-new-done",
)  # fmt: skip
LINK = SetupLink(
    id="00000000-0000-4000-8000-000000000001", partner="woodgrove", name="Woodgrove Bank", domains=("woodgrove.example",), language="en",
    email="it@woodgrove.example", private=False, created_at=NOW - DAY, expires_at=NOW + 6 * DAY,
)  # fmt: skip
URL = "https://login.contoso.example/setup/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


def setup_samples(pages: Pages, links: dict[str, Any], partners: dict[str, Any]) -> dict[str, Sample]:
    """Name -> sample. links, partners: the frames of the portal at the two places."""
    row = {
        "id": LINK.id, "url": "/x", "partner": LINK.partner, "name": LINK.name, "domains": "woodgrove.example", "email": LINK.email,
        "kind": "sent", "word": "Open", "created_at": LINK.created_at, "expires_at": LINK.expires_at,
    }  # fmt: skip
    over = {**row, "name": "Proseware", "email": "", "kind": "stopped", "word": "Revoked"}
    listed = {**links, "rows": [row, over], "now": NOW, "new_url": "/x", "next_url": "/x", "first_url": ""}
    form = {
        **links, "values": {"language": "en", "days": "14"}, "languages": [("en", "English"), ("nl", "Nederlands")], "longest": 60,
        "errors": [], "back_url": "/x",
    }  # fmt: skip
    one = {**links, "one": row, "link": LINK, "in_force": True, "partner_url": "/x", "revoke_url": "/x", "back_url": "/x"}
    made = {**links, "link": LINK, "url": URL, "link_url": "/x", "back_url": "/x"}
    return {
        "partner-setup": Sample("partner_setup.html", "partner-setup", _public(pages, "")),
        "partner-setup-vendor": Sample("partner_setup.html", "partner-setup", _public(pages, "entra")),
        "admin-setup-links": Sample("admin_setup_links.html", "admin-setup-links", listed),
        "admin-setup-links-none": Sample("admin_setup_links.html", "admin-setup-links", {**listed, "rows": [], "next_url": ""}),
        "admin-setup-link-new": Sample("admin_setup_link_new.html", "admin-setup-link-new", form),
        "admin-setup-link-made": Sample("admin_setup_link_made.html", "admin-setup-link-made", made),
        "admin-setup-link": Sample("admin_setup_link.html", "admin-setup-link", one),
        **_drafts(partners),
    }


def _public(pages: Pages, vendor: str) -> dict[str, Any]:
    values = page.our_values("https://login.contoso.example", LINK.partner)
    steps = page.steps(pages, pages.languages.translator("en"), values, vendor)
    return {"keep_query": {}, "link": LINK, "now": NOW, "values": values, **steps}


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
