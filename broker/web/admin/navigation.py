"""The places of the portal, and who is shown which. A new room adds its line here."""

from __future__ import annotations

from typing import Any

from broker.services.attention import QUEUED, Queues
from broker.services.authorization import Right, Rights
from broker.web.i18n import Translator, _
from broker.web.pages import Pages

PLACES: tuple[tuple[str, tuple[tuple[str, str, Right], ...]], ...] = (
    ("", ((_("Home"), "/admin", Right.SEE_HOME),)),
    (
        _("People"),
        (
            (_("Guests"), "/admin/guests", Right.SEE_GUESTS),
            (_("Groups"), "/admin/groups", Right.SEE_GROUPS),
            (_("Requests"), "/admin/requests", Right.SEE_REQUESTS),
            (_("Reviews"), "/admin/reviews", Right.SEE_REVIEWS),
        ),
    ),
    (
        _("Trust"),
        (
            (_("Applications"), "/admin/applications", Right.SEE_APPLICATIONS),
            (_("Partners"), "/admin/partners", Right.SEE_PARTNERS),
            (_("Set-up links"), "/admin/setup-links", Right.SEE_PARTNERS),
            (_("Policies"), "/admin/policies", Right.SEE_POLICIES),
        ),
    ),
    (_("Evidence"), ((_("Sign-ins"), "/admin/sign-ins", Right.SEE_SIGN_INS), (_("Audit"), "/admin/audit", Right.SEE_AUDIT))),
    (_("Set-up"), ((_("Roles"), "/admin/roles", Right.SEE_ROLES),)),
)


def sections(pages: Pages, say: Translator, rights: Rights, here: str, queues: Queues) -> list[dict[str, Any]]:
    """For the macro `side`: the places that these rights open. here: the path of the page's place. queues: what waits in them."""
    found = []
    counts = {
        "/admin/requests": (queues.requests, rights.may(Right.DECIDE_REQUESTS)),
        "/admin/reviews": (queues.reviews, queues.asked),
    }
    for title, places in PLACES:
        links = [
            _link(pages, say, name, path, counts.get(path, (0, False)), current=path == here)
            for name, path, right in places
            if rights.may(right)
        ]
        if links:
            found.append({"title": say.gettext(title) if title else "", "links": links})
    return found


def _link(pages: Pages, say: Translator, name: str, path: str, queue: tuple[int, bool], *, current: bool) -> dict[str, Any]:
    """queue: how much waits, and whether it waits for this person."""
    count, waits = queue
    return {
        "name": say.gettext(name),
        "url": pages.path(path),
        "current": current,
        "count": min(count, QUEUED - 1) or None,
        "more": count >= QUEUED,
        "waits": waits and count > 0,
    }
