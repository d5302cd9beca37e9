"""The pages of the portal for the gallery (tests/browser/gallery.py): each room adds its samples to `portal_samples`, and its names to PORTAL."""

from __future__ import annotations

from typing import Any

from broker.services.authorization import MAY, Rights, Role
from broker.web.admin.navigation import sections
from broker.web.pages import Pages
from broker.web.panel.frame import SignedInFrame
from tests.browser.gallery_access import ACCESS, asking_samples, group_samples, request_samples, review_samples
from tests.browser.sample import ALICE, FORM, TOKEN, Sample

PORTAL = ("admin-link", "admin-home", *ACCESS)
EVERYTHING = Rights(person=ALICE, roles=frozenset({Role.ADMINISTRATOR}), everywhere=MAY[Role.ADMINISTRATOR])


def portal(pages: Pages, here: str, **context: Any) -> dict[str, Any]:
    """What `Door.render` adds. here: the path of the place in the navigation."""
    frame = SignedInFrame(pages, administers=lambda _person: True)
    return {
        **FORM,
        "sections": sections(pages, pages.languages.translator("en"), EVERYTHING, here),
        **frame.around(TOKEN, ALICE, here),
        **context,
    }


def portal_samples(pages: Pages) -> dict[str, Sample]:
    """Name -> sample."""
    return {
        "admin-link": Sample("admin_link.html", "admin-link", {**FORM, "email": ALICE.email}),
        "admin-home": Sample("admin_home.html", "admin-home", portal(pages, "/admin")),
        **asking_samples(FORM),
        **request_samples(portal(pages, "/admin/requests")),
        **review_samples(portal(pages, "/admin/reviews")),
        **group_samples(portal(pages, "/admin/groups")),
    }
