"""`/admin/partners`: the home organizations that the files define, and how each of them does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response

from broker.connectors.registry import FAMILIES
from broker.services.authorization import Right
from broker.services.doctor import Finding, Level
from broker.services.operations.catalog import PartnerSeen
from broker.services.partners.health import CertificateEnd
from broker.web.admin.door import Door, StaffVisit
from broker.web.i18n import Translator, _
from broker.web.partner_health import certificate

PATH = "/admin/partners"
COUNTED = 10_000  # guests; more are not counted
HEALTH = {  # the status of the catalog -> its shape and word
    "unavailable": ("stopped", _("Nobody can sign in")),
    "stale": ("attention", _("An older copy serves")),
    "ready": ("well", _("Well")),
    "not visited yet": ("ahead", _("Not used yet")),
}
STEPS = {Level.PROBLEM: "stopped", Level.WARNING: "warned", Level.OK: "passed"}


def register(routes: Blueprint, door: Door) -> None:
    """The list, and one partner."""
    catalog, doctor, pages = door.broker.operations.catalog, door.broker.doctor, door.pages

    @routes.get(PATH)
    @door.page(Right.SEE_PARTNERS)
    def admin_partners(visit: StaffVisit) -> Response:
        say, now, ends = pages.translator(), door.broker.core.clock(), catalog.certificates()
        order = list(HEALTH)
        found = sorted(catalog.partners(), key=lambda one: (order.index(one.status), one.name.casefold()))
        rows = [{**row(one, ends, now, say), "url": pages.path(f"{PATH}/{one.id}")} for one in found]
        return door.render(visit, "admin_partners.html", here=PATH, keep={}, rows=rows, now=now, new_url=_new(visit))

    def _new(visit: StaffVisit) -> str:
        return pages.path(f"{PATH}/new") if visit.rights.may(Right.KEEP_PARTNERS) else ""

    @routes.get(f"{PATH}/<partner>")
    @door.page(Right.SEE_PARTNERS)
    def admin_partner(visit: StaffVisit, partner: str) -> Response:
        say, now, seen = pages.translator(), door.broker.core.clock(), catalog.partner(partner)
        report = doctor.examine(partner, offline=True)
        ends = [one for one in catalog.certificates() if one.partner == partner]
        return door.render(
            visit,
            "admin_partner.html",
            here=PATH,
            keep={},
            partner=row(seen, ends, now, say),
            guests=catalog.guests_of(partner, most=COUNTED),
            guests_url=pages.path(f"/admin/guests?{urlencode({'partner': partner})}"),
            back_url=pages.path(PATH),
            certificates=[certificate(one, now, say) for one in ends],
            steps=steps(report.findings),
            now=now,
        )


def row(seen: PartnerSeen, ends: Iterable[CertificateEnd], now: int, say: Translator) -> dict[str, Any]:
    """One partner for the templates. Its certificate is the one that ends last."""
    kind, word = HEALTH[seen.status]
    last = next((one for one in ends if one.partner == seen.id and one.newest), None)
    return {
        "name": seen.name,
        "id": seen.id,
        "protocol": FAMILIES[seen.protocol].title,
        "issuer": seen.issuer or "",
        "domains": ", ".join(seen.domains),
        "members": seen.members,
        "register": seen.register,
        "kind": kind,
        "health": say.gettext(word),
        "problem": seen.problem or "",
        "last_sign_in": seen.last_sign_in,
        "certificate": certificate(last, now, say) if last else None,
    }


def steps(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Doctor's findings for the macro `thread`, the worst first; their words are English everywhere."""
    return [
        {
            "state": STEPS[one.level],
            "text": one.seen,
            "when": "",
            "reason": "; ".join(filter(None, (one.expected and f"expected: {one.expected}", one.change))),
        }
        for one in findings
    ]
