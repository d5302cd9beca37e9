"""The pages of the portal for the gallery (tests/browser/gallery.py): each room adds its samples to `portal_samples`, and its names to PORTAL."""

from __future__ import annotations

from typing import Any

from broker.domain.receipt import Outcome
from broker.services.attention import Queues
from broker.services.authorization import MAY, Rights, Role
from broker.services.history.audit_chain import VerifiedChain
from broker.services.history.views import AuditView, SignInView, sign_in_view
from broker.web.admin import audit, roles, sign_in_thread, sign_ins
from broker.web.admin.names import Names
from broker.web.admin.navigation import sections
from broker.web.pages import Pages
from broker.web.panel.frame import SignedInFrame
from tests.browser.gallery_access import ACCESS, asking_samples, group_samples, request_samples, review_samples
from tests.browser.gallery_applications import APPLICATIONS, application_samples
from tests.browser.gallery_bulk import BULK, bulk_samples
from tests.browser.gallery_guests import GUESTS, guest_samples
from tests.browser.gallery_home import busy, quiet
from tests.browser.gallery_partners import PARTNERS, partner_samples
from tests.browser.gallery_policies import POLICIES, policy_samples
from tests.browser.gallery_roles import ROLES, role_samples
from tests.browser.gallery_setup import SETUP, setup_samples
from tests.browser.sample import ALICE, FORM, NOW, TOKEN, Sample
from tests.factories import receipt

PORTAL = (
    "admin-sign-ins",
    "admin-sign-ins-none",
    "admin-sign-in",
    "admin-audit",
    "admin-audit-verify",
    "admin-link",
    "admin-home",
    "admin-home-quiet",
    *PARTNERS,
    *SETUP,
    *ACCESS,
    *GUESTS,
    *APPLICATIONS,
    *POLICIES,
    *BULK,
    *ROLES,
)
NAMES = Names(company="Contoso", applications={"payroll": "Payroll"}, partners={"fabrikam": "Fabrikam"})
EVERYTHING = Rights(person=ALICE, roles=frozenset({Role.ADMINISTRATOR}), everywhere=MAY[Role.ADMINISTRATOR])


def portal(pages: Pages, here: str, **context: Any) -> dict[str, Any]:
    """What `Door.render` adds. here: the path of the place in the navigation."""
    frame = SignedInFrame(pages, administers=lambda _person: True)
    return {
        **FORM,
        "sections": sections(
            pages, pages.languages.translator("en"), EVERYTHING, here, Queues(requests=3, reviews=100, asked=False)
        ),
        **frame.around(TOKEN, ALICE, here),
        **context,
    }


def portal_samples(pages: Pages) -> dict[str, Sample]:
    """Name -> sample."""
    say = pages.languages.translator("en")
    found = _sign_ins()
    listed = {
        "filters": {}, "chips": [], "rows": [sign_ins.row(pages, NAMES, one, say) for one in found], "next_url": "/x", "first_url": "",
        "outcomes": [("", "Any outcome"), ("blocked", "Blocked")], "partners": [("", "Any partner")], "applications": [("", "Any application")],
        "export_url": "/x",
    }  # fmt: skip
    chips = [{"text": "Outcome: blocked", "url": "/x"}, {"text": "Person: ada@fabrikam.example", "url": "/x"}]
    return {
        "admin-sign-ins": Sample("admin_sign_ins.html", "admin-sign-ins", portal(pages, sign_ins.PATH, **listed)),
        "admin-sign-ins-none": Sample(
            "admin_sign_ins.html",
            "admin-sign-ins",
            portal(pages, sign_ins.PATH, **{**listed, "rows": [], "next_url": "", "chips": chips}),
        ),
        "admin-sign-in": Sample(
            "admin_sign_in.html",
            "admin-sign-in",
            portal(pages, sign_ins.PATH, back_url="/x", **sign_in_thread.context(pages, say, NAMES, NOW, found[0])),
        ),
        "admin-audit": Sample(
            "admin_audit.html",
            "admin-audit",
            portal(
                pages,
                audit.PATH,
                filters={},
                chips=[],
                rows=[audit.row(one, say) for one in _events()],
                first=NOW,
                verify_url="/x",
                export_url="/x",
                next_url="/x",
                first_url="",
            ),
        ),
        "admin-audit-verify": Sample(
            "admin_audit_verify.html",
            "admin-audit-verify",
            portal(
                pages, audit.PATH, back_url="/x", found=VerifiedChain(checked=1204, first=1, last=1204, head="5f" * 32, waiting=3)
            ),
        ),
        "admin-link": Sample("admin_link.html", "admin-link", {**FORM, "email": ALICE.email}),
        "admin-home": Sample("admin_home.html", "admin-home", portal(pages, "/admin", **busy(pages))),
        "admin-home-quiet": Sample("admin_home.html", "admin-home", portal(pages, "/admin", **quiet(pages))),
        **partner_samples(pages, portal(pages, "/admin/partners")),
        **setup_samples(pages, portal(pages, "/admin/setup-links"), portal(pages, "/admin/partners")),
        **asking_samples(FORM),
        **request_samples(portal(pages, "/admin/requests")),
        **review_samples(portal(pages, "/admin/reviews")),
        **group_samples(portal(pages, "/admin/groups")),
        **application_samples(pages, portal(pages, "/admin/applications")),
        **guest_samples(portal(pages, "/admin/guests")),
        **policy_samples(pages, portal(pages, "/admin/policies")),
        **bulk_samples(portal(pages, "/admin/guests")),
        **role_samples(pages, portal(pages, roles.PATH)),
    }


def _events() -> list[AuditView]:
    plain: dict[str, Any] = {"at": NOW, "request_id": "57NV-PZF6-Z9WR", "target": "", "reason": "", "data": {}, "seq": 7}
    return [
        AuditView(
            id="1", name="guest.blocked", actor_kind="person", actor=ALICE.email, subject="ada@fabrikam.example",
            **plain | {"reason": "left the project", "data": {"sessions": 2, "before": {"state": "active"}}},
        ),
        AuditView(id="2", name="keys.rotated", actor_kind="command", actor="", subject="", **plain | {"target": "signing", "seq": None}),
    ]  # fmt: skip


def _sign_ins() -> list[SignInView]:
    steps = (
        {"at": NOW, "step": "started", "result": "authorize", "reason": ""},
        {"at": NOW + 2, "step": "home", "result": "fabrikam", "reason": "by address"},
        {"at": NOW + 4, "step": "upstream", "result": "sent", "reason": "", "partner": "fabrikam", "acr_values": ["mfa"]},
        {
            "at": NOW + 41, "step": "upstream", "result": "refused", "reason": "saml_signature", "partner": "fabrikam",
            "detail": "HS-5: the signature does not verify with any key of the metadata",
        },
    )  # fmt: skip
    facts: dict[str, Any] = {
        "error": "partner_untrusted",
        "reason": "saml_signature",
        "partner": "fabrikam",
        "address": "192.0.2.7",
    }
    return [
        sign_in_view(receipt(at=NOW, outcome=Outcome.FAILED, steps=steps, **facts), "ada@fabrikam.example"),
        sign_in_view(
            receipt(
                at=NOW,
                outcome=Outcome.FAILED,
                error="not_invited",
                reason="not_invited",
                claimed="eve@a-rather-long-domain-name.example",
            ),
            None,
        ),
        sign_in_view(
            receipt(at=NOW, outcome=Outcome.BLOCKED, error="policy_blocked", reason="policy_blocked", partner="fabrikam"),
            "bo@fabrikam.example",
        ),
        sign_in_view(receipt(at=NOW, partner="email"), "gerda@mail.example"),
        sign_in_view(receipt(at=NOW, outcome=Outcome.ABANDONED, reason="left_at_home"), None),
    ]
